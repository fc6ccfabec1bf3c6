/* The civil calendar. Years are counted from March, so that a leap day ends its year. */
#include "when/civil.h"

const char *const civil_weekday_names[7] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
					     "Thursday", "Friday", "Saturday" };
const char *const civil_month_names[12] = { "January",   "February", "March",    "April",
					    "May",       "June",     "July",     "August",
					    "September", "October",  "November", "December" };

#define DAYS_PER_ERA     146097 /* 400 years */
#define DAYS_TO_1970     719468 /* from 0000-03-01 */
#define DAYS_PER_CENTURY 36524
#define DAYS_PER_4_YEARS 1461
#define YEAR_PIVOT       70

bool
civil_is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int
civil_full_year(int year)
{
	return year + (year < YEAR_PIVOT ? 2000 : 1900);
}

int
civil_month_length(int year, int month)
{
	static const signed char lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return lengths[month - 1] + (month == 2 && civil_is_leap(year));
}

/* Days between 1 March and the first of a month; 153 days are five months from March on. */
static int64_t
days_since_march(int month)
{
	return (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5;
}

int64_t
civil_days(int year, int month, int day)
{
	int64_t y = month > 2 ? year : (int64_t)year - 1;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t in_era = y - era * 400;
	return era * DAYS_PER_ERA + in_era * 365 + in_era / 4 - in_era / 100 +
	       days_since_march(month) + day - 1 - DAYS_TO_1970;
}

void
civil_date(int64_t days, struct civil *out)
{
	days += DAYS_TO_1970;
	int64_t era = (days >= 0 ? days : days - DAYS_PER_ERA + 1) / DAYS_PER_ERA;
	int day = (int)(days - era * DAYS_PER_ERA);
	int year = (day - day / (DAYS_PER_4_YEARS - 1) + day / DAYS_PER_CENTURY -
		    day / (DAYS_PER_ERA - 1)) /
		   365;
	day -= 365 * year + year / 4 - year / 100;
	int month = (5 * day + 2) / 153;
	out->day = day - (153 * month + 2) / 5 + 1;
	out->month = month < 10 ? month + 3 : month - 9;
	out->year = (int)(era * 400) + year + (out->month <= 2);
}

enum civil_weekday
civil_weekday(int64_t days)
{
	int64_t weekday = (days + THURSDAY) % 7; /* 1970-01-01 was one */
	return (enum civil_weekday)(weekday < 0 ? weekday + 7 : weekday);
}

int64_t
civil_day_of(usec_t local, usec_t *since_midnight)
{
	int64_t days = local / USEC_PER_DAY;
	if (days * USEC_PER_DAY > local)
		days--;
	*since_midnight = local - days * USEC_PER_DAY;
	return days;
}

usec_t
civil_join(const struct civil *parts)
{
	return civil_days(parts->year, parts->month, parts->day) * USEC_PER_DAY +
	       parts->hour * USEC_PER_HOUR + parts->minute * USEC_PER_MIN +
	       parts->second * USEC_PER_SEC + parts->usec;
}

struct civil
civil_split(usec_t local)
{
	struct civil out;
	usec_t rest;
	civil_date(civil_day_of(local, &rest), &out);
	int seconds = (int)(rest / USEC_PER_SEC);
	out.usec = (int)(rest - seconds * USEC_PER_SEC);
	out.hour = seconds / 3600;
	out.minute = seconds / 60 % 60;
	out.second = seconds % 60;
	return out;
}
