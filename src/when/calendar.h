/*
 * Calendar expressions: the language of systemd.time(7), "Mon..Fri *-*-* 10:00:00". The day must
 * satisfy both the date and the weekday.
 */
#ifndef WHEN_CALENDAR_H
#define WHEN_CALENDAR_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "when/pattern.h"
#include "when/scan.h"

struct calendar {
	struct pattern pattern;
	bool star_hour, star_minute; /* these parts are a "*" */
};

/* Takes the name of a zone behind the expression off TEXT. False: there is none. */
bool calendar_take_zone(struct scan *text, struct scan *zone);

/* Reads the rest. 0, or -1 with *err naming part, value and range. */
int calendar_parse(struct calendar *calendar, struct scan text, struct err *err);

/* Wild and fixed mean the same as in cron: does the hour or the minute begin with a star? */
bool calendar_is_wild(const struct calendar *calendar);

/* The canonical text without a zone. */
void calendar_print(const struct calendar *calendar, struct buf *out);

#endif
