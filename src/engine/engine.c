/*
 * DESIGN. The engine keeps no list of jobs. After every commit the ledger says when something is
 * due next; shortly before that the engine claims: one transaction decides about all that is due
 * and makes running what has a slot. What a claim gives is held until its instant and handed to a
 * runner. At most one claim is under way; while one commits, the next one gathers.
 */
#include "engine/engine.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "engine/parts.h"

static usec_t
sooner(usec_t a, usec_t b)
{
	return a < b ? a : b;
}

static bool
is_earlier(const void *a, const void *b)
{
	const struct live *x = a, *y = b;
	if (x->alarm_at != y->alarm_at)
		return x->alarm_at < y->alarm_at;
	if (x->run.priority != y->run.priority)
		return x->run.priority > y->run.priority;
	return x->run.id < y->run.id;
}

static void
set_pos(void *item, size_t pos)
{
	((struct live *)item)->pos = pos;
}

struct engine *
engine_new(const struct engine_config *config, const struct engine_ports *ports)
{
	struct engine *engine = mem_alloc(sizeof(*engine));
	engine->config = *config;
	engine->ports = *ports;
	engine->due_at = engine->stop_at = engine->prune_at = engine->zones_at = USEC_NEVER;
	heap_init(&engine->alarms, is_earlier, set_pos);
	return engine;
}

void
engine_free(struct engine *engine)
{
	if (!engine)
		return;
	assert(engine->nintents == 0);
	for (size_t at = 0; engine->lives.n; at = 0)
		live_free(engine, map_next(&engine->lives, &at));
	map_fini(&engine->lives);
	heap_fini(&engine->alarms);
	free(engine->claim_cursor);
	free(engine);
}

static void
take_starts(struct engine *engine, struct work *work)
{
	for (size_t i = 0; i < work->nstarts; i++) {
		struct start *start = &work->starts[i];
		struct live *live = live_new(engine, &start->run, &start->job);
		live->state = LIVE_CLAIMED;
		live_wait(engine, live);
	}
}

static void
claim_answered(struct engine *engine, struct intent *intent)
{
	engine->is_claiming = false;
	free(engine->claim_cursor);
	engine->claim_cursor = NULL;
	if (intent->err.code != ERR_NONE) {
		engine->not_before = engine->now + FAIL_PAUSE;
		return;
	}
	engine->claimed_until = intent->until;
	engine->claim_cursor = intent->cursor;
	intent->cursor = NULL; /* taken */
	live_tell_silences(engine, intent);
}

/*
 * Only a claim has looked at all that could go on and may put the next one off: another intent's
 * word on what is due next knows nothing of a slot that was freed before it. And one that went on
 * at a cursor has looked behind it only: what came up since the first queue was served may stand in
 * front of it, and needs one round more.
 */
static void
plan_claim(struct engine *engine, const struct intent *intent)
{
	const struct work *work = &intent->work;
	bool is_claim = intent->kind == INTENT_CLAIM, ends_round = is_claim && !intent->cursor;
	if (intent->err.code != ERR_NONE) {
		if (intent->kind == INTENT_ENDED) /* and gave away no slots of those before it */
			engine->due_at = engine->now;
		return;
	}
	if (work->wake_at >= 0)
		engine->due_at = is_claim ? work->wake_at : sooner(engine->due_at, work->wake_at);
	if (work->wake_by >= 0)
		engine->due_at = sooner(engine->due_at, work->wake_by);
	bool may_go_on = work->wake_by >= 0 && work->wake_by <= engine->now;
	engine->is_stirred |= may_go_on || (work->is_full && !is_claim);
	if (work->is_full || (ends_round && engine->is_stirred))
		engine->due_at = engine->now;
}

/* What was not put on record, and nobody would ask for again, a recovery finds. */
static void
look_again_if_failed(struct engine *engine, const struct intent *intent)
{
	if (intent->err.code == ERR_NONE)
		return;
	engine->needs_recovery = true;
	engine->not_before = engine->now + FAIL_PAUSE;
}

