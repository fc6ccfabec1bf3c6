/*
 * Cron lines: 5 fields; 6, seconds first; 7, seconds first and year last; or an @ macro. The
 * language is that of cronie with what Quartz, Jenkins and OCPS add; asched-schedule(7) has it.
 */
#ifndef WHEN_CRON_H
#define WHEN_CRON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "when/pattern.h"
#include "when/scan.h"

struct cron {
	struct pattern pattern;
	/* Fields whose text starts with a star; Vixie's rules depend on it. */
	bool star_minute, star_hour, star_day, star_weekday;
};

/* Takes CRON_TZ=ZONE (or TZ=) off the front of TEXT. False: there is none. */
bool cron_take_zone(struct scan *text, struct scan *zone);

/*
 * Reads the fields or the macro (@reboot is the caller's). SEED decides `~` and `H`. 0, or -1
 * with *err naming field, value and range.
 */
int cron_parse(struct cron *cron, struct scan text, uint64_t seed, struct err *err);

/* A wild line follows the wall clock through DST changes, a fixed one is due once a day. */
bool cron_is_wild(const struct cron *cron);

/* The canonical text. */
void cron_print(const struct cron *cron, struct buf *out);

#endif
