/*
 * The invariants. At every start: no attempt begins twice, none before its instant, limits hold,
 * no overlap that the policy forbids. At rest: acknowledged jobs are there, every due instant has
 * exactly one row, everything that began has ended.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "model/request.h"
#include "sim/sim.h"

/* Nothing that may go on is left lying for so long, once the faults are over. */
#define PATIENCE (5 * USEC_PER_SEC)

/* The ledger has heard of a step of the clock by then, also from a store that was in trouble. */
#define STEP_TOLD (20 * USEC_PER_SEC)

/* What was asked is applied by then, when it is answered. */
#define ASKED_LONG (30 * USEC_PER_SEC)

struct runs {
	const struct run *runs;
	size_t n;
};

static void
begin(struct sim *sim)
{
	struct err err = { 0 };
	if (sim->disk->ops->begin(sim->disk, &err) != BACKEND_OK)
		sim_fail(sim, "check: begin: %s", err.text);
}

static void
load(struct sim *sim, const struct process *process, struct run *run, struct job *job)
{
	struct err err = { 0 };
	struct backend *disk = sim->disk;
	if (disk->ops->run_load(disk, process->run_id, run, &err) != BACKEND_OK ||
	    disk->ops->job_load(disk, run->job_id, job, &err) != BACKEND_OK)
		sim_fail(sim, "run %lld starts and is not on record", (long long)process->run_id);
}

static void
check_first_start(struct sim *sim, const struct process *process)
{
	intptr_t last = (intptr_t)map_get(&sim->starts, process->run_id);
	if (process->attempt <= last)
		sim_fail(sim, "run %lld starts attempt %d a second time",
		         (long long)process->run_id, process->attempt);
	map_put(&sim->starts, process->run_id, (void *)(intptr_t)process->attempt);
	sim->nruns++;
}

/* At most once, unless the job says otherwise: a lost attempt is followed by no other. */
static void
check_may_repeat(struct sim *sim, const struct process *process, const struct job *job)
{
	struct backend *disk = sim->disk;
	struct attempt before;
	struct err err = { 0 };
	if (process->attempt == 1)
		return;
	if (disk->ops->attempt_load(disk, process->run_id, process->attempt - 1, &before, &err) !=
		    BACKEND_OK ||
	    before.ended_at == 0)
		sim_fail(sim, "run %lld starts attempt %d before the one before it has ended",
			 (long long)process->run_id, process->attempt);
	if (before.outcome.kind == OUTCOME_LOST && !job_is_http(job) && !sim->has_spawner_deaths)
		sim_fail(sim, "run %lld was lost although its spawner lived",
			 (long long)process->run_id);
	bool may_repeat =
		job_is_http(job) ? request_may_repeat(job) : job->on_lost == ON_LOST_RETRY;
	if (before.outcome.kind == OUTCOME_LOST && !may_repeat)
		sim_fail(sim, "run %lld was lost and starts again", (long long)process->run_id);
	if (process->attempt > RUN_LOST_ATTEMPTS_MAX + job->retries)
		sim_fail(sim, "run %lld comes back for ever", (long long)process->run_id);
}

/* An attempt ends once, and a run that is over stays as it is. */
void
sim_check_end(void *arg, const struct run_event *event)
{
	struct sim *sim = arg;
	const struct run *run = event->run;
	if (event->kind != RUN_EVENT_ENDED)
		return;
	intptr_t last = (intptr_t)map_get(&sim->ends, run->id);
	if (run->attempt <= last / RUN_NSTATES)
		sim_fail(sim, "run %lld ends attempt %d a second time", (long long)run->id,
			 run->attempt);
	map_put(&sim->ends, run->id,
		(void *)(intptr_t)(run->attempt * RUN_NSTATES + (int)run->state));
}

static void
check_limits(struct sim *sim, const struct job *job)
{
	struct queue queue;
	struct err err = { 0 };
	struct backend *disk = sim->disk;
	if (disk->ops->queue_load(disk, job->queue, &queue, &err) != BACKEND_OK)
		sim_fail(sim, "queue %s: %s", job->queue, err.text);
	int most = strcmp(queue.name, "narrow") == 0 ? sim->narrow_max : queue.concurrency;
	if (queue.nrunning > most)
		sim_fail(sim, "queue %s has %lld running, more than %d", queue.name,
			 (long long)queue.nrunning, most);
}

