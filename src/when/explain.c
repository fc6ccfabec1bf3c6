/*
 * Explaining patterns. A time of day is told in the first of these ways that fits: as a rhythm
 * ("every 5 minutes"), as clock times ("at 09:00 and 17:30"), as parts ("at minutes 1 to 7 of
 * hours 3 and 9").
 */
#include "when/explain.h"

#include "when/bitlist.h"

#define CLOCK_TIMES_MAX 6
#define DAYS_MAX        31
#define REGULAR_MIN     4 /* of fewer values the list is shorter than the rule */

/* How one value of a list is written. */
typedef void value_writer(int value, struct buf *out);

static void
write_number(int value, struct buf *out)
{
	buf_printf(out, "%d", value);
}

static void
write_ordinal(int value, struct buf *out)
{
	static const char *const suffixes[] = { "th", "st", "nd", "rd" };
	bool is_teen = value / 10 % 10 == 1;
	int last = value % 10;
	buf_printf(out, "%d%s", value, suffixes[is_teen || last > 3 ? 0 : last]);
}

static void
write_weekday(int value, struct buf *out)
{
	buf_add_text(out, civil_weekday_names[value % 7]);
}

static void
write_month(int value, struct buf *out)
{
	buf_add_text(out, civil_month_names[value - 1]);
}

/* The end of the run of neighbours that starts at n; two are no run. */
static int
run_end(const struct bitlist *list, int n)
{
	int last = n;
	while (bitlist_has(list, last + 1))
		last++;
	return last - n > 1 ? last : n;
}

/* "a", "a and b", "a, b to c and d". */
static void
write_list(const struct bitlist *list, value_writer *write, struct buf *out)
{
	const char *between = "";
	for (int n = bitlist_next(list, 0), next; n >= 0; n = next) {
		int last = run_end(list, n);
		next = bitlist_next(list, last + 1);
		bool is_last = next < 0 || bitlist_next(list, run_end(list, next) + 1) < 0;
		buf_add_text(out, between);
		write(n + list->base, out);
		if (last > n) {
			buf_add_text(out, " to ");
			write(last + list->base, out);
		}
		between = is_last ? " and " : ", ";
	}
}

/* 0, n, 2n, ... around the whole circle of `size` values. 0: it is no such rhythm. */
static int
rhythm(const struct bitlist *list)
{
	int first, last, step, size = list->max + 1;
	if (!bitlist_is_regular(list, &first, &last, &step) || first != 0 || size % step != 0 ||
	    last != size - step)
		return 0;
	return step;
}

static void
write_rhythm(int step, const char *unit, struct buf *out)
{
	if (step == 1)
		buf_printf(out, "every %s", unit);
	else
		buf_printf(out, "every %d %ss", step, unit);
}

/* "every 5 minutes", "every 7 minutes from minute 0 to 56" or "at minute 30". */
static void
write_unit(const struct bitlist *list, const char *unit, struct buf *out)
{
	int first, last, step = rhythm(list);
	if (step > 0) {
		write_rhythm(step, unit, out);
		return;
	}
	if (bitlist_count(list) >= REGULAR_MIN && bitlist_is_regular(list, &first, &last, &step) &&
	    step > 1) {
		write_rhythm(step, unit, out);
		buf_printf(out, " from %s %d to %d", unit, first, last);
		return;
	}
	buf_printf(out, "at %s%s ", unit, bitlist_count(list) > 1 ? "s" : "");
	write_list(list, write_number, out);
}

/* 09:00, with the second when it is not 0. */
static void
write_clock(int hour, int minute, int second, struct buf *out)
{
	buf_printf(out, "%02d:%02d", hour, minute);
	if (second > 0)
		buf_printf(out, ":%02d", second);
}

static void
write_clock_times(const struct bitlist *hours, const struct bitlist *minutes, int second,
		  struct buf *out)
{
	int left = bitlist_count(hours) * bitlist_count(minutes);
	buf_add_text(out, "at ");
	for (int h = bitlist_next(hours, 0); h >= 0; h = bitlist_next(hours, h + 1)) {
		for (int m = bitlist_next(minutes, 0); m >= 0; m = bitlist_next(minutes, m + 1)) {
			write_clock(h, m, second, out);
			left--;
			buf_add_text(out, left > 1 ? ", " : left == 1 ? " and " : "");
		}
	}
}

