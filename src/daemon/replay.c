/* A list of events. */
#include "daemon/replay.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"

struct replay_item {
	struct replay_item *next;
	int64_t run_id;
	int attempt;
	pid_t pid;
	int64_t pid_start;
	usec_t at;
	struct outcome outcome; /* kind NONE: it started */
};

void
replay_init(struct replay *replay)
{
	replay->first = NULL;
	replay->last = &replay->first;
}

static void
add(struct replay *replay, struct replay_item item)
{
	struct replay_item *kept = mem_alloc(sizeof(*kept));
	*kept = item;
	*replay->last = kept;
	replay->last = &kept->next;
}

void
replay_started(struct replay *replay, int64_t run_id, int attempt, pid_t pid, int64_t pid_start,
	       usec_t at)
{
	add(replay, (struct replay_item){ .run_id = run_id,
					  .attempt = attempt,
					  .pid = pid,
					  .pid_start = pid_start,
					  .at = at,
					  .outcome.output_fd = -1 });
}

void
replay_ended(struct replay *replay, int64_t run_id, int attempt, const struct outcome *outcome)
{
	add(replay,
	    (struct replay_item){ .run_id = run_id, .attempt = attempt, .outcome = *outcome });
}

void
replay_tell(struct replay *replay, struct engine *engine, usec_t now)
{
	for (struct replay_item *item = replay->first; item; item = item->next) {
		if (item->outcome.kind == OUTCOME_NONE)
			engine_replay_started(engine, item->run_id, item->attempt, item->pid,
					      item->pid_start, item->at);
		else
			engine_run_ended(engine, item->run_id, item->attempt, &item->outcome, now);
		item->outcome = (struct outcome){ .output_fd = -1 }; /* taken */
	}
	replay_fini(replay);
}

void
replay_fini(struct replay *replay)
{
	while (replay->first) {
		struct replay_item *item = replay->first;
		replay->first = item->next;
		outcome_close(&item->outcome);
		free(item);
	}
	replay_init(replay);
}
