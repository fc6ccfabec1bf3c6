/*
 * What the words of an instant ask for. A text is a set of words in any order (as at(1) takes
 * them): at most one time of day, one date, one zone, and at the end an interval "+ N units".
 */
#ifndef WHEN_WISH_H
#define WHEN_WISH_H

#include <stdbool.h>

#include "base/err.h"
#include "base/usec.h"
#include "when/civil.h"
#include "when/scan.h"

enum wish_date {
	WISH_NO_DATE,
	WISH_DATE,
	WISH_DATE_WITHOUT_YEAR,
	WISH_DAYS_AHEAD,
	WISH_MONTHS_AHEAD,
	WISH_WEEKDAY,
};

enum wish_unit { WISH_TIME, WISH_DAYS, WISH_MONTHS };

struct wish {
	bool is_now, has_clock, has_offset, has_zone, has_plus;
	bool is_next;  /* the weekday is not today */
	bool is_iso;   /* the date is written year-month-day */
	usec_t clock;  /* since midnight */
	usec_t offset; /* of the zone the text names by number */
	enum wish_date date_kind;
	struct civil date;
	usec_t ahead; /* days or months */
	enum civil_weekday weekday;
	enum wish_unit plus_unit;
	usec_t plus; /* us, days or months */
};

/* Reads the words. 0, or -1 with *err. */
int wish_read(struct wish *wish, struct scan text, struct err *err);

/* Is the word the name of a zone: "UTC" or one like "Europe/Berlin"? */
bool wish_is_zone(const struct scan *word);

#endif
