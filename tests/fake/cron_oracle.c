/* Cron lines by brute force. */
#include "fake/cron_oracle.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define MINUTES_PER_DAY 1440
#define WARM_UP         (2 * MINUTES_PER_DAY) /* how far back the clock may have been ahead */

/* A day as the day fields see it. */
struct day {
	int day, month, weekday, length;
};

static int
value_of(const char *text, const char **end)
{
	static const char names[] = "sunmontuewedthufrisatjanfebmaraprmayjunjulaugsepoctnovdec";
	char lower[4] = "";
	if (isdigit((unsigned char)*text)) {
		*end = text + strspn(text, "0123456789");
		return atoi(text);
	}
	for (int i = 0; i < 3; i++)
		lower[i] = (char)tolower((unsigned char)text[i]);
	long at = strstr(names, lower) - names;
	*end = text + 3;
	return (int)(at < 21 ? at / 3 : at / 3 - 6);
}

static int
nearest_working_day(int wanted, const struct day *d)
{
	int weekday = (d->weekday + 35 + wanted - d->day) % 7;
	if (wanted > d->length)
		return -1;
	if (weekday == 6)
		return wanted == 1 ? 3 : wanted - 1;
	if (weekday == 0)
		return wanted == d->length ? wanted - 2 : wanted + 1;
	return wanted;
}

/* L, L-3, LW, 15W. */
static bool
is_special_day(const char *item, const struct day *d)
{
	if (toupper((unsigned char)*item) == 'L') {
		int back = item[1] == '-' ? atoi(item + 2) : 0;
		if (strchr(item, 'W'))
			return d->day == nearest_working_day(d->length - back, d);
		return d->day == d->length - back;
	}
	return d->day == nearest_working_day(atoi(item), d);
}

/* 5#2, FRIL. */
static bool
is_special_weekday(const char *item, const struct day *d)
{
	const char *rest;
	int weekday = value_of(item, &rest) % 7;
	if (weekday != d->weekday)
		return false;
	if (*rest == '#' && isdigit((unsigned char)rest[1]))
		return (d->day - 1) / 7 + 1 == atoi(rest + 1);
	return d->day + 7 > d->length;
}

static bool
item_has(const char *item, int value, int min, int max)
{
	const char *rest = item;
	int first = min, last = max, step = 1;
	if (*item == '*' || *item == '?') {
		rest++;
	} else {
		first = last = value_of(item, &rest);
		if (*rest == '-')
			last = value_of(rest + 1, &rest);
		else if (*rest == '/')
			last = max;
	}
	if (*rest == '/')
		step = atoi(rest + 1);
	for (int n = first; n <= last; n += step) {
		if (n == value || (max == 7 && n == 7 && value == 0))
			return true;
	}
	return false;
}

static bool
field_has(const char *field, int value, int min, int max, const struct day *d)
{
	char copy[64], *save = NULL;
	snprintf(copy, sizeof(copy), "%s", *field == '+' ? field + 1 : field);
	for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		size_t len = strlen(item);
		char end = (char)toupper((unsigned char)item[len - 1]);
		bool is_special;
		if (max == 31 && (end == 'W' || toupper((unsigned char)*item) == 'L'))
			is_special = is_special_day(item, d);
		else if (max == 7 && (strchr(item, '#') || end == 'L'))
			is_special = is_special_weekday(item, d);
		else
			is_special = item_has(item, value, min, max);
		if (is_special)
			return true;
	}
	return false;
}

void
oracle_init(struct oracle *o, const char *text, enum oracle_rule rule, struct oracle_clock *clock)
{
	memset(o, 0, sizeof(*o));
	int n = sscanf(text, "%63s %63s %63s %63s %63s", o->fields[0], o->fields[1], o->fields[2],
		       o->fields[3], o->fields[4]);
	assert(n == 5);
	for (int i = 0; i < 60; i++)
		o->minutes[i] = field_has(o->fields[0], i, 0, 59, NULL);
	for (int i = 0; i < 24; i++)
		o->hours[i] = field_has(o->fields[1], i, 0, 23, NULL);
	for (int i = 1; i <= 12; i++)
		o->months[i] = field_has(o->fields[3], i, 1, 12, NULL);
	const char *day = o->fields[2], *weekday = o->fields[4];
	o->is_wild = o->fields[0][0] == '*' || o->fields[1][0] == '*';
	o->is_either = !strchr("*?", *day) && !strchr("*?+", *weekday);
	o->rule = rule;
	o->clock = clock;
}

