/*
 * Instants that have their row already and lie ahead: a clock that is set back, or an edit, lets
 * them be decided once more.
 *
 * DESIGN. An instant that was run has had its run, whatever the clock says next. But a row that
 * says why there was no run (missed while the clock was ahead, skipped), and a run that was claimed
 * and never started, speak of an instant that has not come: it is given back, and decided when it
 * comes. Its row stays in the history as it is, except that its trigger is the clock then, not the
 * schedule: it stands for no instant any more. So it is when an edit ends what a claim has looked
 * ahead at: the clock had the last word then, too, and had not spoken it. A span of which a part has passed is divided there.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/ledger_parts.h"

/* What a claim covers ahead of its time needs no clock that was set back. */
#define CLAIM_AHEAD_MAX USEC_PER_SEC

#define GIVEN_BACK   "given back: the clock was set back"
#define EDITED_AHEAD "given back: edited before it came"

usec_t
ledger_clock_since(const struct intent *intent)
{
	bool is_step = intent->kind == INTENT_CLOCK_STEP || intent->kind == INTENT_REQUEUE;
	return is_step && intent->since && intent->since < intent->now ? intent->since
								       : intent->now;
}

static bool
is_silence(const struct run *run)
{
	return run->state == RUN_SKIPPED || run->state == RUN_MISSED;
}

/*
 * The span that reaches from the past into what lies ahead is cut where it is now; what lies ahead
 * gets a row of its own, which is none of the schedule's.
 */
static int
divide_span(struct ledger *ledger, struct intent *intent, const struct job *job,
	    const struct schedule *schedule)
{
	struct backend *db = ledger->backend;
	struct run run;
	enum backend_result found =
		db->ops->run_due_by(db, job->id, intent->now, &run, &intent->err);
	if (found != BACKEND_OK || !is_silence(&run) || run.last_due <= intent->now)
		return ledger_checked(found);
	struct run ahead = run;
	int64_t npassed = schedule_count(schedule, run.due - 1, intent->now);
	usec_t next = schedule_next(schedule, intent->now, NULL);
	run.last_due =
		npassed < 1 ? run.due : schedule_nth(schedule, run.due - 1, intent->now, npassed);
	/* An edit may have changed what is due since: both parts keep one at least. */
	run.count = npassed < 1 ? 1 : npassed < run.count ? npassed : run.count - 1;
	ahead.count -= run.count;
	ahead.due = next < ahead.last_due ? next : ahead.last_due;
	ahead.start_at = ahead.due;
	ahead.trigger = TRIGGER_CLOCK;
	snprintf(ahead.detail, sizeof(ahead.detail), "%s", GIVEN_BACK);
	if (run.count == 0) /* one that stands for instants nobody could tell */
		run.count = 1;
	if (db->ops->run_update(db, &run, run.state, run.attempt, &intent->err) == BACKEND_ERROR)
		return -1;
	return ahead.count < 1 ? 0 : ledger_checked(db->ops->run_insert(db, &ahead, &intent->err));
}

/* Runs that wait for an instant ahead were never started, and do not count. */
static int
end_ahead(struct ledger *ledger, struct intent *intent, struct job *job)
{
	struct active active;
	int rc = ledger_load_active(ledger, intent, job->id, &active);
	for (size_t i = 0; rc == 0 && i < active.n; i++) {
		struct run *run = &active.runs[i];
		if (run->state != RUN_WAITING || run->due <= intent->now ||
		    !run_is_untried_instant(run))
			continue;
		rc = ledger_end_waiting(ledger, intent, run, RUN_MISSED, REASON_CLOCK, GIVEN_BACK);
		job->nruns--;
	}
	free(active.runs);
	return rc;
}

