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

#endif
