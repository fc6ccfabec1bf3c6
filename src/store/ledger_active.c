/* The active runs of a job: those that wait or run. What decisions look at, and how they end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/ledger_parts.h"

#define ACTIVE_FEW 4 /* nearly every job has fewer; only then is room for all of them made */

static int
load(struct ledger *ledger, struct intent *intent, int64_t job_id, size_t max,
     struct active *active)
{
	struct backend *db = ledger->backend;
	active->runs = mem_resize(active->runs, max, sizeof(*active->runs));
	return ledger_checked(
		db->ops->runs_active(db, job_id, max, active->runs, &active->n, &intent->err));
}

int
ledger_load_active(struct ledger *ledger, struct intent *intent, int64_t job_id,
		   struct active *active)
{
	*active = (struct active){ 0 };
	int rc = load(ledger, intent, job_id, ACTIVE_FEW, active);
	if (rc == 0 && active->n == ACTIVE_FEW)
		rc = load(ledger, intent, job_id, ACTIVE_MAX, active);
	if (rc < 0)
		return -1;
	for (size_t i = 0; i < active->n; i++) {
		const struct run *run = &active->runs[i];
		active->nrunning += run->state == RUN_RUNNING;
		active->nqueued += run->state == RUN_WAITING && run->gate == GATE_JOB;
	}
	return 0;
}

int
ledger_make_way(struct ledger *ledger, struct intent *intent, const struct job *job,
		struct active *active)
{
	struct stop stop = { .how = job->overlap == OVERLAP_KILL ? STOP_HARD : STOP_SOFT,
			     .reason = REASON_OVERLAP };
	int rc = 0;
	for (size_t i = 0; i < active->n && rc == 0; i++) {
		struct run *run = &active->runs[i];
		if (run->state == RUN_RUNNING)
			rc = ledger_stop_run(ledger, intent, run, &stop);
		else
			rc = ledger_end_waiting(ledger, intent, run, RUN_CANCELLED, REASON_OVERLAP,
						"made way for the next run");
	}
	return rc;
}

int
ledger_end_waiting(struct ledger *ledger, struct intent *intent, struct run *run,
		   enum run_state state, enum run_reason reason, const char *detail)
{
	struct backend *db = ledger->backend;
	run_set_state(run, state, reason);
	snprintf(run->detail, sizeof(run->detail), "%s", detail);
	run->ended_at = intent->now;
	return ledger_checked(
		db->ops->run_update(db, run, RUN_WAITING, run->attempt, &intent->err));
}

static int
add_stop(struct intent *intent, const struct run *run, const struct stop *stop)
{
	struct work *work = &intent->work;
	work->stops = mem_resize(work->stops, work->nstops + 1, sizeof(*work->stops));
	struct stop *added = &work->stops[work->nstops++];
	*added = *stop;
	added->run_id = run->id;
	added->attempt = run->attempt;
	return 0;
}

int
ledger_is_orphan(struct ledger *ledger, struct intent *intent, const struct run *run, pid_t *pid)
{
	struct backend *db = ledger->backend;
	struct attempt attempt;
	enum backend_result found =
		db->ops->attempt_load(db, run->id, run->attempt, &attempt, &intent->err);
	if (found != BACKEND_OK)
		return ledger_checked(found);
	*pid = attempt.pid;
	bool is_process = attempt.spawner[0] != '\0';
	return is_process && strcmp(attempt.spawner, ledger->spawner) != 0;
}

int
ledger_stop_run(struct ledger *ledger, struct intent *intent, struct run *run,
		const struct stop *stop)
{
	struct backend *db = ledger->backend;
	pid_t pid;
	int is_orphan = ledger_is_orphan(ledger, intent, run, &pid);
	if (is_orphan != 0)
		return is_orphan < 0 ? -1 : 0;
	if (!stop->only_unstarted && run->stop_reason == REASON_NONE) {
		run->stop_reason = stop->reason;
		run->stop_uid = intent->who.uid;
		if (db->ops->run_update(db, run, RUN_RUNNING, run->attempt, &intent->err) ==
		    BACKEND_ERROR)
			return -1;
	}
	return add_stop(intent, run, stop);
}

void
ledger_answer_run(struct intent *intent, const struct run *run, const struct job *job)
{
	intent->runs = mem_resize(intent->runs, intent->nruns + 1, sizeof(*intent->runs));
	intent->runs[intent->nruns++] = (struct run_item){ .run = *run,
							   .job_name = mem_dup(job->name),
							   .owner = job->owner };
	intent->job_id = job->id;
}
