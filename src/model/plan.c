/*
 * DESIGN. One pass over the instants, oldest first. Missed ones gather in a span; the latest few
 * that catch-up may still run are held back in a ring until it is known that they are the latest.
 * A pass covers at most PLAN_STEPS_MAX instants: what is held back then is simply left uncovered,
 * next_due points at it, and the next pass sees it again.
 */
#include "model/plan.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"

struct instant {
	usec_t due, start_at;
	bool is_apart; /* the one before it has its row: no span goes over that */
};

struct walk {
	const struct plan_view *view;
	struct plan *plan;
	size_t nactive, nqueued;
	struct instant *ring; /* missed instants that `missed` may still run, oldest first */
	size_t nring;
};

static uint64_t
mix(uint64_t x) /* splitmix64's finaliser (Steele, Lea, Flood 2014) */
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

usec_t
job_start_at(const struct job *job, usec_t due, uint64_t machine)
{
	usec_t at = due;
	if (due == USEC_NEVER)
		return USEC_NEVER;
	if (job->splay > 0)
		at += (usec_t)(mix(job->seed ^ machine) % (uint64_t)job->splay);
	if (job->jitter > 0)
		at += (usec_t)(mix(job->seed + mix((uint64_t)due)) % (uint64_t)job->jitter);
	return at;
}

usec_t
job_next_within(const struct job *job, const struct schedule *schedule, usec_t after, int64_t nruns,
		unsigned *marks)
{
	if (marks)
		*marks = 0;
	if (job->max_runs && nruns >= job->max_runs)
		return USEC_NEVER;
	if (job->not_before && after < job->not_before - 1)
		after = job->not_before - 1;
	usec_t due = schedule_next(schedule, after, marks);
	return job->until && due > job->until ? USEC_NEVER : due;
}

void
job_anchor(struct job *job, const struct schedule *schedule, usec_t after, uint64_t machine)
{
	job->next_due = job_next_within(job, schedule, after, job->nruns, NULL);
	job->next_start_at = job_start_at(job, job->next_due, machine);
}

static struct plan_row *
add_row(struct plan *plan, const struct plan_row *row)
{
	if (plan->nrows == plan->cap) {
		plan->cap = plan->cap ? plan->cap * 2 : 4;
		plan->rows = mem_resize(plan->rows, plan->cap, sizeof(*plan->rows));
	}
	plan->rows[plan->nrows] = *row;
	return &plan->rows[plan->nrows++];
}

/* Records an instant that is not run, in the span before it when it has the same fate. */
static void
pass_over(struct walk *w, struct instant at, enum run_state state, enum run_reason reason)
{
	struct plan *plan = w->plan;
	struct plan_row *last = plan->nrows ? &plan->rows[plan->nrows - 1] : NULL;
	if (last && !at.is_apart && last->state == state && last->reason == reason) {
		last->last_due = at.due;
		last->count++;
		return;
	}
	add_row(plan, &(struct plan_row){ .due = at.due,
					  .last_due = at.due,
					  .count = 1,
					  .start_at = at.due,
					  .state = state,
					  .reason = reason });
}

static void
add_run(struct walk *w, struct instant at, enum run_gate gate, bool is_catchup)
{
	add_row(w->plan, &(struct plan_row){ .due = at.due, .last_due = at.due, .count = 1,
	                                     .start_at = at.start_at, .state = RUN_WAITING,
	                                     .gate = gate, .is_catchup = is_catchup });
	w->plan->nruns++;
	w->nactive++;
	if (gate == GATE_JOB)
		w->nqueued++;
}

static bool
is_past_deadline(const struct walk *w, struct instant at)
{
	usec_t deadline = w->view->job->start_deadline;
	return deadline > 0 && w->view->now > at.start_at + deadline;
}

static enum run_reason
why_missed(const struct walk *w, usec_t due)
{
	bool in_step = w->view->step_to && due > w->view->step_from && due <= w->view->step_to;
	return in_step ? REASON_CLOCK : REASON_DOWNTIME;
}

static bool
is_used_up(const struct walk *w)
{
	const struct job *job = w->view->job;
	return job->max_runs && job->nruns + w->plan->nruns >= job->max_runs;
}

/* One more than max-runs, too late, or beyond any backlog: recorded so. */
static bool
is_passed(struct walk *w, struct instant at)
{
	if (is_used_up(w))
		pass_over(w, at, RUN_SKIPPED, REASON_MAX_RUNS);
	else if (is_past_deadline(w, at))
		pass_over(w, at, RUN_MISSED, REASON_DEADLINE);
	else if (w->nactive >= PLAN_ACTIVE_MAX)
		pass_over(w, at, RUN_SKIPPED, REASON_OVERLAP);
	else if (w->view->is_limited && (size_t)w->plan->nruns >= w->view->room)
		pass_over(w, at, RUN_SKIPPED, REASON_REFUSED);
	else
		return false;
	return true;
}

