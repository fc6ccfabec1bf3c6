/*
 * The rule in a zone file's footer: a POSIX TZ string such as "CET-1CEST,M3.5.0,M10.5.0/3", with
 * the hours -167 to 167 that RFC 9636 (3.3.1) allows. Value type.
 */
#ifndef WHEN_POSIX_TZ_H
#define WHEN_POSIX_TZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POSIX_TZ_NAME_MAX 16

enum posix_day_kind { POSIX_DAY_JULIAN, POSIX_DAY_OF_YEAR, POSIX_DAY_OF_MONTH };

struct posix_tz_change {
	enum posix_day_kind kind;
	int day;     /* JULIAN 1-365 without 29 February; OF_YEAR 0-365; OF_MONTH: weekday 0-6 */
	int week;    /* OF_MONTH: 1-5, 5 is the last */
	int month;   /* OF_MONTH: 1-12 */
	int seconds; /* after that day's midnight, by the clock before the change */
};

struct posix_tz {
	char std_name[POSIX_TZ_NAME_MAX];
	char dst_name[POSIX_TZ_NAME_MAX];
	int32_t std_offset; /* seconds, local = UT + offset */
	int32_t dst_offset;
	bool has_dst;
	struct posix_tz_change to_dst;
	struct posix_tz_change to_std;
};

/* False: not such a string. */
bool posix_tz_parse(struct posix_tz *tz, const char *text, size_t len);

/* The changes of a year, in seconds since 1970 (UT). Only if has_dst. */
int64_t posix_tz_to_dst(const struct posix_tz *tz, int year);
int64_t posix_tz_to_std(const struct posix_tz *tz, int year);

#endif
