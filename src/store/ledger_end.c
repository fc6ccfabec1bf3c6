/* What the engine reports of attempts: started, ended, never started. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/ledger_parts.h"

/* Nothing becomes due any more. Of a job that is damaged, or stands for one, nobody knows. */
static bool
is_used_up(const struct job *job, usec_t now)
{
	bool comes_back = job->kind == SCHEDULE_ON_START &&
			  !(job->max_runs && job->nruns >= job->max_runs) &&
			  !(job->until && now > job->until);
	bool is_active = job->state == JOB_ACTIVE && !job->is_damaged;
	return is_active && job->next_due == USEC_NEVER && !comes_back;
}

/*
 * What was asked for, or tried before, has had its time: a clock that is set back gives no other.
 */
static enum run_gate
gate_at(const struct run *run, usec_t now)
{
	return run_is_untried_instant(run) && run->start_at > now ? GATE_TIME : GATE_OPEN;
}

static int
open_gate(struct ledger *ledger, struct intent *intent, struct run *run)
{
	struct backend *db = ledger->backend;
	run->gate = gate_at(run, intent->now);
	ledger_wake_by(intent, run->gate == GATE_TIME ? run->start_at : intent->now);
	return ledger_checked(
		db->ops->run_update(db, run, RUN_WAITING, run->attempt, &intent->err));
}

int
ledger_go_on(struct ledger *ledger, struct intent *intent, struct job *job)
{
	struct active active;
	int rc = ledger_load_active(ledger, intent, job->id, &active);
	if (rc == 0 && active.n == 0 && is_used_up(job, intent->now))
		job->state = JOB_FINISHED;
	else if (rc == 0 && active.n > 0 && active.n == active.nqueued)
		rc = open_gate(ledger, intent, &active.runs[0]);
	free(active.runs);
	return rc;
}

static void
count_result(struct job *job, const struct run *run, usec_t now)
{
	if (run->state == RUN_SUCCEEDED)
		job->nfailed = 0;
	else if (run->state == RUN_FAILED || run->state == RUN_LOST)
		job->nfailed++;
	if (job->pause_after && job->nfailed >= job->pause_after && job->state == JOB_ACTIVE) {
		job->state = JOB_PAUSED;
		job->paused_at = now;
	}
}

int
ledger_after_run(struct ledger *ledger, struct intent *intent, struct job *job,
		 const struct run *run)
{
	struct backend *db = ledger->backend;
	int nfailed = job->nfailed;
	enum job_state seen = job->state;
	if (job->is_damaged) /* what is left of it stays as it is, and it may be another's */
		return ledger_go_on(ledger, intent, job);
	count_result(job, run, intent->now);
	if (ledger_go_on(ledger, intent, job) < 0)
		return -1;
	if (job->nfailed == nfailed && job->state == seen)
		return 0;
	/* Nothing that a user has set is different: the whole job need not be written again. */
	if (job->state != JOB_PAUSED)
		return ledger_checked(
			db->ops->job_advance(db, job, job->next_due, seen, &intent->err));
	return ledger_checked(db->ops->job_update(db, job, &intent->err));
}

size_t
ledger_output_max(size_t wanted)
{
	size_t npieces = wanted / 2 / LEDGER_PIECE;
	return 2 * (npieces ? npieces : 1) * LEDGER_PIECE;
}

/* One file that an attempt wrote: where its pieces go, and what is told of it. */
struct written {
	int fd;
	int piece; /* number of the next */
	int64_t *bytes, *omitted;
};

