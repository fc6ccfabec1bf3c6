/*
 * Patterns.
 *
 * DESIGN. The days of a month that match are one 32-bit word, made from the weekday of the first
 * and the length of the month with shifts and masks; the next day is then its lowest bit. So the
 * cost of the next time depends on the number of months that are passed over (a few nanoseconds
 * each), never on the number of days or minutes, and the rarest thing (a 29 February that is
 * a Monday) is found in a few microseconds.
 */
#include "when/pattern.h"

#include <assert.h>

#define WEEK_REPEATED UINT64_C(0x10204081) /* bits 0, 7, 14, 21, 28 */
#define NEVER_IN_DAY  ((usec_t)-1)

/* A month as far as its days are concerned. */
struct month {
	int length;
	enum civil_weekday first;
};

static uint32_t
days_between(int first, int last)
{
	return (uint32_t)((UINT64_C(1) << (last + 1)) - (UINT64_C(1) << first));
}

/* The days of the month that fall on one of the weekdays. */
static uint32_t
weekly_days(uint8_t weekdays, const struct month *month)
{
	unsigned turned = (weekdays >> month->first | weekdays << (7 - month->first)) & 0x7f;
	return (uint32_t)(turned * WEEK_REPEATED << 1);
}

static enum civil_weekday
weekday_of(const struct month *month, int day)
{
	return (enum civil_weekday)((month->first + day - 1) % 7);
}

/* The days that the bits count from the end of the month. */
static uint32_t
mirrored(uint32_t days_from_end, const struct month *month)
{
	uint32_t days = 0;
	for (; days_from_end; days_from_end &= days_from_end - 1) {
		int n = __builtin_ctz(days_from_end);
		if (n <= month->length)
			days |= UINT32_C(1) << (month->length + 1 - n);
	}
	return days;
}

/* Moves each day that is a Saturday or Sunday to the nearest weekday within the month. */
static uint32_t
nearest_weekdays(uint32_t days, const struct month *month)
{
	uint32_t moved = 0;
	for (days &= days_between(1, month->length); days; days &= days - 1) {
		int day = __builtin_ctz(days);
		enum civil_weekday weekday = weekday_of(month, day);
		if (weekday == SATURDAY)
			day += day > 1 ? -1 : 2;
		else if (weekday == SUNDAY)
			day += day < month->length ? 1 : -2;
		moved |= UINT32_C(1) << day;
	}
	return moved;
}

static uint32_t
days_by_number(const struct pattern *p, const struct month *month)
{
	uint32_t days = p->days;
	if (p->days_from_end)
		days |= mirrored(p->days_from_end, month);
	if (p->near | p->near_from_end)
		days |= nearest_weekdays(p->near | mirrored(p->near_from_end, month), month);
	return days;
}

static uint32_t
days_by_weekday(const struct pattern *p, const struct month *month)
{
	uint32_t days = weekly_days(p->weekdays, month);
	for (int i = 0; i < PATTERN_NTHS; i++) {
		if (p->nth[i])
			days |= weekly_days(p->nth[i], month) & days_between(7 * i + 1, 7 * i + 7);
	}
	if (p->last)
		days |= weekly_days(p->last, month) &
			days_between(month->length - 6, month->length);
	return days;
}

static uint32_t
matching_days(const struct pattern *p, const struct month *month)
{
	uint32_t by_number = days_by_number(p, month), by_weekday = days_by_weekday(p, month);
	uint32_t days = p->either_day ? by_number | by_weekday : by_number & by_weekday;
	return days & days_between(1, month->length);
}

uint32_t
pattern_month_days(const struct pattern *pattern, int year, int month)
{
	struct month m = { .length = civil_month_length(year, month),
			   .first = civil_weekday(civil_days(year, month, 1)) };
	return matching_days(pattern, &m);
}

void
pattern_set_all_years(struct pattern *p)
{
	for (int i = 0; i < PATTERN_NYEAR_WORDS; i++)
		p->years[i] = ~UINT64_C(0);
	p->years[PATTERN_NYEAR_WORDS - 1] >>= PATTERN_NYEAR_WORDS * 64 - CIVIL_NYEARS;
}

