/*
 * Zone tables.
 *
 * DESIGN. All that the walk through a zone needs is worked out once, when the file is read: the
 * footer's rule is unrolled to the end of the schedules' years, and each span knows how far the
 * wall clock had come before it (`seen`). A gap is `seen` < from + offset, a fold the opposite;
 * nobody has to compare two spans again. A span is found in constant time through buckets of
 * about 200 days, a few spans at most lie in one.
 */
#include "when/zone.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "when/civil.h"
#include "when/posix_tz.h"
#include "when/tzif.h"
#include "when/zones.h"

#define BUCKET_SHIFT  44 /* 2^44 us are 203 days */
#define NBUCKETS      414
#define FIRST_SECOND  INT64_C(-62135596800) /* the year 1: older transitions are of no use, */
#define LAST_SECOND   INT64_C(253402300800) /* nor are later ones than the year 9999 */
#define RULE_NCHANGES (2 * (CIVIL_YEAR_MAX + 2 - 1800))

struct zone {
	atomic_uint nrefs;
	char name[ZONE_NAME_MAX + 1];
	char *names; /* the abbreviations */
	size_t nspans;
	struct zone_span *spans;
	uint16_t buckets[NBUCKETS]; /* the span at the bucket's first instant */
};

static bool
is_same_clock(const struct zone_span *a, const struct zone_span *b)
{
	return a->offset == b->offset && a->is_dst == b->is_dst &&
	       strcmp(a->abbreviation, b->abbreviation) == 0;
}

/* Adds a span from `seconds` on; what a rule says twice for an instant, the later word counts. */
static void
add_span(struct zone *zone, int64_t seconds, struct tzif_type type)
{
	if (seconds > LAST_SECOND)
		return;
	struct zone_span span = {
		.from = seconds < FIRST_SECOND ? ZONE_FROM_EVER : seconds * USEC_PER_SEC,
		.offset = type.offset * USEC_PER_SEC,
		.is_dst = type.is_dst,
		.abbreviation = type.abbreviation,
	};
	while (zone->nspans > 0 && zone->spans[zone->nspans - 1].from >= span.from)
		zone->nspans--;
	if (zone->nspans == 0)
		span.from = ZONE_FROM_EVER;
	else if (is_same_clock(&zone->spans[zone->nspans - 1], &span))
		return;
	zone->spans[zone->nspans++] = span;
}

/* The year that an instant is in, kept within what the rule is unrolled for. */
static int
rule_year(int64_t seconds)
{
	struct civil date;
	if (seconds < civil_days(1800, 1, 1) * 86400)
		return 1800;
	civil_date(seconds / 86400 - (seconds < 0), &date);
	return date.year;
}

static void
add_rule_year(struct zone *zone, const struct posix_tz *rule, int year, int64_t after)
{
	struct tzif_type std = { rule->std_offset, false, rule->std_name };
	struct tzif_type dst = { rule->dst_offset, true, rule->dst_name };
	int64_t to_dst = posix_tz_to_dst(rule, year), to_std = posix_tz_to_std(rule, year);
	if (to_std < to_dst && to_std > after)
		add_span(zone, to_std, std);
	if (to_dst > after)
		add_span(zone, to_dst, dst);
	if (to_std >= to_dst && to_std > after)
		add_span(zone, to_std, std);
}

/* Unrolls the footer's rule behind the last transition. */
static int
add_rule(struct zone *zone, const struct tzif *tzif, struct posix_tz *rule, struct err *err)
{
	if (tzif->footer_len == 0)
		return 0;
	if (!posix_tz_parse(rule, tzif->footer, tzif->footer_len))
		return err_set(err, ERR_INVALID,
			       "not a usable zone file: its footer \"%.*s\" is not a rule",
			       (int)(tzif->footer_len < 60 ? tzif->footer_len : 60), tzif->footer);
	if (!rule->has_dst)
		return 0; /* the last transition's type says the same */
	int64_t last = FIRST_SECOND;
	if (tzif->ntransitions > 0)
		last = tzif_time(tzif, tzif->ntransitions - 1);
	for (int year = rule_year(last); year <= CIVIL_YEAR_MAX + 1; year++)
		add_rule_year(zone, rule, year, last);
	return 0;
}

/* The rule's names live in `names` behind those of the file; the spans must not point at *rule. */
static void
own_names(struct zone *zone, const struct tzif *tzif, const struct posix_tz *rule)
{
	char *std = zone->names + tzif->nchars, *dst = std + POSIX_TZ_NAME_MAX;
	memcpy(zone->names, tzif->chars, tzif->nchars);
	memcpy(std, rule->std_name, POSIX_TZ_NAME_MAX);
	memcpy(dst, rule->dst_name, POSIX_TZ_NAME_MAX);
	for (size_t i = 0; i < zone->nspans; i++) {
		const char *name = zone->spans[i].abbreviation;
		if (name == rule->std_name)
			zone->spans[i].abbreviation = std;
		else if (name == rule->dst_name)
			zone->spans[i].abbreviation = dst;
		else
			zone->spans[i].abbreviation = zone->names + (name - tzif->chars);
	}
}