/* How far the rows reach that are left. */
static int
measure_cover(struct ledger *ledger, struct intent *intent, struct job *job)
{
	struct backend *db = ledger->backend;
	struct run last = { 0 };
	if (db->ops->run_due_by(db, job->id, USEC_NEVER, &last, &intent->err) == BACKEND_ERROR)
		return -1;
	job->covered_until = last.last_due;
	return 0;
}

/* At most a second of rows: what reaches further was given back as after a step of the clock. */
int
ledger_give_back_edited(struct ledger *ledger, struct intent *intent, struct job *job)
{
	struct backend *db = ledger->backend;
	struct back_slice slice = { .job_id = job->id,
				    .after = intent->now,
				    .until = intent->now + CLAIM_AHEAD_MAX + 1,
				    .detail = EDITED_AHEAD,
				    .max = PLAN_STEPS_MAX };
	enum backend_result result;
	if (job->covered_until <= intent->now)
		return 0;
	do {
		result = db->ops->runs_give_back(db, &slice, &intent->err);
	} while (result == BACKEND_OK);
	return result == BACKEND_ERROR ? -1 : measure_cover(ledger, intent, job);
}

/* The latest first: what a claim was ahead with. 1: that was all, 0: there are more; -1. */
static int
give_back_rows(struct ledger *ledger, struct intent *intent, struct job *job)
{
	struct backend *db = ledger->backend;
	struct back_slice slice = { .job_id = job->id,
				    .after = intent->now,
				    .until = intent->part.until ? intent->part.until : USEC_NEVER,
				    .detail = GIVEN_BACK,
				    .max = ledger->nlooks };
	bool is_requeue = intent->kind == INTENT_REQUEUE;
	if (is_requeue)
		slice.max = LOOKS_PER_TRANSACTION;
	if (slice.max == 0)
		return 0;
	enum backend_result result = db->ops->runs_give_back(db, &slice, &intent->err);
	ledger->nlooks -= slice.n < ledger->nlooks ? slice.n : ledger->nlooks;
	intent->part.until = result == BACKEND_OK ? slice.until : 0;
	return result == BACKEND_ERROR ? -1 : result == BACKEND_NONE || is_requeue;
}

/* Not before its own anchor: it may have been edited since. */
void
ledger_anchor_again(struct ledger *ledger, struct intent *intent, struct job *job,
		    const struct schedule *schedule)
{
	usec_t since = ledger_clock_since(intent);
	bool is_younger = job->anchor_at > since && job->anchor_at <= intent->now;
	job_anchor(job, schedule, is_younger ? job->anchor_at : since, ledger->machine);
}

static int
go_on_from_now(struct ledger *ledger, struct intent *intent, struct job *job,
	       const struct schedule *schedule)
{
	if (measure_cover(ledger, intent, job) < 0)
		return -1;
	if (job->next_due > intent->now)
		ledger_anchor_again(ledger, intent, job, schedule);
	/* What waited behind a run that is given back may go. */
	return ledger_go_on(ledger, intent, job);
}

int
ledger_give_back(struct ledger *ledger, struct intent *intent, struct job *job)
{
	struct backend *db = ledger->backend;
	struct schedule schedule;
	/* No schedule names a boot again; but an edit ends that, and older rows may be ahead. */
	bool stays = job->kind == SCHEDULE_ON_START && intent->kind != INTENT_JOB_SET;
	if (stays || job->covered_until <= intent->now + CLAIM_AHEAD_MAX ||
	    job_schedule(job, ledger->zones, &schedule, NULL) < 0)
		return 0;
	int done = end_ahead(ledger, intent, job);
	if (done == 0)
		done = divide_span(ledger, intent, job, &schedule);
	if (done == 0)
		done = give_back_rows(ledger, intent, job);
	if (done == 1 && go_on_from_now(ledger, intent, job, &schedule) < 0)
		done = -1;
	schedule_fini(&schedule);
	if (done != 0)
		return done;
	intent->goes_on = true;
	return ledger_checked(
		db->ops->job_advance(db, job, job->next_due, job->state, &intent->err));
}
