/* What a list shows: the parts of a filter that every backend decides alike. */
#ifndef STORE_FILTER_H
#define STORE_FILTER_H

#include "engine/store.h"

/* The owner, the name (NULL: none) and the queue: is it in the list? */
bool filter_takes(const struct list_filter *filter, uid_t owner, const char *name,
		  const char *queue);
/* Does a run of that state belong to a list of runs so filtered? */
bool filter_takes_run(const struct list_filter *filter, enum run_state state);
/* Does a job with that last ended run (NULL: none) and so many running belong to the list? */
bool filter_takes_job(const struct list_filter *filter, const struct run *last, int nrunning);

#endif
