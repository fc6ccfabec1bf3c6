/* Reading the words of an instant. */
#include "when/wish.h"

#include <ctype.h>
#include <string.h>

#include "when/at_date.h"
#include "when/time_text.h"

#define PLUS_MAX   100000
#define HOURS_NOON 12

struct unit {
	const char *name; /* of one; an s may follow */
	enum wish_unit kind;
	usec_t length; /* us, days or months */
};

static const struct unit units[] = {
	{ "second", WISH_TIME, USEC_PER_SEC },
	{ "sec", WISH_TIME, USEC_PER_SEC },
	{ "minute", WISH_TIME, USEC_PER_MIN },
	{ "min", WISH_TIME, USEC_PER_MIN },
	{ "hour", WISH_TIME, USEC_PER_HOUR },
	{ "day", WISH_DAYS, 1 },
	{ "week", WISH_DAYS, 7 },
	{ "month", WISH_MONTHS, 1 },
	{ "year", WISH_MONTHS, 12 },
};

static int
set_clock(struct wish *wish, usec_t clock, const struct scan *word, struct err *err)
{
	if (wish->has_clock)
		return scan_refuse(word, "a second time of day", err);
	wish->has_clock = true;
	wish->clock = clock;
	return 0;
}

static int
set_date(struct wish *wish, enum wish_date kind, const struct scan *word, struct err *err)
{
	if (wish->date_kind != WISH_NO_DATE)
		return scan_refuse(word, "a second date", err);
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
			return scan_refuse(&whole, "with am or pm the hour is from 1 to 12", err);
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
	if (set_date(wish, date.has_year ? WISH_DATE : WISH_DATE_WITHOUT_YEAR, &whole, err) < 0)
		return -1;
	wish->date = date.date;
	wish->is_iso = date.is_iso;
	if (scan_at_end(&word))
		return 0;
	if (!date.is_iso || !scan_text(&word, "T"))
		return scan_refuse(&whole, "not understood behind the date", err);
	status = read_clock(wish, word, &none, err);
	return status > 0 ? scan_refuse(&whole, "a time like 18:00 is missing behind the T", err)
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
		return set_date(wish, WISH_DAYS_AHEAD, &word, err);
	}
	struct scan name = word;
	int weekday = scan_name(&name, civil_weekday_names, 7);
	scan_char(&name, ',');
	if (weekday < 0 || !scan_at_end(&name))
		return 1;
	wish->weekday = (enum civil_weekday)weekday;
	return set_date(wish, WISH_WEEKDAY, &word, err);
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
		return scan_refuse(text, "a second interval", err);
	wish->has_plus = true;
	wish->plus_unit = unit->kind;
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
		return scan_refuse(&whole, "a number up to 100000 is missing behind the sign", err);
	scan_blanks(&text);
	const struct unit *unit = find_unit(text);
	if (!unit)
		return scan_refuse(&whole,
				   "a unit is missing: minutes hours days weeks months years", err);
	return set_plus(wish, unit, is_minus ? -n : n, &whole, err);
}

/* "next week" is a date, "next hour" an hour from now, "next friday" not today. */
static int
read_next(struct wish *wish, struct scan whole, struct scan *rest, struct err *err)
{
	struct scan next = *rest, word;
	scan_word(&next, &word);
	const struct unit *unit = find_unit(word);
	wish->is_next = !unit && scan_name(&word, civil_weekday_names, 7) >= 0;
	if (wish->is_next)
		return 0;
	if (!unit)
		return scan_refuse(&whole, "a weekday or a unit like week is missing behind it",
				   err);
	*rest = next;
	if (unit->kind == WISH_TIME) {
		wish->is_now = true;
		return set_plus(wish, unit, 1, &word, err);
	}
	wish->ahead = unit->length;
	return set_date(wish, unit->kind == WISH_DAYS ? WISH_DAYS_AHEAD : WISH_MONTHS_AHEAD, &word,
			err);
}

bool
wish_is_zone(const struct scan *word)
{
	return scan_is(word, "UTC") ||
	       (isalpha((unsigned char)scan_peek(word)) && memchr(word->p, '/', scan_len(word)));
}

/* Which zone it is the context knows. */
static int
set_zone(struct wish *wish, const struct scan *word, struct err *err)
{
	if (wish->has_zone)
		return scan_refuse(word, "a second zone", err);
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
	if (wish_is_zone(&word))
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

int
wish_read(struct wish *wish, struct scan text, struct err *err)
{
	struct scan word, rest = text;
	*wish = (struct wish){ 0 };
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
			return scan_refuse(&word, "not understood as a date or a time of day", err);
		if (status < 0)
			return -1;
	}
	return 0;
}
