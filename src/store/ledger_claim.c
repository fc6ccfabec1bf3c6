/*
 * DESIGN. A claim is one transaction: due jobs (one index range) are shown to the pure plan, its
 * rows are written, next_due is moved on the condition that it is what was seen, and runs that
 * have a free slot become `running` with their attempt row. So a run is on record before its
 * start request exists, and an instant can be neither run twice nor passed over in silence.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/ledger_parts.h"

#define TOLD_MAX   64 /* silences of one claim that are told for the log; all are recorded */
#define QUEUES_MAX 64 /* queues that one claim serves; more are served by the next */

/* Extends the job's newest row when it is the same kind of silence. 1 done, 0 not, -1. */
static int
extend_tail(struct ledger *ledger, struct intent *intent, const struct job *job,
            const struct plan_row *row)
{
	struct backend *db = ledger->backend;
	struct run tail;
	enum backend_result found =
		db->ops->run_due_by(db, job->id, USEC_NEVER, &tail, &intent->err);
	if (found != BACKEND_OK)
		return ledger_checked(found);
	if (tail.state != row->state || tail.reason != row->reason || tail.last_due >= row->due)
		return 0;
	tail.last_due = row->last_due;
	tail.count += row->count;
	tail.ended_at = intent->now;
	enum backend_result done =
		db->ops->run_update(db, &tail, tail.state, tail.attempt, &intent->err);
	return done == BACKEND_ERROR ? -1 : 1;
}

static int
insert_row(struct ledger *ledger, struct intent *intent, struct job *job,
           const struct plan_row *row, int64_t active_id)
{
	struct backend *db = ledger->backend;
	int done = row->state != RUN_WAITING ? extend_tail(ledger, intent, job, row) : 0;
	if (done != 0)
		return done < 0 ? -1 : 0;
	struct run run = {
		.job_id = job->id,
		.due = row->due,
		.last_due = row->last_due,
		.count = row->count,
		.start_at = row->start_at,
		.trigger = TRIGGER_SCHEDULE,
		.state = row->state,
		.gate = row->gate,
		.reason = row->reason,
		.priority = job->priority,
		.is_catchup = row->is_catchup,
		.claimed_at = intent->now,
		.ended_at = row->state == RUN_WAITING ? 0 : intent->now,
	};
	if (row->reason == REASON_OVERLAP && active_id)
		snprintf(run.detail, sizeof(run.detail), "run %lld", (long long)active_id);
	/* NONE: the instant has its row: it is not run again. */
	enum backend_result inserted = db->ops->run_insert(db, &run, &intent->err);
	job->nruns += inserted == BACKEND_OK && row->state == RUN_WAITING;
	if (inserted == BACKEND_OK && row->state != RUN_WAITING && intent->nruns < TOLD_MAX)
		ledger_answer_run(intent, &run, job);
	return ledger_checked(inserted);
}

static int
apply_plan(struct ledger *ledger, struct intent *intent, struct job *job, struct plan *plan,
           struct active *active)
{
	struct backend *db = ledger->backend;
	usec_t seen = job->next_due;
	int64_t active_id = active->n ? active->runs[0].id : 0;
	bool has_queued = false;
	if (plan->stops_active && ledger_make_way(ledger, intent, job, active) < 0)
		return -1;
	for (size_t i = 0; i < plan->nrows; i++) {
		has_queued |= plan->rows[i].gate == GATE_JOB;
		if (insert_row(ledger, intent, job, &plan->rows[i], active_id) < 0)
			return -1;
		if (job->covered_until < plan->rows[i].last_due)
			job->covered_until = plan->rows[i].last_due;
	}
	job->next_due = plan->next_due;
	job->next_start_at = plan->next_start_at;
	/* What a run was to wait behind made way at once, or has had its row before. */
	if ((has_queued || job->next_due == USEC_NEVER) && ledger_go_on(ledger, intent, job) < 0)
		return -1;
	return ledger_checked(db->ops->job_advance(db, job, seen, &intent->err));
}

int
ledger_refuse(struct ledger *ledger, struct intent *intent, struct job *job, const struct err *why)
{
	struct backend *db = ledger->backend;
	struct run run = { .job_id = job->id, .due = job->next_due, .last_due = job->next_due,
		           .count = 1, .start_at = job->next_start_at, .trigger = TRIGGER_SCHEDULE,
		           .state = RUN_SKIPPED, .reason = REASON_REFUSED,
		           .claimed_at = intent->now, .ended_at = intent->now };
	snprintf(run.detail, sizeof(run.detail), "%.*s", RUN_DETAIL_MAX - 1, why->text);
	if (job->covered_until < job->next_due)
		job->covered_until = job->next_due;
	return ledger_checked(db->ops->run_insert(db, &run, &intent->err));
}

