/* What a boot, a clock that is set and a zone that is replaced do to the rows. */
#include "unit/ledger_kit.h"

#include <stdio.h>
#include <string.h>

#include "base/zonedir.h"
#include "fake/backend_mem.h"

static void
an_on_start_job_runs_once_a_boot(void **state)
{
	static const char *const boots[] = { "schedule", "@reboot", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, boots);
	for (int i = 0; i < 2; i++) {
		struct intent *boot = kit_ask(kit, INTENT_BOOT);
		boot->at = kit->now + i;
		kit_apply(kit, boot);
		intent_free(boot);
		assert_int_equal(kit_claim_at(kit, i + 1), i == 0 ? 1 : 0);
	}
	struct run run = kit_newest(kit, id);
	kit_end_run(kit, &run, 0);
	strcpy(kit->ledger.boot, "the next boot");
	struct intent *boot = kit_ask(kit, INTENT_BOOT);
	boot->at = kit->now + 5;
	kit_apply(kit, boot);
	intent_free(boot);
	assert_int_equal(kit_claim_at(kit, 9), 1);
	assert_int_equal(kit_state_of(kit, id), JOB_ACTIVE);
}

/* One transaction of a boot, as far as it comes; then the daemon dies. */
static bool
boot_in_part(struct kit *kit, usec_t at)
{
	struct backend *db = kit->ledger.backend;
	struct intent *boot = kit_ask(kit, INTENT_BOOT);
	boot->at = at;
	assert_int_equal(db->ops->begin(db, &boot->err), BACKEND_OK);
	ledger_begin(&kit->ledger);
	assert_true(ledger_apply(&kit->ledger, boot, NULL));
	assert_int_equal(db->ops->commit(db, &boot->err), BACKEND_OK);
	bool goes_on = boot->goes_on;
	intent_free(boot);
	return goes_on;
}

static int64_t
runs_on_record(struct kit *kit)
{
	struct intent *stats = kit_apply(kit, kit_ask(kit, INTENT_STATS));
	int64_t n = stats->stats.nwaiting;
	intent_free(stats);
	return n;
}

static void
a_boot_starts_many_jobs_in_batches_and_each_once_though_the_daemon_dies_between(void **state)
{
	static const char *const boots[] = { "schedule", "@reboot", "overlap", "allow", NULL };
	struct kit *kit = *state;
	for (int i = 0; i < 600; i++)
		kit_add(kit, boots);
	assert_true(boot_in_part(kit, kit->now + 1));
	int64_t n = runs_on_record(kit);
	assert_in_range(n, 1, 400);
	assert_true(boot_in_part(kit, kit->now + 2)); /* by another daemon, at another time */
	assert_int_equal(runs_on_record(kit), 2 * n);
	assert_false(boot_in_part(kit, kit->now + 3));
	assert_int_equal(runs_on_record(kit), 600);
	assert_false(boot_in_part(kit, kit->now + 4));
	assert_int_equal(runs_on_record(kit), 600);
	strcpy(kit->ledger.boot, "the next boot");
	assert_true(boot_in_part(kit, kit->now + 5));
	strcpy(kit->ledger.boot, "the one after"); /* the machine went down between: all of them */
	while (boot_in_part(kit, kit->now + 6))
		;
	assert_int_equal(runs_on_record(kit), 600 + n + 600);
}

static void
a_clock_set_back_moves_intervals_and_repeats_no_run(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	assert_int_equal(kit_claim_at(kit, 300), 1);
	struct run run = kit_newest(kit, id);
	kit_end_run(kit, &run, 0);
	kit_set_clock(kit, 301, 105);
	struct job job = kit_job_of(kit, id);
	assert_true(job.next_due == T0 + 110 * SEC);
	job_fini(&job);
	assert_int_equal(kit_claim_at(kit, 300), 1); /* 290, the latest that was not run */
	run = kit_newest(kit, id);
	assert_true(run.due == T0 + 290 * SEC);
	kit_end_run(kit, &run, 0);
	assert_int_equal(kit_claim_at(kit, 310), 1);
}

static void
a_clock_set_back_loses_no_instant_that_is_due_still(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	kit_set_clock(kit, 200, 15);
	assert_int_equal(kit_claim_at(kit, 16), 1);
	assert_true(kit_newest(kit, id).due == T0 + 10 * SEC);
}

