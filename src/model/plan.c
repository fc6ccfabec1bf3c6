/*
 * DESIGN. One pass over the instants, oldest first. Missed ones gather in a span; the latest few
 * that catch-up may still run are held back in a ring until it is known that they are the latest.
 * A pass covers at most PLAN_STEPS_MAX instants: what is held back then is simply left uncovered,
 * next_due points at it, and the next pass sees it again. Where many in a row have one fate (a year
 * of downtime, a clock that was set from 1970 to today) they are counted instead of looked at.
 */
#include "model/plan.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"

/*
 * So many instants are counted: fewer are looked at as fast. As steps they are as many, and one more
 * for so much time: with changes of the clock 14 us and, for each year, 2 to 3 us (measured).
 */
#define COUNTED_MIN  64
#define COUNTED_SPAN (120 * USEC_PER_DAY)

struct instant {
	usec_t due, start_at;
	bool is_apart; /* another row stands before it: no span goes over that */
};

struct walk {
	const struct plan_view *view;
	struct plan *plan;
	size_t nactive, nqueued;
	struct instant *ring; /* missed instants that `missed` may still run, oldest first */
	size_t nring;
	usec_t passed;    /* the last instant that was decided; 0: none yet */
	usec_t few_until; /* up to then there are not enough instants to count */
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

static usec_t
splay(const struct job *job, uint64_t machine)
{
	return job->splay > 0 ? (usec_t)(mix(job->seed ^ machine) % (uint64_t)job->splay) : 0;
}

usec_t
job_start_at(const struct job *job, usec_t due, uint64_t machine)
{
	if (due == USEC_NEVER)
		return USEC_NEVER;
	usec_t at = due + splay(job, machine);
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

/* Records what is not run, in the span before it when that has the same fate. */
static void
pass_row(struct walk *w, const struct plan_row *row, bool is_apart)
{
	struct plan *plan = w->plan;
	struct plan_row *last = plan->nrows ? &plan->rows[plan->nrows - 1] : NULL;
	if (last && !is_apart && last->state == row->state && last->reason == row->reason) {
		last->last_due = row->last_due;
		last->count += row->count;
		return;
	}
	add_row(plan, row);
}

static void
pass_over(struct walk *w, struct instant at, enum run_state state, enum run_reason reason)
{
	pass_row(w,
		 &(struct plan_row){ .due = at.due,
				     .last_due = at.due,
				     .count = 1,
				     .start_at = at.due,
				     .state = state,
				     .reason = reason },
		 at.is_apart);
}

static void
add_run(struct walk *w, struct instant at, enum run_gate gate, bool is_catchup)
{
	add_row(w->plan, &(struct plan_row){ .due = at.due,
					     .last_due = at.due,
					     .count = 1,
					     .start_at = at.start_at,
					     .state = RUN_WAITING,
					     .gate = gate,
					     .is_catchup = is_catchup });
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

/* The last instant of the row that it has already; before it: it has none. */
static usec_t
covered_to(const struct walk *w, usec_t due)
{
	const struct plan_view *v = w->view;
	bool may_have = due <= v->job->covered_until && v->covered;
	return may_have ? v->covered(v->arg, due).to : due - 1;
}

/* Rows of other instants, which the schedule had before, may stand between it and the last one. */
static void
keep_apart(const struct walk *w, struct instant *at)
{
	const struct plan_view *v = w->view;
	if (w->passed && w->passed < v->job->covered_until && v->covered)
		at->is_apart |= v->covered(v->arg, at->due).from > w->passed;
}

/*
 * Up to where, from `due` on, no instant has its row: up to `until`, or the half will do; 0: so few
 * have none that they are looked at one by one. One look-up tells that, as all of them cost some.
 */
static usec_t
uncovered_until(struct walk *w, usec_t due, usec_t until, int64_t few)
{
	const struct plan_view *v = w->view;
	if (due > v->job->covered_until || !v->covered)
		return until;
	usec_t near = schedule_nth(v->schedule, due - 1, until, few);
	if (v->covered(v->arg, near).to >= due) {
		w->few_until = near;
		return 0;
	}
	for (struct plan_covered row = v->covered(v->arg, until); row.to >= due;
	     row = v->covered(v->arg, until)) {
		usec_t half = near + (until - near) / 2;
		until = row.from - 1 < half ? row.from - 1 : half;
	}
	return until;
}

/* NEVER once max-runs are used up. */
static struct instant
instant_after(const struct walk *w, usec_t due)
{
	const struct plan_view *v = w->view;
	struct instant next = { 0 };
	next.due = job_next_within(v->job, v->schedule, due, v->job->nruns + w->plan->nruns, NULL);
	next.start_at = job_start_at(v->job, next.due, v->machine);
	return next;
}

/* Decides one instant and gives the next. */
static struct instant
cover(struct walk *w, struct instant at)
{
	const struct plan_view *v = w->view;
	usec_t last = covered_to(w, at.due);
	if (last >= at.due) {
		struct instant behind = instant_after(w, last);
		behind.is_apart = true;
		w->passed = last;
		return behind;
	}
	keep_apart(w, &at);
	w->passed = at.due;
	struct instant next = instant_after(w, at.due);
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

/* One row for the instants from *at to `last`, as far as they have one fate; *at moves behind. */
static void
pass_stretch(struct walk *w, struct instant *at, usec_t last)
{
	const struct plan_view *v = w->view;
	bool is_missed = at->due > v->passed_until;
	struct plan_row row = { .due = at->due,
				.start_at = at->due,
				.state = is_missed ? RUN_MISSED : RUN_SKIPPED,
				.reason = is_missed ? why_missed(w, at->due) : v->passed_reason };
	usec_t edge = at->due <= v->step_from ? v->step_from : v->step_to;
	if (is_missed && at->due <= edge && edge < last)
		last = edge;
	/* The first may be one that the schedule had and has no more. */
	int64_t nmore = schedule_count(v->schedule, at->due, last);
	row.count = 1 + nmore;
	row.last_due = nmore ? schedule_nth(v->schedule, at->due, last, nmore) : at->due;
	pass_row(w, &row, at->is_apart);
	w->passed = row.last_due;
	*at = instant_after(w, row.last_due);
}

/*
 * From *at on, many instants at once that are passed over for certain: those of a pause; and missed
 * ones, but for the latest that may still be run. False: there are not many.
 */
static bool
pass_many(struct walk *w, struct instant *at)
{
	const struct plan_view *v = w->view;
	const struct job *job = v->job;
	bool is_missed = at->due > v->passed_until;
	usec_t late = v->now - PLAN_LATE_MAX - splay(job, v->machine) - job->jitter - 1;
	usec_t until = is_missed ? late : v->passed_until;
	if (job->until && job->until < until)
		until = job->until;
	if (at->due >= until || at->due <= w->few_until)
		return false;
	int64_t nheld = is_missed ? (int64_t)ring_size(job) : 0, few = COUNTED_MIN + nheld;
	if (schedule_count(v->schedule, at->due - 1, until) < few) {
		w->few_until = until;
		return false;
	}
	until = uncovered_until(w, at->due, until, few);
	if (!until)
		return false;
	int64_t n = schedule_count(v->schedule, at->due - 1, until) - nheld;
	for (size_t i = 0; i < w->nring; i++)
		pass_over(w, w->ring[i], RUN_MISSED, why_missed(w, w->ring[i].due));
	w->nring = 0;
	usec_t last = schedule_nth(v->schedule, at->due - 1, until, n);
	w->plan->nsteps += COUNTED_MIN + (int)((last - at->due) / COUNTED_SPAN);
	keep_apart(w, at);
	while (at->due <= last)
		pass_stretch(w, at, last);
	return true;
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
	struct walk w = {
		.view = view, .plan = plan, .nactive = view->nactive, .nqueued = view->nqueued
	};
	w.ring = mem_array(ring_size(job), sizeof(*w.ring));
	struct instant at = { .due = job->next_due, .start_at = job->next_start_at };
	int most = steps_max(view);
	while (is_ours(&w, at) && plan->nsteps < most && !is_used_up(&w)) {
		if (pass_many(&w, &at))
			continue;
		at = cover(&w, at);
		plan->nsteps++;
	}
	if (plan->nsteps >= most && at.start_at <= view->now && w.nring > 0)
		at = w.ring[0];
	else
		catch_up(&w, false);
	if (is_used_up(&w))
		at = (struct instant){ .due = USEC_NEVER, .start_at = USEC_NEVER };
	plan->next_due = at.due;
	plan->next_start_at = at.start_at;
	free(w.ring);
}

/* Its delays begin when it is known, whenever the boot was. */
void
plan_boot(struct plan *plan, const struct plan_view *view, usec_t booted_at)
{
	const struct job *job = view->job;
	*plan = (struct plan){ .next_due = USEC_NEVER, .next_start_at = USEC_NEVER };
	struct walk w = {
		.view = view, .plan = plan, .nactive = view->nactive, .nqueued = view->nqueued
	};
	struct instant at = { .due = booted_at,
			      .start_at = job_start_at(job, view->now, view->machine) };
	bool is_outside = booted_at < job->not_before || (job->until && booted_at > job->until);
	if (is_outside || is_used_up(&w))
		return;
	admit(&w, at, false);
	if (plan->nruns > 0 && plan->rows[0].gate == GATE_OPEN)
		plan->rows[0].gate = GATE_TIME;
}

void
plan_fini(struct plan *plan)
{
	free(plan->rows);
	*plan = (struct plan){ 0 };
}
