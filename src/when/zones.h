/*
 * The zones in use: a cache of immutable, reference-counted zone tables, read through a source
 * that the program passes in (when/ itself opens no file). Safe on any thread: the cache has a
 * lock of its own, a zone needs none.
 */
#ifndef WHEN_ZONES_H
#define WHEN_ZONES_H

#include <stddef.h>

#include "base/err.h"
#include "base/usec.h"

struct zone;  /* one table, see when/zone.h */
struct zones; /* the cache */

/* Where zone files come from. base/zonedir.h has the one that reads the system's directory. */
struct zone_source {
	/*
	 * Gives the bytes of the zone file NAME (already checked: only [A-Za-z0-9_+-/], no "..",
	 * not absolute, at most 64 bytes) in *data, to be freed by the caller, and an identity
	 * that differs when the file was replaced. 0, or -1 with *err set.
	 */
	int (*read)(void *self, const char *name, char **data, size_t *len, struct err *err);
	/* Only the identity of NAME; 0 when it cannot be told. */
	uint64_t (*identity)(void *self, const char *name);
	/* Writes the machine's own zone name ("Europe/Berlin"; "UTC" when it has none). */
	void (*local_name)(void *self, char *name, size_t size);
	void *self;
};

struct zones *zones_new(const struct zone_source *source); /* copies the struct */
void zones_free(struct zones *zones);

/*
 * The zone of that name; "" or NULL is the machine's. Gives a reference: zone_unref() it.
 * NULL with *err set: unknown, or its file is not a zone (RFC 9636).
 */
struct zone *zones_get(struct zones *zones, const char *name, struct err *err);

/*
 * Looks whether files of cached zones were replaced, and drops those from the cache, so that
 * the next zones_get() reads them anew. Calls changed(arg, name) for each, and with the name ""
 * when the machine's own zone is another one now. Reads the disk: not for the event loop.
 */
void zones_refresh(struct zones *zones, void (*changed)(void *arg, const char *name), void *arg);

void zone_unref(struct zone *zone); /* NULL is fine */

#endif
