/* Files beside the database: put in place whole and synced, never half. */
#ifndef STORE_FILES_H
#define STORE_FILES_H

#include <stddef.h>

#include "base/err.h"

/* Syncs the directory that holds `path`: after it a new name survives a power cut. 0 or -1. */
int file_sync_directory(const char *path, struct err *err);

/*
 * Syncs the file `from` and gives it the name `to` in the same directory, which must be free.
 * 0, or -1 with *err; `from` is then still there.
 */
int file_put_in_place(const char *from, const char *to, struct err *err);

/* Replaces the file `path` by these bytes (mode 0600): a reader sees the old or the new. */
int file_replace(const char *path, const void *data, size_t len, struct err *err);

#endif
