/* Buckets of tokens. */
#include "control/rate.h"

#include <stdlib.h>

#include "base/alloc.h"

/* A clock that was set back gives nothing, one that was set forward fills the bucket at most. */
static void
refill(const struct rates *rates, struct rate *rate, double now)
{
	double most = rates->per_second * RATE_BURST;
	if (now > rate->at)
		rate->tokens += (now - rate->at) * rates->per_second;
	if (rate->tokens > most)
		rate->tokens = most;
	rate->at = now;
}

struct rate *
rates_hold(struct rates *rates, uid_t uid, double now)
{
	struct rate *rate = rates->first;
	while (rate && rate->uid != uid)
		rate = rate->next;
	if (!rate) {
		rate = mem_alloc(sizeof(*rate));
		*rate = (struct rate){ .uid = uid,
				       .tokens = rates->per_second * RATE_BURST,
				       .at = now,
				       .next = rates->first };
		rates->first = rate;
	}
	rate->nholders++;
	return rate;
}

void
rate_release(struct rate *rate)
{
	rate->nholders--;
}

void
rate_take(const struct rates *rates, struct rate *rate, size_t n, double now)
{
	if (rates->per_second <= 0)
		return;
	refill(rates, rate, now);
	rate->tokens -= (double)n;
}

bool
rate_is_spent(const struct rate *rate)
{
	return rate->tokens < 0;
}

bool
rates_refill(struct rates *rates, double now)
{
	bool is_any_spent = false;
	for (struct rate **at = &rates->first; *at;) {
		struct rate *rate = *at;
		refill(rates, rate, now);
		is_any_spent |= rate_is_spent(rate);
		if (rate->nholders == 0 && rate->tokens >= rates->per_second * RATE_BURST) {
			*at = rate->next;
			free(rate);
		} else {
			at = &rate->next;
		}
	}
	return is_any_spent;
}

void
rates_fini(struct rates *rates)
{
	for (struct rate *next; rates->first; rates->first = next) {
		next = rates->first->next;
		free(rates->first);
	}
}
