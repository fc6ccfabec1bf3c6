/*
 * How fast one user may ask. Each user has a bucket of tokens, which all his connections share;
 * it is refilled as time passes, up to two seconds' worth. Who takes more than there is goes into
 * debt, and may not ask again before that is gone. Times are the loop's, in seconds.
 */
#ifndef CONTROL_RATE_H
#define CONTROL_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define RATE_BURST 2 /* seconds */

struct rate {
	uid_t uid;
	double tokens, at; /* as of then */
	int nholders;
	struct rate *next;
};

struct rates {
	double per_second; /* 0: no limit */
	struct rate *first;
};

/* The user's bucket, full when it is new. It stays as long as it is held or not full again. */
struct rate *rates_hold(struct rates *rates, uid_t uid, double now);
void rate_release(struct rate *rate);

void rate_take(const struct rates *rates, struct rate *rate, size_t n, double now);
bool rate_is_spent(const struct rate *rate);

/* Time has passed: fills all, drops those that nobody needs. Whether one is still spent. */
bool rates_refill(struct rates *rates, double now);

void rates_fini(struct rates *rates);

#endif
