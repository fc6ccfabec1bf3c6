/* The client: random requests, and what it was promised. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sim/sim.h"

static bool
can_be_asked(const struct sim *sim)
{
	return sim->engine && engine_is_ready(sim->engine) && !sim->is_restarting;
}

static const char *const zones[] = { "UTC", "Europe/Berlin", "America/New_York",
	                             "Australia/Lord_Howe" };

/* A WHEN that is due now and then in a simulated hour or two. */
static enum schedule_kind
draw_schedule(struct sim *sim, char *text, size_t size)
{
	static const char *const crons[] = { "* * * * *", "*/5 * * * *", "0,30 * * * *",
		                             "*/7 * * * *", "15 2 * * *" };
	char now[SCHEDULE_TIME_MAX];
	switch (sim_random(sim, 9)) {
	case 0:
	case 1:
		snprintf(text, size, "%s", crons[sim_random(sim, 5)]);
		return SCHEDULE_CRON;
	case 2:
		text[0] = '\0';
		return SCHEDULE_ON_START;
	case 3:
	case 4:
		schedule_print_time(NULL, sim_now(sim) + (usec_t)sim_random(sim, 600000000), now);
		snprintf(text, size, "%s", now);
		return SCHEDULE_AT;
	default:
		snprintf(text, size, "%dms", 500 + (int)sim_random(sim, 120000));
		return SCHEDULE_EVERY;
	}
}

static void
change(struct intent *intent, const char *name, const char *text, enum schedule_kind kind)
{
	intent->changes = mem_resize(intent->changes, intent->nchanges + 1,
	                             sizeof(*intent->changes));
	intent->changes[intent->nchanges++] =
		(struct change){ .field = field_find(name, strlen(name)),
		                 .kind = kind,
		                 .text = mem_dup(text),
		                 .len = strlen(text) };
}

static void
draw_policies(struct sim *sim, struct intent *intent)
{
	static const char *const queues[] = { "default", "default", "narrow", "narrow",
					      "a",       "b",       "o",      "z" };
	static const char *const overlaps[] = { "skip", "queue", "cancel", "kill", "allow" };
	static const char *const misseds[] = { "skip", "once", "all" };
	static const char *const priorities[] = { "0", "6", "9" };
	static const char *const deadlines[] = { "0", "2s", "1m" };
	change(intent, "overlap", overlaps[sim_random(sim, 5)], 0);
	change(intent, "missed", misseds[sim_random(sim, 3)], 0);
	if (sim_chance(sim, 30))
		change(intent, "retries", "2", 0);
	if (sim_chance(sim, 30))
		change(intent, "timeout", "20s", 0);
	if (sim_chance(sim, 20))
		change(intent, "on-lost", "retry", 0);
	if (sim->has_deadlines && sim_chance(sim, 30))
		change(intent, "start-deadline", deadlines[sim_random(sim, 3)], 0);
	if (sim_chance(sim, 30))
		change(intent, "priority", priorities[sim_random(sim, 3)], 0);
	if (sim_chance(sim, 20))
		change(intent, "jitter", "3s", 0);
	if (sim_chance(sim, 20))
		change(intent, "splay", "5s", 0);
	if (sim_chance(sim, 10))
		change(intent, "max-runs", "5", 0);
	if (sim_chance(sim, 10))
		change(intent, "pause-after", "3", 0);
	change(intent, "retry-delay", "5s", 0);
	change(intent, "queue", queues[sim_random(sim, 8)], 0);
}

struct request {
	struct sim *sim;
	struct schedule_era era;
	size_t promise;
	/* Of an add: what it asked, for the repetition with the same key. */
	int64_t number;
	struct change *changes;
	size_t nchanges;
	int ntimes;
};

static void
start_era(struct promise *promise, const struct schedule_era *era, usec_t from, usec_t began_at)
{
	if (promise->neras == 32) {
		promise->is_unsure = true;
		return;
	}
	promise->eras[promise->neras] = *era;
	promise->eras[promise->neras].began_at = began_at;
	promise->eras[promise->neras++].from = from;
}

static void
free_request(struct request *request)
{
	for (size_t i = 0; i < request->nchanges; i++)
		free(request->changes[i].text);
	free(request->changes);
	free(request);
}