static void
a_job_that_is_resumed_goes_by_the_clock_of_now(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	assert_int_equal(kit_claim_at(kit, 2000), 1);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_PAUSE, id), ERR_NONE);
	kit_set_clock(kit, 2001, 1005);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_RESUME, id), ERR_NONE);
	struct job job = kit_job_of(kit, id);
	assert_true(job.next_due == T0 + 1010 * SEC);
	job_fini(&job);
}

static void
a_job_that_was_resumed_when_the_clock_was_ahead_runs_once_it_is_right(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	kit->now = T0 + USEC_PER_DAY;
	assert_int_equal(kit_do_job(kit, INTENT_JOB_PAUSE, id), ERR_NONE);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_RESUME, id), ERR_NONE);
	kit_set_clock(kit, 86400, 105);
	assert_int_equal(kit_claim_at(kit, 109), 0);
	assert_int_equal(kit_newest(kit, id).reason, REASON_PAUSED);
	assert_int_equal(kit_claim_at(kit, 110), 1);
}

static void
a_job_that_was_edited_when_the_clock_was_ahead_runs_once_it_is_right(void **state)
{
	static const char *const rare[] = { "schedule", "every 1d", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, rare);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_PAUSE, id), ERR_NONE);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_RESUME, id), ERR_NONE);
	kit->now = T0 + 5 * USEC_PER_HOUR;
	struct intent *edit = kit_ask(kit, INTENT_JOB_SET);
	edit->ref.id = id;
	kit_change(edit, "schedule", "every 10s");
	kit_apply(kit, edit);
	assert_int_equal(edit->err.code, ERR_NONE);
	intent_free(edit);
	kit_set_clock(kit, 5 * 3600, 105);
	assert_int_equal(kit_claim_at(kit, 110), 1);
}

/* The daemon dies and starts again: what it has is what the rows say. */
static void
restart(struct kit *kit)
{
	kit->ledger = (struct ledger){ .backend = kit->ledger.backend,
				       .zones = kit->ledger.zones,
				       .boot = "boot",
				       .spawner = "spawner",
				       .output_max = 1 << 20 };
}

/* How many rows of the job stand for that instant. */
static int
rows_at(struct kit *kit, int64_t job_id, int seconds)
{
	struct intent *intent = kit_ask(kit, INTENT_RUN_LIST);
	usec_t at = T0 + seconds * SEC;
	int n = 0;
	intent->limit = 1000;
	intent->filter.job_id = job_id;
	kit_apply(kit, intent);
	for (size_t i = 0; i < intent->nruns; i++)
		n += intent->runs[i].run.trigger == TRIGGER_SCHEDULE &&
		     intent->runs[i].run.due <= at && at <= intent->runs[i].run.last_due;
	intent_free(intent);
	return n;
}

static void
a_clock_set_back_gives_no_instant_a_second_row_though_the_daemon_starts_again(void **state)
{
	static const char *const all[] = { "schedule", "every 10s", "missed", "all", NULL };
	struct kit *kit = *state;
	int64_t once = kit_add(kit, kit_every_ten), each = kit_add(kit, all);
	kit_claim_at(kit, 300); /* missed before it: one span */
	kit_set_clock(kit, 301, 105);
	restart(kit);
	for (int at = 110; at <= 310; at += 10)
		kit_claim_at(kit, at);
	for (int at = 10; at <= 310; at += 10) {
		assert_int_equal(rows_at(kit, once, at), 1);
		assert_int_equal(rows_at(kit, each, at), 1);
	}
}

static void
an_interval_goes_on_when_the_clock_is_set_back_behind_the_making_of_its_job(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	kit_set_clock(kit, 5, -86400);
	struct job job = kit_job_of(kit, id);
	assert_true(job.next_due == kit->now + 10 * SEC);
	job_fini(&job);
	assert_int_equal(kit_claim_at(kit, -86390), 1);
}

static void
the_end_of_a_span_is_remembered_as_covered(void **state)
{
	static const char *const silent[] = { "schedule", "every 100s", "missed", "skip", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, silent);
	kit_claim_at(kit, 380); /* 300 is more than a minute late */
	kit_set_clock(kit, 381, 150);
	for (int at = 200; at <= 400; at += 100)
		kit_claim_at(kit, at);
	for (int at = 100; at <= 400; at += 100)
		assert_int_equal(rows_at(kit, id, at), 1);
}

