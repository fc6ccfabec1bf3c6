/*
 * DESIGN. A claim is one transaction: due jobs (one index range) are shown to the pure plan, its
 * rows are written, next_due is moved on the condition that it is what was seen, and runs that
 * have a free slot become `running` with their attempt row. So a run is on record before its
 * start request exists, and an instant can be neither run twice nor passed over in silence.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "store/ledger_parts.h"

int
ledger_plan_wake(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	usec_t next_timed = USEC_NEVER, next_deadline = USEC_NEVER, at = USEC_NEVER;
	if (db->ops->jobs_next_start(db, &at, &intent->err) == BACKEND_ERROR ||
	    db->ops->runs_next_timed(db, &next_timed, &intent->err) == BACKEND_ERROR ||
	    db->ops->runs_next_deadline(db, &next_deadline, &intent->err) == BACKEND_ERROR)
		return -1;
	if (next_timed < at)
		at = next_timed;
	if (next_deadline < at) /* and not before it has passed */
		at = next_deadline + 1;
	intent->work.wake_at = at;
	return 0;
}

void
ledger_wake_by(struct intent *intent, usec_t at)
{
	if (intent->work.wake_by < 0 || at < intent->work.wake_by)
		intent->work.wake_by = at;
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
	if (rc < 0 || ledger_end_overdue(ledger, intent) < 0 || ledger_promote(ledger, intent) < 0)
		return -1;
	intent->work.is_full |= n == max;
	return ledger_plan_wake(ledger, intent);
}