static bool
has_year(const struct pattern *p, int year)
{
	int n = year - CIVIL_YEAR_MIN;
	return n >= 0 && n < CIVIL_NYEARS && (p->years[n / 64] >> n % 64 & 1);
}

static bool
year_can_match(const struct pattern *p, int year)
{
	for (int month = 1; month <= 12; month++) {
		if ((p->months >> month & 1) && pattern_month_days(p, year, month))
			return true;
	}
	return false;
}

/*
 * A year's days are decided by its first weekday and by whether it leaps: there are 14 kinds, and
 * no year needs a second look at its kind. Most patterns find a day in the first year.
 */
bool
pattern_can_match(const struct pattern *p)
{
	if (!p->minutes || !p->hours || !(p->seconds || p->nparts))
		return false;
	uint32_t seen = 0; /* kinds of years that were looked at */
	for (int year = CIVIL_YEAR_MIN; year <= CIVIL_YEAR_MAX; year++) {
		if (!has_year(p, year))
			continue;
		int kind = (int)civil_weekday(civil_days(year, 1, 1)) * 2 + civil_is_leap(year);
		if (seen >> kind & 1)
			continue;
		if (year_can_match(p, year))
			return true;
		seen |= UINT32_C(1) << kind;
	}
	return false;
}

/* The lowest set bit at or above n; -1: none. */
static int
next_bit(uint64_t bits, int n)
{
	bits = n < 64 ? bits >> n << n : 0;
	return bits ? __builtin_ctzll(bits) : -1;
}

/* The first second of the minute (in us) at or after `from`; NEVER_IN_DAY: none left. */
static usec_t
next_in_minute(const struct pattern *p, usec_t from)
{
	int second = next_bit(p->seconds, (int)((from + USEC_PER_SEC - 1) / USEC_PER_SEC));
	usec_t best = second < 0 ? NEVER_IN_DAY : second * USEC_PER_SEC;
	for (int i = 0; i < p->nparts; i++) {
		const struct pattern_part *part = &p->parts[i];
		usec_t at = part->first;
		if (from > at)
			at += (from - at + part->step - 1) / part->step * part->step;
		if (at <= part->last && (best == NEVER_IN_DAY || at < best))
			best = at;
	}
	return best;
}

/* The first time of day at or after `from` (both since midnight); NEVER_IN_DAY: none left. */
static usec_t
next_in_day(const struct pattern *p, usec_t from)
{
	int hour = (int)(from / USEC_PER_HOUR);
	usec_t rest = from - hour * USEC_PER_HOUR;
	if (next_bit(p->hours, hour) == hour) {
		int minute = (int)(rest / USEC_PER_MIN);
		if (next_bit(p->minutes, minute) == minute) {
			usec_t at = next_in_minute(p, rest - minute * USEC_PER_MIN);
			if (at != NEVER_IN_DAY)
				return hour * USEC_PER_HOUR + minute * USEC_PER_MIN + at;
		}
		minute = next_bit(p->minutes, minute + 1);
		if (minute >= 0)
			return hour * USEC_PER_HOUR + minute * USEC_PER_MIN + next_in_minute(p, 0);
	}
	hour = next_bit(p->hours, hour + 1);
	if (hour < 0)
		return NEVER_IN_DAY;
	return hour * USEC_PER_HOUR + __builtin_ctzll(p->minutes) * USEC_PER_MIN +
	       next_in_minute(p, 0);
}

/* The first matching day at or after `date`, as days since 1970; -1: none. */
static int64_t
next_day(const struct pattern *p, const struct civil *date)
{
	int from_month = date->month, from_day = date->day;
	for (int year = date->year; year <= CIVIL_YEAR_MAX; year++) {
		int month = has_year(p, year) ? next_bit(p->months, from_month) : -1;
		for (; month > 0; month = next_bit(p->months, month + 1)) {
			uint32_t days = pattern_month_days(p, year, month);
			if (month == from_month)
				days &= ~(uint32_t)((UINT64_C(1) << from_day) - 1);
			if (days)
				return civil_days(year, month, __builtin_ctz(days));
			from_day = 1;
		}
		from_month = from_day = 1;
	}
	return -1;
}