/* "every 2 hours from 01:30 to 23:30". False: the hours have no rhythm. */
static bool
write_hourly(const struct bitlist *hours, int minute, int second, struct buf *out)
{
	int first, last, step;
	if (!bitlist_is_regular(hours, &first, &last, &step))
		return false;
	write_rhythm(step, "hour", out);
	if (bitlist_is_full(hours)) {
		if (minute > 0 || second > 0)
			buf_printf(out, " at minute %d", minute);
		if (second > 0)
			buf_printf(out, ", second %d", second);
		return true;
	}
	buf_add_text(out, " from ");
	write_clock(first, minute, second, out);
	buf_add_text(out, " to ");
	write_clock(last, minute, second, out);
	return true;
}

static void
write_hours(const struct bitlist *hours, bool is_minute_rhythm, struct buf *out)
{
	int first, last, step;
	if (bitlist_is_full(hours)) {
		buf_add_text(out, is_minute_rhythm ? "" : " of every hour");
		return;
	}
	first = last = bitlist_next(hours, 0);
	bool is_one = bitlist_count(hours) == 1;
	if (is_minute_rhythm &&
	    (is_one || (bitlist_is_regular(hours, &first, &last, &step) && step == 1))) {
		buf_printf(out, " from %02d:00 to %02d:59", first, last);
		return;
	}
	buf_printf(out, " of hour%s ", is_one ? "" : "s");
	write_list(hours, write_number, out);
}

/* "every 250ms from second 0.5" is said as the numbers that it is made of. */
static void
write_fractions(const struct pattern *p, struct buf *out)
{
	char first[USEC_TEXT_MAX], step[USEC_TEXT_MAX];
	for (int i = 0; i < p->nparts; i++) {
		const struct pattern_part *part = &p->parts[i];
		usec_print_duration(part->first, first);
		usec_print_duration(part->step, step);
		if (i > 0 || p->seconds)
			buf_add_text(out, i + 1 < p->nparts ? ", " : " and ");
		if (part->first == part->last)
			buf_printf(out, "%s into the minute", first);
		else
			buf_printf(out, "every %s from %s into the minute", step, first);
	}
}

static void
write_seconds(const struct pattern *p, const struct bitlist *seconds, struct buf *out)
{
	if (p->seconds)
		write_unit(seconds, "second", out);
	write_fractions(p, out);
}

static void
explain_clock(const struct pattern *p, struct buf *out)
{
	struct bitlist hours = bitlist_of(p->hours, 0, 23);
	struct bitlist minutes = bitlist_of(p->minutes, 0, 59);
	struct bitlist seconds = bitlist_of(p->seconds, 0, 59);
	int second = bitlist_next(&seconds, 0), nminutes = bitlist_count(&minutes);
	if (bitlist_count(&seconds) == 1 && p->nparts == 0) {
		if (nminutes == 1 && write_hourly(&hours, bitlist_next(&minutes, 0), second, out))
			return;
		if (nminutes * bitlist_count(&hours) <= CLOCK_TIMES_MAX) {
			write_clock_times(&hours, &minutes, second, out);
			return;
		}
	}
	bool has_seconds = p->seconds != 1 || p->nparts > 0;
	if (has_seconds)
		write_seconds(p, &seconds, out);
	if (!has_seconds || !bitlist_is_full(&minutes)) {
		buf_add_text(out, has_seconds ? ", " : "");
		write_unit(&minutes, "minute", out);
	}
	write_hours(&hours, rhythm(&minutes) > 0, out);
}

static void
write_from_end(int nth, const char *noun, struct buf *out)
{
	if (nth == 1) {
		buf_printf(out, "the last %s", noun);
		return;
	}
	buf_add_text(out, "the ");
	write_ordinal(nth, out);
	buf_printf(out, " last %s", noun);
}

static void
and_so(struct buf *out, size_t start)
{
	if (out->len > start)
		buf_add_text(out, " and ");
}

static void
write_numbered_days(const struct bitlist *days, struct buf *out)
{
	int first, last, step;
	if (bitlist_is_regular(days, &first, &last, &step) && step > 1) {
		buf_add_text(out, "every ");
		write_ordinal(step, out);
		buf_add_text(out, " day from the ");
		write_ordinal(first, out);
		buf_add_text(out, " to the ");
		write_ordinal(last, out);
		return;
	}
	buf_add_text(out, "the ");
	write_list(days, write_ordinal, out);
}

