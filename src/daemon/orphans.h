/*
 * Processes of a spawner that is no more: nobody of ours can reap them, but their end can be
 * watched. A process is the one of an attempt when id and start time are the same.
 */
#ifndef DAEMON_ORPHANS_H
#define DAEMON_ORPHANS_H

#include <ev.h>

#include "model/run.h"

struct orphans {
	struct ev_loop *loop;
	struct orphan *first;
	void (*ended)(void *arg, int64_t run_id, int attempt);
	void *arg;
};

void orphans_fini(struct orphans *orphans);

/* Does the attempt's process live? Then its end will be told. */
bool orphans_watch(struct orphans *orphans, const struct attempt *attempt);

#endif
