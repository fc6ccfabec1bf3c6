/* Gives free slots of queues to the runs that wait for them. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/ledger_parts.h"

/* Runs whose deadline has passed that one intent ends, at most; the next claim goes on. */
#define OVERDUE_MAX 256

static bool
is_too_late(const struct intent *intent, const struct run *run)
{
	return run->deadline_at > 0 && intent->now > run->deadline_at;
}

static int
end_overdue(struct ledger *ledger, struct intent *intent, struct run *run, struct job *job)
{
	if (ledger_end_waiting(ledger, intent, run, RUN_MISSED, REASON_DEADLINE, "") < 0)
		return -1;
	return ledger_after_run(ledger, intent, job, run);
}

int
ledger_end_overdue(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	struct run *runs = mem_array(OVERDUE_MAX, sizeof(*runs));
	size_t n;
	int rc = ledger_checked(
		db->ops->runs_overdue(db, intent->now, OVERDUE_MAX, runs, &n, &intent->err));
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct job job;
		rc = ledger_checked(ledger_load_job_of(ledger, intent, &runs[i], &job));
		if (rc < 0)
			break;
		rc = end_overdue(ledger, intent, &runs[i], &job);
		if (rc == 0)
			ledger_answer_run(intent, &runs[i], &job);
		job_fini(&job);
	}
	intent->work.is_full |= n == OVERDUE_MAX;
	free(runs);
	return rc;
}

static int
add_start(struct ledger *ledger, struct intent *intent, struct run *run, struct job *job)
{
	struct backend *db = ledger->backend;
	struct work *work = &intent->work;
	struct attempt attempt = { .run_id = run->id,
				   .number = run->attempt + 1,
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
	if ((work->nstarts & (work->nstarts - 1)) == 0) /* full: room for twice as many */
		work->starts =
			mem_resize(work->starts, 2 * work->nstarts + 1, sizeof(*work->starts));
	struct start *start = &work->starts[work->nstarts++];
	*start = (struct start){ .run = *run, .attempt = attempt, .job = *job };
	*job = (struct job){ 0 }; /* moved */
	return 0;
}

/* Its job was paused after it was claimed: it ends when its instant comes, if that goes on. */
static int
hold_paused(struct ledger *ledger, struct intent *intent, struct run *run, struct job *job)
{
	struct backend *db = ledger->backend;
	if (!ledger_is_paused_away(intent, run)) {
		run->gate = GATE_TIME;
		return ledger_checked(
			db->ops->run_update(db, run, RUN_WAITING, run->attempt, &intent->err));
	}
	if (ledger_end_waiting(ledger, intent, run, RUN_SKIPPED, REASON_PAUSED, "") < 0)
		return -1;
	return ledger_after_run(ledger, intent, job, run);
}

/* Nobody knows what it is to do. */
static int
refuse_run(struct ledger *ledger, struct intent *intent, struct run *run, struct job *job)
{
	if (ledger_end_waiting(ledger, intent, run, RUN_FAILED, REASON_REFUSED,
			       "its job cannot be read") < 0)
		return -1;
	return ledger_after_run(ledger, intent, job, run);
}

static bool
is_held(const struct job *job, const struct run *run)
{
	return job->state == JOB_PAUSED && run_is_untried_instant(run);
}

/* A waiting run gets a slot, or ends because its time is over. 1: it took the slot; 0; -1. */
static int
promote_run(struct ledger *ledger, struct intent *intent, struct run *run)
{
	struct job job;
	if (ledger_load_job_of(ledger, intent, run, &job) != BACKEND_OK)
		return -1;
	int rc = -1;
	if (job.is_damaged)
		rc = refuse_run(ledger, intent, run, &job);
	else if (is_held(&job, run))
		rc = hold_paused(ledger, intent, run, &job);
	else if (is_too_late(intent, run))
		rc = end_overdue(ledger, intent, run, &job);
	else if (add_start(ledger, intent, run, &job) == 0)
		return 1; /* and took the job */
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
	int nended = 0;
	while (free_slots > 0 && intent->work.nstarts < (size_t)intent->limit &&
	       nended < OVERDUE_MAX) {
		size_t room = (size_t)intent->limit - intent->work.nstarts;
		size_t n = room < (size_t)free_slots ? room : (size_t)free_slots;
		struct run *runs = mem_array(n, sizeof(*runs));
		enum backend_result found =
			db->ops->runs_ready(db, name, n, runs, &n, &intent->err);
		int rc = ledger_checked(found);
		for (size_t i = 0; i < n && rc >= 0; i++) {
			rc = promote_run(ledger, intent, &runs[i]);
			free_slots -= rc == 1;
			nended += rc == 0;
		}
		free(runs);
		if (rc < 0)
			return -1;
		if (n == 0)
			return 0;
	}
	intent->work.is_full |= free_slots > 0;
	return free_slots > 0;
}