static void
link_spans(struct zone *zone)
{
	usec_t seen = ZONE_FROM_EVER;
	for (size_t i = 0; i < zone->nspans; i++) {
		struct zone_span *span = &zone->spans[i];
		bool is_last = i + 1 == zone->nspans;
		span->until = is_last ? ZONE_UNTIL_NEVER : zone->spans[i + 1].from;
		span->seen = seen;
		if (span->until + span->offset > seen)
			seen = span->until + span->offset;
	}
	size_t at = 0;
	for (size_t i = 0; i < NBUCKETS; i++) {
		while (zone->spans[at].until <= (usec_t)i << BUCKET_SHIFT)
			at++;
		zone->buckets[i] = (uint16_t)at;
	}
}

static struct zone *
zone_alloc(const char *name, size_t nspans, size_t nnames)
{
	struct zone *zone = mem_alloc(sizeof(*zone));
	atomic_init(&zone->nrefs, 1);
	assert(strlen(name) <= ZONE_NAME_MAX);
	snprintf(zone->name, sizeof(zone->name), "%s", name);
	zone->spans = mem_array(nspans, sizeof(*zone->spans));
	zone->names = mem_alloc(nnames);
	return zone;
}

struct zone *
zone_new(const char *name, const void *data, size_t len, struct err *err)
{
	struct tzif tzif;
	struct posix_tz rule = { 0 };
	if (tzif_read(&tzif, data, len, err) < 0)
		return NULL;
	struct zone *zone = zone_alloc(name, 1 + tzif.ntransitions + RULE_NCHANGES,
				       tzif.nchars + 2 * POSIX_TZ_NAME_MAX);
	add_span(zone, FIRST_SECOND - 1, tzif_type(&tzif, 0));
	for (size_t i = 0; i < tzif.ntransitions; i++)
		add_span(zone, tzif_time(&tzif, i), tzif_type(&tzif, tzif.indices[i]));
	if (add_rule(zone, &tzif, &rule, err) < 0) {
		zone_unref(zone);
		return NULL;
	}
	own_names(zone, &tzif, &rule);
	zone->spans = mem_resize(zone->spans, zone->nspans, sizeof(*zone->spans));
	link_spans(zone);
	return zone;
}

struct zone *
zone_new_utc(void)
{
	struct zone *zone = zone_alloc("UTC", 1, sizeof("UTC"));
	memcpy(zone->names, "UTC", sizeof("UTC"));
	add_span(zone, FIRST_SECOND - 1, (struct tzif_type){ 0, false, zone->names });
	link_spans(zone);
	return zone;
}

struct zone *
zone_ref(struct zone *zone)
{
	atomic_fetch_add_explicit(&zone->nrefs, 1, memory_order_relaxed);
	return zone;
}

void
zone_unref(struct zone *zone)
{
	if (!zone || atomic_fetch_sub_explicit(&zone->nrefs, 1, memory_order_acq_rel) > 1)
		return;
	free(zone->spans);
	free(zone->names);
	free(zone);
}

const char *
zone_name(const struct zone *zone)
{
	return zone->name;
}

const struct zone_span *
zone_span_at(const struct zone *zone, usec_t at)
{
	const struct zone_span *span = zone->spans;
	if (at >= 0) {
		usec_t bucket = at >> BUCKET_SHIFT;
		span += zone->buckets[bucket < NBUCKETS ? bucket : NBUCKETS - 1];
	}
	while (at >= span->until && span->until != ZONE_UNTIL_NEVER)
		span++;
	return span;
}

enum zone_fit
zone_resolve(const struct zone *zone, usec_t local, usec_t *first, usec_t *last)
{
	const usec_t reach = TZIF_OFFSET_MAX * USEC_PER_SEC;
	const struct zone_span *span = zone_span_at(zone, local - reach);
	int nfits = 0;
	/* The first span that shows a later local time is the one behind the gap, if it is one. */
	usec_t behind = ZONE_UNTIL_NEVER;
	for (;; span++) {
		if (span->from + span->offset > local && behind == ZONE_UNTIL_NEVER)
			behind = span->from;
		if (span->from + span->offset <= local && local < span->until + span->offset) {
			*last = local - span->offset;
			if (nfits++ == 0)
				*first = *last;
		}
		if (span->until == ZONE_UNTIL_NEVER || span->until > local + reach)
			break;
	}
	if (nfits > 0)
		return nfits > 1 ? ZONE_FOLD : ZONE_UNIQUE;
	*first = *last = behind;
	return ZONE_GAP;
}
