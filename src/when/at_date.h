/* Dates as people write them: "2026-12-24", "24.12.26", "12/24/2026", "122426", "Dec 24, 2026". */
#ifndef WHEN_AT_DATE_H
#define WHEN_AT_DATE_H

#include <stdbool.h>

#include "base/err.h"
#include "when/civil.h"
#include "when/scan.h"

struct at_date {
	struct civil date; /* the time of day is 00:00; without a year, of a leap year */
	bool has_year;
	bool is_iso; /* year-month-day: may stand without a time of day */
};

/*
 * Reads the date that *word begins with and goes on behind it; a month's name may take more words
 * off *rest. 0, 1 when it is no date (then nothing has moved), or -1 with *err.
 */
int at_read_date(struct scan *word, struct scan *rest, struct at_date *out, struct err *err);

#endif
