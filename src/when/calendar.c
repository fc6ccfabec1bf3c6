/* Reading calendar expressions. Printing them is in calendar_print.c. */
#include "when/calendar.h"

#include <ctype.h>
#include <string.h>

#include "when/civil.h"
#include "when/time_text.h"

#define NYEAR_DIGITS 2 /* at most, of a short year */
#define DAYS_MAX     31

enum part_id { SECOND, MINUTE, HOUR, DAY, MONTH, YEAR };

static const struct part {
	enum part_id id;
	const char *name;
	int min, max;
	int base; /* the value of bit 0 */
} parts[] = {
	[SECOND] = { SECOND, "second", 0, 59 },
	[MINUTE] = { MINUTE, "minute", 0, 59 },
	[HOUR] = { HOUR, "hour", 0, 23 },
	[DAY] = { DAY, "day", 1, DAYS_MAX },
	[MONTH] = { MONTH, "month", 1, 12 },
	[YEAR] = { YEAR, "year", CIVIL_YEAR_MIN, CIVIL_YEAR_MAX, CIVIL_YEAR_MIN },
};

/* One part while it is read. */
struct reader {
	const struct part *part;
	struct scan at;
	struct err *err;
	bool from_end; /* days behind a "~" */
	uint64_t bits[PATTERN_NYEAR_WORDS];
};

static int
refuse(const struct reader *r, const char *what)
{
	return err_set(r->err, ERR_INVALID, "%s: %s", r->part->name, what);
}

/* What stands here is no value, or nothing does. */
static int
refuse_rest(const struct reader *r)
{
	int len = scan_shown(&r->at);
	return err_set(r->err, ERR_INVALID, "%s: %s%.*s%s (values are %d-%d)", r->part->name,
		       len ? "\"" : "", len, r->at.p,
		       len ? "\" is not understood" : "a value is missing", r->part->min,
		       r->part->max);
}

static int
refuse_value(const struct reader *r, const char *start)
{
	int len = (int)strspn(start, "0123456789");
	return err_set(r->err, ERR_INVALID, "%s: %.*s is not in %d-%d", r->part->name,
		       len < SCAN_SHOWN_MAX ? len : SCAN_SHOWN_MAX, start, r->part->min,
		       r->part->max);
}

static int
read_value(struct reader *r, int *value)
{
	const struct part *part = r->part;
	const char *start = r->at.p;
	if (!isdigit((unsigned char)scan_peek(&r->at)))
		return refuse_rest(r);
	if (!scan_number(&r->at, 0, part->max, value))
		return refuse_value(r, start);
	if (part->id == YEAR && r->at.p - start <= NYEAR_DIGITS)
		*value = civil_full_year(*value);
	return *value >= part->min ? 0 : refuse_value(r, start);
}

static int
read_step(struct reader *r, int *step)
{
	int nvalues = r->part->max - r->part->min + 1;
	*step = 0;
	if (!scan_char(&r->at, '/') || scan_number(&r->at, 1, nvalues, step))
		return 0;
	return err_set(r->err, ERR_INVALID, "%s: the step \"%.*s\" is not in 1-%d", r->part->name,
		       scan_shown(&r->at), r->at.p, nvalues);
}

static int
refuse_backward(const struct reader *r)
{
	return refuse(r, "the range goes backward (the smaller value stands first)");
}

static void
set_bits(struct reader *r, int first, int last, int step)
{
	int base = r->part->base;
	for (int n = first - base; n <= last - base; n += step)
		r->bits[n / 64] |= UINT64_C(1) << n % 64;
}

static int
read_item(struct reader *r)
{
	int first, last, step;
	if (read_value(r, &first) < 0)
		return -1;
	last = first;
	bool is_single = !scan_text(&r->at, "..");
	if (!is_single && read_value(r, &last) < 0)
		return -1;
	if (last < first)
		return refuse_backward(r);
	if (read_step(r, &step) < 0)
		return -1;
	/* With a step, a single value goes on to the end of its part; ~07/2 is 7, 5, 3, 1. */
	if (is_single && step > 0 && r->from_end)
		first = (last - 1) % step + 1;
	else if (is_single && step > 0)
		last = r->part->max;
	set_bits(r, first, last, step ? step : 1);
	return 0;
}

/* A list of items, or "*" for all. */
static int
read_part(struct reader *r)
{
	if (scan_len(&r->at) == 1 && scan_char(&r->at, '*')) {
		set_bits(r, r->part->min, r->part->max, 1);
		return 0;
	}
	if (scan_peek(&r->at) == '*')
		return refuse(r, "\"*\" stands alone; for a step write 0/2, not */2");
	do {
		if (read_item(r) < 0)
			return -1;
	} while (scan_char(&r->at, ','));
	return scan_at_end(&r->at) ? 0 : refuse_rest(r);
}

static int
read_part_of(enum part_id id, struct scan text, struct reader *r, struct err *err)
{
	*r = (struct reader){ .part = &parts[id], .at = text, .err = err, .from_end = r->from_end };
	return read_part(r);
}

