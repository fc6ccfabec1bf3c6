/* A place for a database of SQLite's, and how tests handle it. */
#ifndef UNIT_STORE_PLACE_H
#define UNIT_STORE_PLACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "store/backend.h"

struct place {
	char *dir, *path, *copy; /* a directory, the database in it, another name in it */
	struct err err;
};

int place_set_up(void **state);
int place_set_up_fast(void **state); /* in memory: for many commits */
int place_tear_down(void **state);

/* Opens the database and makes it fit for use; the test fails when it cannot. */
struct backend *place_open(struct place *place);
void place_close(struct backend *backend);
/* Commits one change: a small text. */
void place_save(struct backend *backend, const char *name, const char *text);
bool place_has(struct backend *backend, const char *name);
/* Makes a database with rows on many pages, in one commit, closed. */
void place_fill(struct place *place);
/* The database is refused with these words, and has the same bytes afterwards. */
void place_refuses(struct place *place, const char *words);

void place_write(const char *path, const void *data, size_t len);
struct buf place_read(const char *path);
void place_copy(const char *from, const char *to);

#endif
