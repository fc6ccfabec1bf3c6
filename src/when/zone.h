/*
 * One time zone: an immutable table of spans with a constant offset, to the end of the year
 * CIVIL_YEAR_MAX. Reference-counted; safe on any thread. Instants and local times are usec_t.
 */
#ifndef WHEN_ZONE_H
#define WHEN_ZONE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/usec.h"

#define ZONE_NAME_MAX 64

/* The ends of time, far enough from overflow that an offset can be added. */
#define ZONE_FROM_EVER   (INT64_MIN / 4)
#define ZONE_UNTIL_NEVER (INT64_MAX / 4)

/*
 * The spans of a zone stand in one array without holes; the first begins at ZONE_FROM_EVER and
 * the last ends at ZONE_UNTIL_NEVER.
 */
struct zone_span {
	usec_t from;   /* the first instant of it */
	usec_t until;  /* the first instant behind it */
	usec_t offset; /* local time = instant + offset */
	usec_t seen;   /* all local times before this one were reached before `from` */
	bool is_dst;
	const char *abbreviation; /* "CET"; belongs to the zone */
};

struct zone;

/* Reads the bytes of a zone file (RFC 9636). Gives the first reference; NULL with *err set. */
struct zone *zone_new(const char *name, const void *data, size_t len, struct err *err);
/* UTC, for which no file is needed. */
struct zone *zone_new_utc(void);
struct zone *zone_ref(struct zone *zone);

const char *zone_name(const struct zone *zone);

/* The span that an instant is in; the next one stands behind it while `until` is not the end. */
const struct zone_span *zone_span_at(const struct zone *zone, usec_t at);

enum zone_fit {
	ZONE_UNIQUE, /* *first and *last are the instant */
	ZONE_GAP,    /* never shown: both are the first instant behind the gap */
	ZONE_FOLD,   /* shown more than once: *first and *last are the outermost */
};

/* Which instants a local time means. */
enum zone_fit zone_resolve(const struct zone *zone, usec_t local, usec_t *first, usec_t *last);

#endif