static void
check_overlap(struct sim *sim, const struct process *process, const struct run *run,
              const struct job *job)
{
	struct process *other;
	size_t at = 0;
	if (job->overlap == OVERLAP_ALLOW || run->is_forced || run->is_catchup)
		return;
	while ((other = map_next(&sim->processes, &at))) {
		struct run others;
		struct job same;
		if (other->job_id != process->job_id || other->is_over)
			continue;
		load(sim, other, &others, &same);
		job_fini(&same);
		/* An orphan whose start never reached the ledger is lost there, and may live. */
		if (!others.is_forced && !others.is_catchup && others.state == RUN_RUNNING)
			sim_fail(sim, "runs %lld and %lld of job %lld overlap",
			         (long long)process->run_id, (long long)other->run_id,
			         (long long)process->job_id);
	}
}

void
sim_check_start(struct sim *sim, const struct process *process)
{
	struct run run;
	struct job job;
	begin(sim);
	load(sim, process, &run, &job);
	if (run.state != RUN_RUNNING || run.attempt != process->attempt)
		sim_fail(sim, "run %lld starts while it is %s, attempt %d",
		         (long long)run.id, run_state_name(run.state), run.attempt);
	if (!sim->has_steps && sim_now(sim) < run.start_at)
		sim_fail(sim, "run %lld starts early", (long long)run.id);
	check_first_start(sim, process);
	check_may_repeat(sim, process, &job);
	check_limits(sim, &job);
	check_overlap(sim, process, &run, &job);
	job_fini(&job);
	sim->disk->ops->rollback(sim->disk);
}

static size_t
load_runs(struct sim *sim, struct run **runs)
{
	struct backend *disk = sim->disk;
	struct store_stats stats;
	struct err err = { 0 };
	size_t n = 0, cap = 0;
	*runs = NULL;
	disk->ops->stats(disk, &stats, &err);
	for (int64_t id = 1; n < (size_t)stats.nruns; id++) {
		struct run run;
		if (id > 1000000)
			sim_fail(sim, "the ledger says %lld runs and has %zu",
			         (long long)stats.nruns, n);
		if (disk->ops->run_load(disk, id, &run, &err) != BACKEND_OK)
			continue;
		if (n == cap) {
			cap = cap ? 2 * cap : 256;
			*runs = mem_resize(*runs, cap, sizeof(**runs));
		}
		(*runs)[n++] = run;
	}
	return n;
}

/* A spawner that lives loses nothing, and a planned restart not even requests. */
static void
check_lost(struct sim *sim, const struct run *run)
{
	struct job job;
	struct err err = { 0 };
	if (run->state != RUN_LOST || (sim->has_faults && sim->has_spawner_deaths))
		return;
	if (sim->disk->ops->job_load(sim->disk, run->job_id, &job, &err) != BACKEND_OK)
		return;
	if (!sim->has_faults || !job_is_http(&job))
		sim_fail(sim, "run %lld was lost for nothing", (long long)run->id);
	job_fini(&job);
}

static void
check_runs_ended(struct sim *sim, const struct run *runs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!run_is_terminal(runs[i].state))
			sim_fail(sim, "run %lld of job %lld is still %s at rest (gate %d, start %lld s)",
			         (long long)runs[i].id, (long long)runs[i].job_id,
			         run_state_name(runs[i].state), runs[i].gate,
			         (long long)((runs[i].start_at - sim_now(sim)) / USEC_PER_SEC));
		if (runs[i].ended_at == 0)
			sim_fail(sim, "run %lld ended at no time", (long long)runs[i].id);
		intptr_t told = (intptr_t)map_get(&sim->ends, runs[i].id);
		if (run_is_terminal((enum run_state)(told % RUN_NSTATES)) &&
		    (int)runs[i].state != (int)(told % RUN_NSTATES))
			sim_fail(sim, "run %lld ended as %s and is %s", (long long)runs[i].id,
				 run_state_name((enum run_state)(told % RUN_NSTATES)),
				 run_state_name(runs[i].state));
		check_lost(sim, &runs[i]);
		if (runs[i].reason == REASON_SIGNAL && !sim->has_untold_stops)
			sim_fail(sim, "run %lld ended by a signal, and why is on no record",
				 (long long)runs[i].id);
	}
	if (sim->processes.n)
		sim_fail(sim, "%zu processes are not forgotten at rest", sim->processes.n);
}