usec_t
pattern_next(const struct pattern *p, usec_t from)
{
	struct civil date;
	usec_t since_midnight;
	if (from < 0) /* CIVIL_YEAR_MIN is where local time 0 is */
		from = 0;
	int64_t today = civil_day_of(from, &since_midnight);
	civil_date(today, &date);
	if (date.year > CIVIL_YEAR_MAX)
		return USEC_NEVER;
	int64_t day = next_day(p, &date);
	if (day == today) {
		usec_t at = next_in_day(p, since_midnight);
		if (at != NEVER_IN_DAY)
			return today * USEC_PER_DAY + at;
		/* The day after may be in the next month; next_day() copes with day 32. */
		date.day++;
		day = next_day(p, &date);
	}
	if (day < 0)
		return USEC_NEVER;
	usec_t first = next_in_day(p, 0);
	assert(first != NEVER_IN_DAY);
	return day * USEC_PER_DAY + first;
}

static int
nbits_below(uint64_t bits, int n)
{
	return __builtin_popcountll(n < 64 ? bits & ((UINT64_C(1) << n) - 1) : bits);
}

/* Fractions may meet each other and whole seconds: unless they stand alone they are walked. */
static int64_t
count_in_minute(const struct pattern *p, usec_t before)
{
	const struct pattern_part *part = &p->parts[0];
	if (p->nparts == 0)
		return nbits_below(p->seconds, (int)((before + USEC_PER_SEC - 1) / USEC_PER_SEC));
	if (p->nparts == 1 && p->seconds == 0) {
		usec_t last = before - 1 < part->last ? before - 1 : part->last;
		return last < part->first ? 0 : (last - part->first) / part->step + 1;
	}
	int64_t n = 0;
	for (usec_t at = next_in_minute(p, 0); at != NEVER_IN_DAY && at < before;
	     at = next_in_minute(p, at + 1))
		n++;
	return n;
}

/* Times of a day that matches, before the one given (since midnight, up to all of it). */
static int64_t
count_in_day(const struct pattern *p, usec_t before)
{
	int hour = (int)(before / USEC_PER_HOUR);
	usec_t rest = before - hour * USEC_PER_HOUR;
	int minute = (int)(rest / USEC_PER_MIN);
	int64_t per_minute = count_in_minute(p, USEC_PER_MIN);
	int64_t nminutes = (int64_t)nbits_below(p->hours, hour) * nbits_below(p->minutes, 60);
	if (next_bit(p->hours, hour) != hour)
		return nminutes * per_minute;
	nminutes += nbits_below(p->minutes, minute);
	int64_t n = nminutes * per_minute;
	if (next_bit(p->minutes, minute) == minute)
		n += count_in_minute(p, rest - minute * USEC_PER_MIN);
	return n;
}

/* Matching days of the years up to CIVIL_YEAR_MAX: from the first day to before the last. */
static int64_t
count_days(const struct pattern *p, int64_t from, int64_t until)
{
	struct civil date;
	int64_t n = 0, month_at = from;
	for (civil_date(from, &date); month_at < until && date.year <= CIVIL_YEAR_MAX;
	     date.day = 1) {
		int length = civil_month_length(date.year, date.month);
		int64_t first = month_at - date.day + 1;
		int last = until - first < length ? (int)(until - first) : length;
		if (has_year(p, date.year) && (p->months >> date.month & 1))
			n += __builtin_popcount(pattern_month_days(p, date.year, date.month) &
						days_between(date.day, last));
		month_at = first + length;
		date.year += date.month == 12;
		date.month = date.month % 12 + 1;
	}
	return n;
}

int64_t
pattern_count(const struct pattern *p, usec_t from, usec_t until)
{
	usec_t first_rest, last_rest;
	if (from < 0)
		from = 0;
	if (until <= from)
		return 0;
	int64_t first = civil_day_of(from, &first_rest), last = civil_day_of(until, &last_rest);
	int64_t n = count_days(p, first, last) * count_in_day(p, USEC_PER_DAY);
	if (first_rest > 0 && count_days(p, first, first + 1))
		n -= count_in_day(p, first_rest);
	if (last_rest > 0 && count_days(p, last, last + 1))
		n += count_in_day(p, last_rest);
	return n;
}