/* "the 1st and 15th and the last day" */
static void
write_days(const struct pattern *p, struct buf *out)
{
	struct bitlist days = bitlist_of(p->days, 1, DAYS_MAX);
	struct bitlist from_end = bitlist_of(p->days_from_end, 1, DAYS_MAX);
	size_t start = out->len;
	if (p->days)
		write_numbered_days(&days, out);
	int nlast = run_end(&from_end, 1);
	if (nlast > 1) {
		and_so(out, start);
		buf_printf(out, "one of the last %d days", nlast);
	}
	for (int n = 1; n <= DAYS_MAX; n++) {
		if (bitlist_has(&from_end, n) && (n > nlast || nlast == 1)) {
			and_so(out, start);
			write_from_end(n, "day", out);
		}
		if (p->near >> n & 1) {
			and_so(out, start);
			buf_add_text(out, "the working day nearest to the ");
			write_ordinal(n, out);
		}
		if (p->near_from_end >> n & 1) {
			and_so(out, start);
			buf_add_text(out, "the working day nearest to ");
			write_from_end(n, "day", out);
		}
	}
	if (p->months == PATTERN_ALL_MONTHS)
		buf_add_text(out, " of the month");
}

/* "Monday to Friday and the last Sunday of the month" */
static void
write_weekdays(const struct pattern *p, struct buf *out)
{
	static const char *const ordinals[PATTERN_NTHS] = { "first", "second", "third", "fourth",
							    "fifth" };
	/* Monday first: bit 7 is Sunday again. */
	struct bitlist list = bitlist_of((uint64_t)p->weekdays | (uint64_t)p->weekdays << 7, 1, 7);
	size_t start = out->len;
	write_list(&list, write_weekday, out);
	for (int n = 0; n < 7; n++) {
		for (int i = 0; i < PATTERN_NTHS; i++) {
			if (!(p->nth[i] >> n & 1))
				continue;
			and_so(out, start);
			buf_printf(out, "the %s %s of the month", ordinals[i],
				   civil_weekday_names[n]);
		}
		if (p->last >> n & 1) {
			and_so(out, start);
			buf_printf(out, "the last %s of the month", civil_weekday_names[n]);
		}
	}
}

static void
explain_days(const struct pattern *p, struct buf *out)
{
	bool all_days = p->days == PATTERN_ALL_DAYS;
	bool all_weekdays = p->weekdays == PATTERN_ALL_WEEKDAYS;
	if ((all_days && all_weekdays) || (p->either_day && (all_days || all_weekdays))) {
		if (__builtin_popcountll(p->minutes) == 1 && p->hours != PATTERN_ALL_HOURS)
			buf_add_text(out, " every day");
		return;
	}
	buf_add_text(out, " on ");
	if (!all_days)
		write_days(p, out);
	if (!all_days && !all_weekdays)
		buf_add_text(out, p->either_day ? " or on " : ", if it is ");
	if (!all_weekdays)
		write_weekdays(p, out);
	if (!all_days && !all_weekdays && !p->either_day && p->months != PATTERN_ALL_MONTHS)
		buf_add_char(out, ',');
}

/* Behind a month "2030" is enough. */
static void
write_years(const struct bitlist *years, bool has_month, struct buf *out)
{
	int first, last, step;
	if (bitlist_is_regular(years, &first, &last, &step) && step > 1) {
		buf_printf(out, "%s every %d years from %d to %d", has_month ? "," : "", step,
			   first + years->base, last + years->base);
		return;
	}
	buf_add_text(out, has_month ? " " : " in ");
	write_list(years, write_number, out);
}

void
explain_pattern(const struct pattern *p, struct buf *out)
{
	struct bitlist months = bitlist_of(p->months, 1, 12);
	struct bitlist years = { .max = CIVIL_NYEARS - 1, .base = CIVIL_YEAR_MIN };
	for (int i = 0; i < PATTERN_NYEAR_WORDS; i++)
		years.words[i] = p->years[i];
	explain_clock(p, out);
	explain_days(p, out);
	if (!bitlist_is_full(&months)) {
		buf_add_text(out, " in ");
		write_list(&months, write_month, out);
	}
	if (!bitlist_is_full(&years))
		write_years(&years, !bitlist_is_full(&months), out);
}