/*
 * Also of a change that was refused in the end: the stops of its earlier transactions are on
 * record. Which those are of one that failed, a recovery finds.
 */
static void
take_stops(struct engine *engine, const struct intent *intent)
{
	const struct work *work = &intent->work;
	enum err_code code = intent->err.code;
	if (work->nstops > 0 && (code == ERR_UNAVAILABLE || code == ERR_UNKNOWN_OUTCOME)) {
		look_again_if_failed(engine, intent);
		return;
	}
	for (size_t i = 0; i < work->nstops; i++) {
		const struct stop *stop = &work->stops[i];
		struct live *live = live_find(engine, stop->run_id, stop->attempt);
		if (live)
			live_stop(engine, live, stop);
	}
}

/* Every answer comes through here, before its asker hears it. */
static void
on_answer(struct intent *intent, void *arg)
{
	struct engine *engine = arg;
	engine->nintents--;
	plan_claim(engine, intent);
	switch (intent->kind) {
	case INTENT_UNFINISHED:
		recover_page(engine, intent);
		return;
	case INTENT_BOOT:
		engine->is_booted = intent->err.code == ERR_NONE;
		live_tell_silences(engine, intent);
		look_again_if_failed(engine, intent);
		break;
	case INTENT_REQUEUE:
		look_again_if_failed(engine, intent);
		break;
	case INTENT_CLAIM:
		claim_answered(engine, intent);
		break;
	case INTENT_ENDED:
		live_recorded(engine, intent);
		break;
	case INTENT_STOPPING:
		live_stopping(engine, intent);
		break;
	case INTENT_PRUNE:
		chores_prune_answered(engine, intent);
		break;
	case INTENT_CLOCK_STEP:
		steps_answered(engine, intent);
		break;
	case INTENT_ZONES:
		chores_zones_answered(engine, intent);
		break;
	default:
		break;
	}
	if (intent->kind <= INTENT_ENDED)
		chores_plan_prune(engine);
	take_stops(engine, intent);
	if (intent->err.code == ERR_NONE)
		take_starts(engine, &intent->work);
}

void
engine_send(struct engine *engine, struct intent *intent)
{
	intent->before = on_answer;
	intent->before_arg = engine;
	if (intent_is_change(intent->kind) && intent->kind < INTENT_CLAIM)
		intent->limit = engine->config.claim_batch;
	engine->nintents++;
	engine->ports.store->submit(engine->ports.store, intent);
}

void
engine_submit(struct engine *engine, struct intent *intent)
{
	engine->now = intent->now;
	engine_send(engine, intent);
}

void
engine_replay_started(struct engine *engine, int64_t run_id, int attempt, pid_t pid,
		      int64_t pid_start, usec_t at)
{
	if (live_find(engine, run_id, attempt))
		return;
	struct live *live =
		live_new(engine, &(struct run){ .id = run_id, .attempt = attempt }, NULL);
	live->state = LIVE_REPLAYED;
	live->started_at = at;
	live->pid = pid;
	live->pid_start = pid_start;
}

void
engine_recover(struct engine *engine, usec_t now)
{
	engine->now = engine->born_at = now;
	chores_begin(engine);
	recover_begin(engine);
}

void
engine_set_lookahead(struct engine *engine, usec_t lookahead)
{
	engine->config.lookahead = lookahead;
}

bool
engine_is_ready(const struct engine *engine)
{
	return engine->is_ready;
}

void
engine_run_started(struct engine *engine, int64_t run_id, int attempt, pid_t pid, int64_t pid_start,
		   usec_t at)
{
	struct live *live = live_find(engine, run_id, attempt);
	if (!live) {
		engine_replay_started(engine, run_id, attempt, pid, pid_start, at);
		return;
	}
	if (live->state != LIVE_STARTING)
		return;
	engine->late[engine->nlate++ % LATE_SAMPLES] =
		at > live->run.start_at ? at - live->run.start_at : 0;
	live->pid = pid;
	live->pid_start = pid_start;
	live_started(engine, live, at);
}

