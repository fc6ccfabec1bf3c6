/*
 * Time as a number: microseconds. Instants (names ending in _at, due) count from
 * 1970-01-01T00:00:00Z in POSIX time (no leap seconds); durations are differences of instants.
 */
#ifndef BASE_USEC_H
#define BASE_USEC_H

#include <stdint.h>

#include "base/err.h"

typedef int64_t usec_t;

#define USEC_PER_MSEC ((usec_t)1000)
#define USEC_PER_SEC  ((usec_t)1000000)
#define USEC_PER_MIN  (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MIN)
#define USEC_PER_DAY  (24 * USEC_PER_HOUR)
#define USEC_NEVER    INT64_MAX /* no such instant */

/* Adds without wrapping; NEVER and everything beyond it stays NEVER. */
usec_t usec_add(usec_t at, usec_t duration);

/*
 * Reads a duration: one or more of NUMBER UNIT without order ("1h30m", "90s", "2d", "1.5s",
 * "250ms"), units us ms s sec m min h d w and their long forms, or "0". Months and years are
 * refused: they have no fixed length. Result 0 to 100 years. 0, or -1 with *err set.
 */
int usec_parse_duration(const char *text, usec_t *out, struct err *err);

#define USEC_TEXT_MAX 48

/* Writes the shortest text that usec_parse_duration() reads back exactly: "1h30m", "0". */
char *usec_print_duration(usec_t duration, char out[USEC_TEXT_MAX]);

#endif
