/* Latencies: a ring of the last ones, sorted when asked. */
#include "store/latency.h"

#include <stdlib.h>
#include <string.h>

void
latency_add(struct latency *latency, usec_t took)
{
	latency->last[latency->n++ % LATENCY_KEPT] = took;
	if (took > latency->max)
		latency->max = took;
}

static int
compare(const void *a, const void *b)
{
	usec_t x = *(const usec_t *)a, y = *(const usec_t *)b;
	return (x > y) - (x < y);
}

usec_t
latency_percentile(const struct latency *latency, int percent)
{
	usec_t sorted[LATENCY_KEPT];
	size_t n = latency->n < LATENCY_KEPT ? (size_t)latency->n : LATENCY_KEPT;
	if (n == 0)
		return 0;
	memcpy(sorted, latency->last, n * sizeof(sorted[0]));
	qsort(sorted, n, sizeof(sorted[0]), compare);
	return sorted[(n - 1) * (size_t)percent / 100];
}