static void
what_a_set_back_clock_left_open_gets_its_rows_between_the_others(void **state)
{
	static const char *const silent[] = { "schedule", "every 7s", "missed", "skip", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, silent);
	kit_claim_at(kit, 300);
	kit_set_clock(kit, 301, 1);
	struct intent *edit = kit_ask(kit, INTENT_JOB_SET);
	edit->ref.id = id;
	kit_change(edit, "schedule", "every 2s");
	kit_apply(kit, edit);
	assert_int_equal(edit->err.code, ERR_NONE);
	intent_free(edit);
	kit_claim_at(kit, 400);
	for (int at = 2; at <= 400; at += 2)
		assert_int_equal(rows_at(kit, id, at), 1);
}

static void
what_a_clock_has_jumped_over_is_called_so_though_the_daemon_starts_again(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	kit_claim_at(kit, 1);
	kit_set_clock(kit, 5, 1005);
	restart(kit);
	struct intent *boot = kit_apply(kit, kit_ask(kit, INTENT_BOOT));
	intent_free(boot);
	kit_claim_at(kit, 1006);
	struct intent *why = kit_ask(kit, INTENT_WHY);
	why->ref.id = id;
	why->at = why->until = T0 + 500 * SEC;
	kit_apply(kit, why);
	assert_int_equal(why->runs[0].run.state, RUN_MISSED);
	assert_int_equal(why->runs[0].run.reason, REASON_CLOCK);
	intent_free(why);
}

/* The row of the job that covers that instant. */
static struct run
row_at(struct kit *kit, int64_t id, int seconds)
{
	struct intent *why = kit_ask(kit, INTENT_WHY);
	why->ref.id = id;
	why->at = why->until = T0 + seconds * SEC;
	kit_apply(kit, why);
	assert_int_equal(why->nruns, 1);
	struct run run = why->runs[0].run;
	intent_free(why);
	return run;
}

static void
a_year_of_seconds_is_caught_up_with_in_one_claim(void **state)
{
	static const char *const seconds[] = { "schedule", "every 1s", "missed", "skip", NULL };
	const int year = 365 * 86400;
	struct kit *kit = *state;
	int64_t id = kit_add(kit, seconds);
	assert_int_equal(kit_claim_at(kit, year), 1);
	assert_int_equal(row_at(kit, id, 5).count, year - 1);
	/* Back, and there again: what was run is passed over, the rest is counted again. */
	kit_set_clock(kit, year + 1, 1000);
	kit_set_clock(kit, 1000, 2 * year);
	assert_int_equal(kit_claim_at(kit, 2 * year), 0);
	struct job job = kit_job_of(kit, id);
	assert_true(job.next_due > T0 + 2 * year * SEC);
	job_fini(&job);
	assert_int_equal(row_at(kit, id, 5).count, 1000);
	assert_int_equal(row_at(kit, id, 1005).count, year - 1001);
	assert_int_equal(row_at(kit, id, year).state, RUN_RUNNING);
	assert_int_equal(row_at(kit, id, year + 5).count, year - 1);
}

static void
what_a_clock_that_was_ahead_has_missed_is_due_again(void **state)
{
	static const char *const hourly[] = { "schedule", "every 1h", "missed", "skip", NULL };
	const int hour = 3600;
	struct kit *kit = *state;
	int64_t id = kit_add(kit, hourly);
	kit_claim_at(kit, 100);
	kit_set_clock(kit, 100, 100 + 24 * hour);
	assert_int_equal(kit_claim_at(kit, 101 + 24 * hour), 0);
	assert_int_equal(row_at(kit, id, hour).count, 24);
	kit_set_clock(kit, 160 + 24 * hour, 160 + 2 * hour);
	struct run passed = row_at(kit, id, 2 * hour), given_back = kit_newest(kit, id);
	assert_int_equal(passed.count, 2);
	assert_true(passed.last_due == T0 + 2 * hour * SEC);
	assert_int_equal(given_back.trigger, TRIGGER_CLOCK);
	assert_int_equal(given_back.state, RUN_MISSED);
	assert_int_equal(given_back.count, 22);
	assert_string_equal(given_back.detail, "given back: the clock was set back");
	for (int i = 3; i <= 25; i++) {
		assert_int_equal(kit_claim_at(kit, i * hour), 1);
		assert_int_equal(rows_at(kit, id, i * hour), 1);
		struct run run = kit_newest(kit, id);
		kit_end_run(kit, &run, 0);
	}
}

