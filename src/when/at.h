/* Instants as people write them: "tomorrow 09:00", "10am monday", "now + 3 days", "@1700000000". */
#ifndef WHEN_AT_H
#define WHEN_AT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/usec.h"
#include "when/scan.h"
#include "when/zone.h"

/* What to do with a local time that does not exist that day. */
enum at_gap { AT_GAP_MOVES, AT_GAP_REFUSED };

struct at_context {
	const struct zone *zone;
	enum at_gap gap;
	usec_t now;
};

/*
 * 0, or -1 with *err. *is_shifted: the local time does not exist, *at is the first instant
 * behind the gap. A local time that comes twice means the first.
 */
int at_parse(struct scan text, const struct at_context *context, usec_t *at, bool *is_shifted,
	     struct err *err);

#endif
