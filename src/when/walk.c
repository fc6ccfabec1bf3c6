/*
 * The walk through a zone.
 *
 * DESIGN. Within a span of constant offset, instants and local times are the same line, so the
 * question is always: which is the first local time of the pattern within the part of the line
 * that this span contributes? The rule decides only where that part begins:
 *
 *	EACH    where the span begins
 *	FIRST   there, but not before what was `seen` by the clock already: no second pass
 *	FIXED   exactly at what was `seen`. Behind a gap that is earlier than the span's first
 *	        local time: whatever was skipped is due at the span's first instant.
 */
#include "when/walk.h"

static const struct zone_span utc_span = {
	.from = ZONE_FROM_EVER,
	.until = ZONE_UNTIL_NEVER,
	.seen = ZONE_FROM_EVER,
};

static usec_t
max_usec(usec_t a, usec_t b)
{
	return a > b ? a : b;
}

/* The first local time that the span contributes. */
static usec_t
span_begin(const struct zone_span *span, enum walk_rule rule)
{
	usec_t shown = span->from + span->offset;
	if (rule == WALK_EACH)
		return shown;
	return rule == WALK_FIXED ? span->seen : max_usec(shown, span->seen);
}

static struct walk_step
step_at(const struct zone_span *span, usec_t local)
{
	struct walk_step step = { .at = local - span->offset };
	if (step.at < span->from) {
		step.at = span->from;
		step.is_shifted = true;
		return step;
	}
	bool comes_again = span->until != ZONE_UNTIL_NEVER && local >= span->until + span[1].offset;
	step.is_repeated = comes_again || local < span->seen;
	return step;
}

struct walk_step
walk_next(const struct pattern *pattern, const struct zone *zone, enum walk_rule rule, usec_t after)
{
	const usec_t first = max_usec(after, ZONE_FROM_EVER) + 1;
	const struct zone_span *span = zone ? zone_span_at(zone, first) : &utc_span;
	usec_t local = ZONE_FROM_EVER, searched_from = ZONE_UNTIL_NEVER;
	for (;; span++) {
		usec_t begin = span_begin(span, rule), end = span->until + span->offset;
		if (first > span->from)
			begin = max_usec(begin, first + span->offset);
		/* What an earlier span found is still the answer unless this one goes back. */
		if (begin < end && (local < begin || searched_from > begin)) {
			local = pattern_next(pattern, begin);
			searched_from = begin;
		}
		if (begin < end && local < end)
			return step_at(span, local);
		if (span->until == ZONE_UNTIL_NEVER)
			return (struct walk_step){ .at = USEC_NEVER };
	}
}

/* Instants of the part of a span; all that its gap has skipped are one, the span's first. */
static int64_t
count_in_span(const struct pattern *pattern, const struct zone_span *span, usec_t begin, usec_t end)
{
	usec_t shown = span->from + span->offset;
	if (begin >= shown)
		return pattern_count(pattern, begin, end);
	return (pattern_next(pattern, begin) <= shown) + pattern_count(pattern, shown + 1, end);
}

int64_t
walk_count(const struct pattern *pattern, const struct zone *zone, enum walk_rule rule,
	   usec_t after, usec_t until)
{
	const usec_t first = max_usec(after, ZONE_FROM_EVER) + 1;
	const struct zone_span *span = zone ? zone_span_at(zone, first) : &utc_span;
	int64_t n = 0;
	for (; span->from <= until; span++) {
		usec_t begin = span_begin(span, rule), end = span->until + span->offset;
		if (first > span->from)
			begin = max_usec(begin, first + span->offset);
		if (until < span->until)
			end = until + 1 + span->offset;
		if (begin < end)
			n += count_in_span(pattern, span, begin, end);
		if (span->until == ZONE_UNTIL_NEVER)
			break;
	}
	return n;
}
