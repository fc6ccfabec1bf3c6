/* What becomes of due instants: catch-up, overlap, deadline, pauses, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "fake/test_zones.h"
#include "model/plan.h"

#define T0 (1000000 * USEC_PER_SEC) /* an instant that `every 10s` hits */
#define SEC USEC_PER_SEC

/* A job every 10 s, due next at T0. */
static struct job
every_ten(void)
{
	struct job job;
	struct err err;
	job_init(&job);
	assert_int_equal(job_set_schedule(&job, SCHEDULE_EVERY, "10s", test_zones(), T0 - SEC, &err), 0);
	job.next_due = job.next_start_at = T0;
	return job;
}

/* Rows of that length every so often. */
struct rows {
	usec_t period, length;
	bool is_dense; /* all between is covered, too, but for the instants that are asked about */
	int nasked;
};

static struct plan_covered
covered(void *arg, usec_t at)
{
	struct rows *rows = arg;
	usec_t from = at - at % rows->period, to = from + rows->length - 1;
	rows->nasked++;
	return (struct plan_covered){ from, rows->is_dense && to < at ? at - 1 : to };
}

/* The plan as text: "run@0 skipped(overlap)@10-20x2 next=30", seconds after T0. */
static char *
plan_ahead_text(struct job *job, usec_t now, usec_t horizon, size_t nactive, size_t nqueued)
{
	struct schedule schedule;
	struct err err;
	struct plan plan;
	struct buf out = BUF_EMPTY;
	static char text[4096];
	struct rows rows = { .period = USEC_NEVER, .is_dense = true };
	assert_int_equal(job_schedule(job, test_zones(), &schedule, &err), 0);
	plan_make(&plan, &(struct plan_view){ .job = job,
					      .schedule = &schedule,
					      .now = now,
					      .horizon = horizon,
					      .nactive = nactive,
					      .nqueued = nqueued,
					      .passed_until = job->paused_at ? job->anchor_at : 0,
					      .covered = covered,
					      .arg = &rows,
					      .passed_reason = REASON_PAUSED });
	for (size_t i = 0; i < plan.nrows; i++) {
		const struct plan_row *row = &plan.rows[i];
		int from = (int)((row->due - T0) / SEC), to = (int)((row->last_due - T0) / SEC);
		if (row->state == RUN_WAITING)
			buf_printf(&out, "%s%s@%d ", row->is_catchup ? "catchup" : "run",
			           row->gate == GATE_JOB ? "-behind" : "", from);
		else
			buf_printf(&out, "%s(%s)@%d-%dx%d ", run_state_name(row->state),
			           run_reason_name(row->reason), from, to, (int)row->count);
	}
	if (plan.stops_active)
		buf_add_text(&out, "stop ");
	if (plan.next_due == USEC_NEVER)
		buf_add_text(&out, "never");
	else
		buf_printf(&out, "next=%d", (int)((plan.next_due - T0) / SEC));
	snprintf(text, sizeof(text), "%s", buf_text(&out));
	buf_fini(&out);
	plan_fini(&plan);
	schedule_fini(&schedule);
	return text;
}

static char *
plan_text(struct job *job, usec_t now, size_t nactive, size_t nqueued)
{
	return plan_ahead_text(job, now, now, nactive, nqueued);
}

static void
an_instant_on_time_is_a_run(void **state)
{
	(void)state;
	struct job job = every_ten();
	assert_string_equal(plan_text(&job, T0, 0, 0), "run@0 next=10");
	assert_string_equal(plan_text(&job, T0 + 9 * SEC, 0, 0), "run@0 next=10");
	job_fini(&job);
}

static void
nothing_is_claimed_before_its_time(void **state)
{
	(void)state;
	struct job job = every_ten();
	assert_string_equal(plan_text(&job, T0 - 1, 0, 0), "next=0");
	job_fini(&job);
}