/* The overlap gate: one instant that is to be run now. */
static void
admit(struct walk *w, struct instant at, bool is_catchup)
{
	const struct job *job = w->view->job;
	if (is_passed(w, at))
		return;
	if (w->nactive == 0 || job->overlap == OVERLAP_ALLOW) {
		add_run(w, at, GATE_OPEN, is_catchup);
		return;
	}
	switch (job->overlap) {
	case OVERLAP_QUEUE:
		if (w->nqueued == 0) {
			add_run(w, at, GATE_JOB, is_catchup);
			return;
		}
		break;
	case OVERLAP_CANCEL:
	case OVERLAP_KILL:
		w->plan->stops_active = true;
		add_run(w, at, GATE_JOB, is_catchup);
		return;
	default:
		break;
	}
	pass_over(w, at, RUN_SKIPPED, REASON_OVERLAP);
}

/* How many of the missed instants may still be run. */
static size_t
ring_size(const struct job *job)
{
	switch (job->missed) {
	case MISSED_SKIP:
		return 0;
	case MISSED_ONCE:
		return 1;
	case MISSED_ALL:
		break;
	}
	return (size_t)job->missed_limit;
}

static void
hold_back(struct walk *w, struct instant at)
{
	size_t size = ring_size(w->view->job);
	if (size == 0) {
		pass_over(w, at, RUN_MISSED, why_missed(w, at.due));
		return;
	}
	if (w->nring == size) {
		pass_over(w, w->ring[0], RUN_MISSED, why_missed(w, w->ring[0].due));
		w->nring--;
		for (size_t i = 0; i < w->nring; i++)
			w->ring[i] = w->ring[i + 1];
	}
	w->ring[w->nring++] = at;
}

/* All that was missed is known: run what was held back. `is_served`: a run on time follows. */
static void
catch_up(struct walk *w, bool is_served)
{
	bool all = w->view->job->missed == MISSED_ALL;
	for (size_t i = 0; i < w->nring; i++) {
		struct instant at = w->ring[i];
		if (is_passed(w, at))
			continue;
		if (all)
			add_run(w, at, w->nactive ? GATE_JOB : GATE_OPEN, true);
		else if (is_served)
			pass_over(w, at, RUN_MISSED, why_missed(w, at.due));
		else
			admit(w, at, true);
	}
	w->nring = 0;
}

/* May an instant ahead of its time be claimed: can its decision not change any more? */
static bool
may_claim_ahead(const struct walk *w)
{
	bool is_alone = w->nactive == 0 && !(w->view->job->missed == MISSED_ALL && w->nring > 0);
	return is_alone || w->view->job->overlap == OVERLAP_ALLOW;
}

static bool
has_row(const struct walk *w, usec_t due)
{
	const struct plan_view *v = w->view;
	return due <= v->job->covered_until && v->has_row && v->has_row(v->arg, due);
}

/* Decides one instant and gives the next; NEVER once max-runs are used up. */
static struct instant
cover(struct walk *w, struct instant at)
{
	const struct plan_view *v = w->view;
	struct instant next = { .is_apart = has_row(w, at.due) };
	next.due =
		job_next_within(v->job, v->schedule, at.due, v->job->nruns + w->plan->nruns, NULL);
	next.start_at = job_start_at(v->job, next.due, v->machine);
	if (next.is_apart)
		return next;
	if (at.due <= v->passed_until) {
		pass_over(w, at, RUN_SKIPPED, v->passed_reason);
	} else if (v->now > at.start_at + PLAN_LATE_MAX || next.start_at <= v->now) {
		hold_back(w, at);
	} else {
		catch_up(w, true);
		admit(w, at, false);
	}
	return next;
}

/* Is the instant this plan's to decide? One ahead of its time only if that is final. */
static bool
is_ours(const struct walk *w, struct instant at)
{
	const struct plan_view *v = w->view;
	if (at.due != USEC_NEVER && at.due <= v->passed_until)
		return true;
	return at.start_at <= v->now || (at.start_at <= v->horizon && may_claim_ahead(w));
}

/* Enough to get beyond what is held back, however little is asked for. */
static int
steps_max(const struct plan_view *view)
{
	int least = 2 * (int)ring_size(view->job) + 1;
	int most = view->steps_max ? view->steps_max : PLAN_STEPS_MAX;
	return most > least ? most : least;
}

void
plan_make(struct plan *plan, const struct plan_view *view)
{
	const struct job *job = view->job;
	*plan = (struct plan){ 0 };
	struct walk w = { .view = view, .plan = plan, .nactive = view->nactive,
	                  .nqueued = view->nqueued };
	w.ring = mem_array(ring_size(job), sizeof(*w.ring));
	struct instant at = { .due = job->next_due, .start_at = job->next_start_at };
	int most = steps_max(view);
	while (is_ours(&w, at) && plan->nsteps < most && !is_used_up(&w)) {
		at = cover(&w, at);
		plan->nsteps++;
	}
	if (plan->nsteps == most && at.start_at <= view->now && w.nring > 0)
		at = w.ring[0];
	else
		catch_up(&w, false);
	if (is_used_up(&w))
		at = (struct instant){ .due = USEC_NEVER, .start_at = USEC_NEVER };
	plan->next_due = at.due;
	plan->next_start_at = at.start_at;
	free(w.ring);
}

void
plan_fini(struct plan *plan)
{
	free(plan->rows);
	*plan = (struct plan){ 0 };
}
