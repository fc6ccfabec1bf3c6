/* The SQLite backend: one file, one connection for the daemon's life, used by one thread. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "store/backend.h"

/*
 * Opens the database at `path`, or makes it if there is none and none was known to be there.
 * Finishes what a crash left, migrates an older version (a copy is made first, PATH.v<N>) and
 * holds the file so that nobody else can read or write it. NULL with *err, and the file is left
 * as it was: a directory, a foreign file, one of a newer version, read-only, in use, damaged, or
 * missing although its high-water mark (PATH.mark) says that it held something.
 */
struct backend *sqlite_backend_open(const char *path, struct err *err);

/*
 * Where the log is handed over to when the backend is closed without it: somebody removed it, and a
 * copy of it could not be put back. Without such a place it is lost then.
 */
struct held_log;
void sqlite_log_hand_over(struct backend *, struct held_log *to);

/*
 * Gives a copy of the log the name in one step, and holds it; what has it keeps NAME.found, if it is
 * no copy of ours. 0 or -1.
 */
int sqlite_log_put_back(struct held_log *log, const char *name, struct err *err);

#endif