/* Says so, once, and pauses the job. */
static int
park(struct ledger *ledger, struct intent *intent, struct job *job, const struct err *why)
{
	struct backend *db = ledger->backend;
	job->state = JOB_PAUSED;
	job->paused_at = intent->now;
	if (ledger_refuse(ledger, intent, job, why) < 0)
		return -1;
	return ledger_checked(db->ops->job_update(db, job, &intent->err));
}

/* What the plan asks the rows. */
struct question {
	struct ledger *ledger;
	struct intent *intent;
	int64_t job_id;
	bool has_failed;
};

static bool
has_row(void *arg, usec_t due)
{
	struct question *question = arg;
	struct backend *db = question->ledger->backend;
	struct run run;
	enum backend_result found =
		db->ops->run_due_by(db, question->job_id, due, &run, &question->intent->err);
	question->has_failed |= found == BACKEND_ERROR;
	return found == BACKEND_OK && run.last_due >= due;
}

int
ledger_cover(struct ledger *ledger, struct intent *intent, struct job *job, usec_t passed_until,
             enum run_reason passed_reason)
{
	struct schedule schedule;
	struct err why = { 0 };
	usec_t horizon = intent->until > intent->now ? intent->until : intent->now;
	if (job_schedule(job, ledger->zones, &schedule, &why) < 0)
		return park(ledger, intent, job, &why);
	struct active active;
	int rc = ledger_load_active(ledger, intent, job->id, &active);
	if (rc == 0) {
		struct plan plan;
		struct question question = { ledger, intent, job->id, false };
		plan_make(&plan, &(struct plan_view){ .job = job,
		                                      .schedule = &schedule,
		                                      .now = intent->now,
		                                      .horizon = horizon,
		                                      .passed_until = passed_until,
		                                      .passed_reason = passed_reason,
		                                      .nactive = active.n,
		                                      .nqueued = active.nqueued,
		                                      .machine = ledger->machine,
		                                      .has_row = has_row,
		                                      .arg = &question,
		                                      .step_from = ledger->step_from,
		                                      .step_to = ledger->step_to });
		rc = question.has_failed ? -1 : apply_plan(ledger, intent, job, &plan, &active);
		plan_fini(&plan);
	}
	free(active.runs);
	schedule_fini(&schedule);
	return rc;
}

static bool
is_too_late(const struct intent *intent, const struct job *job, const struct run *run)
{
	return job->start_deadline > 0 && run->attempt == 0 &&
	       intent->now > run->start_at + job->start_deadline;
}

static int
add_start(struct ledger *ledger, struct intent *intent, struct run *run, struct job *job)
{
	struct backend *db = ledger->backend;
	struct work *work = &intent->work;
	struct attempt attempt = { .run_id = run->id, .number = run->attempt + 1,
		                   .claimed_at = intent->now,
		                   .outcome = { .output_fd = -1, .cpu_us = -1, .peak_kib = -1 } };
	int seen_attempt = run->attempt;
	memcpy(attempt.boot, ledger->boot, sizeof(attempt.boot));
	if (!job_is_http(job))
		memcpy(attempt.spawner, ledger->spawner, sizeof(attempt.spawner));
	run->attempt = attempt.number;
	run->detail[0] = '\0';
	run_set_state(run, RUN_RUNNING, REASON_NONE);
	if (db->ops->run_update(db, run, RUN_WAITING, seen_attempt, &intent->err) != BACKEND_OK ||
	    db->ops->attempt_insert(db, &attempt, &intent->err) == BACKEND_ERROR)
		return -1;
	work->starts = mem_resize(work->starts, work->nstarts + 1, sizeof(*work->starts));
	struct start *start = &work->starts[work->nstarts++];
	*start = (struct start){ .run = *run, .attempt = attempt, .job = mem_alloc(sizeof(*job)) };
	*start->job = *job; /* moved: the caller does not fini() it */
	return 0;
}

