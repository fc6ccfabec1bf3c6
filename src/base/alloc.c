/* Allocation that cannot fail. */
#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
check(void *ptr)
{
	if (!ptr) {
		static const char text[] = "out of memory\n";
		(void)!fwrite(text, 1, sizeof(text) - 1, stderr);
		abort();
	}
	return ptr;
}

void *
mem_alloc(size_t size)
{
	return check(calloc(1, size ? size : 1));
}

void *
mem_array(size_t n, size_t size)
{
	return check(calloc(n ? n : 1, size ? size : 1));
}

void *
mem_room(size_t size)
{
	return check(malloc(size ? size : 1));
}

void *
mem_resize(void *ptr, size_t n, size_t size)
{
	return check(reallocarray(ptr, n ? n : 1, size ? size : 1));
}

char *
mem_dup(const char *text)
{
	return text ? check(strdup(text)) : NULL;
}

char *
mem_dup_bytes(const void *data, size_t len)
{
	char *copy = check(malloc(len + 1));
	if (len)
		memcpy(copy, data, len);
	copy[len] = '\0';
	return copy;
}

char *
mem_printf(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return check(n < 0 ? NULL : text);
}