/* What is skipped for a pause fell into one, or waited when one began. */
static void
check_was_paused(struct sim *sim, const struct promise *promise, const struct run *run, usec_t due)
{
	if (run->state != RUN_SKIPPED || run->reason != REASON_PAUSED || promise->pauses_itself)
		return;
	for (size_t i = 0; i < promise->npauses; i++) {
		const struct pause *pause = &promise->pauses[i];
		if (pause->from <= run->ended_at && (pause->to == 0 || due <= pause->to))
			return;
	}
	sim_fail(
		sim,
		"run %lld of job %lld (due %lld s of the world) is skipped for a pause that was none",
		(long long)run->id, (long long)promise->job_id,
		(long long)((due - sim->offset) / USEC_PER_SEC));
}

static void
check_covered_once(struct sim *sim, const struct promise *promise, const struct job *job,
		   usec_t due, const struct runs *all)
{
	const struct run *runs = all->runs;
	size_t n = all->n;
	int covering = 0;
	for (size_t i = 0; i < n; i++) {
		const struct run *run = &runs[i];
		if (run->job_id != job->id || run->trigger != TRIGGER_SCHEDULE || run->due > due ||
		    due > run->last_due)
			continue;
		covering++;
		check_was_paused(sim, promise, run, due);
		if (run->reason == REASON_OVERLAP && run->state == RUN_SKIPPED &&
		    run->ended_at < run->last_due)
			sim_fail(sim, "run %lld of job %lld is skipped before its instant",
				 (long long)run->id, (long long)job->id);
		/* An edit before the instant ends only what the new schedule has no more. */
		if (run->reason == REASON_EDITED && run->ended_at < due)
			sim_fail(sim, "run %lld of job %lld was due still and is edited away",
				 (long long)run->id, (long long)job->id);
	}
	if (covering == 1)
		return;
	char text[SCHEDULE_TIME_MAX];
	sim_fail(sim, "job %lld (%s): the instant %s has %d rows", (long long)job->id,
	         job->schedule, schedule_print_time(NULL, due, text), covering);
}

static void
check_era(struct sim *sim, const struct promise *promise, const struct job *job, size_t number,
	  const struct runs *runs)
{
	const struct schedule_era *era = &promise->eras[number];
	bool is_last = number + 1 == promise->neras;
	usec_t end = is_last ? promise->cancelled_at : promise->eras[number + 1].from;
	usec_t over_at = is_last ? promise->over_at : promise->eras[number + 1].began_at;
	usec_t from = era->from;
	const struct clock_step *step = sim->nsteps ? &sim->steps[sim->nsteps - 1] : NULL;
	if (step && era->began_at <= step->at + STEP_TOLD)
		from = step->to + STEP_TOLD;
	if (end == 0 || (step && over_at <= step->at))
		return;
	struct schedule schedule;
	struct err err = { 0 };
	struct schedule_context context = { .zones = sim->zones,
		                            .tz = era->tz,
		                            .now = era->from,
		                            .anchor = job->created_at,
		                            .seed = job->seed };
	if (schedule_parse(&schedule, era->kind, era->text, &context, &err) < 0)
		sim_fail(sim, "%s: %s", era->text, err.text);
	for (usec_t due = schedule_next(&schedule, from, NULL); due <= end;
	     due = schedule_next(&schedule, due, NULL))
		check_covered_once(sim, promise, job, due, runs);
	schedule_fini(&schedule);
}

/* How many rows of the job stand for that boot. */
static int
count_boot_rows(const struct boot *boot, int64_t job_id, const struct runs *all)
{
	int nrows = 0;
	for (size_t i = 0; i < all->n; i++) {
		const struct run *run = &all->runs[i];
		bool covers = false;
		for (size_t j = 0; j < boot->nats; j++)
			covers |= run->due <= boot->ats[j] && boot->ats[j] <= run->last_due;
		nrows += covers && run->job_id == job_id && run->trigger == TRIGGER_SCHEDULE;
	}
	return nrows;
}

