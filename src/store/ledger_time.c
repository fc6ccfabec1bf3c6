/* What the machine's own life does to schedules: a boot, a clock that was set, retention. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/ledger_parts.h"

#define JOBS_PER_BATCH 256
#define PRUNE_SLICE    500 /* runs removed in one transaction: a few milliseconds */
#define KEYS_KEPT      USEC_PER_DAY

/* A step back of more than this gives back what lies ahead again. */
#define STEP_BACK_MIN USEC_PER_MIN

static int
start_on_boot(struct ledger *ledger, struct intent *intent, int64_t id)
{
	struct job job;
	enum backend_result found = ledger_load_job(ledger, intent, id, &job);
	if (found != BACKEND_OK)
		return ledger_checked(found);
	int rc = ledger_cover_boot(ledger, intent, &job);
	job_fini(&job);
	return rc;
}

static int
record_step(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	char length[USEC_TEXT_MAX];
	usec_t step = intent->until - intent->at;
	struct run run = { .due = intent->until,
			   .last_due = intent->until,
			   .count = 1,
			   .start_at = intent->until,
			   .trigger = TRIGGER_CLOCK,
			   .state = RUN_SKIPPED,
			   .reason = REASON_CLOCK,
			   .claimed_at = intent->now,
			   .ended_at = intent->now };
	snprintf(run.detail, sizeof(run.detail), "set %s by %s", step < 0 ? "back" : "ahead",
		 usec_print_duration(step < 0 ? -step : step, length));
	return ledger_checked(db->ops->run_insert(db, &run, &intent->err));
}

/* The last step that is on record, as text: "" when there is none. */
static int
load_step(struct ledger *ledger, struct intent *intent, struct buf *text)
{
	struct backend *db = ledger->backend;
	return ledger_checked(db->ops->meta_load(db, "step", text, &intent->err));
}

/* What the claims call missed because of it. */
static void
remember_step(struct ledger *ledger, usec_t from, usec_t to)
{
	ledger->step_from = to > from ? from : 0;
	ledger->step_to = to > from ? to : 0;
}

/* The last step, after a restart. */
static int
recall_step(struct ledger *ledger, struct intent *intent)
{
	struct buf text = BUF_EMPTY;
	long long from, to;
	int rc = load_step(ledger, intent, &text);
	if (rc == 0 && sscanf(buf_text(&text), "%lld %lld", &from, &to) == 2)
		remember_step(ledger, from, to);
	buf_fini(&text);
	return rc;
}

/* Puts the step on record, once: it is told again when the outcome of a commit was unknown. */
static int
begin_step(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	struct buf seen = BUF_EMPTY;
	char text[48];
	snprintf(text, sizeof(text), "%lld %lld", (long long)intent->at, (long long)intent->until);
	int rc = load_step(ledger, intent, &seen);
	bool is_known = rc == 0 && strcmp(buf_text(&seen), text) == 0;
	buf_fini(&seen);
	remember_step(ledger, intent->at, intent->until);
	if (rc < 0 || is_known)
		return rc;
	usec_t step = intent->until - intent->at;
	if (record_step(ledger, intent) < 0)
		return -1;
	/*
	 * Retries and what follows a boot are not to wait for the time to come again; one
	 * that comes early does no harm.
	 */
	if (step < 0 && db->ops->runs_shift(db, step, &intent->err) == BACKEND_ERROR)
		return -1;
	return ledger_checked(db->ops->meta_save(db, "step", text, &intent->err));
}

/* Is all of this boot on record? Else *after is the last job that has its row of it. 1, 0 or -1. */
static int
has_booted(struct ledger *ledger, struct intent *intent, int64_t *after)
{
	struct backend *db = ledger->backend;
	struct buf done = BUF_EMPTY, part = BUF_EMPTY;
	char *boot;
	int rc = 0;
	*after = 0;
	if (db->ops->meta_load(db, "boot", &done, &intent->err) == BACKEND_ERROR ||
	    db->ops->meta_load(db, "booting", &part, &intent->err) == BACKEND_ERROR)
		rc = -1;
	else if (done.len > 0 && strcmp(buf_text(&done), ledger->boot) == 0)
		rc = 1;
	else if (part.len > 0) {
		long long last = strtoll(buf_text(&part), &boot, 10);
		*after = *boot == ' ' && strcmp(boot + 1, ledger->boot) == 0 ? last : 0;
	}
	buf_fini(&done);
	buf_fini(&part);
	return rc;
}

/* In the commit of the runs: how far this boot has come; after 0: that this was all. */
static int
note_boot(struct ledger *ledger, struct intent *intent, int64_t after)
{
	struct backend *db = ledger->backend;
	char text[sizeof(ledger->boot) + 24];
	if (after == 0)
		return ledger_checked(db->ops->meta_save(db, "boot", ledger->boot, &intent->err));
	snprintf(text, sizeof(text), "%lld %s", (long long)after, ledger->boot);
	return ledger_checked(db->ops->meta_save(db, "booting", text, &intent->err));
}

/*
 * Once a boot, in batches. Only the record tells where the next one begins: a batch may have been
 * rolled back, or have been a daemon's that died. What it starts is in the same commit.
 */
