/* Filters of lists. */
#include "store/filter.h"

#include <fnmatch.h>
#include <string.h>

bool
filter_takes(const struct list_filter *filter, uid_t owner, const char *name, const char *queue)
{
	if (filter->has_owner && filter->owner != owner)
		return false;
	if (filter->queue && strcmp(filter->queue, queue) != 0)
		return false;
	return !filter->name_glob || (name && fnmatch(filter->name_glob, name, 0) == 0);
}

static bool
is_failure(enum run_state state)
{
	return state == RUN_FAILED || state == RUN_LOST;
}

bool
filter_takes_run(const struct list_filter *filter, enum run_state state)
{
	if (filter->only_failed && !is_failure(state))
		return false;
	return !filter->only_running || state == RUN_RUNNING;
}

bool
filter_takes_job(const struct list_filter *filter, const struct run *last, int nrunning)
{
	if (filter->only_failed && !(last && is_failure(last->state)))
		return false;
	return !filter->only_running || nrunning > 0;
}
