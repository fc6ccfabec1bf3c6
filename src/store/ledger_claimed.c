/*
 * What becomes of runs that are claimed and have not started when somebody pauses, edits or removes
 * their job.
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

int
ledger_end_claimed(struct ledger *ledger, struct intent *intent, const struct job *job,
		   enum run_reason reason)
{
	struct active active;
	char by[64];
	snprintf(by, sizeof(by), "by uid %u", (unsigned)intent->who.uid);
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
			rc = ledger_end_waiting(
				ledger, intent, run,
				reason == REASON_PAUSED ? RUN_SKIPPED : RUN_CANCELLED, reason, by);
		else
			rc = follow_job(ledger, intent, job, run);
	}
	free(active.runs);
	return rc;
}
