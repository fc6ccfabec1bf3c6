/*
 * What the spawner tells of runs before the engine is there to hear it: kept in order, then
 * told. The engine needs the spawner's name first, which is known when it has told everything.
 */
#ifndef DAEMON_REPLAY_H
#define DAEMON_REPLAY_H

#include "engine/engine.h"

struct replay {
	struct replay_item *first, **last;
};

void replay_init(struct replay *replay);
void replay_fini(struct replay *replay); /* closes the outputs of what was not told */

void replay_started(struct replay *replay, int64_t run_id, int attempt, pid_t pid,
		    int64_t pid_start, usec_t at);
void replay_ended(struct replay *replay, int64_t run_id, int attempt,
		  const struct outcome *outcome); /* takes its descriptors */

/* Tells the engine everything, and forgets it. */
void replay_tell(struct replay *replay, struct engine *engine, usec_t now);

#endif
