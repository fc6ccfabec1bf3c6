/* What people ask of runs: start one now, stop one, try one again. */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "store/ledger_parts.h"

/* A start that a person asked for: a row of its own beside the schedule. */
static int
insert_manual(struct ledger *ledger, struct intent *intent, const struct job *job,
	      enum run_gate gate, const char *detail)
{
	struct backend *db = ledger->backend;
	struct run run = { .job_id = job->id,
			   .due = intent->now,
			   .last_due = intent->now,
			   .count = 1,
			   .start_at = intent->now,
			   .trigger = TRIGGER_MANUAL,
			   .state = RUN_WAITING,
			   .gate = gate,
			   .priority = job->priority,
			   .is_forced = intent->is_forced,
			   .tty = intent->tty,
			   .claimed_at = intent->now,
			   .deadline_at = run_deadline(job, intent->now) };
	snprintf(run.detail, sizeof(run.detail), "%s", detail);
	if (db->ops->run_insert(db, &run, &intent->err) == BACKEND_ERROR)
		return -1;
	intent->new_run_id = run.id;
	intent->job_id = job->id;
	intent->name = mem_dup(job->name);
	intent->limit = STARTS_PER_END;
	return ledger_promote_queue(ledger, intent, job->queue) < 0
		       ? -1
		       : ledger_plan_wake(ledger, intent);
}

/* The overlap gate for manual starts. 1: go, with *gate; 0: refused; -1. */
static int
pass_gate(struct ledger *ledger, struct intent *intent, const struct job *job, enum run_gate *gate)
{
	struct active active;
	int rc = ledger_load_active(ledger, intent, job->id, &active);
	int go = active.n < PLAN_ACTIVE_MAX;
	*gate = GATE_OPEN;
	if (rc == 0 && go && active.n > 0 && !intent->is_forced && job->overlap != OVERLAP_ALLOW) {
		if (job->overlap == OVERLAP_CANCEL || job->overlap == OVERLAP_KILL) {
			rc = ledger_make_way(ledger, intent, job, &active);
			*gate = active.nrunning ? GATE_JOB : GATE_OPEN;
		} else if (job->overlap == OVERLAP_QUEUE && active.nqueued == 0) {
			*gate = GATE_JOB;
		} else {
			go = 0;
		}
	}
	if (active.n >= PLAN_ACTIVE_MAX)
		err_set(&intent->err, ERR_BUSY, "%zu runs of the job wait or run", active.n);
	else if (go == 0)
		err_set(&intent->err, ERR_BUSY,
			"run %lld of the job is %s; --force starts beside it",
			(long long)active.runs[0].id, run_state_name(active.runs[0].state));
	free(active.runs);
	return rc < 0 ? -1 : go;
}

static int
start_manually(struct ledger *ledger, struct intent *intent, const struct job *job,
	       const char *detail)
{
	enum run_gate gate;
	if (job->state == JOB_CANCELLED)
		return ledger_refuse_over(intent, job);
	if (intent->tty && job_is_http(job)) {
		err_set(&intent->err, ERR_INVALID,
			"job %lld is an HTTP request, which has no terminal", (long long)job->id);
		err_in_field(&intent->err, "tty");
		return 0;
	}
	int go = ledger_has_room_for_run(ledger, intent, job);
	if (go == 1)
		go = pass_gate(ledger, intent, job, &gate);
	return go == 1 ? insert_manual(ledger, intent, job, gate, detail) : go;
}

static int
run_job(struct ledger *ledger, struct intent *intent, struct job *job)
{
	return start_manually(ledger, intent, job, intent->is_forced ? "forced" : "");
}

int
ledger_job_run(struct ledger *ledger, struct intent *intent)
{
	return ledger_with_job(ledger, intent, run_job);
}

static int
retry_run(struct ledger *ledger, struct intent *intent, struct run *run, struct job *job)
{
	char detail[RUN_DETAIL_MAX];
	snprintf(detail, sizeof(detail), "retry of run %lld", (long long)run->id);
	if (run_is_terminal(run->state))
		return start_manually(ledger, intent, job, detail);
	err_set(&intent->err, ERR_BUSY, "run %lld is %s", (long long)run->id,
		run_state_name(run->state));
	return 0;
}

int
ledger_run_retry(struct ledger *ledger, struct intent *intent)
{
	return ledger_with_run(ledger, intent, retry_run);
}

/* The promise to stop an orphan could not be kept: it is not made. */
static int
stop_running(struct ledger *ledger, struct intent *intent, struct run *run)
{
	pid_t pid = 0;
	int is_orphan = ledger_is_orphan(ledger, intent, run, &pid);
	if (is_orphan == 1)
		err_set(&intent->err, ERR_BUSY,
			"run %lld goes on without the parent that started it, and is out of "
			"reach until its process %ld ends",
			(long long)run->id, (long)pid);
	if (is_orphan != 0)
		return is_orphan < 0 ? -1 : 0;
	return ledger_stop_run(ledger, intent, run,
			       &(struct stop){ .how = intent->how, .reason = REASON_CANCELLED });
}

static int
stop_run(struct ledger *ledger, struct intent *intent, struct run *run, struct job *job)
{
	char by[64];
	snprintf(by, sizeof(by), "by uid %u", (unsigned)intent->who.uid);
	if (run->state == RUN_RUNNING)
		return stop_running(ledger, intent, run);
	if (ledger_end_waiting(ledger, intent, run, RUN_CANCELLED, REASON_CANCELLED, by) < 0)
		return -1;
	return ledger_after_run(ledger, intent, job, run);
}

static int
cancel_run(struct ledger *ledger, struct intent *intent, struct run *run, struct job *job)
{
	if (run_is_terminal(run->state)) {
		err_set(&intent->err, ERR_INVALID, "run %lld has ended already: %s",
			(long long)run->id, run_state_name(run->state));
		err_in_field(&intent->err, "run");
	} else if (stop_run(ledger, intent, run, job) < 0) {
		return -1;
	}
	ledger_answer_run(intent, run, job);
	return 0;
}

int
ledger_run_cancel(struct ledger *ledger, struct intent *intent)
{
	return ledger_with_run(ledger, intent, cancel_run);
}