void
engine_run_ended(struct engine *engine, int64_t run_id, int attempt, struct outcome *outcome,
		 usec_t now)
{
	engine->now = now;
	struct live *live = live_find(engine, run_id, attempt);
	if (!live) {
		/* An end told again: the ledger has it, or its row waits in recovery. */
		engine_replay_started(engine, run_id, attempt, 0, 0, outcome->ended_at);
		live = live_find(engine, run_id, attempt);
	}
	if (!live) { /* a newer attempt of the run is live: this one is long on record */
		engine->ports.exec->forget(engine->ports.exec, run_id, attempt);
		outcome_close(outcome);
		return;
	}
	live_ended(engine, live, outcome);
}

void
engine_orphan_ended(struct engine *engine, int64_t run_id, int attempt, usec_t now)
{
	struct live *live = live_find(engine, run_id, attempt);
	engine->now = now;
	if (!live || live->state != LIVE_ORPHAN)
		return;
	struct outcome outcome = { .kind = OUTCOME_LOST,
				   .text = "crash",
				   .ended_at = now,
				   .cpu_us = -1,
				   .peak_kib = -1,
				   .output_fd = -1 };
	live_ended(engine, live, &outcome);
}

static bool
may_claim(const struct engine *engine)
{
	return engine->is_ready && !engine->is_held && !engine->needs_recovery &&
	       !engine->is_recovering && !engine->is_claiming && !engine->is_stopping &&
	       engine->store_state == STORE_OK && steps_are_recorded(engine);
}

/*
 * Ahead of the instant by the look-ahead, but never twice for one horizon: what the last claim
 * left because its decision may change is claimed at its instant.
 */
static usec_t
claim_at(const struct engine *engine)
{
	if (!may_claim(engine) || engine->due_at == USEC_NEVER)
		return USEC_NEVER;
	usec_t at = engine->due_at > engine->claimed_until
			    ? engine->due_at - engine->config.lookahead
			    : engine->due_at;
	return at > engine->not_before ? at : engine->not_before;
}

static void
claim(struct engine *engine)
{
	struct intent *intent = intent_new(INTENT_CLAIM, engine->now);
	intent->until = engine->now + engine->config.lookahead;
	intent->limit = engine->config.claim_batch;
	intent->cursor = engine->claim_cursor;
	engine->is_stirred &= engine->claim_cursor != NULL;
	engine->claim_cursor = NULL;
	engine->is_claiming = true;
	engine_send(engine, intent);
}

/* Its time to go on by itself is over. */
static void
end_all(struct engine *engine)
{
	struct live *live;
	size_t at = 0;
	engine->stop_at = USEC_NEVER;
	while ((live = map_next(&engine->lives, &at))) {
		bool stays = engine->is_restart && live->job && !job_is_http(live->job);
		if (!stays && (live->state == LIVE_STARTING || live->state == LIVE_RUNNING))
			live_stop(engine, live,
				  &(struct stop){ .how = STOP_SOFT, .reason = REASON_SHUTDOWN });
	}
}

/* A recovery that failed with the store is begun again. */
static usec_t
recover_at(const struct engine *engine)
{
	bool needs = engine->needs_recovery && !engine->is_recovering;
	return needs && engine->store_state == STORE_OK ? engine->not_before : USEC_NEVER;
}

void
engine_tick(struct engine *engine, usec_t now)
{
	struct live *live;
	engine->now = now;
	while ((live = heap_peek(&engine->alarms)) && live->alarm_at <= now)
		live_alarm(engine, live);
	if (claim_at(engine) <= now)
		claim(engine);
	if (engine->stop_at <= now)
		end_all(engine);
	chores_do(engine);
	if (recover_at(engine) <= now)
		recover_begin(engine);
	steps_tell(engine);
}

