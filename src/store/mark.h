/*
 * The high-water mark: a small file beside the database (PATH.mark) that says which database this
 * is and how many commits it had, written about once a second. A database that has fewer lost
 * acknowledged commits: a damaged log, a live file copied, an old backup put back. SQLite finds
 * nothing wrong with such a file (reliability.md 1.1, D11).
 */
#ifndef STORE_MARK_H
#define STORE_MARK_H

#include "base/err.h"
#include "base/usec.h"

#define MARK_INSTANCE_MAX 40

struct mark {
	char instance[MARK_INSTANCE_MAX]; /* drawn when the database was made */
	int64_t commits;
	usec_t seen_at; /* the clock's time when it was written */
	int64_t folded; /* of these commits so many were in the file itself, without its log */
};

/* 0: read; 1: there is none; -1 with *err: it cannot be read or is not a mark. */
int mark_read(const char *database, struct mark *mark, struct err *err);
/* Replaces it, synced. 0, or -1 with *err. */
int mark_write(const char *database, const struct mark *mark, struct err *err);

#endif
