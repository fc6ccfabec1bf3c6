/* Intervals. */
#include "when/every.h"

#include <ctype.h>
#include <stdio.h>

#include "when/civil.h"

#define DURATION_TEXT_MAX 64

/* Finds a word that introduces the anchor; what is before it is left in *duration. */
static bool
split_anchor(struct scan text, struct scan *duration, struct scan *anchor)
{
	struct scan word;
	*duration = text;
	while (scan_word(&text, &word)) {
		if (!scan_is(&word, "from") && !scan_is(&word, "starting"))
			continue;
		duration->end = word.p;
		scan_blanks(&text);
		*anchor = text;
		return true;
	}
	return false;
}

/* "hour" is one of it. */
static int
read_period(struct scan text, usec_t *period, struct err *err)
{
	char duration[DURATION_TEXT_MAX];
	bool is_one = isalpha((unsigned char)scan_peek(&text));
	while (text.end > text.p && text.end[-1] == ' ')
		text.end--;
	if (scan_len(&text) + 2 > sizeof(duration) || scan_at_end(&text))
		return err_set(err, ERR_INVALID, "\"%.*s\" is not a duration like 90s or 1h30m",
			       scan_shown(&text), text.p);
	struct scan name = text;
	if (scan_name(&name, civil_weekday_names, 7) >= 0 &&
	    !isalpha((unsigned char)scan_peek(&name)))
		return err_set(err, ERR_INVALID,
			       "\"%.*s\" is no interval; for a day of the week use --calendar "
			       "'Mon 10:00'",
			       scan_shown(&text), text.p);
	snprintf(duration, sizeof(duration), "%s%.*s", is_one ? "1" : "", (int)scan_len(&text),
		 text.p);
	if (usec_parse_duration(duration, period, err) < 0)
		return -1;
	if (*period < EVERY_PERIOD_MIN)
		return err_set(err, ERR_INVALID, "\"%.*s\" is shorter than 1ms", scan_shown(&text),
			       text.p);
	return 0;
}

int
every_parse(struct every *every, struct scan text, const struct at_context *context,
	    struct err *err)
{
	struct scan duration, anchor;
	struct at at;
	scan_blanks(&text);
	if (scan_text(&text, "every"))
		scan_blanks(&text);
	every->has_anchor = split_anchor(text, &duration, &anchor);
	if (read_period(duration, &every->period, err) < 0)
		return -1;
	if (!every->has_anchor)
		return 0;
	if (at_parse(anchor, context, &at, err) < 0)
		return -1;
	every->anchor = at.at;
	return 0;
}

usec_t
every_next(const struct every *every, usec_t after)
{
	if (after < every->anchor && every->has_anchor)
		return every->anchor;
	if (after < every->anchor) {
		usec_t nperiods = (every->anchor - (after > 0 ? after : 0) - 1) / every->period;
		return every->anchor - nperiods * every->period;
	}
	usec_t nperiods = (after - every->anchor) / every->period + 1;
	return usec_add(every->anchor, nperiods * every->period);
}

int64_t
every_count(const struct every *every, usec_t after, usec_t until)
{
	usec_t first = every_next(every, after);
	return first > until ? 0 : (until - first) / every->period + 1;
}

void
every_print(const struct every *every, struct buf *out)
{
	char text[USEC_TEXT_MAX];
	buf_add_text(out, usec_print_duration(every->period, text));
}