static struct day
day_of(int64_t local_minutes)
{
	time_t seconds = (time_t)local_minutes * 60;
	struct tm tm;
	gmtime_r(&seconds, &tm);
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = tm.tm_year % 4 == 0 && tm.tm_year != 200; /* 2100; 1900 is never asked for */
	return (struct day){ tm.tm_mday, tm.tm_mon + 1, tm.tm_wday,
			     lengths[tm.tm_mon] + (tm.tm_mon == 1 && is_leap) };
}

static bool
day_fields_match(const struct oracle *o, const struct day *d)
{
	bool by_day = field_has(o->fields[2], d->day, 1, 31, d);
	bool by_weekday = field_has(o->fields[4], d->weekday, 0, 7, d);
	return o->is_either ? by_day || by_weekday : by_day && by_weekday;
}

static bool
day_matches(struct oracle *o, int64_t local)
{
	struct day d = day_of(local);
	if (!o->months[d.month])
		return false;
	uint32_t *days = &o->days[d.length][(d.weekday + 36 - d.day) % 7];
	if (*days == 0) {
		*days = 1; /* bit 0: it was worked out */
		for (int n = 1; n <= d.length; n++) {
			struct day other = { n, d.month, (d.weekday + 35 + n - d.day) % 7,
					     d.length };
			*days |= (uint32_t)day_fields_match(o, &other) << n;
		}
	}
	return *days >> d.day & 1;
}

static bool
minute_matches(const struct oracle *o, int64_t local)
{
	return o->hours[local / 60 % 24] && o->minutes[local % 60];
}

/* The wall clock, by the C library. */
static int64_t
local_of(const struct oracle *o, int64_t at)
{
	if (o->rule == ORACLE_UTC)
		return at;
	assert(at >= 0 && at < ORACLE_NMINUTES);
	if (!o->clock->answers[at].is_known) {
		time_t seconds = (time_t)at * 60;
		struct tm tm;
		localtime_r(&seconds, &tm);
		o->clock->answers[at].is_known = 1;
		o->clock->answers[at].offset = (int16_t)(tm.tm_gmtoff / 60);
	}
	return at + o->clock->answers[at].offset;
}

/* Does any of the minutes that the clock jumped over match? */
static bool
any_skipped_matches(struct oracle *o, int64_t from, int64_t until)
{
	for (int64_t local = from; local < until; local++) {
		if (day_matches(o, local) && minute_matches(o, local))
			return true;
	}
	return false;
}

static bool
is_due(struct oracle *o, int64_t local, int64_t seen)
{
	bool is_fixed = o->rule == ORACLE_CRON && !o->is_wild;
	if (is_fixed && local > seen + 1 && any_skipped_matches(o, seen + 1, local))
		return true;
	if ((is_fixed || o->rule == ORACLE_FIRST) && local <= seen)
		return false;
	return day_matches(o, local) && minute_matches(o, local);
}

/* A day without a change of the clock in it. -1: nothing is due in it after `after`. */
static int64_t
scan_plain_day(struct oracle *o, int64_t at, int64_t local, int64_t after)
{
	if (at + MINUTES_PER_DAY <= after || !day_matches(o, local))
		return -1;
	for (int i = 0; i < MINUTES_PER_DAY; i++) {
		if (at + i > after && minute_matches(o, local + i))
			return at + i;
	}
	return -1;
}

