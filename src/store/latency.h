/* How long the last ones took. Value type without memory of its own; zeroed is empty. */
#ifndef STORE_LATENCY_H
#define STORE_LATENCY_H

#include "base/usec.h"

#define LATENCY_KEPT 512

struct latency {
	int64_t n; /* ever added */
	usec_t max;
	usec_t last[LATENCY_KEPT];
};

void latency_add(struct latency *latency, usec_t took);
/* The value that so many percent of those kept do not exceed; 0 when there are none. */
usec_t latency_percentile(const struct latency *latency, int percent);

#endif
