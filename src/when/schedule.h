/*
 * When a job is due: one type for every form. Value type without memory of its own except a
 * reference to its zone; parse and next allocate nothing once the zone is cached.
 * The rules are those of asched-schedule(7).
 */
#ifndef WHEN_SCHEDULE_H
#define WHEN_SCHEDULE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/usec.h"
#include "when/zones.h"

/* Bytes of a text: the longest that schedule_print() can make of seven fields has about 1900. */
#define SCHEDULE_TEXT_MAX 2000

enum schedule_kind {
	SCHEDULE_ANY, /* for parsing only: recognise the form of the text */
	SCHEDULE_AT,  /* one instant; `in` and `now` become it when they are parsed */
	SCHEDULE_EVERY,
	SCHEDULE_CRON,
	SCHEDULE_CALENDAR,
	SCHEDULE_ON_START, /* once a boot; never due by the clock */
	SCHEDULE_IN,       /* for parsing only: a duration from now */
	SCHEDULE_NKINDS,
};

enum dst_rule { DST_CRON, DST_LITERAL, DST_FIRST, DST_UTC, DST_NRULES };

/* What a text means depends on these. All pointers are borrowed. */
struct schedule_context {
	struct zones *zones;
	const char *tz; /* zone name; NULL or "": the machine's */
	enum dst_rule dst;
	usec_t now;    /* what `in`, `tomorrow`, `HH:MM` count from */
	usec_t anchor; /* what `every` counts from unless its text says so */
	uint64_t seed; /* decides `~` and `H`: the same seed, the same value, for ever */
};

struct schedule; /* defined in when/schedule_type.h, which only when/ and sizeof need */
#include "when/schedule_type.h"

/*
 * Reads TEXT as KIND (or recognises it). 0, or -1 with *err naming the field of the text, the
 * value and the range; then *s needs no fini. An instant in the past is no error here: ask
 * schedule_next(). One that can never fire is an error.
 */
int schedule_parse(struct schedule *s, enum schedule_kind kind, const char *text,
		   const struct schedule_context *context, struct err *err);
void schedule_fini(struct schedule *s);

/* No schedule is due at or after this instant: 2200-01-01T00:00:00Z. */
#define SCHEDULE_END ((usec_t)84006 * USEC_PER_DAY)

#define SCHEDULE_SHIFTED  1u /* the local time does not exist that day: moved behind the gap */
#define SCHEDULE_REPEATED 2u /* the local time exists twice; this is one of the two */

/*
 * The first due instant strictly after AFTER; USEC_NEVER when there is none (to the year 2199).
 * *marks (may be NULL) tells what DST did to it. Takes about 0.1 us, and some microseconds when
 * years are passed over.
 */
usec_t schedule_next(const struct schedule *s, usec_t after, unsigned *marks);

/*
 * How many due instants there are after AFTER, up to UNTIL; and which is the Nth of them (1 is the
 * first; there are so many). Worked out, not walked: a century takes some ten microseconds.
 */
int64_t schedule_count(const struct schedule *s, usec_t after, usec_t until);
usec_t schedule_nth(const struct schedule *s, usec_t after, usec_t until, int64_t n);

/* The kind and the canonical text: parsing it as that kind gives an equal schedule. */
enum schedule_kind schedule_kind(const struct schedule *s);
void schedule_print(const struct schedule *s, struct buf *out);

/* The zone of its local times: its text's, or the context's. Borrowed. */
struct zone *schedule_zone(const struct schedule *s);

/* Plain English: "at 02:30 on Monday to Friday, Europe/Berlin". */
void schedule_explain(const struct schedule *s, struct buf *out);

/* "cron", "calendar", "every", "at", "on-start", "in"; SCHEDULE_NKINDS: no such kind. */
const char *schedule_kind_name(enum schedule_kind kind);
enum schedule_kind schedule_kind_find(const char *name);

/* "cron", "literal", "first", "utc"; DST_NRULES: no such rule. */
const char *dst_rule_name(enum dst_rule rule);
enum dst_rule dst_rule_find(const char *name);

/* RFC 3339 with the zone's numeric offset (zone NULL: UTC) and no, 3 or 6 decimals as needed. */
#define SCHEDULE_TIME_MAX 48
char *schedule_print_time(struct zone *zone, usec_t at, char out[SCHEDULE_TIME_MAX]);
/* "2026-11-20 10:00:00 CET", for people. */
char *schedule_print_time_local(struct zone *zone, usec_t at, char out[SCHEDULE_TIME_MAX]);

/* Reads an instant with an offset or Z (RFC 3339). 0, or -1 with *err. */
int schedule_parse_rfc3339(const char *text, usec_t *at, struct err *err);

#endif
