/*
 * SQLite's memory comes from base/alloc.h and never lacks: the process dies instead. A bound text
 * that could not be copied is NULL, a column that could not be converted is empty, and neither is
 * told but by a call that nobody makes; a crash, on the other hand, is known to do no harm.
 */
#include "store/sqlite_db.h"

#include <malloc.h>
#include <stdlib.h>

#include "base/alloc.h"

static void *
allocate(int size)
{
	return mem_room((size_t)size);
}

static void *
resize(void *ptr, int size)
{
	return mem_resize(ptr, (size_t)size, 1);
}

static int
size_of(void *ptr)
{
	return ptr ? (int)malloc_usable_size(ptr) : 0;
}

static int
round_up(int size)
{
	return (size + 7) & ~7;
}

static int
init(void *arg)
{
	(void)arg;
	return SQLITE_OK;
}

static void
finish(void *arg)
{
	(void)arg;
}

void
sqlite_use_memory(void)
{
	static const sqlite3_mem_methods methods = { allocate, free, resize, size_of,
						     round_up, init, finish, NULL };
	/* No statistics: they cost a lock for each piece. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}