static struct promise *
find_promise(struct sim *sim, int64_t number)
{
	for (size_t i = 0; i < sim->npromises; i++) {
		if (sim->promises[i].number == number)
			return &sim->promises[i];
	}
	return NULL;
}

static void
keep_promise(struct sim *sim, const struct request *request, const struct intent *intent)
{
	struct promise *promise = find_promise(sim, request->number);
	if (promise && promise->job_id != intent->job_id)
		sim_fail(sim, "request %lld made jobs %lld and %lld", (long long)request->number,
			 (long long)promise->job_id, (long long)intent->job_id);
	if (promise || sim->npromises == SIM_PROMISES_MAX)
		return;
	promise = &sim->promises[sim->npromises++];
	*promise = (struct promise){ .job_id = intent->job_id, .number = request->number };
	/* Which of its commits made it, the first or the repeated one, the job itself says. */
	struct job job;
	struct err err = { 0 };
	if (sim->disk->ops->job_load(sim->disk, intent->job_id, &job, &err) != BACKEND_OK)
		sim_fail(sim, "job %lld was acknowledged and is gone", (long long)intent->job_id);
	start_era(promise, &request->era, job.created_at, sim->mono);
	promise->pauses_itself = job.pause_after > 0;
	job_fini(&job);
}

/* Who does not know whether it happened asks again, and so does now and then who does. */
static void
added(struct intent *intent, void *arg)
{
	struct request *request = arg;
	struct sim *sim = request->sim;
	if (intent->err.code == ERR_NONE)
		keep_promise(sim, request, intent);
	else if (intent->err.code == ERR_INVALID && request->ntimes == 1)
		sim_fail(sim, "add refused: %s: %s", intent->err.field, intent->err.text);
	bool is_sure = intent->err.code == ERR_NONE || intent->err.code == ERR_INVALID;
	if (request->ntimes < 4 && (is_sure ? sim_chance(sim, 10) : sim_chance(sim, 90)))
		sim_at(sim, (usec_t)sim_random(sim, 5 * USEC_PER_SEC), EVENT_REPEAT, request);
	else
		free_request(request);
}

static void
submit_add(struct sim *sim, struct request *request)
{
	struct intent *intent = intent_new(INTENT_JOB_ADD, sim_now(sim));
	request->ntimes++;
	intent->job = mem_alloc(sizeof(*intent->job));
	job_init(intent->job);
	for (size_t i = 0; i < request->nchanges; i++) {
		const struct change *asked = &request->changes[i];
		change(intent, asked->field->name, asked->text, asked->kind);
	}
	snprintf(intent->key, sizeof(intent->key), "add-%lld", (long long)request->number);
	intent->key_hash = (uint64_t)request->number;
	intent->done = added;
	intent->arg = request;
	engine_submit(sim->engine, intent);
}

void
sim_client_repeat(struct sim *sim, void *arg)
{
	struct request *request = arg;
	if (sim->mono >= sim->quiet_at)
		free_request(request);
	else if (!can_be_asked(sim))
		sim_at(sim, USEC_PER_SEC, EVENT_REPEAT, request);
	else
		submit_add(sim, request);
}

/* A command, or a request that may be repeated, or one that may not. */
static void
draw_action(struct sim *sim, struct intent *intent)
{
	if (sim_chance(sim, 70)) {
		change(intent, "command", "true", 0);
		return;
	}
	change(intent, "url", "http://127.0.0.1:1/", 0);
	change(intent, "method", sim_chance(sim, 50) ? "GET" : "POST", 0);
}

static void
add(struct sim *sim)
{
	struct intent *draft = intent_new(INTENT_JOB_ADD, sim_now(sim));
	struct request *request = mem_alloc(sizeof(*request));
	request->sim = sim;
	request->number = sim->nrequests;
	request->era.kind =
		draw_schedule(sim, request->era.text, sizeof(request->era.text));
	snprintf(request->era.tz, sizeof(request->era.tz), "%s", zones[sim_random(sim, 4)]);
	draw_action(sim, draft);
	change(draft, "tz", request->era.tz, 0);
	change(draft, "schedule", request->era.text, request->era.kind);
	draw_policies(sim, draft);
	request->changes = draft->changes; /* taken */
	request->nchanges = draft->nchanges;
	draft->changes = NULL;
	draft->nchanges = 0;
	intent_free(draft);
	submit_add(sim, request);
}

