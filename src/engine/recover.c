/*
 * DESIGN. After a restart, and after the store was in trouble, what the ledger says is running is
 * compared with what runs. The table, row by row of the ledger:
 *
 *   the runner has it running            adopt
 *   the runner has its end               record
 *   not there, same spawner              provably not started: back into the queue
 *   not there, other spawner, same boot  its process lives: orphan, watched; else lost (crash)
 *   not there, other boot                lost (reboot)
 *   a request, first recovery            of an earlier daemon's life: lost
 *   a request, store was in trouble      of ours: provably not started, as above
 *
 * "Not there, same spawner" holds because the spawner executes all requests of the dead daemon
 * before it answers the new one, and keeps every run until it is told to forget it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/parts.h"

#define PAGE 256

static void
ask_page(struct engine *engine, int64_t after)
{
	struct intent *intent = intent_new(INTENT_UNFINISHED, engine->now);
	intent->offset = after;
	intent->limit = PAGE;
	engine_send(engine, intent);
}

void
recover_begin(struct engine *engine)
{
	engine->is_recovering = true;
	engine->needs_recovery = false;
	ask_page(engine, 0);
}

static bool
is_unstarted(const struct engine *engine, const struct start *start)
{
	if (job_is_http(&start->job))
		return engine->is_ready;
	return start->attempt.number > 0 &&
	       strcmp(start->attempt.spawner, engine->config.spawner) == 0;
}

static bool
is_orphan(const struct engine *engine, const struct start *start)
{
	return start->attempt.pid > 0 && engine->ports.orphan_lives &&
	       strcmp(start->attempt.boot, engine->config.boot) == 0 &&
	       engine->ports.orphan_lives(engine->ports.arg, &start->attempt);
}

static void
lose(struct engine *engine, struct live *live, const struct start *start)
{
	bool is_same_boot = strcmp(start->attempt.boot, engine->config.boot) == 0;
	struct outcome outcome = { .kind = OUTCOME_LOST,
				   .ended_at = engine->now,
				   .cpu_us = -1,
				   .peak_kib = -1,
				   .output_fd = -1 };
	snprintf(outcome.text, sizeof(outcome.text), "%s", is_same_boot ? "crash" : "reboot");
	live_ended(engine, live, &outcome);
}

/* It was asked to end; the TERM may have been lost with the daemon or the commit's answer. */
static void
stop_again(struct engine *engine, struct live *live, enum run_reason reason)
{
	if (reason != REASON_NONE && live->alarm != ALARM_KILL)
		live_stop(engine, live, &(struct stop){ .how = STOP_SOFT, .reason = reason });
}

static void
adopt(struct engine *engine, struct live *live, struct start *start)
{
	live->run = start->run;
	live_take_job(live, &start->job);
	usec_t at = start->attempt.started_at ? start->attempt.started_at : live->started_at;
	if (start->attempt.started_at == 0)
		live_tell_start(engine, live);
	live_goes_on(engine, live, at);
	stop_again(engine, live, live->run.stop_reason);
}

/*
 * It is live already: what was committed about it may never have been heard, when the outcome was
 * unknown. Whether an unstarted one is still to run, the ledger says.
 */
static void
hear_again(struct engine *engine, struct live *live, const struct start *start)
{
	const struct job *job = &start->job;
	bool is_over = job->state == JOB_CANCELLED || job->state == JOB_PAUSED ||
		       job->anchor_at > start->run.claimed_at;
	if (live->state == LIVE_CLAIMED) {
		if (is_over || start->run.stop_reason != REASON_NONE)
			live_requeue(engine, live);
		return;
	}
	if (live->state == LIVE_RUNNING && live->alarm != ALARM_TELL && !start->attempt.started_at)
		live_tell_start(engine, live);
	if (live->state == LIVE_RUNNING || live->state == LIVE_STARTING)
		stop_again(engine, live, start->run.stop_reason);
}

static void
recover_run(struct engine *engine, struct start *start)
{
	struct live *live = live_find(engine, start->run.id, start->run.attempt);
	if (live) {
		if (live->state == LIVE_REPLAYED)
			adopt(engine, live, start);
		else
			hear_again(engine, live, start);
		return;
	}
	bool was_unstarted = is_unstarted(engine, start);
	live = live_new(engine, &start->run, &start->job);
	live->started_at =
		start->attempt.started_at ? start->attempt.started_at : start->attempt.claimed_at;
	if (was_unstarted) {
		live->state = LIVE_CLAIMED;
		live_requeue(engine, live);
	} else if (is_orphan(engine, start)) {
		live->state = LIVE_ORPHAN;
	} else {
		live->state = LIVE_REPLAYED;
		lose(engine, live, start);
	}
}

/* What the runner has and the ledger does not know as running: a record that was lost. */
static void
drop_strangers(struct engine *engine)
{
	struct live *live;
	size_t at = 0;
	while ((live = map_next(&engine->lives, &at))) {
		if (live->state == LIVE_REPLAYED && engine->ports.trouble)
			engine->ports.trouble(engine->ports.arg,
					      "a process runs for a run that is not running in the "
					      "ledger: was an older database put in place?");
	}
}

/*
 * Behind the ends of what ran before it, which are no reason not to start what follows the boot;
 * and by a clock that is believed, because fields of jobs are compared with it.
 */
void
recover_boot(struct engine *engine)
{
	if (engine->is_booted || engine->is_held)
		return;
	struct intent *boot = intent_new(INTENT_BOOT, engine->now);
	boot->at = engine->born_at;
	engine_send(engine, boot);
}

void
recover_page(struct engine *engine, struct intent *intent)
{
	if (intent->err.code != ERR_NONE) {
		engine->is_recovering = false;
		engine->needs_recovery = true;
		engine->not_before = engine->now + USEC_PER_SEC;
		return;
	}
	for (size_t i = 0; i < intent->work.nstarts; i++)
		recover_run(engine, &intent->work.starts[i]);
	if (intent->count > 0) {
		ask_page(engine, intent->offset);
		return;
	}
	drop_strangers(engine);
	recover_boot(engine);
	engine->is_recovering = false;
	engine->is_ready = true;
	engine->due_at = engine->now; /* claim to learn what is next */
}
