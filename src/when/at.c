/*
 * Reading instants. A text is a set of words in any order (as at(1) takes them): at most one
 * time of day, one date, and at the end an offset "+ N units".
 */
#include "when/at.h"

#include <ctype.h>
#include <string.h>

#include "when/at_date.h"
#include "when/civil.h"
#include "when/time_text.h"

#define EPOCH_DIGITS_MAX 11
#define PLUS_MAX         100000
#define HOURS_NOON       12

enum date_kind {
	NO_DATE,
	DATE,
	DATE_WITHOUT_YEAR,
	DATE_DAYS_AHEAD,
	DATE_MONTHS_AHEAD,
	DATE_WEEKDAY,
};

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
	bool is_now, has_clock, has_offset, has_zone, has_plus;
	bool is_iso;   /* the date is written year-month-day */
	usec_t clock;  /* since midnight */
	usec_t offset; /* of the zone the text names by number */
	enum date_kind date_kind;
	struct civil date;
	usec_t ahead; /* days or months */
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

/* A date, and behind a T the time of day: 2026-12-24T18:00. 1: not a date. */
static int
read_date(struct wish *wish, struct scan word, struct scan *rest, struct err *err)
{
	struct scan whole = word, none = { word.end, word.end };
	struct at_date date;
	int status = at_read_date(&word, rest, &date, err);
	if (status != 0)
		return status;
	if (set_date(wish, date.has_year ? DATE : DATE_WITHOUT_YEAR, &whole, err) < 0)
		return -1;
	wish->date = date.date;
	wish->is_iso = date.is_iso;
	if (scan_at_end(&word))
		return 0;
	if (!date.is_iso || !scan_text(&word, "T"))
		return refuse(err, "not understood behind the date", &whole);
	status = read_clock(wish, word, &none, err);
	return status > 0 ? refuse(err, "a time like 18:00 is missing behind the T", &whole)
			  : status;
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
		wish->ahead = scan_is(&word, "tomorrow");
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

/* A unit at the end of the text; NULL: it is none. */
static const struct unit *
find_unit(struct scan text)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		struct scan unit = text;
		if (!scan_text(&unit, units[i].name))
			continue;
		scan_text(&unit, "s");
		scan_blanks(&unit);
		if (scan_at_end(&unit))
			return &units[i];
	}
	return NULL;
}

static int
set_plus(struct wish *wish, const struct unit *unit, int n, const struct scan *text,
	 struct err *err)
{
	if (wish->has_plus)
		return refuse(err, "a second interval", text);
	wish->has_plus = true;
	wish->plus_unit = unit;
	wish->plus = n * unit->length;
	return 0;
}

/* "+ 3 days", "+3days", "- 3days": all that is left of the text. */
static int
read_plus(struct wish *wish, struct scan text, struct err *err)
{
	struct scan whole = text;
	int n;
	bool is_minus = *text.p++ == '-';
	scan_blanks(&text);
	if (!scan_number(&text, 0, PLUS_MAX, &n))
		return refuse(err, "a number up to 100000 is missing behind the sign", &whole);
	scan_blanks(&text);
	const struct unit *unit = find_unit(text);
	if (!unit)
		return refuse(err, "a unit is missing: minutes hours days weeks months years",
			      &whole);
	return set_plus(wish, unit, is_minus ? -n : n, &whole, err);
}

/* "next week" is a date, "next hour" an hour from now; before a weekday it says nothing. */
static int
read_next(struct wish *wish, struct scan whole, struct scan *rest, struct err *err)
{
	struct scan next = *rest, word;
	scan_word(&next, &word);
	const struct unit *unit = find_unit(word);
	if (!unit && scan_name(&word, civil_weekday_names, 7) >= 0)
		return 0;
	if (!unit)
		return refuse(err, "a weekday or a unit like week is missing behind it", &whole);
	*rest = next;
	if (unit->kind == PLUS_TIME) {
		wish->is_now = true;
		return set_plus(wish, unit, 1, &word, err);
	}
	wish->ahead = unit->length;
	return set_date(wish, unit->kind == PLUS_DAYS ? DATE_DAYS_AHEAD : DATE_MONTHS_AHEAD, &word,
			err);
}

static bool
is_zone(const struct scan *word)
{
	return scan_is(word, "UTC") ||
	       (isalpha((unsigned char)scan_peek(word)) && memchr(word->p, '/', scan_len(word)));
}

bool
at_find_zone(struct scan text, struct scan *zone)
{
	while (scan_word(&text, zone)) {
		if (is_zone(zone))
			return true;
	}
	return false;
}

/* Which zone it is the context knows. */
static int
set_zone(struct wish *wish, const struct scan *word, struct err *err)
{
	if (wish->has_zone)
		return refuse(err, "a second zone", word);
	wish->has_zone = true;
	return 0;
}

/* One word, or some that belong together. 1: it is none of this. */
static int
read_item(struct wish *wish, struct scan word, struct scan *rest, struct err *err)
{
	if (scan_is(&word, "at") || scan_is(&word, "on"))
		return 0;
	if (scan_is(&word, "next"))
		return read_next(wish, word, rest, err);
	if (is_zone(&word))
		return set_zone(wish, &word, err);
	int status = read_date(wish, word, rest, err);
	if (status > 0)
		status = read_named(wish, word, err);
	return status > 0 ? read_clock(wish, word, rest, err) : status;
}

static bool
is_sign(const struct scan *word)
{
	return scan_peek(word) == '+' || scan_peek(word) == '-';
}

static int
read_words(struct wish *wish, struct scan text, struct err *err)
{
	struct scan word, rest = text;
	while (scan_word(&rest, &word)) {
		if (is_sign(&word))
			return read_plus(wish, (struct scan){ word.p, text.end }, err);
		struct scan behind = word; /* "now+1 day" */
		if (scan_text(&behind, "now") && is_sign(&behind)) {
			word.end = behind.p;
			rest.p = behind.p;
		}
		int status = read_item(wish, word, &rest, err);
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

/* Months keep the day, but not beyond the month's end: a month from 31 January is 28 February. */
static usec_t
add_months(usec_t local, usec_t months)
{
	struct civil t = civil_split(local);
	int64_t n = (int64_t)t.year * 12 + t.month - 1 + months;
	if (n < 12)
		n = 12; /* the year 1: as far from any schedule */
	t.year = (int)(n / 12);
	t.month = (int)(n % 12) + 1;
	int length = civil_month_length(t.year, t.month);
	t.day = t.day < length ? t.day : length;
	return civil_join(&t);
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
		return today + wish->ahead;
	case DATE_MONTHS_AHEAD:
		return civil_day_of(add_months(local, wish->ahead), &clock);
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

static bool
is_date(enum date_kind kind)
{
	return kind == DATE || kind == DATE_WITHOUT_YEAR;
}

static int
check(const struct wish *wish, const struct scan *text, struct err *err)
{
	if (wish->is_now && (wish->has_clock || wish->date_kind != NO_DATE))
		return refuse(err, "\"now\" takes no date and no time of day", text);
	if (!wish->is_now && !wish->has_clock && wish->date_kind == NO_DATE)
		return refuse(err, "a time is missing", text);
	if (!wish->has_clock && !wish->is_iso &&
	    (wish->date_kind == DATE_WEEKDAY || is_date(wish->date_kind)))
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
		if (!wish->has_clock && !is_date(wish->date_kind))
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
