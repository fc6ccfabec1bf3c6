/*
 * Reading instants. A text is a set of words in any order (as at(1) takes them): at most one
 * time of day, one date, and at the end an offset "+ N units".
 */
#include "when/at.h"

#include <ctype.h>
#include <string.h>

#include "when/civil.h"
#include "when/time_text.h"

#define EPOCH_DIGITS_MAX 11
#define PLUS_MAX         100000
#define HOURS_NOON       12

enum date_kind { NO_DATE, DATE, DATE_WITHOUT_YEAR, DATE_DAYS_AHEAD, DATE_WEEKDAY };

enum plus_kind { PLUS_TIME, PLUS_DAYS, PLUS_MONTHS };

struct unit {
	const char *name; /* of one; an s may follow */
	enum plus_kind kind;
	usec_t length; /* us, days or months */
};

static const struct unit units[] = {
	{ "second", PLUS_TIME, USEC_PER_SEC },
	{ "sec", PLUS_TIME, USEC_PER_SEC },
	{ "minute", PLUS_TIME, USEC_PER_MIN },
	{ "min", PLUS_TIME, USEC_PER_MIN },
	{ "hour", PLUS_TIME, USEC_PER_HOUR },
	{ "day", PLUS_DAYS, 1 },
	{ "week", PLUS_DAYS, 7 },
	{ "month", PLUS_MONTHS, 1 },
	{ "year", PLUS_MONTHS, 12 },
};

/* What the words said. */
struct wish {
	bool is_now, has_clock, has_offset, has_plus;
	usec_t clock;  /* since midnight */
	usec_t offset; /* of the zone the text names by number */
	enum date_kind date_kind;
	struct civil date;
	int days_ahead;
	enum civil_weekday weekday;
	const struct unit *plus_unit;
	usec_t plus;
};

static int
refuse(struct err *err, const char *why, const struct scan *text)
{
	return err_set(err, ERR_INVALID, "\"%.*s\": %s", scan_shown(text), text->p, why);
}

static int
set_clock(struct wish *wish, usec_t clock, const struct scan *word, struct err *err)
{
	if (wish->has_clock)
		return refuse(err, "a second time of day", word);
	wish->has_clock = true;
	wish->clock = clock;
	return 0;
}

static int
set_date(struct wish *wish, enum date_kind kind, const struct scan *word, struct err *err)
{
	if (wish->date_kind != NO_DATE)
		return refuse(err, "a second date", word);
	wish->date_kind = kind;
	return 0;
}

/* "am" or "pm" behind the hour, attached or as the next word. False: neither. */
static bool
read_half(struct scan *word, struct scan *rest, bool *is_pm)
{
	struct scan next = *rest, *from = word;
	struct scan half = *word;
	if (scan_at_end(word)) {
		if (!scan_word(&next, &half))
			return false;
		from = NULL;
	}
	*is_pm = scan_is(&half, "pm");
	if (!*is_pm && !scan_is(&half, "am"))
		return false;
	if (from)
		from->p = from->end;
	else
		*rest = next;
	return true;
}

/* 1630, as at(1) takes it. */
static bool
read_four_digits(struct scan *word, usec_t *clock)
{
	int n;
	struct scan at = *word;
	if (scan_len(word) != 4 || !scan_number(&at, 0, 2359, &n) || !scan_at_end(&at) ||
	    n % 100 > 59)
		return false;
	*clock = n / 100 * USEC_PER_HOUR + n % 100 * USEC_PER_MIN;
	*word = at;
	return true;
}

