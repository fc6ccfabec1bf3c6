/* The chain of decisions about an instant, in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/alloc.h"
#include "control/why.h"
#include "fake/test_zones.h"

/* 2026-11-01 05:00 UTC; New York's clocks go back at 06:00 UTC, Berlin's went at 01:00 on Oct 25. */
#define T0  (1793509200 * USEC_PER_SEC)
#define SEC USEC_PER_SEC

/* What the store tells besides the job, and what it is in. */
struct record {
	const struct run *run;
	const struct queue *queue;
	const char *trouble;
	const struct attempt *attempt; /* the last */
};

/* The answer about `at` seconds after T0, asked `now` seconds after T0. Takes the job. */
static char *
ask_with(struct job *job, const struct record *record, int at, int now)
{
	const struct run *run = record->run;
	struct intent *intent = intent_new(INTENT_WHY, T0 + now * SEC);
	static char text[4096];
	struct buf out = BUF_EMPTY;
	intent->at = intent->until = T0 + at * SEC;
	intent->jobs = mem_array(1, sizeof(*intent->jobs));
	intent->njobs = 1;
	intent->jobs[0].job = *job;
	if (run) {
		intent->runs = mem_array(1, sizeof(*intent->runs));
		intent->nruns = 1;
		intent->runs[0].run = *run;
		if (record->attempt)
			intent->runs[0].last = *record->attempt;
	}
	if (record->queue) {
		intent->queues = mem_array(1, sizeof(*intent->queues));
		intent->nqueues = 1;
		intent->queues[0] = *record->queue;
	}
	json_t *answer = why_explain(intent, test_zones(), record->trouble), *sentence;
	size_t i;
	json_array_foreach (json_object_get(answer, "why"), i, sentence)
		buf_printf(&out, "%s\n", json_string_value(sentence));
	json_int_t next = json_integer_value(json_object_get(answer, "following_us"));
	if (next)
		buf_printf(&out, "next: T0%+lld\n", ((long long)next - T0) / SEC);
	snprintf(text, sizeof(text), "%s", buf_text(&out));
	buf_fini(&out);
	json_decref(answer);
	intent_free(intent);
	return text;
}

static char *
ask(struct job *job, const struct run *run, int at, int now)
{
	return ask_with(job, &(struct record){ .run = run, .trouble = "" }, at, now);
}

/* Made at T0 - 1000 s, and due next at T0 + 60. */
static struct job
job_of(enum schedule_kind kind, const char *text, const char *tz)
{
	struct job job;
	struct err err;
	job_init(&job);
	job.id = 1;
	job.created_at = job.anchor_at = T0 - 1000 * SEC;
	job.tz = mem_dup(tz);
	strings_add(&job.command, "true", 4);
	assert_int_equal(job_set_schedule(&job, kind, text, test_zones(), job.created_at, &err), 0);
	job.next_due = job.next_start_at = T0 + 60 * SEC;
	return job;
}

static struct job
minutely(void)
{
	return job_of(SCHEDULE_CRON, "* * * * *", "UTC");
}

static void
has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void
has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in:\n%s", part, text);
}

static void
an_instant_without_a_row_is_told_by_where_the_schedule_stands(void **state)
{
	(void)state;
	struct job job = minutely();
	has(ask(&job, NULL, 120, 30), "it will be due then");
	job = minutely();
	has(ask(&job, NULL, 60, 61), "it is due, and about to be claimed");
	job = minutely();
	has(ask(&job, NULL, 0, 30), "no run of it is on record");
	job = minutely();
	has(ask(&job, NULL, 70, 30), "is not one of its instants");
	job = minutely();
	has_not(ask(&job, NULL, 70, 30), "due then");
}