int
ledger_boot(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	int64_t ids[JOBS_PER_BATCH], after;
	size_t n;
	if (recall_step(ledger, intent) < 0)
		return -1;
	int is_done = has_booted(ledger, intent, &after);
	if (is_done != 0)
		return is_done < 0 ? -1 : 0;
	if (db->ops->jobs_on_start(db, after, JOBS_PER_BATCH, ids, &n, &intent->err) ==
	    BACKEND_ERROR)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (start_on_boot(ledger, intent, ids[i]) < 0)
			return -1;
	}
	bool has_more = n == JOBS_PER_BATCH;
	if (note_boot(ledger, intent, has_more ? ids[n - 1] : 0) < 0)
		return -1;
	intent->goes_on = has_more;
	return 0;
}

/*
 * What was done to the job when the clock was ahead was done by now: `every` counts from when it
 * was made, and would wait for that time; and what was paused once passes over all up to the
 * anchor.
 */
static bool
come_back(struct job *job, usec_t now)
{
	bool is_ahead = job->created_at > now || job->anchor_at > now;
	if (job->created_at > now)
		job->created_at = now;
	if (job->anchor_at > now)
		job->anchor_at = now;
	return is_ahead;
}

/*
 * Puts the job on its schedule from now on, unless it is due already: that is a claim's, which
 * gives every instant its row and says what cannot be read.
 */
static int
reanchor(struct ledger *ledger, struct intent *intent, struct job *job)
{
	struct schedule schedule;
	usec_t seen = job->next_due;
	if (seen <= intent->now || job_schedule(job, ledger->zones, &schedule, NULL) < 0)
		return 0;
	job_anchor(job, &schedule, intent->now, ledger->machine);
	schedule_fini(&schedule);
	return job->next_due != seen;
}

/* What a batch does to a job: puts it on its schedule again. 1: it is to be stored; 0; -1. */
typedef int (*mover)(struct ledger *ledger, struct intent *intent, struct job *job);

/* Stores what was moved, and counts the jobs whose next instant it is. */
static int
save_moved(struct ledger *ledger, struct intent *intent, struct job *job, usec_t seen)
{
	struct backend *db = ledger->backend;
	intent->count += job->next_due != seen;
	return ledger_checked(db->ops->job_advance(db, job, seen, JOB_ACTIVE, &intent->err));
}

/* Moves the jobs of the next batch; offset goes on, or to -1. */
static int
move_batch(struct ledger *ledger, struct intent *intent, mover move)
{
	struct backend *db = ledger->backend;
	int64_t ids[JOBS_PER_BATCH];
	size_t n;
	int rc = ledger_checked(
		db->ops->jobs_recurring(db, intent->offset, JOBS_PER_BATCH, ids, &n, &intent->err));
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct job job;
		enum backend_result found = ledger_load_job(ledger, intent, ids[i], &job);
		rc = ledger_checked(found);
		if (found != BACKEND_OK)
			continue;
		usec_t seen = job.next_due;
		if (come_back(&job, intent->now))
			rc = ledger_checked(db->ops->job_update(db, &job, &intent->err));
		int moved = rc < 0 ? -1 : move(ledger, intent, &job);
		rc = moved == 1 ? save_moved(ledger, intent, &job, seen) : moved;
		job_fini(&job);
	}
	if (rc < 0)
		return -1;
	intent->offset = n == JOBS_PER_BATCH ? ids[n - 1] : -1;
	return ledger_plan_wake(ledger, intent);
}

/* What was run has its row, which no schedule passes over: so all may go back. */
static int
move_by_step(struct ledger *ledger, struct intent *intent, struct job *job)
{
	int given_back = ledger_give_back(ledger, intent, job);
	return given_back != 0 ? given_back : reanchor(ledger, intent, job);
}

int
ledger_clock_step(struct ledger *ledger, struct intent *intent)
{
	if (intent->offset == 0 && begin_step(ledger, intent) < 0)
		return -1;
	if (intent->at - intent->until > STEP_BACK_MIN)
		return move_batch(ledger, intent, move_by_step);
	intent->offset = -1;
	return ledger_plan_wake(ledger, intent);
}

struct replaced {
	char first[64];
	int n;
};

static void
note_replaced(void *arg, const char *name)
{
	struct replaced *replaced = arg;
	if (replaced->n++ == 0)
		snprintf(replaced->first, sizeof(replaced->first), "%s",
			 *name ? name : "the machine's own");
}

/* Intervals know no zone. */
static int
move_by_zones(struct ledger *ledger, struct intent *intent, struct job *job)
{
	return job->kind == SCHEDULE_EVERY ? 0 : reanchor(ledger, intent, job);
}

int
ledger_zones(struct ledger *ledger, struct intent *intent)
{
	struct replaced replaced = { .n = 0 };
	if (intent->offset == 0) {
		zones_refresh(ledger->zones, note_replaced, &replaced);
		if (replaced.n == 0 && !intent->is_forced) {
			intent->offset = -1;
			return 0;
		}
		if (replaced.n == 1)
			intent->name = mem_dup(replaced.first);
		else if (replaced.n > 1)
			intent->name = mem_printf("%s and %d more", replaced.first, replaced.n - 1);
	}
	return move_batch(ledger, intent, move_by_zones);
}

int
ledger_prune(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	int64_t nkeys = 0, nruns = 0;
	usec_t before = ledger->retain ? intent->now - ledger->retain : 0;
	if (db->ops->requests_forget(db, intent->now - KEYS_KEPT, PRUNE_SLICE, &nkeys,
				     &intent->err) == BACKEND_ERROR ||
	    db->ops->prune(db, before, ledger->retain_runs, ledger->retain_bytes, PRUNE_SLICE,
			   &nruns, &intent->err) == BACKEND_ERROR)
		return -1;
	intent->count = nkeys + nruns;
	return 0;
}