static void
a_run_that_was_claimed_ahead_is_given_back_and_counts_for_nothing(void **state)
{
	static const char *const few[] = { "schedule", "every 10s", "max-runs", "1", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, few);
	kit->now = T0 + 9 * SEC + SEC / 2;
	struct intent *claim = kit_ask(kit, INTENT_CLAIM);
	claim->until = T0 + 10 * SEC;
	kit_apply(kit, claim);
	assert_int_equal(claim->work.nstarts, 1);
	intent_free(claim);
	kit->now = T0 - 3600 * SEC;
	struct run run = kit_newest(kit, id);
	struct intent *requeue = kit_ask(kit, INTENT_REQUEUE);
	requeue->run_id = run.id;
	requeue->attempt = run.attempt;
	requeue->is_forced = true; /* the engine saw that it is far ahead */
	kit_apply(kit, requeue);
	assert_int_equal(requeue->err.code, ERR_NONE);
	intent_free(requeue);
	assert_int_equal(kit_newest(kit, id).trigger, TRIGGER_CLOCK);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_RUN, id), ERR_NONE); /* nothing is in its way */
	run = kit_newest(kit, id);
	kit_end_run(kit, &run, 0);
	struct job job = kit_job_of(kit, id);
	assert_int_equal(job.nruns, 0);
	int next = (int)((job.next_due - T0) / SEC);
	job_fini(&job);
	assert_true(next > -3600 && next <= -3590);
	assert_int_equal(kit_claim_at(kit, next), 1);
	run = kit_newest(kit, id);
	kit_end_run(kit, &run, 0);
	assert_int_equal(kit_state_of(kit, id), JOB_FINISHED);
}

/* In a transaction that has looked at as many rows as it may already. */
static void
a_run_of_a_job_that_is_due_once_is_given_back_whatever_else_is(void **state)
{
	static const char *const once[] = { "schedule", "2026-11-18T11:06:50Z", NULL };
	struct kit *kit = *state;
	struct backend *db = kit->ledger.backend;
	int64_t id = kit_add(kit, once);
	assert_int_equal(kit_claim_at(kit, 10), 1);
	struct run run = kit_newest(kit, id);
	kit->now = T0 - 3600 * SEC;
	struct intent *requeue = kit_ask(kit, INTENT_REQUEUE);
	requeue->run_id = run.id;
	requeue->attempt = run.attempt;
	requeue->is_forced = true;
	assert_int_equal(db->ops->begin(db, &requeue->err), BACKEND_OK);
	ledger_begin(&kit->ledger);
	kit->ledger.nlooks = 0;
	assert_true(ledger_apply(&kit->ledger, requeue, NULL));
	assert_int_equal(db->ops->commit(db, &requeue->err), BACKEND_OK);
	assert_false(requeue->goes_on);
	intent_free(requeue);
	assert_int_equal(kit_newest(kit, id).trigger, TRIGGER_CLOCK);
	assert_int_equal(kit_claim_at(kit, 10), 1);
}

static void
what_lies_ahead_is_given_back_though_the_job_was_one_of_boots_meanwhile(void **state)
{
	static const char *const schedules[] = { "@reboot", "every 10s" };
	static const int times[] = { 3590, 5 };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	assert_int_equal(kit_claim_at(kit, 3585), 1);
	for (int i = 0; i < 2; i++) {
		kit->now = T0 + times[i] * SEC;
		struct intent *edit = kit_ask(kit, INTENT_JOB_SET);
		edit->ref.id = id;
		kit_change(edit, "schedule", schedules[i]);
		kit_apply(kit, edit);
		assert_int_equal(edit->err.code, ERR_NONE);
		intent_free(edit);
	}
	assert_int_equal(rows_at(kit, id, 1000), 0);
	assert_int_equal(rows_at(kit, id, 3580), 1); /* it runs */
}

static void
a_resumption_by_a_clock_that_was_set_back_leaves_what_follows_the_boot(void **state)
{
	static const char *const boots[] = { "schedule", "@reboot", "splay", "20s", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, boots);
	struct intent *boot = kit_ask(kit, INTENT_BOOT);
	boot->at = T0;
	kit_apply(kit, boot);
	intent_free(boot);
	kit_set_clock(kit, 1, -3599);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_PAUSE, id), ERR_NONE);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_RESUME, id), ERR_NONE);
	assert_int_equal(kit_newest(kit, id).state, RUN_WAITING);
	assert_int_equal(kit_claim_at(kit, -3570), 1);
}

static void
a_retry_waits_as_long_as_before_when_the_clock_is_set(void **state)
{
	static const char *const retries[] = { "schedule",    "every 1h", "retries", "1",
					       "retry-delay", "10s",      NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, retries);
	assert_int_equal(kit_claim_at(kit, 3600), 1);
	struct run run = kit_newest(kit, id);
	kit_end_run(kit, &run, 1);
	kit_set_clock(kit, 3600, 1800);
	assert_int_equal(kit_claim_at(kit, 1815), 1);
	assert_int_equal(kit_newest(kit, id).attempt, 2);
}