static void
a_paused_job_skips_what_comes(void **state)
{
	(void)state;
	struct job job = minutely();
	job.state = JOB_PAUSED;
	job.paused_at = T0;
	char *text = ask(&job, NULL, 120, 30);
	has(text, "the job is paused since");
	has(text, "it will be skipped unless the job is resumed before");
	job = minutely();
	job.state = JOB_PAUSED;
	job.paused_at = T0;
	has(ask(&job, NULL, 60, 100), "it is skipped; one row will say so when the job goes on");
}

static void
nothing_is_due_beyond_the_bounds(void **state)
{
	(void)state;
	struct job job = minutely();
	job.until = T0 + 90 * SEC;
	char *text = ask(&job, NULL, 120, 30);
	has(text, "until is");
	has(text, "nothing will be due then");
	job = minutely();
	job.max_runs = job.nruns = 3;
	text = ask(&job, NULL, 120, 30);
	has(text, "its max-runs, 3, are used up");
	has(text, "nothing will be due then");
	job = minutely();
	job.state = JOB_CANCELLED;
	job.next_due = USEC_NEVER;
	has(ask(&job, NULL, 120, 30), "the job is cancelled");
}

static void
what_comes_next_is_an_instant_that_the_job_had_or_is_to_have(void **state)
{
	(void)state;
	struct job job = minutely();
	has(ask(&job, NULL, 120, 30), "next: T0+180\n");
	job = minutely(); /* the first one after it was made, at T0 - 1000 */
	has(ask(&job, NULL, -86400, 30), "next: T0-960\n");
	job = minutely();
	job.max_runs = job.nruns = 3;
	job.covered_until = T0;
	job.next_due = USEC_NEVER;
	has(ask(&job, NULL, -60, 600), "next: T0+0\n");
	job = minutely();
	job.max_runs = job.nruns = 3;
	job.covered_until = T0;
	job.next_due = USEC_NEVER;
	has_not(ask(&job, NULL, 0, 600), "next:");
	job = minutely();
	job.state = JOB_CANCELLED;
	job.covered_until = T0;
	job.next_due = USEC_NEVER;
	has_not(ask(&job, NULL, 0, 600), "next:");
}

static void
an_edit_is_told_of_the_time_before_it_also_before_the_job_was_made(void **state)
{
	(void)state;
	struct job job = minutely();
	job.anchor_at = T0;
	char *text = ask(&job, NULL, -1500, 30);
	has(text, "the job was made later");
	has(text, "the job was edited later");
	has(text, "the schedule is now every minute");
	has(text, "next: T0+60\n");
	job = minutely(); /* a resumption leaves the schedule as it was */
	job.anchor_at = T0;
	job.paused_at = T0 - 30 * SEC;
	job.covered_until = T0;
	text = ask(&job, NULL, -600, 30);
	has(text, "the job was edited or resumed later");
	has(text, "next: T0-540\n");
	job = minutely();
	text = ask(&job, NULL, -1500, 30);
	has(text, "the job was made later");
	has_not(text, "edited");
}

static void
boots_have_no_time_that_is_known_before(void **state)
{
	(void)state;
	struct job job = job_of(SCHEDULE_ON_START, "", "UTC");
	job.next_due = USEC_NEVER;
	char *text = ask(&job, NULL, 0, 30);
	has(text, "no boot is on record at");
	has_not(text, "one of its instants");
	job = job_of(SCHEDULE_ON_START, "", "UTC");
	job.next_due = USEC_NEVER;
	has(ask(&job, NULL, 60, 30), "when the machine will boot is not known");
}

static void
what_clocks_did_to_an_instant_is_said_of_that_one_alone(void **state)
{
	(void)state;
	struct job job = job_of(SCHEDULE_CRON, "30 1 * * *", "America/New_York");
	has(ask(&job, NULL, 1800, 0), "the local time exists twice that day");
	job = job_of(SCHEDULE_CRON, "30 1 * * *", "America/New_York");
	has_not(ask(&job, NULL, 1700, 0), "twice");
}

