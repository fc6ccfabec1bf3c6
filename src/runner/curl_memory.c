/* Allocation for libcurl. */
#include "runner/curl_memory.h"

#include <assert.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* libcurl's functions take no argument that could lead to it, and its threads call them, too. */
static atomic_int nholders;

static bool
is_held(void)
{
	return atomic_load_explicit(&nholders, memory_order_relaxed) > 0;
}

static void
give_back(void *ptr)
{
	if (ptr && is_held())
		explicit_bzero(ptr, malloc_usable_size(ptr));
	free(ptr);
}

/* realloc() leaves the old place as it is when it moves. */
static void *
resize(void *ptr, size_t size)
{
	if (!ptr || !is_held())
		return realloc(ptr, size);
	size_t room = malloc_usable_size(ptr);
	if (size <= room)
		return ptr;
	void *moved = malloc(size);
	if (!moved)
		return NULL;
	memcpy(moved, ptr, room);
	give_back(ptr);
	return moved;
}

CURLcode
curl_memory_init(void)
{
	return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, give_back, resize, strdup, calloc);
}

void
curl_memory_hold(void)
{
	atomic_fetch_add(&nholders, 1);
}

void
curl_memory_release(void)
{
	int before = atomic_fetch_sub(&nholders, 1);
	assert(before > 0);
}