/* 10:30, 10:30pm, 10 am, 1630. 1: not a time of day. */
static int
read_clock(struct wish *wish, struct scan word, struct scan *rest, struct err *err)
{
	struct scan whole = word;
	usec_t clock;
	bool is_pm;
	int hour;
	int status = time_read_clock(&word, &clock, err);
	if (status < 0)
		return -1;
	if (status > 0 && read_four_digits(&word, &clock)) {
		status = 0;
	} else if (status > 0) {
		if (!scan_number(&word, 0, 23, &hour))
			return 1;
		clock = hour * USEC_PER_HOUR;
	}
	if (read_half(&word, rest, &is_pm)) {
		usec_t half = HOURS_NOON * USEC_PER_HOUR;
		if (clock < USEC_PER_HOUR || clock >= half + USEC_PER_HOUR)
			return refuse(err, "with am or pm the hour is from 1 to 12", &whole);
		clock = clock % half + (is_pm ? half : 0);
	} else if (status > 0) {
		return 1;
	}
	if (time_read_offset(&word, &wish->offset))
		wish->has_offset = true;
	if (!scan_at_end(&word))
		return 1;
	return set_clock(wish, clock, &whole, err);
}

/* 2026-12-24, 2026-12-24T18:00, 24.12.2026. 1: not a date. */
static int
read_date(struct wish *wish, struct scan word, struct err *err)
{
	struct scan whole = word;
	struct civil *date = &wish->date;
	struct civil read;
	int status = time_read_date(&word, &read, err);
	if (status > 0) {
		if (!scan_number(&word, 1, 31, &read.day) || !scan_char(&word, '.') ||
		    !scan_number(&word, 1, 12, &read.month) || !scan_char(&word, '.') ||
		    !scan_number(&word, CIVIL_YEAR_MIN, CIVIL_YEAR_MAX, &read.year))
			return 1;
		read.hour = read.minute = read.second = read.usec = 0;
		status = read.day <= civil_month_length(read.year, read.month)
				 ? 0
				 : refuse(err, "there is no such day", &whole);
	}
	if (status < 0 || set_date(wish, DATE, &whole, err) < 0)
		return -1;
	*date = read;
	if (scan_at_end(&word))
		return 0;
	struct scan none = { word.end, word.end };
	if (!scan_text(&word, "T"))
		return refuse(err, "not understood behind the date", &whole);
	status = read_clock(wish, word, &none, err);
	return status > 0 ? refuse(err, "a time like 18:00 is missing behind the T", &whole)
			  : status;
}

/* "Dec 24", "24 Dec", each with a year behind. 1: not a date. */
static int
read_month_name(struct wish *wish, struct scan word, struct scan *rest, struct err *err)
{
	struct scan whole = word, next = *rest, other;
	int day = 0, year;
	bool is_day_first = scan_number(&word, 1, 31, &day) && scan_at_end(&word);
	if (is_day_first && !scan_word(&next, &word))
		return 1;
	int month = scan_name(&word, civil_month_names, 12);
	if (month < 0 || !scan_at_end(&word))
		return 1;
	if (!is_day_first) {
		if (!scan_word(&next, &other) || !scan_number(&other, 1, 31, &day))
			return refuse(err, "a day from 1 to 31 is missing behind the month",
				      &whole);
		scan_char(&other, ',');
		if (!scan_at_end(&other))
			return refuse(err, "a day from 1 to 31 is missing behind the month",
				      &whole);
	}
	*rest = next;
	enum date_kind kind = DATE_WITHOUT_YEAR;
	if (scan_word(&next, &other) &&
	    scan_number(&other, CIVIL_YEAR_MIN, CIVIL_YEAR_MAX, &year) && scan_at_end(&other)) {
		*rest = next;
		kind = DATE;
	}
	/* Without a year, 29 February may have to wait for a leap year. */
	int leap_year = 2000;
	wish->date = (struct civil){ .year = kind == DATE ? year : leap_year,
				     .month = month + 1,
				     .day = day };
	if (day > civil_month_length(wish->date.year, month + 1))
		return refuse(err, "there is no such day", &whole);
	return set_date(wish, kind, &whole, err);
}

