/* Recognising forms. */
#include "when/recognize.h"

#include <ctype.h>
#include <string.h>

#define CRON_NFIELDS_MIN 5
#define NVALUE_FIELDS    3 /* in front of a line: a letter there is an H or an L */

/* Words of cron fields have no colons and no dots; a sign alone is of "+ 3 days". */
static bool
is_cron_word(const struct scan *word)
{
	if (scan_is(word, "+") || scan_is(word, "-"))
		return false;
	for (const char *p = word->p; p < word->end; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("*?,-/~#+()", *p))
			return false;
	}
	return true;
}

/* A star with nothing but a step behind it is a field of cron; calendars have none. */
static bool
is_star_field(const struct scan *word)
{
	return scan_peek(word) == '*' && (scan_len(word) == 1 || word->p[1] == '/');
}

/* "6 pm 24 December 2027" is an instant. */
static bool
is_value_word(const struct scan *word)
{
	char first = scan_peek(word);
	return !isalpha((unsigned char)first) || strchr("HhLl", first);
}

/*
 * Words of which one is a star, or five and more that could all be fields: a line with too few
 * fields or with a bad one is to be told so.
 */
static bool
is_cron(struct scan text)
{
	struct scan word;
	int n = 0, nstars = 0, nfields = 0;
	char first = scan_peek(&text);
	if (!isdigit((unsigned char)first) && !strchr("*?~Hh", first))
		return false;
	for (; scan_word(&text, &word); n++) {
		nfields += is_cron_word(&word) && (n >= NVALUE_FIELDS || is_value_word(&word));
		nstars += is_star_field(&word);
	}
	return n > 1 && (nstars > 0 || (nfields == n && n >= CRON_NFIELDS_MIN));
}

enum schedule_kind
recognize_kind(struct scan text)
{
	static const struct {
		const char *word;
		enum schedule_kind kind;
	} first_words[] = {
		{ "now", SCHEDULE_AT },
		{ "every", SCHEDULE_EVERY },
		{ "in", SCHEDULE_IN },
		{ "on-start", SCHEDULE_ON_START },
		{ "@reboot", SCHEDULE_ON_START },
	};
	struct scan rest = text, word;
	if (!scan_word(&rest, &word))
		return SCHEDULE_AT;
	for (size_t i = 0; i < sizeof(first_words) / sizeof(first_words[0]); i++) {
		if (scan_is(&word, first_words[i].word))
			return first_words[i].kind;
	}
	if (scan_peek(&word) == '@')
		return isdigit((unsigned char)word.p[1]) ? SCHEDULE_AT : SCHEDULE_CRON;
	if (scan_text(&word, "CRON_TZ=") || scan_text(&word, "TZ="))
		return SCHEDULE_CRON;
	return is_cron(text) ? SCHEDULE_CRON : SCHEDULE_ANY;
}

/* Slashes alone are in the dates of at(1) and in the names of zones. */
static bool
is_calendar_word(struct scan word)
{
	size_t len = scan_len(&word);
	bool is_zone = isalpha((unsigned char)scan_peek(&word)) && memchr(word.p, '/', len);
	if (is_zone || strspn(word.p, "0123456789/") >= len)
		return false;
	if (len > 0 && word.end[-1] == ',') /* "Dec 24, 2026" */
		len--;
	for (size_t i = 0; i < len; i++) {
		if (strchr("*/~,", word.p[i]) || (i + 1 < len && memcmp(word.p + i, "..", 2) == 0))
			return true;
	}
	return false;
}

bool
recognize_calendar(struct scan text)
{
	struct scan word;
	while (scan_word(&text, &word)) {
		if (is_calendar_word(word))
			return true;
	}
	return false;
}
