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

/* Five words or more, all of which could be fields, the first as no date begins. */
static bool
is_cron(struct scan text)
{
	struct scan word;
	int n = 0;
	char first = scan_peek(&text);
	bool has_value = isdigit((unsigned char)first) || strchr("*?~", first) || first == 'H' ||
			 first == 'h';
	bool has_star = memchr(text.p, '*', scan_len(&text)) != NULL;
	bool is_all_cron = true;
	for (; scan_word(&text, &word); n++)
		is_all_cron = is_all_cron && is_cron_word(&word);
	/* "10 am tomorrow + 3 days" has six words, but no lone "+" stands in a cron line. */
	return has_value && n >= CRON_NFIELDS_MIN && (is_all_cron || has_star);
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
		{ "after", SCHEDULE_AFTER },
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