/* A waiting run gets a slot, or ends because its time is over. 1: it took the slot. */
static int
promote_run(struct ledger *ledger, struct intent *intent, struct run *run)
{
	struct backend *db = ledger->backend;
	struct job job;
	enum backend_result found = db->ops->job_load(db, run->job_id, &job, &intent->err);
	if (found == BACKEND_ERROR)
		return -1;
	if (found == BACKEND_NONE) /* its row cannot be read: do not let it hold up the others */
		return ledger_end_waiting(ledger, intent, run, RUN_FAILED, REASON_REFUSED,
		                          "its job cannot be read");
	if (!is_too_late(intent, &job, run))
		return add_start(ledger, intent, run, &job) < 0 ? -1 : 1;
	int rc = ledger_end_waiting(ledger, intent, run, RUN_MISSED, REASON_DEADLINE, "");
	if (rc == 0)
		rc = ledger_after_run(ledger, intent, &job, run);
	job_fini(&job);
	return rc;
}

int
ledger_promote_queue(struct ledger *ledger, struct intent *intent, const char *name)
{
	struct backend *db = ledger->backend;
	struct queue queue;
	if (db->ops->queue_load(db, name, &queue, &intent->err) == BACKEND_ERROR)
		return -1;
	int64_t free_slots = queue.is_paused ? 0 : queue.concurrency - queue.nrunning;
	while (free_slots > 0 && intent->work.nstarts < (size_t)intent->limit) {
		size_t room = (size_t)intent->limit - intent->work.nstarts;
		size_t n = room < (size_t)free_slots ? room : (size_t)free_slots;
		struct run *runs = mem_array(n, sizeof(*runs));
		enum backend_result found =
			db->ops->runs_ready(db, name, n, runs, &n, &intent->err);
		int rc = ledger_checked(found);
		for (size_t i = 0; i < n && rc >= 0; i++) {
			rc = promote_run(ledger, intent, &runs[i]);
			free_slots -= rc == 1;
		}
		free(runs);
		if (rc < 0)
			return -1;
		if (n == 0)
			return 0;
	}
	intent->work.is_full |= free_slots > 0;
	return 0;
}

int
ledger_promote(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	char names[QUEUES_MAX][64];
	size_t n = 0;
	if (intent->limit == 0)
		intent->limit = INT64_MAX;
	if (db->ops->queues_ready(db, QUEUES_MAX, names, &n, &intent->err) == BACKEND_ERROR)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (ledger_promote_queue(ledger, intent, names[i]) < 0)
			return -1;
	}
	return 0;
}

int
ledger_plan_wake(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	usec_t next_job = USEC_NEVER, next_timed = USEC_NEVER;
	if (db->ops->jobs_next_start(db, &next_job, &intent->err) == BACKEND_ERROR ||
	    db->ops->runs_next_timed(db, &next_timed, &intent->err) == BACKEND_ERROR)
		return -1;
	intent->work.wake_at = next_job < next_timed ? next_job : next_timed;
	return 0;
}

void
ledger_wake_by(struct intent *intent, usec_t at)
{
	if (intent->work.wake_by < 0 || at < intent->work.wake_by)
		intent->work.wake_by = at;
}

usec_t
ledger_paused_until(const struct job *job)
{
	return job->paused_at ? job->anchor_at : 0;
}

static int
cover_due(struct ledger *ledger, struct intent *intent, const int64_t *ids, size_t n)
{
	struct backend *db = ledger->backend;
	for (size_t i = 0; i < n; i++) {
		struct job job;
		enum backend_result found = db->ops->job_load(db, ids[i], &job, &intent->err);
		if (found == BACKEND_NONE)
			continue;
		if (found == BACKEND_ERROR)
			return -1;
		int rc = ledger_cover(ledger, intent, &job, ledger_paused_until(&job),
		                      REASON_PAUSED);
		job_fini(&job);
		if (rc < 0)
			return -1;
	}
	return 0;
}

int
ledger_claim(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	size_t max = (size_t)intent->limit, n = 0;
	int64_t *ids = mem_array(max, sizeof(*ids));
	int rc = ledger_checked(db->ops->runs_open_timed(db, intent->until, &intent->err));
	if (rc == 0)
		rc = ledger_checked(
			db->ops->jobs_due(db, intent->until, max, ids, &n, &intent->err));
	if (rc == 0)
		rc = cover_due(ledger, intent, ids, n);
	free(ids);
	if (rc < 0 || ledger_promote(ledger, intent) < 0)
		return -1;
	intent->work.is_full |= n == max;
	return ledger_plan_wake(ledger, intent);
}