usec_t
engine_wake_at(const struct engine *engine)
{
	const struct live *live = heap_peek(&engine->alarms);
	usec_t at = sooner(live ? live->alarm_at : USEC_NEVER, claim_at(engine));
	at = sooner(at, chores_at(engine));
	at = sooner(at, sooner(recover_at(engine), steps_at(engine)));
	return sooner(at, engine->stop_at);
}

void
engine_store_changed(struct engine *engine, enum store_state state, usec_t now)
{
	bool is_healed = state == STORE_OK && engine->store_state != STORE_OK;
	engine->now = now;
	engine->store_state = state;
	/* A commit whose outcome was unknown may have made runs running that nobody started. */
	engine->needs_recovery |= is_healed && engine->born_at;
	if (recover_at(engine) <= now)
		recover_begin(engine);
}

/* What is to start does so at an instant, which may be far ahead now, or not at all: we stop. */
static void
hold_claimed(struct engine *engine)
{
	struct live *live;
	size_t at = 0;
	while ((live = map_next(&engine->lives, &at))) {
		size_t n = engine->lives.n;
		if (live->state == LIVE_CLAIMED)
			live_wait(engine, live);
		if (engine->lives.n < n)
			at = 0; /* the map has changed */
	}
}

void
engine_clock_was_ahead(struct engine *engine, usec_t from, usec_t now)
{
	engine->now = now;
	hold_claimed(engine);
	engine->claimed_until = 0;
	engine->not_before = engine->step_at = 0;
	steps_add(engine, from, now);
}

void
engine_clock_stepped(struct engine *engine, usec_t from, usec_t now)
{
	struct live *live;
	size_t at = 0;
	engine->now = now;
	/* What runs has its time-out in elapsed time. */
	while ((live = map_next(&engine->lives, &at))) {
		if (live->alarm != ALARM_START && live->alarm != ALARM_NONE) {
			live->alarm_at += now - from;
			heap_moved(&engine->alarms, live->pos);
		}
	}
	usec_t *const alarms[] = { &engine->stop_at, &engine->prune_at, &engine->zones_at };
	for (size_t i = 0; i < sizeof(alarms) / sizeof(alarms[0]); i++) {
		if (*alarms[i] != USEC_NEVER)
			*alarms[i] += now - from;
	}
	chores_stepped(engine, now - from);
	engine_clock_was_ahead(engine, from, now);
}

void
engine_hold(struct engine *engine)
{
	engine->is_held = true;
}

void
engine_go_on(struct engine *engine, usec_t now)
{
	engine->now = now;
	engine->is_held = false;
	engine->born_at = now; /* by a clock that may be believed */
	if (engine->is_ready)
		recover_boot(engine);
}

void
engine_stop(struct engine *engine, bool is_restart, usec_t now)
{
	engine->now = now;
	engine->is_stopping = true;
	engine->is_restart = is_restart;
	engine->stop_at = now + engine->config.stop_timeout;
	hold_claimed(engine);
}

bool
engine_is_idle(const struct engine *engine)
{
	struct live *live;
	size_t at = 0;
	if (engine->nintents > 0)
		return false;
	while ((live = map_next(&engine->lives, &at))) {
		bool stays = live->state == LIVE_ORPHAN || live->state == LIVE_REPLAYED ||
			     (engine->is_restart && live->job && !job_is_http(live->job));
		if (!stays)
			return false;
	}
	return true;
}

int
engine_output(struct engine *engine, int64_t run_id, struct outcome *outcome)
{
	struct live *live = map_get(&engine->lives, run_id);
	if (!live || !live->job || (live->state != LIVE_RUNNING && live->state != LIVE_STARTING))
		return 0;
	struct runner *runner = job_is_http(live->job) ? engine->ports.http : engine->ports.exec;
	outcome->output_fd = runner->output(runner, run_id, live->run.attempt);
	outcome->errors_fd =
		runner->errors ? runner->errors(runner, run_id, live->run.attempt) : -1;
	outcome->is_split = outcome->errors_fd >= 0;
	return live->run.attempt;
}
