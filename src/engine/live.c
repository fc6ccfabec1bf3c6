/*
 * DESIGN. One attempt has one timer, and its state says what the timer means. Every change of
 * state is here. The end of an attempt is kept in memory (and by its runner) until the ledger has
 * it: a store in trouble delays the record, it does not lose it.
 */
#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "engine/parts.h"

/* An attempt that is to end is asked to after this, though the reason is not on record yet. */
#define STOP_WAIT USEC_PER_SEC

/* Longest kill-after at the end of the service: its parent waits 15 s for the daemon. */
#define END_KILL_AFTER (10 * USEC_PER_SEC)

/* An end that could not be recorded is tried again after this. */
#define RECORD_RETRY USEC_PER_SEC

/*
 * A start is put on record so much later. Most short runs have ended by then, even 64 at once on a
 * small machine, and their end says when they started, too. Until the record, only its spawner can
 * find a run again.
 */
#define TELL_DELAY (100 * USEC_PER_MSEC)

/* No claim looks further ahead than this; smaller steps of the clock go unnoticed. */
#define AHEAD_MAX (2 * USEC_PER_SEC)

#define BIT(state) (1u << (state))
static const unsigned legal_steps[LIVE_NSTATES] = {
	[LIVE_CLAIMED] = BIT(LIVE_STARTING), [LIVE_STARTING] = BIT(LIVE_RUNNING) | BIT(LIVE_ENDED),
	[LIVE_RUNNING] = BIT(LIVE_ENDED),    [LIVE_REPLAYED] = BIT(LIVE_RUNNING) | BIT(LIVE_ENDED),
	[LIVE_ORPHAN] = BIT(LIVE_ENDED),
};

static void
set_state(struct live *live, enum live_state state)
{
	assert(legal_steps[live->state] & BIT(state));
	live->state = state;
}

static struct runner *
runner_of(const struct engine *engine, const struct live *live)
{
	return live->job && job_is_http(live->job) ? engine->ports.http : engine->ports.exec;
}

/*
 * The ledger has a newer attempt of the run: so it has the end of this one, whose commit's outcome
 * we never learnt.
 */
static void
let_go(struct engine *engine, struct live *live)
{
	assert(live->state == LIVE_ENDED);
	struct runner *runner = runner_of(engine, live);
	runner->forget(runner, live->run.id, live->run.attempt);
	live_free(engine, live);
}

struct live *
live_new(struct engine *engine, const struct run *run, struct job *job)
{
	struct live *older = map_get(&engine->lives, run->id);
	if (older)
		let_go(engine, older);
	struct live *live = mem_alloc(sizeof(*live));
	live->run = *run;
	if (job)
		live_take_job(live, job);
	live->pos = HEAP_NOWHERE;
	live->outcome.output_fd = -1;
	map_put(&engine->lives, run->id, live);
	return live;
}

void
live_take_job(struct live *live, struct job *job)
{
	live->taken_job = *job;
	live->job = &live->taken_job;
	*job = (struct job){ 0 };
}

void
live_free(struct engine *engine, struct live *live)
{
	live_set_alarm(engine, live, ALARM_NONE, USEC_NEVER);
	map_remove(&engine->lives, live->run.id);
	job_fini(&live->taken_job);
	outcome_close(&live->outcome);
	free(live);
}

struct live *
live_find(const struct engine *engine, int64_t run_id, int attempt)
{
	struct live *live = map_get(&engine->lives, run_id);
	return live && live->run.attempt == attempt ? live : NULL;
}

void
live_set_alarm(struct engine *engine, struct live *live, enum live_alarm alarm, usec_t at)
{
	if (live->pos != HEAP_NOWHERE)
		heap_remove(&engine->alarms, live->pos);
	live->alarm = at == USEC_NEVER ? ALARM_NONE : alarm;
	live->alarm_at = at;
	if (live->alarm != ALARM_NONE)
		heap_push(&engine->alarms, live);
}

/* Is it to start at an instant that the clock names, and not some time after something else? */
static bool
is_by_clock(const struct live *live)
{
	bool is_on_start = live->job && live->job->kind == SCHEDULE_ON_START;
	return live->run.trigger == TRIGGER_SCHEDULE && live->run.attempt == 1 && !is_on_start;
}

/*
 * Only a clock that was set back leaves a start further ahead than any claim looks. An instant that
 * has not come is the ledger's again; what is tried once more, was asked for, or follows the boot
 * has waited enough.
 */