/* Seconds with decimals, in us. */
static int
read_seconds_value(struct reader *r, int32_t *usec)
{
	int seconds, fraction = 0;
	if (read_value(r, &seconds) < 0)
		return -1;
	struct scan point = r->at;
	if (scan_char(&point, '.') && isdigit((unsigned char)scan_peek(&point))) {
		r->at = point;
		time_read_fraction(&r->at, &fraction);
	}
	*usec = (int32_t)(seconds * USEC_PER_SEC + fraction);
	return *usec < USEC_PER_MIN ? 0 : refuse(r, "rounded to six decimals it is not below 60");
}

static int
add_seconds(struct reader *r, struct pattern *p, struct pattern_part part)
{
	const int32_t second = USEC_PER_SEC;
	/* What is reached is what counts: 5..5/0.25 is 5. */
	part.last = part.first + (part.last - part.first) / part.step * part.step;
	if (part.last == part.first)
		part.step = second;
	if (part.first % second == 0 && part.step % second == 0) {
		set_bits(r, part.first / second, part.last / second, part.step / second);
		return 0;
	}
	if (p->nparts == PATTERN_NPARTS_MAX)
		return refuse(r, "too many values with decimals (at most 6)");
	p->parts[p->nparts++] = part;
	return 0;
}

static int
read_seconds_item(struct reader *r, struct pattern *p)
{
	struct pattern_part part = { .step = USEC_PER_SEC };
	bool has_step = false;
	if (read_seconds_value(r, &part.first) < 0)
		return -1;
	bool is_range = scan_text(&r->at, "..");
	if (is_range && read_seconds_value(r, &part.last) < 0)
		return -1;
	if (is_range && part.last < part.first)
		return refuse_backward(r);
	if (scan_char(&r->at, '/')) {
		has_step = true;
		if (read_seconds_value(r, &part.step) < 0)
			return -1;
		if (part.step == 0)
			return refuse(r, "the step 0 leads nowhere");
	}
	if (!is_range)
		part.last = has_step ? (int32_t)USEC_PER_MIN - 1 : part.first;
	return add_seconds(r, p, part);
}

static int
read_seconds(struct pattern *p, struct scan text, struct err *err)
{
	struct reader r = { .part = &parts[SECOND], .at = text, .err = err };
	if (scan_len(&text) == 1 && scan_peek(&text) == '*') {
		p->seconds = PATTERN_ALL_SECONDS;
		return 0;
	}
	do {
		if (read_seconds_item(&r, p) < 0)
			return -1;
	} while (scan_char(&r.at, ','));
	p->seconds = r.bits[0];
	return scan_at_end(&r.at) ? 0 : refuse_rest(&r);
}

/* Cuts TEXT at the separators. The number of pieces, at most n; -1: there are more. */
static int
cut(struct scan text, const char *separators, struct scan *pieces, int n)
{
	int count = 0;
	const char *p = text.p;
	for (;; p++) {
		if (p < text.end && !strchr(separators, *p))
			continue;
		if (count == n)
			return -1;
		pieces[count++] = (struct scan){ text.p, p };
		if (p == text.end)
			return count;
		text.p = p + 1;
	}
}

/* [YEAR-]MONTH-DAY, or with "~" before a day that is counted from the end. */
static int
read_date(struct calendar *c, struct scan text, struct err *err)
{
	struct pattern *p = &c->pattern;
	struct scan pieces[3];
	struct reader r = { 0 };
	int n = cut(text, "-~", pieces, 3);
	if (n < 2)
		return err_set(err, ERR_INVALID,
			       "\"%.*s\" is not a date like *-*-* or a time like 10:00",
			       scan_shown(&text), text.p);
	if (n == 3) {
		if (read_part_of(YEAR, pieces[0], &r, err) < 0)
			return -1;
		memcpy(p->years, r.bits, sizeof(p->years));
	}
	if (read_part_of(MONTH, pieces[n - 2], &r, err) < 0)
		return -1;
	p->months = (uint16_t)r.bits[0];
	r.from_end = pieces[n - 1].p[-1] == '~';
	if (n == 3 && pieces[1].p[-1] == '~')
		return err_set(err, ERR_INVALID, "day: \"~\" stands before the day only");
	p->days = 0;
	if (read_part_of(DAY, pieces[n - 1], &r, err) < 0)
		return -1;
	*(r.from_end ? &p->days_from_end : &p->days) = (uint32_t)r.bits[0];
	return 0;
}

/* HOUR:MINUTE[:SECOND] */
static int
read_time(struct calendar *c, struct scan text, struct err *err)
{
	struct pattern *p = &c->pattern;
	struct scan pieces[3];
	struct reader r = { 0 };
	int n = cut(text, ":", pieces, 3);
	if (n < 2)
		return err_set(err, ERR_INVALID, "\"%.*s\" is not a time like 10:00 or 10:00:00",
			       scan_shown(&text), text.p);
	if (read_part_of(HOUR, pieces[0], &r, err) < 0)
		return -1;
	p->hours = (uint32_t)r.bits[0];
	if (read_part_of(MINUTE, pieces[1], &r, err) < 0)
		return -1;
	p->minutes = r.bits[0];
	c->star_hour = scan_peek(&pieces[0]) == '*';
	c->star_minute = scan_peek(&pieces[1]) == '*';
	p->seconds = 1;
	return n == 3 ? read_seconds(p, pieces[2], err) : 0;
}

