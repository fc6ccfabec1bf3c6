/*
 * Feeds the text of a configuration to inih, strictly. As shipped inih (55) cuts values at about
 * 200 bytes and at " ;", takes an indented line as a second value of the key before it, cuts at
 * a NUL and cuts long names, all silently. So every line is checked here first; a long value is
 * handed over in pieces (inih's continuation lines), with the bytes that inih would act on
 * replaced by control bytes, which no line may contain.
 *
 * The grammar: "[section]" or "[section name]", "key = value", blank lines, and comments that
 * begin a line with # or ;. There are no inline comments, quotes or continuation lines.
 */
#ifndef DAEMON_LINES_H
#define DAEMON_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define LINES_VALUE_MAX   65536 /* bytes of a value */
#define LINES_KEY_MAX     48    /* inih keeps 49 bytes of a key and of a section */
#define LINES_SECTION_MAX 48

struct lines {
	const char *at, *end;        /* what was not read yet; borrowed */
	int number;                  /* of the line that was fed last, from 1 */
	const char *rest, *rest_end; /* what of its value is still to be fed */
	bool is_continued;           /* the piece that was fed last continues a value */
	struct err err;              /* the first line that is refused ends the reading */
	int (*section)(void *arg, const char *name, struct err *err); /* -1 refuses it */
	void *arg;
};

void lines_init(struct lines *lines, const char *text, size_t len);

/* An ini_reader: the next line for inih, NULL at the end and after an error. */
char *lines_next(char *out, int size, void *lines);

/* Is the value complete with the piece that was fed last? */
bool lines_is_whole(const struct lines *lines);

/* Gives a fed piece its own bytes back, in place. */
void lines_unshield(char *piece);

#endif
