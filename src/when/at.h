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

/* An instant and how the text came to it. */
struct at {
	usec_t at;
	bool is_shifted; /* the local time that was asked for is skipped: `at` is behind the gap */
	usec_t skipped;  /* that local time */
};

/* The word that names the zone of the instant: "UTC" or one like "Europe/Berlin". */
bool at_find_zone(struct scan text, struct scan *zone);

/*
 * Reads an instant; a zone that the text names is the context's. 0, or -1 with *err. A local time
 * that comes twice means the first.
 */
int at_parse(struct scan text, const struct at_context *context, struct at *out, struct err *err);

#endif
