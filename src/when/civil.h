/*
 * The civil calendar: dates and times of day without a zone, in the proleptic Gregorian
 * calendar. A local time is a usec_t that counts from 1970-01-01T00:00:00 of the wall clock.
 */
#ifndef WHEN_CIVIL_H
#define WHEN_CIVIL_H

#include <stdbool.h>

#include "base/usec.h"

/* Schedules live in these years; what lies beyond is "never". */
#define CIVIL_YEAR_MIN 1970
#define CIVIL_YEAR_MAX 2199
#define CIVIL_NYEARS   (CIVIL_YEAR_MAX - CIVIL_YEAR_MIN + 1)

enum civil_weekday { SUNDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY };

struct civil {
	int year;
	int month;  /* 1-12 */
	int day;    /* 1-31 */
	int hour;   /* 0-23 */
	int minute; /* 0-59 */
	int second; /* 0-59 */
	int usec;   /* 0-999999 */
};

/* Days from 1970-01-01 to that date; month 1-12, any day (0 is the day before the first). */
int64_t civil_days(int year, int month, int day);
/* Sets year, month and day only. */
void civil_date(int64_t days, struct civil *out);
enum civil_weekday civil_weekday(int64_t days);
int civil_month_length(int year, int month);
bool civil_is_leap(int year);
/* What a year of two digits means: 26 is 2026, 70 is 1970. */
int civil_full_year(int year);

/* Local time from its parts and back. */
usec_t civil_join(const struct civil *parts);
struct civil civil_split(usec_t local);
/* The day a local time is in, and the time since that day's midnight. */
int64_t civil_day_of(usec_t local, usec_t *since_midnight);

extern const char *const civil_weekday_names[7]; /* "Sunday" first */
extern const char *const civil_month_names[12];  /* "January" first */

#endif