static void
an_instant_ahead_is_left_when_what_was_missed_runs_before_it(void **state)
{
	(void)state;
	struct job job = every_ten();
	struct err err;
	usec_t now = T0 + 100 * SEC - 300 * USEC_PER_MSEC;
	assert_int_equal(job_set_schedule(&job, SCHEDULE_EVERY, "100s", test_zones(), 0, &err), 0);
	job.missed = MISSED_ALL;
	assert_string_equal(plan_ahead_text(&job, now, now + SEC, 0, 0), "catchup@0 next=100");
	job.missed = MISSED_SKIP;
	assert_string_equal(plan_ahead_text(&job, now, now + SEC, 0, 0),
	                    "missed(downtime)@0-0x1 run@100 next=200");
	job_fini(&job);
}

static void
overlap_decides_when_a_run_is_active(void **state)
{
	static const struct {
		enum overlap overlap;
		size_t nactive, nqueued;
		const char *plan;
	} cases[] = {
		{ OVERLAP_SKIP, 1, 0, "skipped(overlap)@0-0x1 next=10" },
		{ OVERLAP_QUEUE, 1, 0, "run-behind@0 next=10" },
		{ OVERLAP_QUEUE, 2, 1, "skipped(overlap)@0-0x1 next=10" },
		{ OVERLAP_CANCEL, 1, 0, "run-behind@0 stop next=10" },
		{ OVERLAP_KILL, 1, 0, "run-behind@0 stop next=10" },
		{ OVERLAP_ALLOW, 5, 0, "run@0 next=10" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct job job = every_ten();
		job.overlap = cases[i].overlap;
		assert_string_equal(plan_text(&job, T0, cases[i].nactive, cases[i].nqueued),
		                    cases[i].plan);
		job_fini(&job);
	}
}

static void
catch_up_runs_none_the_latest_or_some(void **state)
{
	/* Seen 35 s late: the instants 0, 10, 20 are missed, 30 is the latest. */
	static const struct {
		enum missed missed;
		int limit;
		int late;
		const char *plan;
	} cases[] = {
		{ MISSED_SKIP, 10, 35, "missed(downtime)@0-20x3 run@30 next=40" },
		{ MISSED_ONCE, 10, 35, "missed(downtime)@0-20x3 run@30 next=40" },
		{ MISSED_ALL, 10, 35,
		  "catchup@0 catchup-behind@10 catchup-behind@20 skipped(overlap)@30-30x1 next=40" },
		{ MISSED_ALL, 2, 35,
		  "missed(downtime)@0-0x1 catchup@10 catchup-behind@20 skipped(overlap)@30-30x1 "
		  "next=40" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct job job = every_ten();
		job.missed = cases[i].missed;
		job.missed_limit = cases[i].limit;
		assert_string_equal(plan_text(&job, T0 + cases[i].late * SEC, 0, 0), cases[i].plan);
		job_fini(&job);
	}
}

static void
a_single_instant_counts_as_missed_after_a_minute(void **state)
{
	static const struct {
		enum missed missed;
		int late;
		const char *plan;
	} cases[] = {
		{ MISSED_SKIP, 60, "run@0 never" },
		{ MISSED_SKIP, 61, "missed(downtime)@0-0x1 never" },
		{ MISSED_ONCE, 3600, "catchup@0 never" },
		{ MISSED_ALL, 3600, "catchup@0 never" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct job job = every_ten();
		job.until = T0;
		job.missed = cases[i].missed;
		assert_string_equal(plan_text(&job, T0 + cases[i].late * SEC, 0, 0), cases[i].plan);
		job_fini(&job);
	}
}

static void
a_start_deadline_makes_a_late_instant_missed(void **state)
{
	(void)state;
	struct job job = every_ten();
	job.start_deadline = 5 * SEC;
	assert_string_equal(plan_text(&job, T0 + 5 * SEC, 0, 0), "run@0 next=10");
	assert_string_equal(plan_text(&job, T0 + 6 * SEC, 0, 0), "missed(deadline)@0-0x1 next=10");
	job.missed = MISSED_ALL;
	assert_string_equal(plan_text(&job, T0 + 21 * SEC, 0, 0),
	                    "missed(deadline)@0-10x2 run@20 next=30");
	job_fini(&job);
}

static void
instants_of_a_pause_are_skipped_and_nothing_else(void **state)
{
	(void)state;
	struct job job = every_ten();
	job.paused_at = T0 - 5 * SEC;
	job.anchor_at = T0 + 25 * SEC;
	assert_string_equal(plan_text(&job, T0 + 31 * SEC, 0, 0), "skipped(paused)@0-20x3 run@30 next=40");
	job_fini(&job);
}

static void
until_and_max_runs_end_the_schedule(void **state)
{
	(void)state;
	struct job job = every_ten();
	job.until = T0 + 10 * SEC;
	assert_string_equal(plan_text(&job, T0 + 10 * SEC, 0, 0), "missed(downtime)@0-0x1 run@10 never");
	job.until = 0;
	job.max_runs = 1;
	assert_string_equal(plan_text(&job, T0, 0, 0), "run@0 never");
	job_fini(&job);
}

static void
a_long_outage_is_counted(void **state)
{
	(void)state;
	struct job job = every_ten();
	usec_t now = T0 + 25000 * (10 * SEC);
	job.missed = MISSED_ALL;
	job.missed_limit = 2;
	assert_string_equal(plan_text(&job, now, 0, 0),
			    "missed(downtime)@0-249970x24998 catchup@249980 "
			    "catchup-behind@249990 skipped(overlap)@250000-250000x1 next=250010");
	job_fini(&job);
}

/* A clock that was set back has made unsure what has its row. */
static void
a_long_outage_is_covered_in_bounded_steps(void **state)
{
	(void)state;
	struct job job = every_ten();
	usec_t now = T0 + 25000 * (10 * SEC);
	job.missed = MISSED_ALL;
	job.missed_limit = 2;
	job.covered_until = now;
	assert_string_equal(plan_text(&job, now, 0, 0), "missed(downtime)@0-99970x9998 next=99980");
	job.next_due = job.next_start_at = T0 + 99980 * SEC;
	assert_string_equal(plan_text(&job, now, 0, 0),
	                    "missed(downtime)@99980-199950x9998 next=199960");
	job.next_due = job.next_start_at = T0 + 199960 * SEC;
	assert_string_equal(plan_text(&job, now, 0, 0),
	                    "missed(downtime)@199960-249970x5002 catchup@249980 "
	                    "catchup-behind@249990 skipped(overlap)@250000-250000x1 next=250010");
	job_fini(&job);
}

static uint64_t
draw(uint64_t *seed, uint64_t below)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (*seed >> 33) % below;
}

static void
make_plan(struct plan *plan, struct job *job, const struct plan_view *like)
{
	struct schedule schedule;
	struct err err;
	struct plan_view view = *like;
	assert_int_equal(job_schedule(job, test_zones(), &schedule, &err), 0);
	view.job = job;
	view.schedule = &schedule;
	plan_make(plan, &view);
	schedule_fini(&schedule);
}

/* Of a job that was due last at T0, hours of instants later. */
static void
draw_job(uint64_t *seed, struct job *job)
{
	static const char *const crons[] = { "* * * * *", "*/7 30 * * * *", "30 2 * * *",
					     "0-9 * * * * *" };
	struct schedule schedule;
	struct err err;
	job_init(job);
	if (draw(seed, 2))
		job_set_schedule(job, SCHEDULE_EVERY, "7s", test_zones(), T0 - SEC, &err);
	else
		job_set_schedule(job, SCHEDULE_CRON, crons[draw(seed, 4)], test_zones(), T0, &err);
	job->missed = (enum missed)draw(seed, 3);
	job->missed_limit = 1 + (int)draw(seed, 20);
	job->seed = draw(seed, 1000);
	job->splay = (usec_t)draw(seed, 2) * 100 * SEC;
	job->jitter = (usec_t)draw(seed, 2) * 30 * SEC;
	job->until = draw(seed, 3) ? 0 : T0 + (usec_t)draw(seed, 40000) * SEC;
	assert_int_equal(job_schedule(job, test_zones(), &schedule, &err), 0);
	job_anchor(job, &schedule, T0 - 1, 7);
	if (draw(seed, 4) == 0 && job->next_due != USEC_NEVER) { /* a zone file replaced since had it */
		job->next_due -= 3 * SEC + SEC / 2;
		job->next_start_at = job_start_at(job, job->next_due, 7);
	}
	schedule_fini(&schedule);
}

static void
counted_or_looked_at_instants_have_the_same_fate(void **state)
{
	uint64_t seed = 1;
	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct job job;
		struct plan counted, walked;
		draw_job(&seed, &job);
		usec_t step = T0 + (usec_t)draw(&seed, 40000) * SEC;
		struct plan_view view = { .now = T0 + (usec_t)draw(&seed, 50000) * SEC,
					  .machine = 7,
					  .passed_reason = REASON_PAUSED,
					  .steps_max = 60000,
					  .step_from = step,
					  .step_to = step + (usec_t)draw(&seed, 20000) * SEC };
		view.horizon = view.now;
		view.passed_until = draw(&seed, 2) ? T0 + (usec_t)draw(&seed, 30000) * SEC : 0;
		struct rows rows = { .period = draw(&seed, 2) ? USEC_NEVER : 5000 * SEC };
		rows.length = rows.period == USEC_NEVER ? 0 : 1 + (usec_t)draw(&seed, 4000) * SEC;
		job.covered_until = view.now + USEC_PER_DAY;
		view.covered = covered;
		view.arg = &rows;
		make_plan(&counted, &job, &view);
		rows.is_dense = true;
		make_plan(&walked, &job, &view);
		assert_int_equal(counted.nrows, walked.nrows);
		for (size_t j = 0; j < counted.nrows; j++) {
			const struct plan_row *a = &counted.rows[j], *b = &walked.rows[j];
			assert_true(a->due == b->due && a->last_due == b->last_due &&
				    a->count == b->count && a->state == b->state &&
				    a->reason == b->reason && a->gate == b->gate);
		}
		assert_true(counted.next_due == walked.next_due);
		assert_true(counted.nsteps <= walked.nsteps + 64);
		plan_fini(&counted);
		plan_fini(&walked);
		job_fini(&job);
	}
}

static void
rows_between_the_instants_are_looked_up_a_few_times_a_step(void **state)
{
	(void)state;
	for (usec_t period = 10; period <= 5000; period += 10) {
		struct job job = every_ten();
		struct plan plan;
		struct rows rows = { .period = period * SEC, .length = 1 };
		struct plan_view view = { .now = T0 + 300000 * SEC,
					  .covered = covered,
					  .arg = &rows };
		view.horizon = job.covered_until = view.now;
		make_plan(&plan, &job, &view);
		assert_true(plan.nsteps > 1000 && rows.nasked <= 3 * plan.nsteps);
		plan_fini(&plan);
		job_fini(&job);
	}
}

static void
splay_and_jitter_delay_the_start_and_stay_the_same(void **state)
{
	(void)state;
	struct job job = every_ten();
	job.seed = 42;
	job.splay = 5 * SEC;
	job.jitter = 3 * SEC;
	usec_t a = job_start_at(&job, T0, 7), again = job_start_at(&job, T0, 7);
	assert_true(a >= T0 && a < T0 + 8 * SEC);
	assert_true(a == again);
	job.jitter = 0;
	assert_true(job_start_at(&job, T0, 7) - T0 ==
	            job_start_at(&job, T0 + 10 * SEC, 7) - T0 - 10 * SEC);
	assert_true(job_start_at(&job, T0, 7) != job_start_at(&job, T0, 8));
	job_fini(&job);
}

/* The row of a boot at T0, or "none". */
static char *
boot_text(const struct job *job, size_t nactive, size_t room)
{
	static char text[128];
	struct plan plan;
	plan_boot(&plan, &(struct plan_view){ .job = job, .now = T0 + SEC, .nactive = nactive,
					      .is_limited = true, .room = room }, T0);
	assert_true(plan.nrows <= 1 && plan.next_due == USEC_NEVER);
	if (plan.nrows == 0) {
		snprintf(text, sizeof(text), "none");
	} else {
		assert_true(plan.rows[0].due == T0);
		snprintf(text, sizeof(text), "%s(%s) gate %d%s", run_state_name(plan.rows[0].state),
			 run_reason_name(plan.rows[0].reason), plan.rows[0].gate,
			 plan.stops_active ? " stop" : "");
	}
	plan_fini(&plan);
	return text;
}

static void
a_boot_is_decided_like_an_instant(void **state)
{
	static const struct {
		enum overlap overlap;
		size_t nactive, room;
		usec_t not_before, until;
		int max_runs;
		const char *row;
	} cases[] = {
		{ OVERLAP_SKIP, 0, 1, 0, 0, 0, "waiting() gate 1" },
		{ OVERLAP_SKIP, 1, 1, 0, 0, 0, "skipped(overlap) gate 0" },
		{ OVERLAP_QUEUE, 1, 1, 0, 0, 0, "waiting() gate 2" },
		{ OVERLAP_KILL, 1, 1, 0, 0, 0, "waiting() gate 2 stop" },
		{ OVERLAP_ALLOW, 1, 1, 0, 0, 0, "waiting() gate 1" },
		{ OVERLAP_ALLOW, PLAN_ACTIVE_MAX, 1, 0, 0, 0, "skipped(overlap) gate 0" },
		{ OVERLAP_ALLOW, 1, 0, 0, 0, 0, "skipped(refused) gate 0" },
		{ OVERLAP_SKIP, 0, 1, T0, T0, 3, "waiting() gate 1" },
		{ OVERLAP_SKIP, 0, 1, T0 + 1, 0, 0, "none" },
		{ OVERLAP_SKIP, 0, 1, 0, T0 - 1, 0, "none" },
		{ OVERLAP_SKIP, 0, 1, 0, 0, 2, "none" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct job job;
		job_init(&job);
		job.kind = SCHEDULE_ON_START;
		job.nruns = 2;
		job.overlap = cases[i].overlap;
		job.not_before = cases[i].not_before;
		job.until = cases[i].until;
		job.max_runs = cases[i].max_runs;
		assert_string_equal(boot_text(&job, cases[i].nactive, cases[i].room), cases[i].row);
		job_fini(&job);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_instant_on_time_is_a_run),
		cmocka_unit_test(nothing_is_claimed_before_its_time),
		cmocka_unit_test(an_instant_ahead_is_left_when_what_was_missed_runs_before_it),
		cmocka_unit_test(overlap_decides_when_a_run_is_active),
		cmocka_unit_test(catch_up_runs_none_the_latest_or_some),
		cmocka_unit_test(a_single_instant_counts_as_missed_after_a_minute),
		cmocka_unit_test(a_start_deadline_makes_a_late_instant_missed),
		cmocka_unit_test(instants_of_a_pause_are_skipped_and_nothing_else),
		cmocka_unit_test(until_and_max_runs_end_the_schedule),
		cmocka_unit_test(a_long_outage_is_counted),
		cmocka_unit_test(a_long_outage_is_covered_in_bounded_steps),
		cmocka_unit_test(counted_or_looked_at_instants_have_the_same_fate),
		cmocka_unit_test(rows_between_the_instants_are_looked_up_a_few_times_a_step),
		cmocka_unit_test(a_boot_is_decided_like_an_instant),
		cmocka_unit_test(splay_and_jitter_delay_the_start_and_stay_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