void
live_wait(struct engine *engine, struct live *live)
{
	bool is_far = live->run.start_at > engine->now + AHEAD_MAX;
	if (engine->is_stopping || (is_far && is_by_clock(live)))
		live_requeue(engine, live);
	else
		live_set_alarm(engine, live, ALARM_START,
			       is_far ? engine->now : live->run.start_at);
}

static void
tell(struct engine *engine, enum run_event_kind kind, const struct live *live, usec_t late)
{
	struct run_event event = {
		.kind = kind, .run = &live->run, .job = live->job, .late = late
	};
	if (engine->ports.event)
		engine->ports.event(engine->ports.arg, &event);
}

void
live_tell_silences(struct engine *engine, const struct intent *intent)
{
	bool is_told = intent->err.code == ERR_NONE && engine->ports.event;
	for (size_t i = 0; is_told && i < intent->nruns; i++)
		engine->ports.event(engine->ports.arg,
				    &(struct run_event){ .kind = RUN_EVENT_SKIPPED,
							 .run = &intent->runs[i].run });
}

static void
start(struct engine *engine, struct live *live)
{
	set_state(live, LIVE_STARTING);
	live->started_at = engine->now;
	tell(engine, RUN_EVENT_STARTING, live, engine->now - live->run.start_at);
	runner_of(engine, live)->start(runner_of(engine, live), live->job, &live->run);
}

void
live_tell_start(struct engine *engine, const struct live *live)
{
	struct intent *intent = intent_new(INTENT_STARTED, engine->now);
	intent->run_id = live->run.id;
	intent->attempt = live->run.attempt;
	intent->at = live->started_at;
	intent->pid = live->pid;
	intent->pid_start = live->pid_start;
	engine_send(engine, intent);
}

/* A request's own time-out belongs to its runner, which can tell where it hung. */
static usec_t
timeout_at(const struct live *live)
{
	bool has_timeout = live->job->timeout > 0 && !job_is_http(live->job);
	return has_timeout ? live->started_at + live->job->timeout : USEC_NEVER;
}

void
live_goes_on(struct engine *engine, struct live *live, usec_t since)
{
	set_state(live, LIVE_RUNNING);
	live->started_at = since;
	live_set_alarm(engine, live, ALARM_TIMEOUT, timeout_at(live));
	tell(engine, RUN_EVENT_STARTED, live, since - live->run.start_at);
}

void
live_started(struct engine *engine, struct live *live, usec_t at)
{
	set_state(live, LIVE_RUNNING);
	live->started_at = at;
	if (live->alarm == ALARM_KILL || live->alarm == ALARM_STOP) { /* it is to end already */
		live_tell_start(engine, live);
		return;
	}
	usec_t tell_at = engine->now + TELL_DELAY;
	live_set_alarm(engine, live, ALARM_TELL,
		       tell_at < timeout_at(live) ? tell_at : timeout_at(live));
	tell(engine, RUN_EVENT_STARTED, live, at - live->run.start_at);
}

/* Asking again puts nothing off. */
static usec_t
kill_at(const struct engine *engine, const struct live *live)
{
	usec_t after = live->job ? live->job->kill_after : 0;
	bool ends_all = engine->is_stopping && !engine->is_restart && engine->stop_at == USEC_NEVER;
	usec_t at = engine->now + (ends_all && after > END_KILL_AFTER ? END_KILL_AFTER : after);
	return live->alarm == ALARM_KILL && live->alarm_at < at ? live->alarm_at : at;
}

static void
ask_to_end(struct engine *engine, struct live *live, enum stop_how how)
{
	struct runner *runner = runner_of(engine, live);
	if (live->alarm == ALARM_TELL)
		live_tell_start(engine, live);
	runner->stop(runner, live->run.id, live->run.attempt, how);
	if (how == STOP_SOFT && live->job)
		live_set_alarm(engine, live, ALARM_KILL, kill_at(engine, live));
	else
		live_set_alarm(engine, live, ALARM_NONE, USEC_NEVER);
}

/*
 * The reason is on record before the process can feel anything: else a crash would leave an end
 * by a signal that nobody sent. A store in trouble puts the end off by no more than STOP_WAIT.
 */
static void
stop_because(struct engine *engine, struct live *live, enum run_reason reason)
{
	if (live->stop_reason == REASON_NONE)
		live->stop_reason = reason;
	struct intent *intent = intent_new(INTENT_STOPPING, engine->now);
	intent->run_id = live->run.id;
	intent->attempt = live->run.attempt;
	intent->reason = reason;
	engine_send(engine, intent);
	if (live->alarm == ALARM_KILL) { /* it was asked before */
		live_set_alarm(engine, live, ALARM_KILL, kill_at(engine, live));
		return;
	}
	if (live->alarm == ALARM_TELL)
		live_tell_start(engine, live);
	live_set_alarm(engine, live, ALARM_STOP, engine->now + STOP_WAIT);
}

