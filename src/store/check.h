/*
 * Everything that can be asked of a database file that nobody changes: SQLite's own check of its
 * pages and indexes, and whether the rows agree with each other. Reads every page, so it takes
 * its time: on the caller's thread, or on one of its own.
 *
 * The file is not changed, but for one beside which a log lies: that is locked as a daemon would.
 */
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct check;

/* NULL with *err: it is no database of ours, in use, or cannot be read. */
struct check *check_open(const char *path, struct err *err);
void check_free(struct check *check); /* breaks off what goes on */

/* Either: asks it all. */
void check_run(struct check *check);
/* Or: does so on a thread of its own. 0 or -1. Then check_is_done() tells when it is over. */
int check_start(struct check *check, struct err *err);
bool check_is_done(struct check *check);

/* When it is over: what is wrong, a line each, the first few; empty: nothing. */
const struct buf *check_problems(const struct check *check);
/* Likewise: is it of an older format? Then only its pages and indexes were looked at. */
bool check_is_older(const struct check *check);

#endif