/* Keeps what the file holds: the first and the last half of what may be kept. */
static int
keep_file(struct ledger *ledger, struct intent *intent, const struct run *run, struct written file)
{
	struct backend *db = ledger->backend;
	if (file.fd < 0)
		return 0;
	off_t size = lseek(file.fd, 0, SEEK_END);
	off_t half = (off_t)ledger_output_max(ledger->output_max) / 2;
	off_t resume_at = size > 2 * half ? size - half : 0, kept = 0;
	char *piece = mem_resize(NULL, LEDGER_PIECE, 1); /* not cleared: most need little of it */
	int rc = 0;
	for (off_t at = 0; at < size && rc == 0;) {
		if (resume_at && at == half)
			at = resume_at;
		size_t want = LEDGER_PIECE;
		if (resume_at && at < half && (off_t)want > half - at)
			want = (size_t)(half - at);
		ssize_t got = pread(file.fd, piece, want, at);
		if (got <= 0)
			break;
		rc = ledger_checked(db->ops->output_append(db, run, file.piece++, piece,
							   (size_t)got, &intent->err));
		at += got;
		kept += got;
	}
	free(piece);
	if (size > *file.bytes)
		*file.bytes = size;
	*file.omitted = *file.bytes - kept;
	return rc;
}

static int
keep_small(struct ledger *ledger, struct intent *intent, const struct run *run)
{
	struct backend *db = ledger->backend;
	const struct outcome *outcome = &intent->outcome;
	size_t len = (size_t)(outcome->output_bytes - outcome->output_omitted);
	assert(len <= LEDGER_PIECE);
	return ledger_checked(
		db->ops->output_append(db, run, 0, outcome->output, len, &intent->err));
}

/* Nothing of it is kept. */
static void
leave_out(struct written file)
{
	off_t size = file.fd < 0 ? 0 : lseek(file.fd, 0, SEEK_END);
	if (size > *file.bytes)
		*file.bytes = size;
	*file.omitted = *file.bytes;
}

static int
keep_output(struct ledger *ledger, struct intent *intent, const struct run *run,
	    const struct job *job)
{
	struct outcome *outcome = &intent->outcome;
	const struct written output = { outcome->output_fd, 0, &outcome->output_bytes,
					&outcome->output_omitted };
	const struct written errors = { outcome->is_split ? outcome->errors_fd : -1,
					LEDGER_ERRORS_PIECE, &outcome->errors_bytes,
					&outcome->errors_omitted };
	int has_room = intent->without_output ? 0 : ledger_has_room_for_output(ledger, intent, job);
	if (has_room == 0) {
		leave_out(output);
		leave_out(errors);
	}
	if (has_room != 1)
		return has_room;
	int rc = outcome->output ? keep_small(ledger, intent, run)
				 : keep_file(ledger, intent, run, output);
	return rc < 0 ? rc : keep_file(ledger, intent, run, errors);
}

/* Loads the run if it is the running attempt that the intent speaks of. 1, 0: it is not; -1. */
static int
load_running(struct ledger *ledger, struct intent *intent, struct run *run)
{
	struct backend *db = ledger->backend;
	enum backend_result found = db->ops->run_load(db, intent->run_id, run, &intent->err);
	if (found != BACKEND_OK)
		return ledger_checked(found);
	return run->state == RUN_RUNNING && run->attempt == intent->attempt;
}

static int
save_attempt(struct ledger *ledger, struct intent *intent, const struct run *run)
{
	struct backend *db = ledger->backend;
	const struct attempt attempt = {
		.run_id = intent->run_id,
		.number = intent->attempt,
		.started_at = intent->at,
		.ended_at = intent->outcome.ended_at,
		.pid = intent->pid,
		.pid_start = intent->pid_start,
		.reason = run->reason,
		.outcome = intent->outcome,
	};
	return ledger_checked(db->ops->attempt_update(db, &attempt, &intent->err));
}