static void
a_row_says_what_its_reason_means(void **state)
{
	static const struct {
		enum run_state state;
		enum run_reason reason;
		const char *detail, *line, *meaning;
	} cases[] = {
		{ RUN_SKIPPED, REASON_OVERLAP, "run 7", "it was skipped: overlap (run 7)",
		  "active already" },
		{ RUN_SKIPPED, REASON_PAUSED, "", "it was skipped: paused", "was paused then, or before" },
		{ RUN_MISSED, REASON_DEADLINE, "", "it was missed: deadline",
		  "within start-deadline" },
		{ RUN_MISSED, REASON_DOWNTIME, "", "it was missed: downtime", "did not run" },
		{ RUN_MISSED, REASON_CLOCK, "", "it was missed: clock", "set ahead over it" },
		{ RUN_LOST, REASON_REBOOT, "", "it is lost: reboot", "went down" },
		{ RUN_LOST, REASON_CRASH, "crash", "it is lost: crash\n", "nobody knows" },
		{ RUN_FAILED, REASON_EXIT, "3", "it failed: exit (3)", "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct job job = minutely();
		struct run run = { .id = 9,
				   .job_id = 1,
				   .due = T0,
				   .last_due = T0,
				   .count = 1,
				   .start_at = T0,
				   .state = cases[i].state,
				   .reason = cases[i].reason,
				   .ended_at = T0 };
		snprintf(run.detail, sizeof(run.detail), "%s", cases[i].detail);
		char *text = ask(&job, &run, 0, 30);
		has(text, "run 9 was due at");
		has(text, cases[i].line);
		has(text, cases[i].meaning);
	}
}

static struct run
run_of(enum run_state state)
{
	return (struct run){ .id = 9,
			     .job_id = 1,
			     .due = T0,
			     .last_due = T0,
			     .count = 1,
			     .start_at = T0,
			     .state = state };
}

static void
max_runs_that_will_be_used_up_by_then_are_told(void **state)
{
	(void)state;
	struct job job = minutely();
	job.max_runs = 2;
	char *text = ask(&job, NULL, 60, 30);
	has(text, "it will be due then");
	has(text, "next: T0+120\n");
	job = minutely();
	job.max_runs = 2;
	text = ask(&job, NULL, 120, 30);
	has(text, "it will be due then");
	has_not(text, "next:");
	job = minutely();
	job.max_runs = 2;
	text = ask(&job, NULL, 180, 30);
	has(text, "its max-runs, 2, are used up by then\nnothing will be due then");
	has_not(text, "next:");
}

static void
a_run_that_waits_says_for_what(void **state)
{
	static const struct {
		enum run_gate gate;
		struct queue queue;
		const char *trouble, *line;
	} cases[] = {
		{ GATE_OPEN, { "q", 2, false, 3, 1 }, "", "it waits, and is about to start" },
		{ GATE_OPEN, { "q", 2, false, 3, 2 }, "", "one of the 2 slots of the queue q" },
		{ GATE_OPEN, { "q", 2, true, 3, 1 }, "", "the queue q is paused" },
		{ GATE_OPEN,
		  { "q", 2, true, 3, 1 },
		  "disk full",
		  "nothing is started now: disk full" },
		{ GATE_TIME, { "q", 2, true, 3, 1 }, "", "it waits until 2026-11-01 05:00:20 UTC" },
		{ GATE_JOB, { "q", 2, true, 3, 1 }, "", "the end of another run of the job" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct job job = minutely();
		struct run run = run_of(RUN_WAITING);
		struct record record = { &run, &cases[i].queue, cases[i].trouble, NULL };
		run.gate = cases[i].gate;
		run.start_at = T0 + 20 * SEC;
		char *text = ask_with(&job, &record, 0, 10);
		has(text, cases[i].line);
		has_not(text, "attempt");
	}
}

static void
a_retry_says_what_came_of_the_attempts_before(void **state)
{
	(void)state;
	struct job job = minutely();
	struct run run = run_of(RUN_WAITING);
	run.gate = GATE_TIME;
	run.attempt = 1;
	run.reason = REASON_EXIT;
	snprintf(run.detail, sizeof(run.detail), "75");
	run.start_at = T0 + 20 * SEC;
	char *text = ask(&job, &run, 0, 10);
	has(text, "attempt 1 ended: exit (75)\nit waits until 2026-11-01 05:00:20 UTC");
	has_not(text, "splay");
	job = minutely();
	run.state = RUN_SUCCEEDED;
	run.gate = GATE_OPEN;
	run.reason = REASON_NONE;
	run.detail[0] = '\0';
	run.attempt = 2;
	text = ask(&job, &run, 0, 30);
	has(text, "attempt 2 was to start at 2026-11-01 05:00:20 UTC");
	has_not(text, "splay");
	has(text, "it succeeded\n");
}

static void
a_late_start_says_for_what_it_waited(void **state)
{
	static const struct {
		int claimed, promoted, started; /* ms after it was due */
		const char *late, *found, *waited;
	} cases[] = {
		{ 0, 0, 1, "started 1ms late", NULL, NULL },
		{ 0, 3040, 3041, "started 3s41ms late", NULL, "it waited 3s40ms for a slot" },
		{ 90000, 90000, 90500, "started 1m30s late", "it was found 1m30s late", NULL },
		{ 5000, 65000, 65500, "started 1m5s late", "found 5s late", "it waited 1m for" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct job job = minutely();
		struct run run = run_of(RUN_SUCCEEDED);
		struct attempt attempt = { .number = 1,
					   .claimed_at = T0 + cases[i].promoted * USEC_PER_MSEC,
					   .started_at = T0 + cases[i].started * USEC_PER_MSEC };
		struct record record = { &run, NULL, "", &attempt };
		run.attempt = 1;
		run.claimed_at = T0 + cases[i].claimed * USEC_PER_MSEC;
		char *text = ask_with(&job, &record, 0, 120);
		has(text, cases[i].late);
		if (cases[i].found)
			has(text, cases[i].found);
		else
			has_not(text, "found");
		if (cases[i].waited)
			has(text, cases[i].waited);
		else
			has_not(text, "waited");
	}
}

static void
what_was_cancelled_says_by_whom_once(void **state)
{
	(void)state;
	struct job job = minutely();
	struct run run = run_of(RUN_CANCELLED);
	run.reason = REASON_CANCELLED;
	snprintf(run.detail, sizeof(run.detail), "by uid 7");
	has(ask(&job, &run, 0, 30), "it was cancelled (by uid 7)\n");
}

static void
splay_and_trouble_hold_up_what_is_due(void **state)
{
	(void)state;
	struct job job = minutely();
	job.splay = 30 * SEC;
	job.next_start_at = job.next_due + 20 * SEC;
	char *text = ask(&job, NULL, 60, 30);
	has(text, "it will be due then\nit is to start at 2026-11-01 05:01:20 UTC");
	job = minutely();
	job.splay = 30 * SEC;
	job.next_start_at = job.next_due + 20 * SEC;
	text = ask(&job, NULL, 60, 70);
	has(text, "it is to start at 2026-11-01 05:01:20 UTC");
	has_not(text, "about to be claimed");
	job = minutely();
	job.splay = 30 * SEC;
	has(ask(&job, NULL, 120, 30), "splay or jitter lets it start later");
	job = minutely();
	text = ask_with(&job, &(struct record){ .trouble = "disk full" }, 60, 70);
	has(text, "it is due, but nothing is started now: disk full");
}

static void
an_instant_whose_row_was_removed_is_told_from_one_that_had_none(void **state)
{
	(void)state;
	struct job job = minutely();
	job.covered_until = T0;
	has(ask(&job, NULL, -60, 30), "on record any more");
	job = minutely();
	job.covered_until = T0;
	has_not(ask(&job, NULL, -1200, 30), "any more"); /* before the job was made */
}

static void
failures_that_paused_a_job_are_named(void **state)
{
	(void)state;
	struct job job = minutely();
	job.state = JOB_PAUSED;
	job.paused_at = T0;
	job.pause_after = job.nfailed = 2;
	has(ask(&job, NULL, 120, 30), "UTC: pause-after, for its failed runs");
	job = minutely();
	job.state = JOB_PAUSED;
	job.paused_at = T0;
	job.pause_after = 2;
	has_not(ask(&job, NULL, 120, 30), "pause-after");
}

static void
a_local_time_that_dst_leaves_out_says_by_which_rule(void **state)
{
	(void)state;
	struct job job = job_of(SCHEDULE_CRON, "30 1 * * *", "America/New_York");
	char *text = ask(&job, NULL, 5400, 0); /* 01:30 EST */
	has(text, "the local time comes the second time: dst cron takes only the first");
	job = job_of(SCHEDULE_CRON, "30 1 * * *", "America/New_York");
	job.dst = DST_LITERAL;
	has_not(ask(&job, NULL, 5400, 0), "second time");
	job = job_of(SCHEDULE_CRON, "30 1 * * *", "America/New_York");
	has_not(ask(&job, NULL, 5460, 0), "second time"); /* 01:31 is none in any case */
	job = job_of(SCHEDULE_CRON, "30 2 * * *", "America/New_York");
	job.dst = DST_FIRST;
	int gap = 1805007600 - 1793509200; /* 2027-03-14 03:00 EDT */
	text = ask(&job, NULL, gap, 0);
	has(text, "the clock has just skipped a local time of it: dst first leaves that out");
	job = job_of(SCHEDULE_CRON, "30 2 * * *", "America/New_York");
	has(ask(&job, NULL, gap, 0), "moved behind the gap");
}

static void
a_span_names_its_ends(void **state)
{
	(void)state;
	struct job job = minutely();
	struct run run = { .id = 9,
			   .job_id = 1,
			   .due = T0 - 600 * SEC,
			   .last_due = T0,
			   .count = 11,
			   .start_at = T0,
			   .state = RUN_MISSED,
			   .reason = REASON_DOWNTIME };
	has(ask(&job, &run, -60, 30), "run 9 stands for 11 instants");
}

static void
a_schedule_that_cannot_be_read_is_said_so(void **state)
{
	(void)state;
	struct job job = minutely();
	free(job.tz);
	job.tz = mem_dup("No/Such");
	has(ask(&job, NULL, 60, 30), "the schedule cannot be read");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_instant_without_a_row_is_told_by_where_the_schedule_stands),
		cmocka_unit_test(a_paused_job_skips_what_comes),
		cmocka_unit_test(nothing_is_due_beyond_the_bounds),
		cmocka_unit_test(what_comes_next_is_an_instant_that_the_job_had_or_is_to_have),
		cmocka_unit_test(
			an_edit_is_told_of_the_time_before_it_also_before_the_job_was_made),
		cmocka_unit_test(boots_have_no_time_that_is_known_before),
		cmocka_unit_test(what_clocks_did_to_an_instant_is_said_of_that_one_alone),
		cmocka_unit_test(a_row_says_what_its_reason_means),
		cmocka_unit_test(max_runs_that_will_be_used_up_by_then_are_told),
		cmocka_unit_test(a_run_that_waits_says_for_what),
		cmocka_unit_test(a_retry_says_what_came_of_the_attempts_before),
		cmocka_unit_test(a_late_start_says_for_what_it_waited),
		cmocka_unit_test(what_was_cancelled_says_by_whom_once),
		cmocka_unit_test(splay_and_trouble_hold_up_what_is_due),
		cmocka_unit_test(an_instant_whose_row_was_removed_is_told_from_one_that_had_none),
		cmocka_unit_test(failures_that_paused_a_job_are_named),
		cmocka_unit_test(a_local_time_that_dst_leaves_out_says_by_which_rule),
		cmocka_unit_test(a_span_names_its_ends),
		cmocka_unit_test(a_schedule_that_cannot_be_read_is_said_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
