/*
 * What one user may have stored. The limits are those of a job's owner, whoever asks; root has
 * none. The counts are read in the transaction that would go beyond them.
 */
#include <stdio.h>

#include "store/ledger_parts.h"

/* 0 and the answer says so when `n` is at the limit already; 1: there is room. */
static int
check(struct intent *intent, const char *what, const char *key, int64_t n, int64_t max)
{
	if (max == 0 || n < max)
		return 1;
	err_set(&intent->err, ERR_BUSY, "this user has %lld %s, of at most %lld (%s)", (long long)n,
		what, (long long)max, key);
	return 0;
}

static int
load(struct ledger *ledger, struct intent *intent, uid_t owner, struct usage *usage)
{
	struct backend *db = ledger->backend;
	return ledger_checked(db->ops->usage_load(db, owner, usage, &intent->err));
}

static bool
is_limited(const struct ledger *ledger, uid_t owner)
{
	const struct limits *max = &ledger->limits;
	return owner != 0 && (max->jobs || max->runs || max->bytes);
}

int
ledger_has_room_for_job(struct ledger *ledger, struct intent *intent, const struct job *job)
{
	const struct limits *max = &ledger->limits;
	struct usage has;
	if (!is_limited(ledger, job->owner))
		return 1;
	if (load(ledger, intent, job->owner, &has) < 0)
		return -1;
	bool is_new = job->id == 0;
	return (!is_new || check(intent, "jobs", "max-jobs-per-user", has.njobs, max->jobs)) &&
	       check(intent, "bytes of jobs and output", "max-bytes-per-user", has.bytes,
		     max->bytes);
}

int
ledger_has_room_for_run(struct ledger *ledger, struct intent *intent, const struct job *job)
{
	struct usage has;
	if (!is_limited(ledger, job->owner))
		return 1;
	if (load(ledger, intent, job->owner, &has) < 0)
		return -1;
	return check(intent, "waiting and running runs", "max-runs-per-user", has.nruns,
		     ledger->limits.runs);
}

int
ledger_has_room_for_output(struct ledger *ledger, struct intent *intent, const struct job *job)
{
	struct usage has;
	if (ledger->limits.bytes == 0 || job->owner == 0)
		return 1;
	if (load(ledger, intent, job->owner, &has) < 0)
		return -1;
	return has.bytes < ledger->limits.bytes;
}

int
ledger_run_room(struct ledger *ledger, struct intent *intent, const struct job *job, size_t *room)
{
	struct usage has;
	int64_t max = ledger->limits.runs;
	*room = SIZE_MAX;
	if (max == 0 || job->owner == 0)
		return 0;
	if (load(ledger, intent, job->owner, &has) < 0)
		return -1;
	*room = has.nruns < max ? (size_t)(max - has.nruns) : 0;
	return 0;
}

void
ledger_refuse_run(const struct ledger *ledger, const struct intent *intent, struct run *run)
{
	run->state = RUN_SKIPPED;
	run->reason = REASON_REFUSED;
	run->gate = GATE_OPEN;
	run->ended_at = intent->now;
	run->deadline_at = 0;
	snprintf(run->detail, sizeof(run->detail), "max-runs-per-user is %lld",
		 (long long)ledger->limits.runs);
}