static int
refuse_weekday(const struct scan *at, struct err *err)
{
	return err_set(err, ERR_INVALID, "weekday: \"%.*s\" is not a day like Mon or Monday",
		       scan_shown(at), at->p);
}

/* "Mon..Fri,Sun"; a comma may end the list. */
static int
read_weekdays(struct pattern *p, struct scan text, struct err *err)
{
	p->weekdays = 0;
	do {
		if (scan_at_end(&text))
			break;
		int first = scan_name(&text, civil_weekday_names, 7);
		int last = first;
		if (first >= 0 && (scan_text(&text, "..") || scan_char(&text, '-')))
			last = scan_name(&text, civil_weekday_names, 7);
		if (first < 0 || last < 0)
			return refuse_weekday(&text, err);
		for (int n = first;; n = (n + 1) % 7) {
			p->weekdays |= (uint8_t)(1u << n);
			if (n == last)
				break;
		}
	} while (scan_char(&text, ','));
	return scan_at_end(&text) ? 0 : refuse_weekday(&text, err);
}

static const char *
find_shorthand(const struct scan *text)
{
	static const struct {
		const char *name, *full;
	} shorthands[] = {
		{ "minutely", "*-*-* *:*:00" },
		{ "hourly", "*-*-* *:00:00" },
		{ "daily", "*-*-* 00:00:00" },
		{ "weekly", "Mon *-*-* 00:00:00" },
		{ "monthly", "*-*-01 00:00:00" },
		{ "quarterly", "*-01,04,07,10-01 00:00:00" },
		{ "semiannually", "*-01,07-01 00:00:00" },
		{ "semi-annually", "*-01,07-01 00:00:00" },
		{ "biannually", "*-01,07-01 00:00:00" },
		{ "bi-annually", "*-01,07-01 00:00:00" },
		{ "yearly", "*-01-01 00:00:00" },
		{ "annually", "*-01-01 00:00:00" },
		{ "anually", "*-01-01 00:00:00" }, /* systemd takes this one, too */
	};
	for (size_t i = 0; i < sizeof(shorthands) / sizeof(shorthands[0]); i++) {
		if (scan_is(text, shorthands[i].name))
			return shorthands[i].full;
	}
	return NULL;
}

bool
calendar_take_zone(struct scan *text, struct scan *zone)
{
	const char *p = text->end;
	while (p > text->p && p[-1] != ' ' && p[-1] != '\t')
		p--;
	if (p == text->p || !isalpha((unsigned char)*p))
		return false;
	*zone = (struct scan){ p, text->end };
	text->end = p;
	scan_trim(text);
	return true;
}

/* The words in order: weekdays, date, time; each may be missing, but not all. */
static int
read_words(struct calendar *c, struct scan text, struct err *err)
{
	struct scan word, pieces[2];
	bool has_word = scan_word(&text, &word);
	if (has_word && isalpha((unsigned char)scan_peek(&word))) {
		if (read_weekdays(&c->pattern, word, err) < 0)
			return -1;
		has_word = scan_word(&text, &word);
	} else if (!has_word) {
		return err_set(err, ERR_INVALID,
			       "an expression like \"Mon..Fri 10:00\" is missing");
	}
	if (has_word && !memchr(word.p, ':', scan_len(&word))) {
		if (read_date(c, word, err) < 0)
			return -1;
		has_word = scan_word(&text, &word);
	} else if (has_word && cut(word, "T", pieces, 2) == 2) { /* 2026-01-01T10:00 */
		if (read_date(c, pieces[0], err) < 0)
			return -1;
		word = pieces[1];
	}
	if (has_word && read_time(c, word, err) < 0)
		return -1;
	if (scan_word(&text, &word))
		return err_set(err, ERR_INVALID,
			       "\"%.*s\" is too much: weekdays, date, time and zone "
			       "stand in this order",
			       scan_shown(&word), word.p);
	return 0;
}

int
calendar_parse(struct calendar *c, struct scan text, struct err *err)
{
	const char *full = find_shorthand(&text);
	if (full)
		text = scan_of(full);
	*c = (struct calendar){ .pattern = {
					.seconds = 1,
					.minutes = 1,
					.hours = 1,
					.days = PATTERN_ALL_DAYS,
					.months = PATTERN_ALL_MONTHS,
					.weekdays = PATTERN_ALL_WEEKDAYS,
				} };
	pattern_set_all_years(&c->pattern);
	if (read_words(c, text, err) < 0)
		return -1;
	if (!pattern_can_match(&c->pattern))
		return err_set(err, ERR_INVALID,
			       "day: never due, there is no such day in these months "
			       "and years");
	return 0;
}

bool
calendar_is_wild(const struct calendar *calendar)
{
	return calendar->star_hour || calendar->star_minute;
}