static void
what_follows_a_boot_waits_as_long_as_before_when_the_clock_is_set(void **state)
{
	static const char *const boots[] = { "schedule", "@reboot", "splay", "20s", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, boots);
	kit->now = T0;
	struct intent *boot = kit_ask(kit, INTENT_BOOT);
	boot->at = T0;
	kit_apply(kit, boot);
	intent_free(boot);
	usec_t waits = kit_newest(kit, id).start_at - T0;
	assert_true(waits > SEC);
	kit_set_clock(kit, 1, -3599); /* a second has passed */
	assert_true(kit_newest(kit, id).start_at == T0 - 3600 * SEC + waits);
	assert_int_equal(kit_claim_at(kit, -3580), 1);
}

/* The same with a deadline, which counts from the start. */
static void
a_deadline_moves_with_the_start_that_a_set_clock_moves(void **state)
{
	static const char *const boots[] = { "schedule", "@reboot", "splay",
					     "20s",      "start-deadline", "1m", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, boots);
	struct intent *boot = kit_ask(kit, INTENT_BOOT);
	boot->at = T0;
	kit_apply(kit, boot);
	intent_free(boot);
	kit_set_clock(kit, 1, -3599);
	struct run run = kit_newest(kit, id);
	assert_true(run.start_at < T0);
	assert_true(run.deadline_at == run.start_at + 60 * SEC);
}

/* Transactions of a step of the clock, at most `most`; was that all of it? */
static bool
step_in_part(struct kit *kit, int from, int to, int most)
{
	struct backend *db = kit->ledger.backend;
	kit->now = T0 + to * SEC;
	struct intent *step = kit_ask(kit, INTENT_CLOCK_STEP);
	step->at = T0 + from * SEC;
	step->until = step->since = kit->now;
	do {
		assert_int_equal(db->ops->begin(db, &step->err), BACKEND_OK);
		ledger_begin(&kit->ledger);
		assert_true(ledger_apply(&kit->ledger, step, NULL));
		assert_int_equal(db->ops->commit(db, &step->err), BACKEND_OK);
	} while (step->goes_on && --most > 0);
	bool is_all = !step->goes_on;
	intent_free(step);
	return is_all;
}

static void
delays_move_in_batches_and_each_once_though_the_step_is_told_again(void **state)
{
	static const char *const retries[] = { "schedule", "every 1h", "retries", "1",
					       "retry-delay", "10s", NULL };
	struct kit *kit = *state;
	int64_t ids[10];
	usec_t starts[10];
	kit->ledger.batch_max = 3;
	for (int i = 0; i < 10; i++)
		ids[i] = kit_add(kit, retries);
	assert_int_equal(kit_claim_at(kit, 3600), 10);
	for (int i = 0; i < 10; i++) {
		struct run run = kit_newest(kit, ids[i]);
		kit_end_run(kit, &run, 1);
		starts[i] = kit_newest(kit, ids[i]).start_at;
	}
	assert_false(step_in_part(kit, 3601, 1801, 2)); /* what became of it nobody knew */
	assert_true(step_in_part(kit, 3601, 1801, 10));
	assert_true(step_in_part(kit, 3601, 1801, 10)); /* it is on record */
	for (int i = 0; i < 10; i++)
		assert_true(kit_newest(kit, ids[i]).start_at == starts[i] - 1800 * SEC);
}

/* A run every 30 s, two missed before each, for an hour. */
static int64_t
live_an_hour(struct kit *kit)
{
	static const char *const tens[] = { "schedule", "every 10s", "missed", "skip", NULL };
	int64_t id = kit_add(kit, tens);
	for (int at = 30; at <= 3600; at += 30) {
		assert_int_equal(kit_claim_at(kit, at), 1);
		struct run run = kit_newest(kit, id);
		kit_end_run(kit, &run, 0);
	}
	return id;
}

static void
assert_given_back(struct kit *kit, int64_t id)
{
	struct job job = kit_job_of(kit, id);
	assert_int_equal(job.nruns, 120);
	job_fini(&job);
	for (int at = 10; at <= 3600; at += 10)
		assert_int_equal(rows_at(kit, id, at), at % 30 == 0);
	assert_int_equal(kit_claim_at(kit, 10), 1);
	struct run run = kit_newest(kit, id);
	kit_end_run(kit, &run, 0);
	assert_int_equal(kit_claim_at(kit, 20), 1);
	assert_int_equal(kit_claim_at(kit, 30), 0);
}