void
live_stopping(struct engine *engine, const struct intent *intent)
{
	struct live *live = live_find(engine, intent->run_id, intent->attempt);
	if (live && live->alarm == ALARM_STOP)
		ask_to_end(engine, live, STOP_SOFT);
}

void
live_stop(struct engine *engine, struct live *live, const struct stop *stop)
{
	switch (live->state) {
	case LIVE_CLAIMED:
		live_requeue(engine, live);
		break;
	case LIVE_STARTING:
	case LIVE_RUNNING:
		if (stop->only_unstarted)
			break;
		if (stop->reason == REASON_SHUTDOWN)
			stop_because(engine, live, REASON_SHUTDOWN);
		else
			ask_to_end(engine, live, stop->how);
		break;
	default:
		break; /* over, or not ours to stop */
	}
}

static void
record(struct engine *engine, struct live *live)
{
	struct intent *intent = intent_new(INTENT_ENDED, engine->now);
	intent->run_id = live->run.id;
	intent->attempt = live->run.attempt;
	intent->at = live->started_at;
	intent->pid = live->pid;
	intent->pid_start = live->pid_start;
	intent->outcome = outcome_take(&live->outcome);
	intent->reason = live->stop_reason;
	intent->is_forced = engine->is_stopping; /* then it frees no slot for others */
	live->is_recording = true;
	live_set_alarm(engine, live, ALARM_NONE, USEC_NEVER);
	engine_send(engine, intent);
}

void
live_ended(struct engine *engine, struct live *live, struct outcome *outcome)
{
	if (live->state == LIVE_ENDED) { /* told again after a restart: we have it */
		outcome_close(outcome);
		return;
	}
	set_state(live, LIVE_ENDED);
	live->outcome = *outcome;
	record(engine, live);
}

void
live_recorded(struct engine *engine, struct intent *intent)
{
	struct live *live = live_find(engine, intent->run_id, intent->attempt);
	if (!live || !live->is_recording)
		return;
	live->is_recording = false;
	if (intent->err.code != ERR_NONE) {
		live->outcome = outcome_take(&intent->outcome); /* taken back */
		live_set_alarm(engine, live, ALARM_RECORD, engine->now + RECORD_RETRY);
		return;
	}
	if (intent->run.id)
		live->run = intent->run;
	struct run_event event = { .kind = RUN_EVENT_ENDED,
				   .run = &live->run,
				   .job = live->job,
				   .took = live->outcome.ended_at > live->started_at
						   ? live->outcome.ended_at - live->started_at
						   : 0 };
	if (engine->ports.event)
		engine->ports.event(engine->ports.arg, &event);
	struct runner *runner = runner_of(engine, live);
	runner->forget(runner, intent->run_id, intent->attempt);
	live_free(engine, live);
}

void
live_requeue(struct engine *engine, struct live *live)
{
	assert(live->state == LIVE_CLAIMED);
	struct intent *intent = intent_new(INTENT_REQUEUE, engine->now);
	intent->run_id = live->run.id;
	intent->attempt = live->run.attempt;
	intent->is_forced = live->run.start_at > engine->now + CLOCK_BACK_MIN + AHEAD_MAX;
	intent->since = steps_since(engine, engine->now);
	live_free(engine, live);
	engine_send(engine, intent);
}

void
live_alarm(struct engine *engine, struct live *live)
{
	enum live_alarm alarm = live->alarm;
	live_set_alarm(engine, live, ALARM_NONE, USEC_NEVER);
	switch (alarm) {
	case ALARM_START:
		start(engine, live);
		break;
	case ALARM_TELL:
		live_tell_start(engine, live);
		live_set_alarm(engine, live, ALARM_TIMEOUT, timeout_at(live));
		break;
	case ALARM_TIMEOUT:
		stop_because(engine, live, REASON_TIMEOUT);
		break;
	case ALARM_STOP:
		ask_to_end(engine, live, STOP_SOFT);
		break;
	case ALARM_KILL:
		ask_to_end(engine, live, STOP_HARD);
		break;
	case ALARM_RECORD:
		record(engine, live);
		break;
	case ALARM_NONE:
		break;
	}
}