/* Every boot that is on record has one row of a job that was there before and long after. */
static void
check_boots(struct sim *sim, const struct promise *promise, size_t number, const struct runs *runs)
{
	const struct schedule_era *era = &promise->eras[number];
	bool is_last = number + 1 == promise->neras;
	usec_t over_at = is_last ? promise->over_at : promise->eras[number + 1].began_at;
	if (era->kind != SCHEDULE_ON_START || promise->npauses > 0 || promise->pauses_itself)
		return;
	for (int i = 0; i <= sim->boot_number; i++) {
		const struct boot *boot = &sim->boots[i];
		if (boot->began_at < era->began_at || boot->recorded_at == 0 ||
		    boot->recorded_at > over_at - ASKED_LONG)
			continue;
		int nrows = count_boot_rows(boot, promise->job_id, runs);
		if (nrows != 1)
			sim_fail(sim, "job %lld has %d rows of boot %d",
				 (long long)promise->job_id, nrows, i);
		sim->nboots++;
	}
}

static void
check_promise(struct sim *sim, const struct promise *promise, const struct runs *runs)
{
	struct backend *disk = sim->disk;
	struct job job;
	struct err err = { 0 };
	if (disk->ops->job_load(disk, promise->job_id, &job, &err) != BACKEND_OK)
		sim_fail(sim, "job %lld was acknowledged and is gone", (long long)promise->job_id);
	if (promise->is_cancelled && job.state != JOB_CANCELLED)
		sim_fail(sim, "job %lld was cancelled and is %s", (long long)job.id,
		         job_state_name(job.state));
	if (job.nruns > job.max_runs && job.max_runs)
		sim_fail(sim, "job %lld ran %lld times, more than %d", (long long)job.id,
		         (long long)job.nruns, job.max_runs);
	/*
	 * A used-up schedule ends before its era. What a set clock did, the engine must have been
	 * told, and then what comes after it is whole; but pauses have no such order.
	 */
	bool is_told = sim->nsteps == 0 || (promise->npauses == 0 && !promise->pauses_itself);
	bool is_whole = !promise->is_unsure && !job.max_runs && is_told && !sim->has_unseen_steps;
	for (size_t i = 0; is_whole && i < promise->neras; i++) {
		check_era(sim, promise, &job, i, runs);
		if (sim->nsteps == 0)
			check_boots(sim, promise, i, runs);
	}
	job_fini(&job);
}

/* Is something left lying that could go on: free slots, an open gate, an instant that is past? */
static void
check_run_goes_on(struct sim *sim, const struct run *run, const struct run *runs, size_t n)
{
	struct backend *disk = sim->disk;
	struct queue queue;
	struct job job;
	struct err err = { 0 };
	bool is_first = true;
	if (run->state == RUN_WAITING && run->deadline_at &&
	    run->deadline_at < sim_now(sim) - PATIENCE)
		sim_fail(sim, "run %lld waits on beyond its deadline", (long long)run->id);
	if (run->state != RUN_WAITING || run->start_at > sim_now(sim) - PATIENCE)
		return;
	for (size_t i = 0; i < n; i++)
		is_first &= run_is_terminal(runs[i].state) || runs[i].job_id != run->job_id ||
		            (runs[i].state == RUN_WAITING && runs[i].gate == GATE_JOB);
	if (run->gate == GATE_TIME || (run->gate == GATE_JOB && is_first))
		sim_fail(sim, "run %lld of job %lld waits behind nothing (gate %d)",
		         (long long)run->id, (long long)run->job_id, run->gate);
	if (disk->ops->job_load(disk, run->job_id, &job, &err) != BACKEND_OK ||
	    disk->ops->queue_load(disk, job.queue, &queue, &err) != BACKEND_OK)
		sim_fail(sim, "run %lld: %s", (long long)run->id, err.text);
	job_fini(&job);
	if (run->gate == GATE_OPEN && queue.nrunning < queue.concurrency && !queue.is_paused)
		sim_fail(sim, "run %lld of job %lld waits though %s has a free slot",
		         (long long)run->id, (long long)run->job_id, queue.name);
}

/* What was cancelled before the quiet ended long ago, unless nobody can stop it. */
static void
check_run_was_stopped(struct sim *sim, const struct run *run)
{
	const struct process *process = map_get(&sim->processes, run->id);
	bool is_orphan = process && process->is_orphan;
	if (run->state == RUN_RUNNING && run->stop_reason == REASON_CANCELLED && !is_orphan)
		sim_fail(sim, "run %lld of job %lld was cancelled and runs on", (long long)run->id,
		         (long long)run->job_id);
}