static int
end_attempt(struct ledger *ledger, struct intent *intent, struct run *run, struct job *job)
{
	struct backend *db = ledger->backend;
	if (keep_output(ledger, intent, run, job) < 0)
		return -1;
	if (run->stop_reason == REASON_NONE)
		run->stop_reason = intent->reason;
	run_end_attempt(run, job, &intent->outcome, ledger_draw(ledger));
	usec_t ahead =
		intent->outcome.ended_at - intent->now; /* by a clock that was set back since */
	if (run->state == RUN_WAITING && ahead > 0)
		run->start_at -= ahead;
	/* A job that was removed or paused meanwhile is not tried again. */
	if (run->state == RUN_WAITING && job->state == JOB_CANCELLED) {
		run_set_state(run, RUN_CANCELLED, REASON_REMOVED);
		run->ended_at = intent->now;
	}
	if (save_attempt(ledger, intent, run) < 0 ||
	    db->ops->run_update(db, run, RUN_RUNNING, intent->attempt, &intent->err) ==
		    BACKEND_ERROR)
		return -1;
	if (run_is_terminal(run->state) && ledger_after_run(ledger, intent, job, run) < 0)
		return -1;
	intent->run = *run;
	return 0;
}

/* Does something to the running attempt that the intent speaks of, if it is that still. */
static int
with_running(struct ledger *ledger, struct intent *intent,
	     int (*act)(struct ledger *, struct intent *, struct run *, struct job *))
{
	struct run run;
	struct job job;
	int is_running = load_running(ledger, intent, &run);
	if (is_running != 1)
		return is_running;
	if (ledger_load_job_of(ledger, intent, &run, &job) != BACKEND_OK)
		return -1;
	int rc = act(ledger, intent, &run, &job);
	if (rc == 0 && run.state == RUN_WAITING)
		ledger_wake_by(intent, run.start_at);
	job_fini(&job);
	return rc;
}

static int
give_away(struct ledger *ledger, struct intent *intent)
{
	int64_t n = STARTS_PER_END * ledger->nfreed;
	ledger->nfreed = 0;
	intent->limit = (int64_t)intent->work.nstarts + n;
	return n > 0 && ledger_promote_queue(ledger, intent, ledger->freed_queue) < 0 ? -1 : 0;
}

static int
end_and_free(struct ledger *ledger, struct intent *intent, struct run *run, struct job *job)
{
	if (end_attempt(ledger, intent, run, job) < 0)
		return -1;
	if (intent->is_forced)
		return 0;
	if (strcmp(ledger->freed_queue, job->queue) != 0 && give_away(ledger, intent) < 0)
		return -1;
	snprintf(ledger->freed_queue, sizeof(ledger->freed_queue), "%s", job->queue);
	ledger->nfreed++;
	return 0;
}

/* Ends come in crowds: what those of one queue free is given away at once, by the last of them. */
int
ledger_ended(struct ledger *ledger, struct intent *intent)
{
	int rc = with_running(ledger, intent, end_and_free);
	bool is_last = !ledger->has_next_end && !intent->is_forced;
	return rc == 0 && is_last ? give_away(ledger, intent) : rc;
}

int
ledger_started(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	struct attempt attempt;
	enum backend_result found =
		db->ops->attempt_load(db, intent->run_id, intent->attempt, &attempt, &intent->err);
	if (found != BACKEND_OK || attempt.started_at)
		return ledger_checked(found);
	attempt.started_at = intent->at;
	attempt.pid = intent->pid;
	attempt.pid_start = intent->pid_start;
	return ledger_checked(db->ops->attempt_update(db, &attempt, &intent->err));
}

int
ledger_stopping(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	struct run run;
	int is_running = load_running(ledger, intent, &run);
	if (is_running != 1 || run.stop_reason != REASON_NONE)
		return is_running < 0 ? -1 : 0;
	run.stop_reason = intent->reason;
	return ledger_checked(
		db->ops->run_update(db, &run, RUN_RUNNING, run.attempt, &intent->err));
}

