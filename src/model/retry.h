/*
 * When a failed attempt is tried again. Pure.
 */
#ifndef MODEL_RETRY_H
#define MODEL_RETRY_H

#include "model/run.h"

/*
 * Checks a retry-on list: comma-separated exit exit:N exit:N-M signal timeout start lost network
 * http http:N http:N-M. 0, or -1 with *err naming the item.
 */
int retry_on_check(const char *list, struct err *err);

/* Is a run that failed so to be tried again, attempts left or not? NULL lists: every failure. */
bool retry_on_matches(const char *list, enum run_reason reason, int code);

/*
 * The wait before retry n (from 1): min(max-delay, delay * factor^(n-1)) with +-20 % of jitter
 * from `draw` (a uniform random number), never above max-delay.
 */
usec_t retry_wait(const struct job *job, int n, uint64_t draw);

#endif
