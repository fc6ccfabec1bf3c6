/* Instants as numbers and text: the strict machine form, RFC 3339. People's forms are in at.h. */
#ifndef WHEN_TIME_TEXT_H
#define WHEN_TIME_TEXT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/usec.h"
#include "when/civil.h"
#include "when/scan.h"

/* Is there such a day, in the years 1 to 9999? 0, or -1 with *err naming part and range. */
int time_check_date(const struct civil *date, struct err *err);

/*
 * HH:MM[:SS[.ffffff]], 23:59:60 being 23:59:59.999999. 0; -1 with *err; 1 when it does not look
 * like one (then the scan has not moved).
 */
int time_read_clock(struct scan *scan, usec_t *since_midnight, struct err *err);

/* Z or +HH:MM. False: there is none; *offset in usec. */
bool time_read_offset(struct scan *scan, usec_t *offset);

/*
 * The decimals behind a point that was just read, rounded to microseconds (0 to 1000000). False:
 * there are none.
 */
bool time_read_fraction(struct scan *scan, int *usec);

#endif
