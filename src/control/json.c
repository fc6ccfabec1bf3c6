/* Texts, numbers and instants in answers. */
#include "control/json.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "when/schedule.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* Length of the well-formed character at p (RFC 3629); 0: none; -1: cut at the end. */
static int
char_length(const unsigned char *p, size_t len)
{
	static const struct {
		unsigned char first, last, low, high; /* first byte; range of the second */
		int length;
	} forms[] = {
		{ 0x01, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (p[0] < forms[i].first || p[0] > forms[i].last)
			continue;
		if (forms[i].length > 1 && len > 1 && (p[1] < forms[i].low || p[1] > forms[i].high))
			return 0;
		for (int k = 2; k < forms[i].length && (size_t)k < len; k++) {
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		}
		return (size_t)forms[i].length <= len ? forms[i].length : -1;
	}
	return 0;
}

json_t *
json_text(const char *text, size_t len)
{
	json_t *value = memchr(text, '\0', len) ? NULL : json_stringn(text, len);
	if (value)
		return value;
	struct buf safe = BUF_EMPTY;
	const unsigned char *p = (const unsigned char *)text;
	for (size_t i = 0; i < len;) {
		int n = char_length(p + i, len - i);
		if (n > 0)
			buf_add(&safe, p + i, (size_t)n);
		else
			buf_add_text(&safe, REPLACEMENT);
		i += n > 0 ? (size_t)n : 1;
	}
	value = json_stringn(buf_text(&safe), safe.len);
	buf_fini(&safe);
	return value;
}

size_t
json_whole_text(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	for (size_t back = 1; back <= 3 && back <= len; back++) {
		if (char_length(p + len - back, back) < 0)
			return len - back;
	}
	return len;
}

void
json_set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new_nocheck(object, key,
				    text ? json_text(text, strlen(text)) : json_null());
}

void
json_set_number(json_t *object, const char *key, int64_t number)
{
	json_object_set_new_nocheck(object, key, json_integer(number));
}

void
json_set_flag(json_t *object, const char *key, bool flag)
{
	json_object_set_new_nocheck(object, key, json_boolean(flag));
}

void
json_set_instant(json_t *object, const char *key, usec_t at, struct zone *zone)
{
	char name[48], text[SCHEDULE_TIME_MAX];
	bool is_known = at != 0 && at != USEC_NEVER;
	snprintf(name, sizeof(name), "%s_us", key);
	json_set_text(object, key, is_known && zone ? schedule_print_time(zone, at, text) : NULL);
	json_object_set_new_nocheck(object, name, is_known ? json_integer(at) : json_null());
}

struct zone *
json_zone(struct zones *zones, const char *name)
{
	struct zone *zone = zones_get(zones, name, NULL);
	return zone ? zone : zones_get(zones, "UTC", NULL);
}

json_t *
json_page(json_t *items, const char *cursor)
{
	json_t *page = json_object();
	json_object_set_new(page, "items", items);
	if (cursor)
		json_set_text(page, "cursor", cursor);
	return page;
}
