/*
 * What becomes of runs that are claimed and have not started when somebody pauses, edits or removes
 * their job.
 *
 * DESIGN. A claim looks ahead, so a run may have its row before its instant. An edit that takes the
 * instant from the job ends the run, and the instant is given back (ledger_back.c): until it comes
 * another edit may bring it again, and then it is due as if nobody had ever looked ahead. A pause
 * ends nothing whose instant is still to come, because it may be over by then; what is cancelled by
 * its number stays so.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/ledger_parts.h"

bool
ledger_is_paused_away(const struct intent *intent, const struct run *run)
{
	return run_is_untried_instant(run) && run->due <= intent->now;
}

bool
ledger_is_edited_away(struct ledger *ledger, const struct job *job, const struct run *run)
{
	struct schedule schedule;
	if (job->anchor_at < run->claimed_at)
		return false;
	bool is_outside = run->due <= job->anchor_at || run->due < job->not_before ||
			  (job->until && run->due > job->until);
	if (is_outside || job_schedule(job, ledger->zones, &schedule, NULL) < 0)
		return true;
	bool is_due = schedule_next(&schedule, run->due - 1, NULL) == run->due;
	schedule_fini(&schedule);
	return !is_due;
}

/* Does a change of the job end that waiting run? */
static bool
ends_waiting(struct ledger *ledger, const struct intent *intent, const struct job *job,
	     const struct run *run, enum run_reason reason)
{
	bool by_schedule = run_is_untried_instant(run);
	if (reason == REASON_EDITED)
		return by_schedule && ledger_is_edited_away(ledger, job, run);
	if (reason == REASON_PAUSED)
		return ledger_is_paused_away(intent, run);
	return reason == REASON_CANCELLED || by_schedule;
}

/* A run that an edit leaves waiting goes by the job's new priority and deadline. */
static int
follow_job(struct ledger *ledger, struct intent *intent, const struct job *job, struct run *run)
{
	struct backend *db = ledger->backend;
	usec_t deadline_at = run->attempt == 0 ? run_deadline(job, run->start_at) : 0;
	if (run->priority == job->priority && run->deadline_at == deadline_at)
		return 0;
	run->priority = job->priority;
	run->deadline_at = deadline_at;
	return ledger_checked(
		db->ops->run_update(db, run, RUN_WAITING, run->attempt, &intent->err));
}

static int
end_waiting(struct ledger *ledger, struct intent *intent, struct job *job, struct run *run,
	    enum run_reason reason)
{
	char by[64];
	snprintf(by, sizeof(by), "by uid %u", (unsigned)intent->who.uid);
	enum run_state state = reason == REASON_PAUSED ? RUN_SKIPPED : RUN_CANCELLED;
	job->nruns -= reason == REASON_EDITED && run->due > intent->now; /* is to be given back */
	return ledger_end_waiting(ledger, intent, run, state, reason, by);
}

int
ledger_end_claimed(struct ledger *ledger, struct intent *intent, struct job *job,
		   enum run_reason reason)
{
	struct active active;
	int rc = ledger_load_active(ledger, intent, job->id, &active);
	for (size_t i = 0; rc == 0 && i < active.n; i++) {
		struct run *run = &active.runs[i];
		if (run->state == RUN_RUNNING)
			rc = ledger_stop_run(
				ledger, intent, run,
				&(struct stop){ .how = intent->how,
						.reason = reason,
						.only_unstarted = !intent->with_running });
		else if (ends_waiting(ledger, intent, job, run, reason))
			rc = end_waiting(ledger, intent, job, run, reason);
		else
			rc = follow_job(ledger, intent, job, run);
	}
	free(active.runs);
	return rc;
}

int
ledger_count_ahead(struct ledger *ledger, struct intent *intent, const struct job *job, int64_t *n)
{
	struct active active;
	*n = 0;
	if (job->covered_until <= intent->now)
		return 0;
	int rc = ledger_load_active(ledger, intent, job->id, &active);
	for (size_t i = 0; rc == 0 && i < active.n; i++)
		*n += active.runs[i].trigger == TRIGGER_SCHEDULE &&
		      active.runs[i].due > intent->now;
	free(active.runs);
	return rc;
}