/* noon, today, friday, ... 1: no such word. */
static int
read_named(struct wish *wish, struct scan word, struct err *err)
{
	static const struct {
		const char *name;
		int hour;
	} clocks[] = { { "midnight", 0 }, { "noon", 12 }, { "teatime", 16 } };
	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		if (scan_is(&word, clocks[i].name))
			return set_clock(wish, clocks[i].hour * USEC_PER_HOUR, &word, err);
	}
	if (scan_is(&word, "now")) {
		wish->is_now = true;
		return 0;
	}
	if (scan_is(&word, "today") || scan_is(&word, "tomorrow")) {
		wish->days_ahead = scan_is(&word, "tomorrow");
		return set_date(wish, DATE_DAYS_AHEAD, &word, err);
	}
	struct scan name = word;
	int weekday = scan_name(&name, civil_weekday_names, 7);
	scan_char(&name, ',');
	if (weekday < 0 || !scan_at_end(&name))
		return 1;
	wish->weekday = (enum civil_weekday)weekday;
	return set_date(wish, DATE_WEEKDAY, &word, err);
}

/* "+ 3 days", "+3days", "+ 3days": all that is left of the text. */
static int
read_plus(struct wish *wish, struct scan text, struct err *err)
{
	struct scan whole = text;
	int n;
	scan_char(&text, '+');
	scan_blanks(&text);
	if (!scan_number(&text, 0, PLUS_MAX, &n))
		return refuse(err, "a number up to 100000 is missing behind the +", &whole);
	scan_blanks(&text);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		struct scan unit = text;
		if (!scan_text(&unit, units[i].name))
			continue;
		scan_text(&unit, "s");
		scan_blanks(&unit);
		if (!scan_at_end(&unit))
			continue;
		wish->has_plus = true;
		wish->plus_unit = &units[i];
		wish->plus = n * units[i].length;
		return 0;
	}
	return refuse(err, "a unit is missing: minutes hours days weeks months years", &whole);
}

static int
read_words(struct wish *wish, struct scan text, struct err *err)
{
	struct scan word, rest = text;
	while (scan_word(&rest, &word)) {
		if (scan_peek(&word) == '+')
			return read_plus(wish, (struct scan){ word.p, text.end }, err);
		if (scan_is(&word, "at") || scan_is(&word, "on") || scan_is(&word, "next"))
			continue;
		int status = read_date(wish, word, err);
		if (status > 0)
			status = read_named(wish, word, err);
		if (status > 0)
			status = read_month_name(wish, word, &rest, err);
		if (status > 0)
			status = read_clock(wish, word, &rest, err);
		if (status > 0)
			return refuse(err, "not understood as a date or a time of day", &word);
		if (status < 0)
			return -1;
	}
	return 0;
}

/* A local time as an instant, by the rule for gaps. */
static int
resolve(const struct at_context *c, usec_t local, struct at *out, struct err *err)
{
	usec_t last;
	out->is_shifted = zone_resolve(c->zone, local, &out->at, &last) == ZONE_GAP;
	out->skipped = local;
	if (!out->is_shifted || c->gap == AT_GAP_MOVES)
		return 0;
	struct civil t = civil_split(local);
	return err_set(err, ERR_INVALID, "%02d:%02d does not exist on %04d-%02d-%02d in %s", t.hour,
		       t.minute, t.year, t.month, t.day, zone_name(c->zone));
}

/* The day that is meant, as days since 1970, given that the clock shows `local` now. */
static int64_t
wished_day(const struct wish *wish, usec_t local)
{
	usec_t clock;
	int64_t today = civil_day_of(local, &clock);
	bool is_past = wish->clock <= clock;
	struct civil date = wish->date;
	switch (wish->date_kind) {
	case NO_DATE:
		return today + is_past;
	case DATE_DAYS_AHEAD:
		return today + wish->days_ahead;
	case DATE_WEEKDAY: {
		int ahead = ((int)wish->weekday - (int)civil_weekday(today) + 7) % 7;
		return today + (ahead == 0 && is_past ? 7 : ahead);
	}
	case DATE_WITHOUT_YEAR:
		date.year = civil_split(local).year;
		while (date.day > civil_month_length(date.year, date.month) ||
		       civil_join(&date) + wish->clock <= local)
			date.year++;
		break;
	case DATE:
		break;
	}
	return civil_days(date.year, date.month, date.day);
}

