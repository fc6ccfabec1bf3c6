/*
 * Who has how many of the spawner's places for runs (MSG_RUNS_MAX). One user whose runs never end
 * could have them all, in as many queues as it takes, and no run of the others would start. So
 * nobody gets more than SHARE_OF_FREE times of what is left free: there is always something for who
 * has little. Of 4096 places one user has at most 3072, two have 1755 each, three 1228.
 */
#ifndef RUNNER_SHARES_H
#define RUNNER_SHARES_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/map.h"

#define SHARE_OF_FREE 3

struct shares {
	struct map users; /* uid + 1 -> struct share; zeroed is empty */
};

void shares_fini(struct shares *shares);

/* May he have one more, of so many that are free? Root always may. Then he has it. */
bool shares_take(struct shares *shares, uid_t uid, int nfree);
void shares_give_back(struct shares *shares, uid_t uid); /* one that he has */

#endif
