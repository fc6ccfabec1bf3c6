/*
 * The shape of the database, and how an older one becomes today's: numbered steps, each one
 * transaction that ends with its own version number, so that an interruption at any point leaves
 * a database of some version (reliability rules ).
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include <sqlite3.h>

#include "base/err.h"

/* "asch": tells our files from other programs' in their header (PRAGMA application_id). */
#define SCHEMA_APPLICATION_ID 0x61736368
/* Version of the newest step: PRAGMA user_version of an up-to-date database. */
#define SCHEMA_VERSION 7

/*
 * Brings the database up to date. It is ours or empty, and locked. A database that is migrated is
 * first copied to PATH.v<N>, synced; a copy of that name that is there already is kept (an earlier
 * attempt made it). 0, or -1 with *err: then it is of the version that the last whole step left.
 */
int schema_prepare(sqlite3 *db, const char *path, struct err *err);

/* The same with any steps: steps[0] makes version 1. For tests of what has no second step yet. */
int schema_migrate(sqlite3 *db, const char *path, const char *const *steps, int nsteps,
		   struct err *err);

#endif