/* Months keep the day, but not beyond the month's end: a month from 31 January is 28 February. */
static usec_t
add_months(usec_t local, usec_t months)
{
	struct civil t = civil_split(local);
	int64_t n = (int64_t)t.year * 12 + t.month - 1 + months;
	t.year = (int)(n / 12);
	t.month = (int)(n % 12) + 1;
	int length = civil_month_length(t.year, t.month);
	t.day = t.day < length ? t.day : length;
	return civil_join(&t);
}

static int
check(const struct wish *wish, const struct scan *text, struct err *err)
{
	if (wish->is_now && (wish->has_clock || wish->date_kind != NO_DATE))
		return refuse(err, "\"now\" takes no date and no time of day", text);
	if (!wish->is_now && !wish->has_clock && wish->date_kind == NO_DATE)
		return refuse(err, "a time is missing", text);
	if (!wish->has_clock &&
	    (wish->date_kind == DATE_WEEKDAY || wish->date_kind == DATE_WITHOUT_YEAR))
		return refuse(err, "a time of day is missing, as in monday 10:00", text);
	if (wish->has_offset && wish->date_kind != DATE)
		return refuse(err, "an offset needs a full date in front", text);
	return 0;
}

/* A local time by the offset that the text names, else in the zone. */
static int
settle(const struct wish *wish, const struct at_context *c, usec_t local, struct at *out,
       struct err *err)
{
	if (!wish->has_offset)
		return resolve(c, local, out, err);
	out->at = local - wish->offset;
	return 0;
}

static int
decide(const struct wish *wish, const struct at_context *c, struct at *out, struct err *err)
{
	usec_t local = c->now + zone_span_at(c->zone, c->now)->offset;
	usec_t clock = wish->clock;
	out->at = c->now;
	if (!wish->is_now) {
		if (!wish->has_clock && wish->date_kind == DATE_DAYS_AHEAD)
			civil_day_of(local, &clock); /* the same time of day as now */
		local = wished_day(wish, local) * USEC_PER_DAY + clock;
		if (settle(wish, c, local, out, err) < 0)
			return -1;
	}
	if (!wish->has_plus)
		return 0;
	if (wish->plus_unit->kind == PLUS_TIME) {
		out->at += wish->plus;
		out->is_shifted = false;
		return 0;
	}
	if (wish->plus_unit->kind == PLUS_DAYS)
		local += wish->plus * USEC_PER_DAY;
	else
		local = add_months(local, wish->plus);
	return settle(wish, c, local, out, err);
}

/* @1700000000, with decimals if need be. */
static int
read_epoch(struct scan text, usec_t *at, struct err *err)
{
	struct scan whole = text;
	int64_t seconds = 0;
	int usec = 0, ndigits = 0;
	scan_char(&text, '@');
	for (; isdigit((unsigned char)scan_peek(&text)) && ndigits <= EPOCH_DIGITS_MAX; ndigits++)
		seconds = seconds * 10 + (*text.p++ - '0');
	if (ndigits == 0 || ndigits > EPOCH_DIGITS_MAX ||
	    (scan_char(&text, '.') && !time_read_fraction(&text, &usec)) || !scan_at_end(&text))
		return refuse(err, "@ is followed by seconds since 1970", &whole);
	*at = seconds * USEC_PER_SEC + usec;
	return 0;
}

int
at_parse(struct scan text, const struct at_context *context, struct at *out, struct err *err)
{
	struct wish wish = { 0 };
	int status;
	*out = (struct at){ 0 };
	if (scan_peek(&text) == '@') {
		status = read_epoch(text, &out->at, err);
	} else {
		status = read_words(&wish, text, err);
		if (status == 0)
			status = check(&wish, &text, err);
		if (status == 0)
			status = decide(&wish, context, out, err);
	}
	if (status < 0)
		return -1;
	int year = out->at < 0 ? 0 : civil_split(out->at).year;
	if (year < CIVIL_YEAR_MIN || year > CIVIL_YEAR_MAX)
		return err_set(err, ERR_INVALID, "\"%.*s\" is not in the years %d-%d",
			       scan_shown(&text), text.p, CIVIL_YEAR_MIN, CIVIL_YEAR_MAX);
	return 0;
}
