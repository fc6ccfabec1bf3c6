/* Recognising forms. */
#include "when/recognize.h"

#include <ctype.h>
#include <string.h>

#define CRON_NFIELDS_MIN 5

/* Words of cron fields have no colons and no dots, and begin like a value. */
static bool
is_cron_word(const struct scan *word)
{
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
		nfields += is_cron_word(&word);
		nstars += is_star_field(&word);
	}
	return n > 1 && (nstars > 0 || (nfields == n && n >= CRON_NFIELDS_MIN));
}

static bool
has_lone_plus(struct scan text)
{
	struct scan word;
	while (scan_word(&text, &word)) {
		if (scan_is(&word, "+"))
			return true;
	}
	return false;
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
	return is_cron(text) && !has_lone_plus(text) ? SCHEDULE_CRON : SCHEDULE_ANY;
}

bool
recognize_calendar(struct scan text)
{
	for (; text.p < text.end; text.p++) {
		if (strchr("*/~,", *text.p) ||
		    (text.p + 1 < text.end && memcmp(text.p, "..", 2) == 0))
			return true;
	}
	return false;
}