/* What has become of a run meanwhile that waits (again); the rows alone say it. */
static enum run_state
fate_of_unstarted(struct ledger *ledger, const struct intent *intent, const struct job *job,
		  const struct run *run, enum run_reason *reason)
{
	bool by_schedule = run_is_untried_instant(run);
	bool is_stopped =
		run->stop_reason == REASON_CANCELLED || run->stop_reason == REASON_OVERLAP;
	*reason = REASON_NONE;
	if (is_stopped || job->state == JOB_CANCELLED)
		*reason = is_stopped ? run->stop_reason : REASON_CANCELLED;
	else if (job->state == JOB_PAUSED && ledger_is_paused_away(intent, run))
		*reason = REASON_PAUSED;
	else if (by_schedule && ledger_is_edited_away(ledger, job, run))
		*reason = REASON_EDITED;
	else
		return RUN_WAITING;
	return *reason == REASON_PAUSED ? RUN_SKIPPED : RUN_CANCELLED;
}

/* Its instant lies far ahead: it is given back, and the run with it. */
static int
requeue_ahead(struct ledger *ledger, struct intent *intent, struct job *job)
{
	struct backend *db = ledger->backend;
	usec_t seen_due = job->next_due;
	enum job_state seen = job->state;
	int given_back = ledger_give_back(ledger, intent, job);
	if (given_back != 1)
		return given_back;
	ledger_wake_by(intent, job->next_start_at);
	return ledger_checked(db->ops->job_advance(db, job, seen_due, seen, &intent->err));
}

/*
 * An edit took the instant before it came: it is given back. While the run counted, max-runs may
 * have been used up, and the schedule at its end.
 */
static int
requeue_edited(struct ledger *ledger, struct intent *intent, struct job *job)
{
	struct backend *db = ledger->backend;
	struct schedule schedule;
	usec_t seen_due = job->next_due;
	job->nruns--;
	if (ledger_give_back_edited(ledger, intent, job) < 0)
		return -1;
	if (seen_due == USEC_NEVER && job_schedule(job, ledger->zones, &schedule, NULL) == 0) {
		job_anchor(job, &schedule, job->anchor_at, ledger->machine);
		schedule_fini(&schedule);
	}
	ledger_wake_by(intent, job->next_start_at);
	return ledger_checked(db->ops->job_advance(db, job, seen_due, job->state, &intent->err));
}

/*
 * The engine held the run and did not start it, or did not live to: its attempt never was. Waits
 * again, or ends when it was stopped, or its job cancelled, paused, or edited so that the instant
 * is none of its any more. Its slot is free: others may go.
 */
static int
requeue_run(struct ledger *ledger, struct intent *intent, struct run *run, struct job *job)
{
	struct backend *db = ledger->backend;
	enum run_reason reason;
	int seen = run->attempt--;
	run_set_state(run, RUN_WAITING, REASON_NONE);
	enum run_state fate = fate_of_unstarted(ledger, intent, job, run, &reason);
	if (fate != RUN_WAITING) {
		run_set_state(run, fate, reason);
		run->ended_at = intent->now;
	}
	run->gate = gate_at(run, intent->now);
	if (run->attempt == 0)
		run->deadline_at = run_deadline(job, run->start_at);
	run->stop_reason = REASON_NONE;
	ledger_wake_by(intent, intent->now);
	if (db->ops->attempt_drop(db, run->id, seen, &intent->err) == BACKEND_ERROR ||
	    db->ops->run_update(db, run, RUN_RUNNING, seen, &intent->err) == BACKEND_ERROR)
		return -1;
	bool is_given_back = fate != RUN_WAITING && reason == REASON_EDITED &&
			     run->due > intent->now && !job->is_damaged;
	if (is_given_back && requeue_edited(ledger, intent, job) < 0)
		return -1;
	if (fate != RUN_WAITING)
		return ledger_after_run(ledger, intent, job, run);
	bool may_be_ahead = intent->is_forced && !job->is_damaged;
	return may_be_ahead ? requeue_ahead(ledger, intent, job) : 0;
}

int
ledger_requeue(struct ledger *ledger, struct intent *intent)
{
	return with_running(ledger, intent, requeue_run);
}
