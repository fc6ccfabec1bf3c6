/* The client and the fates: random requests, crashes, reboots, clocks that are set. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sim/sim.h"

static const char *const zones[] = { "UTC", "Europe/Berlin", "America/New_York",
	                             "Australia/Lord_Howe" };

/* A WHEN that is due now and then in a simulated hour or two. */
static enum schedule_kind
draw_schedule(struct sim *sim, char *text, size_t size)
{
	static const char *const crons[] = { "* * * * *", "*/5 * * * *", "0,30 * * * *",
		                             "*/7 * * * *", "15 2 * * *" };
	char now[SCHEDULE_TIME_MAX];
	switch (sim_random(sim, 4)) {
	case 0:
		snprintf(text, size, "%s", crons[sim_random(sim, 5)]);
		return SCHEDULE_CRON;
	case 1:
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
	static const char *const overlaps[] = { "skip", "queue", "cancel", "kill", "allow" };
	static const char *const misseds[] = { "skip", "once", "all" };
	static const char *const deadlines[] = { "0", "2s", "1m" };
	change(intent, "overlap", overlaps[sim_random(sim, 5)], 0);
	change(intent, "missed", misseds[sim_random(sim, 3)], 0);
	if (sim_chance(sim, 30))
		change(intent, "retries", "2", 0);
	if (sim_chance(sim, 30))
		change(intent, "timeout", "20s", 0);
	if (sim_chance(sim, 20))
		change(intent, "on-lost", "retry", 0);
	if (sim_chance(sim, 30))
		change(intent, "start-deadline", deadlines[sim_random(sim, 3)], 0);
	if (sim_chance(sim, 20))
		change(intent, "jitter", "3s", 0);
	if (sim_chance(sim, 20))
		change(intent, "splay", "5s", 0);
	if (sim_chance(sim, 10))
		change(intent, "max-runs", "5", 0);
	if (sim_chance(sim, 10))
		change(intent, "pause-after", "3", 0);
	change(intent, "retry-delay", "5s", 0);
	change(intent, "queue", sim_chance(sim, 50) ? "default" : "narrow", 0);
}

struct request {
	struct sim *sim;
	struct schedule_era era;
	size_t promise;
};

static void
start_era(struct promise *promise, const struct schedule_era *era, usec_t from)
{
	if (promise->neras == 32) {
		promise->is_unsure = true;
		return;
	}
	promise->eras[promise->neras] = *era;
	promise->eras[promise->neras++].from = from;
}

static void
added(struct intent *intent, void *arg)
{
	struct request *request = arg;
	struct sim *sim = request->sim;
	if (intent->err.code == ERR_NONE && sim->npromises < SIM_PROMISES_MAX) {
		struct promise *promise = &sim->promises[sim->npromises++];
		*promise = (struct promise){ .job_id = intent->job_id };
		start_era(promise, &request->era, intent->now);
	} else if (intent->err.code == ERR_INVALID) {
		sim_fail(sim, "add refused: %s: %s", intent->err.field, intent->err.text);
	}
	free(request);
}

static void
add(struct sim *sim)
{
	struct intent *intent = intent_new(INTENT_JOB_ADD, sim_now(sim));
	struct request *request = mem_alloc(sizeof(*request));
	request->sim = sim;
	request->era.kind =
		draw_schedule(sim, request->era.text, sizeof(request->era.text));
	snprintf(request->era.tz, sizeof(request->era.tz), "%s", zones[sim_random(sim, 4)]);
	intent->job = mem_alloc(sizeof(*intent->job));
	job_init(intent->job);
	change(intent, "command", "true", 0);
	change(intent, "tz", request->era.tz, 0);
	change(intent, "schedule", request->era.text, request->era.kind);
	draw_policies(sim, intent);
	snprintf(intent->key, sizeof(intent->key), "add-%lld", (long long)sim->nrequests);
	intent->done = added;
	intent->arg = request;
	engine_submit(sim->engine, intent);
}

static void
edited(struct intent *intent, void *arg)
{
	struct request *request = arg;
	struct promise *promise = &request->sim->promises[request->promise];
	if (intent->err.code == ERR_NONE)
		start_era(promise, &request->era, intent->now);
	else if (intent->err.code == ERR_UNKNOWN_OUTCOME)
		promise->is_unsure = true;
	free(request);
}

static void
edit(struct sim *sim, size_t which)
{
	struct intent *intent = intent_new(INTENT_JOB_SET, sim_now(sim));
	struct request *request = mem_alloc(sizeof(*request));
	struct promise *promise = &sim->promises[which];
	request->sim = sim;
	request->promise = which;
	request->era = promise->eras[promise->neras - 1];
	request->era.kind = draw_schedule(sim, request->era.text, sizeof(request->era.text));
	intent->ref.id = promise->job_id;
	change(intent, "schedule", request->era.text, request->era.kind);
	intent->done = edited;
	intent->arg = request;
	engine_submit(sim->engine, intent);
}

static void
cancelled(struct intent *intent, void *arg)
{
	struct request *request = arg;
	struct promise *promise = &request->sim->promises[request->promise];
	if (intent->err.code == ERR_NONE) {
		promise->is_cancelled = true;
		promise->cancelled_at = intent->now;
	} else if (intent->err.code == ERR_UNKNOWN_OUTCOME) {
		promise->is_unsure = true;
	}
	free(request);
}

static void
ask(struct sim *sim, enum intent_kind kind, size_t which)
{
	struct intent *intent = intent_new(kind, sim_now(sim));
	intent->ref.id = sim->promises[which].job_id;
	intent->with_running = sim_chance(sim, 50);
	intent->is_forced = sim_chance(sim, 20);
	if (kind == INTENT_JOB_CANCEL) {
		struct request *request = mem_alloc(sizeof(*request));
		request->sim = sim;
		request->promise = which;
		intent->done = cancelled;
		intent->arg = request;
	}
	engine_submit(sim->engine, intent);
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
	if (!sim->engine || !engine_is_ready(sim->engine))
		return;
	sim->nrequests++;
	size_t which = sim->npromises ? sim_random(sim, sim->npromises) : 0;
	uint64_t dice = sim_random(sim, 100);
	if (sim->npromises == 0 || (dice < 40 && sim->npromises < SIM_PROMISES_MAX))
		add(sim);
	else if (dice < 55)
		edit(sim, which);
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

static void
step_clock(struct sim *sim)
{
	static const usec_t steps[] = { USEC_PER_SEC, 90 * USEC_PER_SEC, USEC_PER_HOUR,
		                        5 * USEC_PER_HOUR };
	usec_t from = sim_now(sim), step = steps[sim_random(sim, 4)];
	sim->offset += sim_chance(sim, 50) ? step : -step;
	sim_say(sim, "clock set by %lld s", (long long)((sim_now(sim) - from) / USEC_PER_SEC));
	if (!sim->engine)
		return;
	if (sim->nsteps < SIM_STEPS_MAX)
		sim->steps[sim->nsteps++] = (struct clock_step){ sim_now(sim), sim->life };
	engine_clock_stepped(sim->engine, from, sim_now(sim));
}

/* What may go wrong, goes wrong now. */
void
sim_fault(struct sim *sim)
{
	if (sim->mono >= sim->quiet_at)
		return;
	sim_at(sim, (usec_t)sim_random(sim, 120 * USEC_PER_SEC), EVENT_FAULT, NULL);
	uint64_t dice = sim_random(sim, 100);
	if (dice >= 85 && sim->has_steps) {
		step_clock(sim);
		return;
	}
	if (dice >= 70 && sim->has_spawner_deaths) {
		bool is_reboot = sim_chance(sim, 40);
		sim->boot_number += is_reboot;
		sim_spawner_die(sim, is_reboot || sim_chance(sim, 30));
	} else {
		sim_daemon_kill(sim);
	}
	sim_at(sim, (usec_t)sim_random(sim, sim_chance(sim, 20) ? 300000000 : 2000000), EVENT_BOOT,
	       NULL);
}