static void
edited(struct intent *intent, void *arg)
{
	struct request *request = arg;
	struct promise *promise = &request->sim->promises[request->promise];
	if (intent->err.code == ERR_NONE)
		start_era(promise, &request->era, intent->now, request->sim->mono);
	else if (intent->err.code == ERR_UNKNOWN_OUTCOME)
		promise->is_unsure = true;
	free_request(request);
}

static void
submit_edit(struct sim *sim, size_t which, const struct schedule_era *era)
{
	struct intent *intent = intent_new(INTENT_JOB_SET, sim_now(sim));
	struct request *request = mem_alloc(sizeof(*request));
	request->sim = sim;
	request->promise = which;
	request->era = *era;
	intent->ref.id = sim->promises[which].job_id;
	change(intent, "schedule", era->text, era->kind);
	intent->done = edited;
	intent->arg = request;
	engine_submit(sim->engine, intent);
}

static void
edit(struct sim *sim, size_t which)
{
	struct promise *promise = &sim->promises[which];
	struct schedule_era era = promise->eras[promise->neras - 1];
	era.kind = draw_schedule(sim, era.text, sizeof(era.text));
	submit_edit(sim, which, &era);
}

/* What was edited a moment ago is to be again as it was. */
void
sim_client_undo(struct sim *sim, struct promise *promise)
{
	if (can_be_asked(sim))
		submit_edit(sim, (size_t)(promise - sim->promises), &promise->former);
}

static void
cancelled(struct intent *intent, void *arg)
{
	struct request *request = arg;
	struct promise *promise = &request->sim->promises[request->promise];
	if (intent->err.code == ERR_NONE) {
		promise->is_unsure |= promise->ncancels > 1;
		promise->is_cancelled = true;
		promise->cancelled_at = intent->now;
		promise->over_at = request->sim->mono;
	} else if (intent->err.code == ERR_UNKNOWN_OUTCOME) {
		promise->is_unsure = true;
	}
	free_request(request);
}

static void
start_pause(struct promise *promise, usec_t now)
{
	struct pause *last = promise->npauses ? &promise->pauses[promise->npauses - 1] : NULL;
	if (last && last->to == 0)
		return;
	if (promise->npauses == 32)
		promise->is_unsure = true;
	else
		promise->pauses[promise->npauses++] = (struct pause){ .from = now };
}

static void
switched(struct intent *intent, void *arg)
{
	struct request *request = arg;
	struct promise *promise = &request->sim->promises[request->promise];
	if (intent->err.code == ERR_UNKNOWN_OUTCOME)
		promise->is_unsure = true;
	else if (intent->err.code == ERR_NONE && intent->kind == INTENT_JOB_PAUSE)
		start_pause(promise, intent->now);
	else if (intent->err.code == ERR_NONE && promise->npauses > 0 &&
		 promise->pauses[promise->npauses - 1].to == 0)
		promise->pauses[promise->npauses - 1].to = intent->now;
	free_request(request);
}

static void
ask(struct sim *sim, enum intent_kind kind, size_t which)
{
	struct intent *intent = intent_new(kind, sim_now(sim));
	intent->ref.id = sim->promises[which].job_id;
	if (kind == INTENT_JOB_RESUME)
		sim->calm_since = sim->mono; /* what is due since is claimed from now on */
	intent->with_running = sim_chance(sim, 50) && kind == INTENT_JOB_CANCEL;
	intent->is_forced = sim_chance(sim, 20);
	if (kind != INTENT_JOB_RUN) {
		struct request *request = mem_alloc(sizeof(*request));
		request->sim = sim;
		request->promise = which;
		intent->done = kind == INTENT_JOB_CANCEL ? cancelled : switched;
		sim->promises[which].ncancels += kind == INTENT_JOB_CANCEL;
		intent->arg = request;
	}
	engine_submit(sim->engine, intent);
}