static void
what_lies_ahead_of_a_clock_that_is_set_back_is_given_back_in_batches(void **state)
{
	struct kit *kit = *state;
	int64_t id = live_an_hour(kit);
	kit->ledger.batch_max = 7;
	kit->ntransactions = 0;
	kit_set_clock(kit, 3601, 1);
	assert_in_range(kit->ntransactions, 240 / 7, 240 / 7 + 3);
	assert_given_back(kit, id);
}

static void
what_is_due_while_a_step_is_still_told_of_is_not_lost(void **state)
{
	static const char *const tens[] = { "schedule", "every 10s", "missed", "all", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, tens), edited = kit_add(kit, tens);
	kit->now = T0 + 3605 * SEC;
	kit_claim_at(kit, 3605);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_PAUSE, id), ERR_NONE);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_RESUME, id), ERR_NONE); /* anchored ahead */
	kit->now = T0 + 22 * SEC;
	struct intent *edit = kit_ask(kit, INTENT_JOB_SET);
	edit->ref.id = edited;
	kit_change(edit, "schedule", "every 3s");
	kit_apply(kit, edit);
	intent_free(edit);
	kit->now = T0 + 26 * SEC;
	struct intent *step = kit_ask(kit, INTENT_CLOCK_STEP);
	step->at = T0 + 3606 * SEC;
	step->until = T0 + 1800 * SEC; /* and it was set back once more meanwhile */
	step->since = T0 + 6 * SEC;
	kit_apply(kit, step);
	intent_free(step);
	struct job job = kit_job_of(kit, id), younger = kit_job_of(kit, edited);
	assert_true(job.next_due == T0 + 10 * SEC);
	assert_true(younger.next_due == T0 + 24 * SEC);
	job_fini(&job);
	job_fini(&younger);
}

static void
a_part_that_fails_is_answered_and_does_not_go_on(void **state)
{
	struct kit *kit = *state;
	struct backend *db = kit->ledger.backend;
	int nfaults = 0;
	live_an_hour(kit);
	kit->ledger.batch_max = 7;
	for (bool fails = true; fails; nfaults++) {
		kit->now = T0 + SEC;
		struct intent *step = kit_ask(kit, INTENT_CLOCK_STEP);
		step->at = T0 + 3601 * SEC;
		step->until = step->since = kit->now;
		assert_int_equal(db->ops->begin(db, &step->err), BACKEND_OK);
		ledger_begin(&kit->ledger);
		backend_mem_fail_operation(db, nfaults + 1);
		fails = !ledger_apply(&kit->ledger, step, NULL);
		backend_mem_fail_operation(db, 0);
		assert_int_equal(step->goes_on, !fails);
		db->ops->rollback(db);
		intent_free(step);
	}
	assert_in_range(nfaults, 5, 50);
}

/* Of a resumption nobody tells that the clock was set before; and its commits may fail. */
static void
what_is_given_back_in_a_commit_that_fails_is_given_back_again(void **state)
{
	struct kit *kit = *state;
	struct backend *db = kit->ledger.backend;
	int64_t id = live_an_hour(kit);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_PAUSE, id), ERR_NONE);
	kit->ledger.batch_max = 7;
	kit->now = T0 + SEC;
	struct intent *resume = kit_ask(kit, INTENT_JOB_RESUME);
	resume->ref.id = id;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(db->ops->begin(db, &resume->err), BACKEND_OK);
		ledger_begin(&kit->ledger);
		assert_true(ledger_apply(&kit->ledger, resume, NULL));
		assert_true(resume->goes_on);
		if (i == 1)
			db->ops->rollback(db);
		else
			assert_int_equal(db->ops->commit(db, &resume->err), BACKEND_OK);
	}
	kit_apply(kit, resume);
	assert_int_equal(resume->err.code, ERR_NONE);
	intent_free(resume);
	assert_given_back(kit, id);
}

static void
what_goes_on_at_once_does_so_though_the_clock_is_set_back_meanwhile(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	assert_int_equal(kit_claim_at(kit, 10), 1);
	struct run run = kit_newest(kit, id);
	struct intent *requeue = kit_ask(kit, INTENT_REQUEUE);
	requeue->run_id = run.id;
	requeue->attempt = run.attempt;
	kit_apply(kit, requeue);
	assert_int_equal(requeue->work.wake_by, 0);
	intent_free(requeue);
}

