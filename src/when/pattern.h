/*
 * A pattern is a set of local times, what cron lines and calendar expressions boil down to: bit
 * sets for each part of a date and time. Value type; knows no zone. Zeroed it is empty.
 */
#ifndef WHEN_PATTERN_H
#define WHEN_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/usec.h"
#include "when/civil.h"

#define PATTERN_NPARTS_MAX 6 /* parts of seconds with fractions */
#define PATTERN_NTHS       5 /* the first to the fifth Monday of a month */

#define PATTERN_ALL_SECONDS  UINT64_C(0x0fffffffffffffff)
#define PATTERN_ALL_MINUTES  UINT64_C(0x0fffffffffffffff)
#define PATTERN_ALL_HOURS    UINT32_C(0x00ffffff)
#define PATTERN_ALL_DAYS     UINT32_C(0xfffffffe)
#define PATTERN_ALL_MONTHS   UINT16_C(0x1ffe)
#define PATTERN_ALL_WEEKDAYS UINT8_C(0x7f)
#define PATTERN_NYEAR_WORDS  ((CIVIL_NYEARS + 63) / 64)

/* Seconds `first`, `first + step`, ... up to `last`, in microseconds of the minute. step > 0. */
struct pattern_part {
	int32_t first, last, step;
};

/*
 * Bit n stands for the value n unless it says otherwise. A day belongs to the set by its number
 * (days, days_from_end, near, near_from_end) and by its weekday (weekdays, nth, last): both must
 * agree, or, with either_day, one is enough.
 */
struct pattern {
	uint64_t seconds;
	uint64_t minutes;
	uint32_t hours;
	uint32_t days;          /* bits 1-31 */
	uint32_t days_from_end; /* bit 1: the last day, bit 2: the one before */
	uint32_t near;          /* the weekday (Monday to Friday) nearest to that day, same month */
	uint32_t near_from_end;
	uint16_t months;                     /* bits 1-12 */
	uint8_t weekdays;                    /* bit 0: Sunday */
	uint8_t last;                        /* the last such weekday of the month */
	uint8_t nth[PATTERN_NTHS];           /* [0]: the first such weekday */
	uint8_t nparts;                      /* of `parts`, which add to `seconds` */
	uint64_t years[PATTERN_NYEAR_WORDS]; /* bit 0: CIVIL_YEAR_MIN */
	struct pattern_part parts[PATTERN_NPARTS_MAX];
	bool either_day;
};

void pattern_set_all_years(struct pattern *pattern);

/* Is there any local time in it? Worked out from the calendar's 14 kinds of years. */
bool pattern_can_match(const struct pattern *pattern);

/*
 * The first local time in the set at or after `from`; USEC_NEVER when there is none up to the
 * end of CIVIL_YEAR_MAX.
 */
usec_t pattern_next(const struct pattern *pattern, usec_t from);

/* How many local times at or after `from` and before `until` are in the set. */
int64_t pattern_count(const struct pattern *pattern, usec_t from, usec_t until);

/* The days of a month that are in the set: bits 1-31. */
uint32_t pattern_month_days(const struct pattern *pattern, int year, int month);

#endif
