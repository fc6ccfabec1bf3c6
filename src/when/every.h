/* Intervals: an anchor and a period, without drift. Value type. */
#ifndef WHEN_EVERY_H
#define WHEN_EVERY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/usec.h"
#include "when/at.h"
#include "when/scan.h"

#define EVERY_PERIOD_MIN USEC_PER_MSEC

struct every {
	usec_t period;
	usec_t anchor;   /* due at anchor + n * period */
	bool has_anchor; /* the text gave it, and nothing is due before; else n may be negative: a
	                    clock that is set back may go behind the day on which a job was made */
};

/*
 * Reads "every 90s", "every hour", "90s", each with "from TIME" behind. Without it `anchor` is
 * the caller's. 0, or -1 with *err.
 */
int every_parse(struct every *every, struct scan text, const struct at_context *context,
		struct err *err);

/* The first due instant strictly after `after`. */
usec_t every_next(const struct every *every, usec_t after);

/* How many there are after `after`, up to `until`. */
int64_t every_count(const struct every *every, usec_t after, usec_t until);

/* "90s"; the anchor is printed by whoever knows its zone. */
void every_print(const struct every *every, struct buf *out);

#endif