/* A zone directory with one zone in it, whose file can be replaced. */
struct replaceable {
	struct zonedir dir;
	const char *file;
};

static int
read_replaceable(void *self, const char *name, char **data, size_t *len, struct err *err)
{
	struct replaceable *source = self;
	(void)name;
	return zonedir_read(&source->dir, source->file, data, len, err);
}

static uint64_t
identify_replaceable(void *self, const char *name)
{
	struct replaceable *source = self;
	(void)name;
	return zonedir_identity(&source->dir, source->file);
}

static void
name_replaceable(void *self, char *name, size_t size)
{
	(void)self;
	snprintf(name, size, "Test/Zone");
}

static void
a_replaced_zone_moves_the_jobs_that_follow_it(void **state)
{
	static const char *const noon[] = { "schedule", "0 12 * * *", "tz", "Test/Zone", NULL };
	struct kit *kit = *state;
	struct replaceable source = { .file = "Etc/GMT-3" };
	zonedir_init(&source.dir, ZONEINFO_DIR);
	kit->ledger.zones = zones_new(&(struct zone_source){ read_replaceable, identify_replaceable,
	                                                     name_replaceable, &source });
	int64_t id = kit_add(kit, noon), steady = kit_add(kit, kit_every_ten);
	struct job before = kit_job_of(kit, id), unmoved = kit_job_of(kit, steady);
	source.file = "Etc/GMT-2";
	struct intent *look = kit_apply(kit, kit_ask(kit, INTENT_ZONES));
	assert_int_equal(look->err.code, ERR_NONE);
	assert_string_equal(look->name, "Test/Zone");
	assert_int_equal(look->count, 1);
	assert_int_equal(look->offset, -1);
	intent_free(look);
	struct job after = kit_job_of(kit, id), still = kit_job_of(kit, steady);
	assert_true(after.next_due == before.next_due + USEC_PER_HOUR);
	assert_true(still.next_due == unmoved.next_due);
	job_fini(&before);
	job_fini(&unmoved);
	job_fini(&after);
	job_fini(&still);
	look = kit_apply(kit, kit_ask(kit, INTENT_ZONES));
	assert_null(look->name);
	intent_free(look);
	zones_free(kit->ledger.zones);
	zonedir_fini(&source.dir);
}

static void
a_look_at_zones_whose_record_failed_is_made_up_for(void **state)
{
	static const char *const noon[] = { "schedule", "0 12 * * *", "tz", "Test/Zone", NULL };
	struct kit *kit = *state;
	struct zones *others = kit->ledger.zones;
	struct replaceable source = { .file = "Etc/GMT-3" };
	zonedir_init(&source.dir, ZONEINFO_DIR);
	kit->ledger.zones = zones_new(&(struct zone_source){ read_replaceable, identify_replaceable,
							     name_replaceable, &source });
	int64_t id = kit_add(kit, noon);
	struct job before = kit_job_of(kit, id), after;
	source.file = "Etc/GMT-2";
	struct intent *lost = kit_ask(kit, INTENT_ZONES), *again = kit_ask(kit, INTENT_ZONES);
	struct backend *db = kit->ledger.backend;
	db->ops->begin(db, &lost->err);
	assert_true(ledger_apply(&kit->ledger, lost, NULL));
	db->ops->rollback(db);
	intent_free(lost);
	again->is_forced = true;
	kit_apply(kit, again);
	intent_free(again);
	after = kit_job_of(kit, id);
	assert_true(after.next_due == before.next_due + USEC_PER_HOUR);
	job_fini(&before);
	job_fini(&after);
	zones_free(kit->ledger.zones);
	kit->ledger.zones = others;
	zonedir_fini(&source.dir);
}

/* The daemon starts again, and the zone is that file now. */
static void
restart_with_zone(struct kit *kit, struct replaceable *source, const char *file)
{
	zones_free(kit->ledger.zones);
	source->file = file;
	kit->ledger.zones = zones_new(&(struct zone_source){ read_replaceable, identify_replaceable,
							     name_replaceable, source });
}

