/*
 * Memory for the programs that may die of its lack: state is on disk and the spawner restarts
 * the daemon. None of these returns NULL; asched-spawn uses none of them.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

void *mem_alloc(size_t size);           /* zeroed; size 0 gives a freeable pointer */
void *mem_room(size_t size);            /* not zeroed; for libraries that take a malloc() */
void *mem_array(size_t n, size_t size); /* zeroed; dies when n * size overflows */
void *mem_resize(void *ptr, size_t n, size_t size); /* not zeroed */
char *mem_dup(const char *text);                    /* NULL stays NULL */
char *mem_dup_bytes(const void *data, size_t len);  /* a NUL is added */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