/* Some slots more or less, or none for a while. */
static void
set_queue(struct sim *sim)
{
	struct intent *intent = intent_new(INTENT_QUEUE_SET, sim_now(sim));
	intent->who.is_operator = true;
	snprintf(intent->queue.name, sizeof(intent->queue.name), "narrow");
	sim->calm_since = sim->mono;
	intent->queue.concurrency = 1 + (int)sim_random(sim, 3);
	intent->queue.is_paused = sim_chance(sim, 30);
	if (sim->narrow_max < intent->queue.concurrency)
		sim->narrow_max = intent->queue.concurrency;
	engine_submit(sim->engine, intent);
}

/*
 * At the very instant, or within the time that is looked ahead: an edit that changes it, now and then
 * taken back at once, or one that leaves it as it is; or a pause that is over in a moment.
 */
void
sim_client_edge(struct sim *sim, struct promise *promise)
{
	if (!can_be_asked(sim))
		return;
	sim->nedges++;
	if (sim_chance(sim, 60)) {
		promise->former = promise->eras[promise->neras - 1];
		edit(sim, (size_t)(promise - sim->promises));
		if (sim_chance(sim, 50))
			sim_at(sim, (usec_t)sim_random(sim, 500 * USEC_PER_MSEC), EVENT_UNDO, promise);
		return;
	}
	if (sim_chance(sim, 30)) {
		ask(sim, INTENT_JOB_PAUSE, (size_t)(promise - sim->promises));
		ask(sim, INTENT_JOB_RESUME, (size_t)(promise - sim->promises));
		return;
	}
	struct intent *intent = intent_new(INTENT_JOB_SET, sim_now(sim));
	intent->ref.id = promise->job_id;
	change(intent, "priority", sim_chance(sim, 50) ? "3" : "7", 0);
	engine_submit(sim->engine, intent);
}

static void
plan_edge(struct sim *sim, struct promise *promise)
{
	struct job job;
	struct err err = { 0 };
	if (sim->disk->ops->job_load(sim->disk, promise->job_id, &job, &err) != BACKEND_OK)
		return;
	usec_t ahead = sim_chance(sim, 50) ? USEC_PER_MSEC : USEC_PER_SEC;
	usec_t wait = job.next_due - sim_now(sim) - ahead;
	if (job.state == JOB_ACTIVE && wait > 0 && wait < 2 * USEC_PER_MIN)
		sim_at(sim, wait + (usec_t)sim_random(sim, (uint64_t)ahead + USEC_PER_MSEC), EVENT_EDGE,
		       promise);
	job_fini(&job);
}

static void
stop_run(struct sim *sim)
{
	struct process *process;
	size_t at = sim_random(sim, sim->processes.cap + 1);
	if (!(process = map_next(&sim->processes, &at)))
		return;
	struct intent *intent = intent_new(INTENT_RUN_CANCEL, sim_now(sim));
	intent->run_id = process->run_id;
	engine_submit(sim->engine, intent);
}

void
sim_client_act(struct sim *sim)
{
	if (sim->mono >= sim->quiet_at)
		return;
	sim_at(sim, (usec_t)sim_random(sim, 10 * USEC_PER_SEC), EVENT_CLIENT, NULL);
	if (!can_be_asked(sim))
		return;
	sim->nrequests++;
	size_t which = sim->npromises ? sim_random(sim, sim->npromises) : 0;
	uint64_t dice = sim_random(sim, 100);
	if (sim->npromises == 0 || (dice < 40 && sim->npromises < SIM_PROMISES_MAX))
		add(sim);
	else if (dice < 47)
		edit(sim, which);
	else if (dice < 53)
		plan_edge(sim, &sim->promises[which]);
	else if (dice < 55)
		set_queue(sim);
	else if (dice < 63)
		ask(sim, INTENT_JOB_PAUSE, which);
	else if (dice < 74)
		ask(sim, INTENT_JOB_RESUME, which);
	else if (dice < 86)
		ask(sim, INTENT_JOB_RUN, which);
	else if (dice < 93)
		stop_run(sim);
	else
		ask(sim, INTENT_JOB_CANCEL, which);
}
