/*
 * DESIGN. A claim is one transaction: due jobs (one index range) are shown to the pure plan, its
 * rows are written, next_due is moved on the condition that it is what was seen, and runs that
 * have a free slot become `running` with their attempt row. So a run is on record before its
 * start request exists, and an instant can be neither run twice nor passed over in silence.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "store/ledger_parts.h"

/*
 * What one claim covers at most, in instants: some 20 ms. Every due job of the batch gets its
 * share, so that one that is far behind does not hold up those that are on time; and what is too
 * dear is left to the next claim, which comes at once.
 */
#define CLAIM_COST_MAX  40000
#define CLAIM_SHARE_MIN 100

#define QUEUES_MAX 64 /* queues that one claim serves; the next one goes on behind them */

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
	if (at <= intent->now)
		at = 0; /* at once, also by a clock that is set back before the answer is heard */
	if (intent->work.wake_by < 0 || at < intent->work.wake_by)
		intent->work.wake_by = at;
}

static int
cover_due(struct ledger *ledger, struct intent *intent, const int64_t *ids, size_t n)
{
	struct cover cover = { .passed_reason = REASON_PAUSED,
			       .steps_max = CLAIM_COST_MAX / (int)(n ? n : 1) };
	if (cover.steps_max > PLAN_STEPS_MAX)
		cover.steps_max = PLAN_STEPS_MAX;
	if (cover.steps_max < CLAIM_SHARE_MIN)
		cover.steps_max = CLAIM_SHARE_MIN;
	for (size_t i = 0; i < n; i++) {
		struct job job;
		if (cover.cost >= CLAIM_COST_MAX) {
			intent->work.is_full = true;
			return 0;
		}
		enum backend_result found = ledger_load_job(ledger, intent, ids[i], &job);
		if (found == BACKEND_NONE)
			continue;
		if (found == BACKEND_ERROR)
			return -1;
		cover.passed_until = ledger_paused_until(&job);
		int rc = ledger_cover(ledger, intent, &job, &cover);
		job_fini(&job);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/*
 * Serves the next queues that have something to start, in the order of their names, going on
 * behind intent->cursor. When there are more the cursor says where the next claim goes on; so
 * every queue gets its turn before the first gets another.
 */
static int
promote(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	char names[QUEUES_MAX][JOB_NAME_MAX + 1];
	const char *after = intent->cursor ? intent->cursor : "";
	size_t n = 0, i;
	if (db->ops->queues_ready(db, after, QUEUES_MAX, names, &n, &intent->err) == BACKEND_ERROR)
		return -1;
	for (i = 0; i < n; i++) {
		int rc = ledger_promote_queue(ledger, intent, names[i]);
		if (rc < 0)
			return -1;
		if (rc == 1)
			break; /* its turn is not over */
	}
	bool has_more = i < n || n == QUEUES_MAX;
	char *cursor = !has_more ? NULL : i > 0 ? mem_dup(names[i - 1]) : mem_dup(after);
	free(intent->cursor);
	intent->cursor = cursor;
	intent->work.is_full |= has_more;
	return 0;
}

int
ledger_claim(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	size_t max = (size_t)intent->limit, n = 0;
	int64_t *ids = mem_array(max, sizeof(*ids));
	enum backend_result opened = db->ops->runs_open_timed(db, intent->until, &intent->err);
	int rc = ledger_checked(opened);
	if (rc == 0)
		rc = ledger_checked(
			db->ops->jobs_due(db, intent->until, max, ids, &n, &intent->err));
	if (rc == 0)
		rc = cover_due(ledger, intent, ids, n);
	free(ids);
	/* What has just become ready may stand in a queue in front of the cursor. */
	if (intent->cursor && (n > 0 || opened == BACKEND_OK))
		ledger_wake_by(intent, intent->now);
	if (rc < 0 || ledger_end_overdue(ledger, intent) < 0 || promote(ledger, intent) < 0)
		return -1;
	intent->work.is_full |= n == max;
	return ledger_plan_wake(ledger, intent);
}