/* AT: it is over, or is not due again. */
static enum schedule_kind
recurs_still(struct sim *sim, int64_t id)
{
	struct job job;
	struct err err = { 0 };
	if (sim->disk->ops->job_load(sim->disk, id, &job, &err) != BACKEND_OK)
		return SCHEDULE_AT;
	enum schedule_kind kind = job.state == JOB_ACTIVE ? job.kind : SCHEDULE_AT;
	job_fini(&job);
	return kind;
}

/*
 * A clock that was set back leaves nothing decided that lies ahead, nobody waiting for an hour to
 * come again, and no slot held until then. Steps of a minute are let pass.
 */
static void
check_run_is_not_ahead(struct sim *sim, const struct run *run)
{
	usec_t latest = sim_now(sim) + USEC_PER_MIN + 10 * USEC_PER_SEC;
	intptr_t started = (intptr_t)map_get(&sim->starts, run->id);
	bool is_silence = run->state == RUN_SKIPPED || run->state == RUN_MISSED;
	bool waits = run->state == RUN_WAITING && run->gate == GATE_TIME;
	bool is_unstarted = waits || (run->state == RUN_RUNNING && started < run->attempt);
	enum schedule_kind kind = recurs_still(sim, run->job_id);
	if (sim->has_unseen_steps || kind == SCHEDULE_AT)
		return;
	if (is_unstarted && run->start_at > latest)
		sim_fail(sim, "run %lld of job %lld is %s and starts %lld s from now",
			 (long long)run->id, (long long)run->job_id, run_state_name(run->state),
			 (long long)((run->start_at - sim_now(sim)) / USEC_PER_SEC));
	bool is_boot = kind == SCHEDULE_ON_START; /* no clock names it again */
	if (is_silence && !is_boot && run->trigger == TRIGGER_SCHEDULE && run->last_due > latest)
		sim_fail(sim, "run %lld of job %lld is %s %lld s before its instant",
			 (long long)run->id, (long long)run->job_id, run_state_name(run->state),
			 (long long)((run->last_due - sim_now(sim)) / USEC_PER_SEC));
}

void
sim_check_progress(struct sim *sim)
{
	struct run *runs;
	struct err err = { 0 };
	usec_t next = USEC_NEVER;
	begin(sim);
	size_t n = load_runs(sim, &runs);
	for (size_t i = 0; i < n; i++) {
		check_run_goes_on(sim, &runs[i], runs, n);
		check_run_is_not_ahead(sim, &runs[i]);
		if (sim->mono > sim->quiet_at)
			check_run_was_stopped(sim, &runs[i]);
	}
	sim->disk->ops->jobs_next_start(sim->disk, &next, &err);
	if (next < sim_now(sim) - PATIENCE)
		sim_fail(sim, "a job is due since %lld s and not claimed",
		         (long long)((sim_now(sim) - next) / USEC_PER_SEC));
	sim->disk->ops->rollback(sim->disk);
	free(runs);
}

/* A set clock has one row, unless its daemon died before it could say so. */
static void
check_steps(struct sim *sim, const struct run *runs, size_t n)
{
	for (size_t i = 0; i < sim->nsteps; i++) {
		const struct clock_step *step = &sim->steps[i];
		int nrows = 0;
		for (size_t j = 0; j < n; j++)
			nrows += runs[j].trigger == TRIGGER_CLOCK && runs[j].job_id == 0 &&
				 runs[j].due == step->to;
		sim->has_unseen_steps |= nrows == 0;
		if (nrows > 1 || (nrows == 0 && step->life == sim->life))
			sim_fail(sim, "the clock that was set to %lld s has %d rows",
				 (long long)(step->to / USEC_PER_SEC), nrows);
	}
}

void
sim_check_rest(struct sim *sim)
{
	struct run *runs;
	begin(sim);
	size_t n = load_runs(sim, &runs);
	check_runs_ended(sim, runs, n);
	check_steps(sim, runs, n);
	for (size_t i = 0; i < sim->npromises; i++)
		check_promise(sim, &sim->promises[i], &(struct runs){ runs, n });
	sim->disk->ops->rollback(sim->disk);
	free(runs);
}