int64_t
oracle_next(struct oracle *o, int64_t after, int64_t limit)
{
	int64_t at = after - WARM_UP;
	at -= local_of(o, at) % MINUTES_PER_DAY; /* as a rule midnight */
	int64_t seen = local_of(o, at - 1);
	for (int64_t local = local_of(o, at), next; at < limit; local = next) {
		if (local % MINUTES_PER_DAY == 0 && local == seen + 1 &&
		    (next = local_of(o, at + MINUTES_PER_DAY)) == local + MINUTES_PER_DAY) {
			int64_t due = scan_plain_day(o, at, local, after);
			if (due >= 0)
				return due;
			at += MINUTES_PER_DAY;
			seen = next - 1;
			continue;
		}
		if (at > after && is_due(o, local, seen))
			return at;
		seen = local > seen ? local : seen;
		next = local_of(o, ++at);
	}
	return limit;
}

uint64_t
oracle_draw(uint64_t *seed, uint64_t n)
{
	*seed ^= *seed << 13; /* xorshift64 */
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (*seed >> 11) % n;
}

static int
between(uint64_t *seed, int min, int max)
{
	return min + (int)oracle_draw(seed, (uint64_t)(max - min + 1));
}

static void
random_item(uint64_t *seed, int min, int max, char *out, size_t size)
{
	int a = between(seed, min, max), b = between(seed, a, max);
	int step = between(seed, 1, max > 12 ? 12 : max);
	switch (oracle_draw(seed, 4)) {
	case 0:
		snprintf(out, size, "%d-%d", a, b);
		break;
	case 1:
		snprintf(out, size, "%d-%d/%d", a, b, step);
		break;
	default:
		snprintf(out, size, "%d", a);
	}
}

static void
random_field(uint64_t *seed, int min, int max, int stars, char *out, size_t size)
{
	char item[16];
	if ((int)oracle_draw(seed, 10) < stars) {
		snprintf(out, size, "*");
		return;
	}
	if (oracle_draw(seed, 5) == 0) {
		snprintf(out, size, "*/%d", between(seed, 1, max));
		return;
	}
	random_item(seed, min, max, out, size);
	while (oracle_draw(seed, 3) == 0 && strlen(out) + sizeof(item) + 1 < size) {
		random_item(seed, min, max, item, sizeof(item));
		strcat(strcat(out, ","), item);
	}
}

static void
random_day(uint64_t *seed, char *out, size_t size)
{
	switch (oracle_draw(seed, 12)) {
	case 0:
		snprintf(out, size, "L");
		break;
	case 1:
		snprintf(out, size, "L-%d", between(seed, 1, 27));
		break;
	case 2:
		snprintf(out, size, "%dW", between(seed, 1, 28));
		break;
	case 3:
		snprintf(out, size, "LW");
		break;
	case 4:
		snprintf(out, size, "?");
		break;
	default:
		random_field(seed, 1, 28, 5, out, size);
	}
}

static void
random_weekday(uint64_t *seed, char *out, size_t size)
{
	static const char *const names[] = { "SUN", "mon", "Tue", "WED", "thu", "Fri", "SAT" };
	switch (oracle_draw(seed, 12)) {
	case 0:
		snprintf(out, size, "%d#%d", between(seed, 0, 7), between(seed, 1, 4));
		break;
	case 1:
		snprintf(out, size, "%sL", names[oracle_draw(seed, 7)]);
		break;
	case 2:
		snprintf(out, size, "+%d", between(seed, 0, 7));
		break;
	case 3:
		snprintf(out, size, "%s", names[oracle_draw(seed, 7)]);
		break;
	default:
		random_field(seed, 0, 6, 6, out, size);
	}
}

void
oracle_random(uint64_t *seed, char out[128])
{
	char minute[24], hour[24], day[24], month[24], weekday[24];
	random_field(seed, 0, 59, 2, minute, sizeof(minute));
	random_field(seed, 0, 23, 3, hour, sizeof(hour));
	random_day(seed, day, sizeof(day));
	random_field(seed, 1, 12, 7, month, sizeof(month));
	random_weekday(seed, weekday, sizeof(weekday));
	snprintf(out, 128, "%s %s %s %s %s", minute, hour, day, month, weekday);
}
