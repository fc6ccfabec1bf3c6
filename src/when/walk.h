/*
 * The walk from one due instant of a pattern to the next, through a zone and its DST changes.
 */
#ifndef WHEN_WALK_H
#define WHEN_WALK_H

#include <stdbool.h>

#include "base/usec.h"
#include "when/pattern.h"
#include "when/zone.h"

/* What happens to local times that a zone skips or shows twice. */
enum walk_rule {
	WALK_FIXED, /* skipped: once, at the first instant behind the gap; twice: the first only */
	WALK_EACH,  /* every instant whose local time matches; skipped ones never */
	WALK_FIRST, /* like EACH, but of a local time that comes twice only the first */
};

struct walk_step {
	usec_t at;        /* USEC_NEVER: none */
	bool is_shifted;  /* its local time was skipped */
	bool is_repeated; /* its local time comes twice */
};

/* The first due instant strictly after `after`. `zone` NULL: the pattern is in UTC. */
struct walk_step walk_next(const struct pattern *pattern, const struct zone *zone,
			   enum walk_rule rule, usec_t after);

/* How many there are after `after`, up to `until`: from the calendar, not by walking there. */
int64_t walk_count(const struct pattern *pattern, const struct zone *zone, enum walk_rule rule,
		   usec_t after, usec_t until);

#endif
