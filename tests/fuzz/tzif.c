/* Any bytes as a zone file: a table that was accepted is whole, and can be walked. */
#include "fuzz/fuzz.h"

#include <stdlib.h>

#include "when/cron.h"
#include "when/walk.h"
#include "when/zones.h"

#define NTIMES 20

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

/* The local times around a change resolve to instants that show them, or behind the gap. */
static void
check_resolve(const struct zone *zone, usec_t local)
{
	usec_t first, last;
	enum zone_fit fit = zone_resolve(zone, local, &first, &last);
	demand(first <= last);
	if (fit == ZONE_GAP)
		return;
	demand(first + zone_span_at(zone, first)->offset == local);
	demand(last + zone_span_at(zone, last)->offset == local);
	demand((fit == ZONE_UNIQUE) == (first == last));
}

static void
check_spans(const struct zone *zone)
{
	const struct zone_span *span = zone_span_at(zone, ZONE_FROM_EVER);
	demand(span->from == ZONE_FROM_EVER);
	for (; span->until != ZONE_UNTIL_NEVER; span++) {
		demand(span->from < span->until && span[1].from == span->until);
		demand(zone_span_at(zone, span->until) == span + 1);
		demand(zone_span_at(zone, span->until - 1) == span);
		check_resolve(zone, span->until + span->offset);
		check_resolve(zone, span->until + span[1].offset);
	}
}

static void
check_walk(const struct zone *zone, const char *text)
{
	static const enum walk_rule rules[] = { WALK_FIXED, WALK_EACH, WALK_FIRST };
	struct cron cron;
	demand(cron_parse(&cron, (struct scan){ text, text + 10 }, 0, NULL) == 0);
	for (int rule = 0; rule < 3; rule++) {
		usec_t at = 0;
		for (int i = 0; i < NTIMES && at != USEC_NEVER; i++) {
			struct walk_step step = walk_next(&cron.pattern, zone, rules[rule], at);
			demand(step.at > at);
			at = step.at;
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	struct zone *zone = zone_new("Fuzz/Zone", data, size, &err);
	if (!zone) {
		demand(err.code == ERR_INVALID && err.text[0]);
		return 0;
	}
	check_spans(zone);
	check_walk(zone, "30 2 * * *");
	check_walk(zone, "0 0 29 2 1");
	zone_unref(zone);
	return 0;
}
