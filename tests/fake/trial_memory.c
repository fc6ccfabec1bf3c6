/*
 * The trial daemon's memory: the n-th allocation from now on, of whatever thread or library, finds
 * none, and the file memory-failed in the directory ASCHED_TRIAL tells that. Linked in before the C library, whose allocator does the work. (Not with AddressSanitizer,
 * which has one of its own.)
 */
#include "fake/trial_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_long countdown; /* 0: off */

void
trial_memory_fail(long n)
{
	atomic_store(&countdown, n);
}

#ifndef __SANITIZE_ADDRESS__

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *ptr, size_t size);
void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *ptr, size_t size);

static void
tell(void)
{
	const char *dir = getenv("ASCHED_TRIAL");
	char path[4096];
	snprintf(path, sizeof(path), "%s/memory-failed", dir ? dir : "/nonexistent");
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
}

static bool
fails(void)
{
	if (atomic_load(&countdown) <= 0 || atomic_fetch_sub(&countdown, 1) != 1)
		return false;
	tell();
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *ptr, size_t size)
{
	return fails() ? NULL : __libc_realloc(ptr, size);
}

#endif
