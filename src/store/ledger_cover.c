/* Gives a job's due instants their rows, as the plan says. */
#include <stdio.h>
#include <stdlib.h>

#include "store/ledger_parts.h"

#define TOLD_MAX 64 /* silences of one intent that are told for the log; all are recorded */

void
ledger_tell_silence(struct intent *intent, const struct run *run, const struct job *job)
{
	if (intent->nruns < TOLD_MAX)
		ledger_answer_run(intent, run, job);
}

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
		.deadline_at = row->state == RUN_WAITING ? run_deadline(job, row->start_at) : 0,
	};
	if (row->reason == REASON_OVERLAP && active_id)
		snprintf(run.detail, sizeof(run.detail), "run %lld", (long long)active_id);
	if (row->reason == REASON_REFUSED) /* the plan does so for one cause */
		ledger_refuse_run(ledger, intent, &run);
	/* NONE: the instant has its row: it is not run again. */
	enum backend_result inserted = db->ops->run_insert(db, &run, &intent->err);
	job->nruns += inserted == BACKEND_OK && row->state == RUN_WAITING;
	if (inserted == BACKEND_OK && row->state != RUN_WAITING)
		ledger_tell_silence(intent, &run, job);
	return ledger_checked(inserted);
}

static int
apply_plan(struct ledger *ledger, struct intent *intent, struct job *job, struct plan *plan,
	   struct active *active)
{
	struct backend *db = ledger->backend;
	usec_t seen_due = job->next_due;
	enum job_state seen = job->state;
	int64_t active_id = active->n ? active->runs[0].id : 0;
	int64_t nruns = job->nruns;
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
	bool is_over = job->next_due == USEC_NEVER && job->nruns == nruns;
	if ((has_queued || is_over) && ledger_go_on(ledger, intent, job) < 0)
		return -1;
	return ledger_checked(db->ops->job_advance(db, job, seen_due, seen, &intent->err));
}

int
ledger_refuse(struct ledger *ledger, struct intent *intent, struct job *job, const struct err *why)
{
	struct backend *db = ledger->backend;
	struct run run = { .job_id = job->id,
			   .due = job->next_due,
			   .last_due = job->next_due,
			   .count = 1,
			   .start_at = job->next_start_at,
			   .trigger = TRIGGER_SCHEDULE,
			   .state = RUN_SKIPPED,
			   .reason = REASON_REFUSED,
			   .claimed_at = intent->now,
			   .ended_at = intent->now };
	snprintf(run.detail, sizeof(run.detail), "%.*s", RUN_DETAIL_MAX - 1, why->text);
	if (job->covered_until < job->next_due)
		job->covered_until = job->next_due;
	enum backend_result inserted = db->ops->run_insert(db, &run, &intent->err);
	if (inserted == BACKEND_OK)
		ledger_tell_silence(intent, &run, job);
	return ledger_checked(inserted);
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

static struct plan_covered
covered(void *arg, usec_t at)
{
	struct question *question = arg;
	struct backend *db = question->ledger->backend;
	struct run run;
	enum backend_result found =
		db->ops->run_due_by(db, question->job_id, at, &run, &question->intent->err);
	question->has_failed |= found == BACKEND_ERROR;
	return found == BACKEND_OK ? (struct plan_covered){ run.due, run.last_due }
				   : (struct plan_covered){ INT64_MIN, INT64_MIN };
}

/* The job as the plan is to see it, but for the time; active.runs are the caller's to free. */
static int
look_at(struct ledger *ledger, struct intent *intent, const struct job *job, struct active *active,
	struct plan_view *view)
{
	size_t room = 0;
	int rc = ledger_load_active(ledger, intent, job->id, active);
	if (rc == 0)
		rc = ledger_run_room(ledger, intent, job, &room);
	*view = (struct plan_view){ .job = job,
				    .now = intent->now,
				    .nactive = active->n,
				    .nqueued = active->nqueued,
				    .is_limited = room != SIZE_MAX,
				    .room = room,
				    .machine = ledger->machine };
	return rc;
}

int
ledger_cover(struct ledger *ledger, struct intent *intent, struct job *job, struct cover *cover)
{
	struct schedule schedule;
	struct err why = { 0 };
	if (job_schedule(job, ledger->zones, &schedule, &why) < 0)
		return park(ledger, intent, job, &why);
	struct active active;
	struct plan_view view;
	int rc = look_at(ledger, intent, job, &active, &view);
	if (rc == 0) {
		struct plan plan;
		struct question question = { ledger, intent, job->id, false };
		view.schedule = &schedule;
		view.horizon = intent->until > intent->now ? intent->until : intent->now;
		view.passed_until = cover->passed_until;
		view.passed_reason = cover->passed_reason;
		view.steps_max = cover->steps_max;
		view.covered = covered;
		view.arg = &question;
		view.step_from = ledger->step_from;
		view.step_to = ledger->step_to;
		plan_make(&plan, &view);
		cover->cost += plan.nsteps + ROW_COST * (int64_t)plan.nrows;
		rc = question.has_failed ? -1 : apply_plan(ledger, intent, job, &plan, &active);
		plan_fini(&plan);
	}
	free(active.runs);
	schedule_fini(&schedule);
	return rc;
}

int
ledger_cover_boot(struct ledger *ledger, struct intent *intent, struct job *job)
{
	struct active active;
	struct plan_view view;
	int rc = look_at(ledger, intent, job, &active, &view);
	if (rc == 0) {
		struct plan plan;
		plan_boot(&plan, &view, intent->at);
		rc = apply_plan(ledger, intent, job, &plan, &active);
		plan_fini(&plan);
	}
	free(active.runs);
	return rc;
}

usec_t
ledger_paused_until(const struct job *job)
{
	return job->paused_at ? job->anchor_at : 0;
}
