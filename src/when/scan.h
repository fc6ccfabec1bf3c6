/* A place in a text that is being read, and the small steps forward that every reader needs. */
#ifndef WHEN_SCAN_H
#define WHEN_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct scan {
	const char *p, *end;
};

struct scan scan_of(const char *text);
bool scan_at_end(const struct scan *scan);
char scan_peek(const struct scan *scan); /* NUL at the end */

/* Each goes on and returns true, or stays where it is and returns false. */
bool scan_char(struct scan *scan, char wanted);
bool scan_text(struct scan *scan, const char *wanted); /* in any case (ASCII) */
bool scan_blanks(struct scan *scan);
void scan_trim(struct scan *scan); /* blanks at both ends */

/* A decimal number without sign, min to max. On false, *out has what was read if it is > max. */
bool scan_number(struct scan *scan, int min, int max, int *out);

/* The name of one of n: three of its letters or more, in any case ("Tue", "tues", "TUESDAY"). */
int scan_name(struct scan *scan, const char *const *names, int n); /* index; -1: none */

/* The next run without blanks; false at the end. */
bool scan_word(struct scan *scan, struct scan *word);
bool scan_is(const struct scan *word, const char *text); /* any case */
size_t scan_len(const struct scan *scan);

/* For "%.*s": what is left, cut to a length that fits into an error. */
#define SCAN_SHOWN_MAX 40
int scan_shown(const struct scan *scan);

/* Sets *err to what is left, in quotes, and WHY. -1 */
int scan_refuse(const struct scan *scan, const char *why, struct err *err);

#endif
