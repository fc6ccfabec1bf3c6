/* Durations as text. */
#include "base/usec.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DURATION_MAX (100 * 366 * USEC_PER_DAY)

static const struct unit {
	const char *name;
	usec_t length;
} units[] = {
	{ "us", 1 },
	{ "usec", 1 },
	{ "ms", USEC_PER_MSEC },
	{ "msec", USEC_PER_MSEC },
	{ "s", USEC_PER_SEC },
	{ "sec", USEC_PER_SEC },
	{ "secs", USEC_PER_SEC },
	{ "second", USEC_PER_SEC },
	{ "seconds", USEC_PER_SEC },
	{ "m", USEC_PER_MIN },
	{ "min", USEC_PER_MIN },
	{ "mins", USEC_PER_MIN },
	{ "minute", USEC_PER_MIN },
	{ "minutes", USEC_PER_MIN },
	{ "h", USEC_PER_HOUR },
	{ "hr", USEC_PER_HOUR },
	{ "hour", USEC_PER_HOUR },
	{ "hours", USEC_PER_HOUR },
	{ "d", USEC_PER_DAY },
	{ "day", USEC_PER_DAY },
	{ "days", USEC_PER_DAY },
	{ "w", 7 * USEC_PER_DAY },
	{ "week", 7 * USEC_PER_DAY },
	{ "weeks", 7 * USEC_PER_DAY },
};

usec_t
usec_add(usec_t at, usec_t duration)
{
	usec_t sum;
	if (at == USEC_NEVER || duration == USEC_NEVER ||
	    __builtin_add_overflow(at, duration, &sum))
		return USEC_NEVER;
	return sum;
}

static const struct unit *
find_unit(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].name) == len && strncmp(units[i].name, name, len) == 0)
			return &units[i];
	}
	return NULL;
}

/* Reads digits with up to six decimals as millionths; at most 12 digits before the point. */
static const char *
read_number(const char *p, int64_t *millionths)
{
	int64_t whole = 0;
	const char *start = p;
	for (; isdigit((unsigned char)*p); p++) {
		if (p - start >= 12)
			return NULL;
		whole = whole * 10 + (*p - '0');
	}
	if (p == start)
		return NULL;
	int64_t part = 0, scale = 1000000;
	if (*p == '.') {
		start = ++p;
		for (; isdigit((unsigned char)*p); p++) {
			if (scale == 1)
				return NULL;
			scale /= 10;
			part += (*p - '0') * scale;
		}
		if (p == start)
			return NULL;
	}
	*millionths = whole * 1000000 + part;
	return p;
}

/* Adds one NUMBER UNIT to *sum. Returns where it ended; NULL with *err set. */
static const char *
read_term(const char *text, const char *p, usec_t *sum, struct err *err)
{
	int64_t millionths;
	const char *end = read_number(p, &millionths);
	if (!end) {
		err_set(err, ERR_INVALID, "\"%.40s\" is not a duration like 90s or 1h30m", text);
		return NULL;
	}
	while (*end == ' ')
		end++;
	size_t len = strspn(end, "abcdefghijklmnopqrstuvwxyz");
	const struct unit *unit = find_unit(end, len);
	if (!unit) {
		err_set(err, ERR_INVALID,
			"\"%.40s\": %s%.*s (units: ms s m h d w; months and years have no fixed length)",
			text, len ? "unknown unit " : "a unit is missing", len < 10 ? (int)len : 10,
			end);
		return NULL;
	}
	__int128 length = (__int128)millionths * unit->length;
	if (length % 1000000 != 0) {
		err_set(err, ERR_INVALID, "\"%.40s\" is finer than a microsecond", text);
		return NULL;
	}
	length = length / 1000000 + *sum;
	if (length > DURATION_MAX) {
		err_set(err, ERR_INVALID, "\"%.40s\" is longer than 100 years", text);
		return NULL;
	}
	*sum = (usec_t)length;
	return end + len;
}

int
usec_parse_duration(const char *text, usec_t *out, struct err *err)
{
	const char *p = text + strspn(text, " ");
	if (strcmp(p, "0") == 0) {
		*out = 0;
		return 0;
	}
	usec_t sum = 0;
	do {
		p = read_term(text, p, &sum, err);
		if (!p)
			return -1;
		p += strspn(p, " ");
	} while (*p);
	*out = sum;
	return 0;
}

char *
usec_print_duration(usec_t duration, char out[USEC_TEXT_MAX])
{
	static const struct unit steps[] = {
		{ "w", 7 * USEC_PER_DAY },
		{ "d", USEC_PER_DAY },
		{ "h", USEC_PER_HOUR },
		{ "m", USEC_PER_MIN },
		{ "s", USEC_PER_SEC },
		{ "ms", USEC_PER_MSEC },
		{ "us", 1 },
	};
	size_t len = 0;
	snprintf(out, USEC_TEXT_MAX, "0");
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		usec_t n = duration / steps[i].length;
		if (n <= 0)
			continue;
		duration -= n * steps[i].length;
		len += (size_t)snprintf(out + len, USEC_TEXT_MAX - len, "%" PRId64 "%s", n,
					steps[i].name);
	}
	return out;
}
