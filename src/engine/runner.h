/*
 * Port: what executes an attempt. A runner knows no store, no queue and no policy. Everything
 * happens on the loop thread; start() and stop() return at once and never call back from inside.
 */
#ifndef ENGINE_RUNNER_H
#define ENGINE_RUNNER_H

#include "model/run.h"

struct runner {
	/*
	 * Begins one attempt. `job` is borrowed for the call. Answered by exactly one
	 * started-or-ended event, later by the ended event. An attempt that the runner already
	 * has is not begun again.
	 */
	void (*start)(struct runner *runner, const struct job *job, const struct run *run);
	void (*stop)(struct runner *runner, int64_t run_id, int attempt, enum stop_how how);
	/* The end is on record: the runner drops what it kept. */
	void (*forget)(struct runner *runner, int64_t run_id, int attempt);
	/*
	 * A new descriptor (caller closes) on the output of a running attempt as far as it is
	 * written; -1: none.
	 */
	int (*output)(struct runner *runner, int64_t run_id, int attempt);
	/* The same of its stderr, when that is kept apart. NULL: it never is. */
	int (*errors)(struct runner *runner, int64_t run_id, int attempt);
};

/* What a runner tells its owner. */
struct runner_events {
	void (*started)(void *arg, int64_t run_id, int attempt, pid_t pid, int64_t pid_start,
			usec_t at);
	/* Takes the outcome's descriptors. May be told again after a restart, until forget(). */
	void (*ended)(void *arg, int64_t run_id, int attempt, struct outcome *outcome);
	void *arg;
};

#endif
