/* What the engine knows of itself. */
#include <stdlib.h>
#include <string.h>

#include "engine/parts.h"

static int
compare_usec(const void *a, const void *b)
{
	usec_t x = *(const usec_t *)a, y = *(const usec_t *)b;
	return (x > y) - (x < y);
}

void
engine_stats(const struct engine *engine, struct engine_stats *stats)
{
	usec_t late[LATE_SAMPLES];
	size_t n = engine->nlate < LATE_SAMPLES ? engine->nlate : LATE_SAMPLES;
	*stats = (struct engine_stats){ .nlive = (int)engine->lives.n,
					.nintents = engine->nintents };
	if (n == 0)
		return;
	memcpy(late, engine->late, n * sizeof(late[0]));
	qsort(late, n, sizeof(late[0]), compare_usec);
	stats->start_late_p50 = late[n / 2];
	stats->start_late_p99 = late[n * 99 / 100];
	stats->start_late_max = late[n - 1];
}
