/* Places by user. */
#include "runner/shares.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"

struct share {
	int n;
};

static int64_t
key_of(uid_t uid)
{
	return (int64_t)uid + 1;
}

void
shares_fini(struct shares *shares)
{
	size_t at = 0;
	for (struct share *share; (share = map_next(&shares->users, &at));)
		free(share);
	map_fini(&shares->users);
}

bool
shares_take(struct shares *shares, uid_t uid, int nfree)
{
	struct share *share = map_get(&shares->users, key_of(uid));
	if (uid != 0 && (share ? share->n : 0) >= SHARE_OF_FREE * nfree)
		return false;
	if (!share) {
		share = mem_alloc(sizeof(*share));
		map_put(&shares->users, key_of(uid), share);
	}
	share->n++;
	return true;
}

void
shares_give_back(struct shares *shares, uid_t uid)
{
	struct share *share = map_get(&shares->users, key_of(uid));
	assert(share && share->n > 0);
	if (--share->n == 0)
		free(map_remove(&shares->users, key_of(uid)));
}
