/* Sizes. */
#include "base/size.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char units[] = "KMGTP";

int
size_parse(const char *text, int64_t *out)
{
	int64_t size = 0;
	const char *at = text;
	for (; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(size, 10, &size) ||
		    __builtin_add_overflow(size, *at - '0', &size))
			return -1;
	}
	const char *unit = *at ? strchr(units, *at) : NULL;
	if (at == text || (*at && (!unit || at[1])))
		return -1;
	for (const char *step = units; unit && step <= unit; step++) {
		if (__builtin_mul_overflow(size, 1024, &size))
			return -1;
	}
	*out = size;
	return 0;
}

char *
size_print(int64_t size, char out[SIZE_TEXT_MAX])
{
	size_t nsteps = 0;
	while (size != 0 && size % 1024 == 0 && nsteps < strlen(units)) {
		size /= 1024;
		nsteps++;
	}
	snprintf(out, SIZE_TEXT_MAX, "%" PRId64 "%.*s", size, nsteps > 0,
		 &units[nsteps - (nsteps > 0)]);
	return out;
}