static void
what_a_lost_zone_hid_is_recorded_when_it_is_back_or_the_job_changes(void **state)
{
	static const char *const hourly[] = { "schedule", "0 * * * *", "tz", "Test/Zone", NULL };
	struct kit *kit = *state;
	struct zones *others = kit->ledger.zones;
	struct replaceable source = { .file = "Etc/GMT-3" };
	zonedir_init(&source.dir, ZONEINFO_DIR);
	kit->ledger.zones = NULL;
	restart_with_zone(kit, &source, "Etc/GMT-3");
	int64_t back = kit_add(kit, hourly), edited = kit_add(kit, hourly);
	struct job job = kit_job_of(kit, back);
	int due = (int)((job.next_due - T0) / SEC);
	job_fini(&job);

	restart_with_zone(kit, &source, "No/Such");
	assert_int_equal(kit_claim_at(kit, due), 0);
	assert_int_equal(kit_newest(kit, back).reason, REASON_REFUSED);
	assert_int_equal(kit_state_of(kit, back), JOB_PAUSED);
	kit->now += 5 * USEC_PER_HOUR;
	struct intent *edit = kit_ask(kit, INTENT_JOB_SET);
	edit->ref.id = edited;
	kit_change(edit, "schedule", "every 7s");
	kit_change(edit, "tz", "UTC");
	kit_apply(kit, edit);
	assert_string_equal(edit->err.text, "");
	intent_free(edit);

	restart_with_zone(kit, &source, "Etc/GMT-3");
	assert_int_equal(kit_do_job(kit, INTENT_JOB_RESUME, back), ERR_NONE);
	kit_claim_at(kit, due + 5 * 3600);
	for (int i = 0; i <= 5; i++) {
		assert_int_equal(rows_at(kit, back, due + i * 3600), 1);
		assert_int_equal(rows_at(kit, edited, due + i * 3600), 1);
	}
	zones_free(kit->ledger.zones);
	kit->ledger.zones = others;
	zonedir_fini(&source.dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KIT(an_on_start_job_runs_once_a_boot),
		WITH_KIT(
			a_boot_starts_many_jobs_in_batches_and_each_once_though_the_daemon_dies_between),
		WITH_KIT(a_clock_set_back_moves_intervals_and_repeats_no_run),
		WITH_KIT(
			a_clock_set_back_gives_no_instant_a_second_row_though_the_daemon_starts_again),
		WITH_KIT(
			an_interval_goes_on_when_the_clock_is_set_back_behind_the_making_of_its_job),
		WITH_KIT(the_end_of_a_span_is_remembered_as_covered),
		WITH_KIT(what_a_set_back_clock_left_open_gets_its_rows_between_the_others),
		WITH_KIT(what_a_clock_has_jumped_over_is_called_so_though_the_daemon_starts_again),
		WITH_KIT(a_year_of_seconds_is_caught_up_with_in_one_claim),
		WITH_KIT(what_a_clock_that_was_ahead_has_missed_is_due_again),
		WITH_KIT(a_run_that_was_claimed_ahead_is_given_back_and_counts_for_nothing),
		WITH_KIT(a_run_of_a_job_that_is_due_once_is_given_back_whatever_else_is),
		WITH_KIT(what_lies_ahead_is_given_back_though_the_job_was_one_of_boots_meanwhile),
		WITH_KIT(a_resumption_by_a_clock_that_was_set_back_leaves_what_follows_the_boot),
		WITH_KIT(a_retry_waits_as_long_as_before_when_the_clock_is_set),
		WITH_KIT(what_follows_a_boot_waits_as_long_as_before_when_the_clock_is_set),
		WITH_KIT(a_deadline_moves_with_the_start_that_a_set_clock_moves),
		WITH_KIT(delays_move_in_batches_and_each_once_though_the_step_is_told_again),
		WITH_KIT(what_lies_ahead_of_a_clock_that_is_set_back_is_given_back_in_batches),
		WITH_KIT(what_is_due_while_a_step_is_still_told_of_is_not_lost),
		WITH_KIT(a_part_that_fails_is_answered_and_does_not_go_on),
		WITH_KIT(what_is_given_back_in_a_commit_that_fails_is_given_back_again),
		WITH_KIT(what_goes_on_at_once_does_so_though_the_clock_is_set_back_meanwhile),
		WITH_KIT(a_clock_set_back_loses_no_instant_that_is_due_still),
		WITH_KIT(a_job_that_is_resumed_goes_by_the_clock_of_now),
		WITH_KIT(a_job_that_was_resumed_when_the_clock_was_ahead_runs_once_it_is_right),
		WITH_KIT(a_job_that_was_edited_when_the_clock_was_ahead_runs_once_it_is_right),
		WITH_KIT(a_replaced_zone_moves_the_jobs_that_follow_it),
		WITH_KIT(a_look_at_zones_whose_record_failed_is_made_up_for),
		WITH_KIT(what_a_lost_zone_hid_is_recorded_when_it_is_back_or_the_job_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
