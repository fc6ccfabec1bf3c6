/* From what the words of a text ask for to the instant. */
#include "when/at.h"

#include <ctype.h>

#include "when/civil.h"
#include "when/time_text.h"
#include "when/wish.h"

#define EPOCH_DIGITS_MAX 11

bool
at_find_zone(struct scan text, struct scan *zone)
{
	while (scan_word(&text, zone)) {
		if (wish_is_zone(zone))
			return true;
	}
	return false;
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
	case WISH_NO_DATE:
		return today + (is_past && !wish->has_plus);
	case WISH_DAYS_AHEAD:
		return today + wish->ahead;
	case WISH_MONTHS_AHEAD:
		return civil_day_of(add_months(local, wish->ahead), &clock);
	case WISH_WEEKDAY: {
		int ahead = ((int)wish->weekday - (int)civil_weekday(today) + 7) % 7;
		return today + (ahead == 0 && (is_past || wish->is_next) ? 7 : ahead);
	}
	case WISH_DATE_WITHOUT_YEAR:
		date.year = civil_split(local).year;
		while (date.day > civil_month_length(date.year, date.month) ||
		       civil_join(&date) + wish->clock <= local)
			date.year++;
		break;
	case WISH_DATE:
		break;
	}
	return civil_days(date.year, date.month, date.day);
}

static bool
is_date(enum wish_date kind)
{
	return kind == WISH_DATE || kind == WISH_DATE_WITHOUT_YEAR;
}

static int
check(const struct wish *wish, const struct scan *text, struct err *err)
{
	if (wish->is_now && (wish->has_clock || wish->date_kind != WISH_NO_DATE))
		return scan_refuse(text, "\"now\" takes no date and no time of day", err);
	if (!wish->is_now && !wish->has_clock && wish->date_kind == WISH_NO_DATE)
		return scan_refuse(text, "a time is missing", err);
	if (!wish->has_clock && !wish->is_iso &&
	    (wish->date_kind == WISH_WEEKDAY || is_date(wish->date_kind)))
		return scan_refuse(text, "a time of day is missing, as in monday 10:00", err);
	if (wish->has_offset && wish->date_kind != WISH_DATE)
		return scan_refuse(text, "an offset needs a full date in front", err);
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
add_plus(const struct wish *wish, const struct at_context *c, usec_t local, struct at *out,
	 struct err *err)
{
	if (!wish->has_plus)
		return 0;
	if (wish->plus_unit == WISH_TIME) {
		out->at += wish->plus;
		out->is_shifted = false;
		return 0;
	}
	if (wish->plus_unit == WISH_DAYS)
		local += wish->plus * USEC_PER_DAY;
	else
		local = add_months(local, wish->plus);
	return settle(wish, c, local, out, err);
}

static int
decide(const struct wish *wish, const struct at_context *c, struct at *out, struct err *err)
{
	usec_t local = c->now + zone_span_at(c->zone, c->now)->offset;
	usec_t clock = wish->clock;
	out->at = c->now;
	if (wish->is_now)
		return add_plus(wish, c, local, out, err);
	if (!wish->has_clock && !is_date(wish->date_kind))
		civil_day_of(local, &clock); /* the same time of day as now */
	local = wished_day(wish, local) * USEC_PER_DAY + clock;
	if (settle(wish, c, local, out, err) < 0 || add_plus(wish, c, local, out, err) < 0)
		return -1;
	/*
	 * "10:00 + 1 hour" counts from today's 10:00, unless that has passed with the hour. In the
	 * second pass of a fold, what is ahead by the clock may have passed.
	 */
	usec_t cycle = wish->date_kind == WISH_NO_DATE   ? USEC_PER_DAY
		       : wish->date_kind == WISH_WEEKDAY ? 7 * USEC_PER_DAY
							 : 0;
	if (cycle == 0 || out->at > c->now)
		return 0;
	local += cycle;
	return settle(wish, c, local, out, err) < 0 ? -1 : add_plus(wish, c, local, out, err);
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
		return scan_refuse(&whole, "@ is followed by seconds since 1970", err);
	*at = seconds * USEC_PER_SEC + usec;
	return 0;
}

int
at_parse(struct scan text, const struct at_context *context, struct at *out, struct err *err)
{
	struct wish wish;
	int status;
	*out = (struct at){ 0 };
	if (scan_peek(&text) == '@') {
		status = read_epoch(text, &out->at, err);
	} else {
		status = wish_read(&wish, text, err);
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
