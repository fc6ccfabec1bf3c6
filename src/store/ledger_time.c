/* What the machine's own life does to schedules: a boot, a clock that was set, retention. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/ledger_parts.h"

#define JOBS_PER_BATCH   256
#define SHIFTS_PER_BATCH 500
#define PRUNE_SLICE      500 /* runs removed in one transaction: a few milliseconds */
#define KEYS_KEPT        USEC_PER_DAY

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

/* Is it by an instant that the clock names, and not a delay after something else? 1, 0 or -1. */
static int
waits_for_instant(struct ledger *ledger, struct intent *intent, const struct run *run)
{
	struct job job;
	if (!run_is_untried_instant(run))
		return 0;
	if (ledger_load_job_of(ledger, intent, run, &job) != BACKEND_OK)
		return -1;
	bool follows_boot = job.kind == SCHEDULE_ON_START;
	job_fini(&job);
	return !follows_boot;
}

/* A deadline counts from the start. */
static int
shift_run(struct ledger *ledger, struct intent *intent, struct run *run)
{
	struct backend *db = ledger->backend;
	usec_t step = intent->until - intent->at;
	int waits = waits_for_instant(ledger, intent, run);
	if (waits != 0)
		return waits < 0 ? -1 : 0;
	run->start_at += step;
	run->deadline_at += run->deadline_at ? step : 0;
	return ledger_checked(
		db->ops->run_update(db, run, RUN_WAITING, run->attempt, &intent->err));
}

/* How far that step has come: behind that run, by (start_at, id). */
static int
load_shifted(struct ledger *ledger, struct intent *intent, struct run *behind)
{
	struct backend *db = ledger->backend;
	struct buf text = BUF_EMPTY;
	long long from, to, start_at, id;
	int rc = ledger_checked(db->ops->meta_load(db, "shifted", &text, &intent->err));
	bool is_some =
		sscanf(buf_text(&text), "%lld %lld %lld %lld", &from, &to, &start_at, &id) == 4;
	*behind = (struct run){ 0 };
	if (rc == 0 && is_some && from == intent->at && to == intent->until)
		*behind = (struct run){ .start_at = start_at, .id = id };
	buf_fini(&text);
	return rc;
}

static int
save_shifted(struct ledger *ledger, struct intent *intent, const struct run *last)
{
	struct backend *db = ledger->backend;
	char text[96];
	snprintf(text, sizeof(text), "%lld %lld %lld %lld", (long long)intent->at,
		 (long long)intent->until, (long long)last->start_at, (long long)last->id);
	return ledger_checked(db->ops->meta_save(db, "shifted", text, &intent->err));
}

/*
 * Retries and what follows a boot are not to wait for the time to come again, when it is set back;
 * ahead, one that comes early does no harm. In batches: what is moved lies in front of those that
 * are still to be, and the record tells how far the one before has come.
 */
static int
shift_delays(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	size_t max = ledger_batch(ledger, SHIFTS_PER_BATCH), n = 0;
	struct run behind, *runs = mem_array(max, sizeof(*runs));
	int rc = load_shifted(ledger, intent, &behind);
	if (rc == 0)
		rc = ledger_checked(db->ops->runs_timed(db, &behind, max, runs, &n, &intent->err));
	if (n > 0)
		behind = runs[n - 1];
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = shift_run(ledger, intent, &runs[i]);
	free(runs);
	if (rc < 0 || n < max)
		return rc;
	intent->goes_on = true;
	return save_shifted(ledger, intent, &behind);
}

/*
 * Puts the step on record, once: it is told again when the outcome of a commit was unknown. With
 * intent->goes_on it is not there yet.
 */
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
	if (intent->until < intent->at && shift_delays(ledger, intent) < 0)
		return -1;
	if (intent->goes_on)
		return 0;
	if (record_step(ledger, intent) < 0)
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
	size_t n, max = ledger_batch(ledger, JOBS_PER_BATCH);
	if (recall_step(ledger, intent) < 0)
		return -1;
	int is_done = has_booted(ledger, intent, &after);
	if (is_done != 0)
		return is_done < 0 ? -1 : 0;
	if (db->ops->jobs_on_start(db, after, max, ids, &n, &intent->err) == BACKEND_ERROR)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (start_on_boot(ledger, intent, ids[i]) < 0)
			return -1;
	}
	bool has_more = n == max;
	if (note_boot(ledger, intent, has_more ? ids[n - 1] : 0) < 0)
		return -1;
	intent->goes_on = has_more;
	return 0;
}

/*
 * What was done to the job when the clock was ahead was done by the step: `every` counts from when it
 * was made, and would wait for that time; and what was paused once passes over all up to the
 * anchor.
 */
static bool
come_back(struct job *job, usec_t now, usec_t since)
{
	bool is_ahead = job->created_at > now || job->anchor_at > now;
	if (job->created_at > now)
		job->created_at = since;
	if (job->anchor_at > now)
		job->anchor_at = since;
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
	ledger_anchor_again(ledger, intent, job, &schedule);
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

static int
move_job(struct ledger *ledger, struct intent *intent, int64_t id, mover move)
{
	struct backend *db = ledger->backend;
	struct job job;
	enum backend_result found = ledger_load_job(ledger, intent, id, &job);
	if (found != BACKEND_OK)
		return ledger_checked(found);
	usec_t seen = job.next_due;
	int rc = 0;
	if (come_back(&job, intent->now, ledger_clock_since(intent)))
		rc = ledger_checked(db->ops->job_update(db, &job, &intent->err));
	int moved = rc < 0 ? -1 : move(ledger, intent, &job);
	rc = moved == 1 ? save_moved(ledger, intent, &job, seen) : moved;
	job_fini(&job);
	return rc;
}

/* Moves the jobs of the next batch; offset goes on, or to -1. One that goes on is in the next. */
static int
move_batch(struct ledger *ledger, struct intent *intent, mover move)
{
	struct backend *db = ledger->backend;
	int64_t ids[JOBS_PER_BATCH];
	size_t n, max = ledger_batch(ledger, JOBS_PER_BATCH);
	int64_t after = intent->part.job_id ? intent->part.job_id : intent->offset;
	int rc = ledger_checked(db->ops->jobs_recurring(db, after, max, ids, &n, &intent->err));
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = move_job(ledger, intent, ids[i], move);
		if (intent->goes_on)
			return rc;
		intent->part.job_id = ids[i];
	}
	if (rc < 0)
		return -1;
	intent->offset = n == max ? ids[n - 1] : -1;
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
	if (intent->goes_on)
		return 0;
	if (intent->at - intent->until > CLOCK_BACK_MIN)
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
	usec_t before = ledger->retain ? intent->at - ledger->retain : 0;
	if (db->ops->requests_forget(db, intent->at - KEYS_KEPT, PRUNE_SLICE, &nkeys,
				     &intent->err) == BACKEND_ERROR ||
	    db->ops->prune(db, before, ledger->retain_runs, ledger->retain_bytes, PRUNE_SLICE,
			   &nruns, &intent->err) == BACKEND_ERROR)
		return -1;
	intent->count = nkeys + nruns;
	return 0;
}
