/* What the engine makes of the store's answers: with a store that only keeps what it is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "engine/engine.h"

#define NOW (1795000000 * USEC_PER_SEC)

struct asked {
	struct store port; /* first: it is cast back */
	struct intent *last;
	struct runner runner;
	int nstops, nprunes, nrequeues;
	bool is_given_back;
	usec_t old_at; /* of the last prune */
};

static void
keep(struct store *store, struct intent *intent)
{
	((struct asked *)store)->last = intent;
}

/* Gives the engine a run that it holds until its instant. */
static void
claim_run(struct engine *engine, int64_t id, enum schedule_kind kind)
{
	struct intent *intent = intent_new(INTENT_JOB_RUN, NOW);
	engine_submit(engine, intent);
	intent->work.starts = mem_array(1, sizeof(*intent->work.starts));
	intent->work.nstarts = 1;
	struct start *start = &intent->work.starts[0];
	start->run = (struct run){ .id = id, .attempt = 1, .start_at = NOW + USEC_PER_SEC };
	job_init(&start->job);
	start->job.kind = kind;
	start->job.timeout = 10 * USEC_PER_SEC;
	start->job.kill_after = USEC_PER_HOUR;
	intent_answer(intent);
}

static void
what_is_stopped_on_record_is_stopped_though_the_change_is_refused_in_the_end(void **state)
{
	struct asked asked = { .port = { .submit = keep } };
	const struct engine_config config = { .claim_batch = 1 };
	const struct engine_ports ports = { .store = &asked.port };
	struct engine *engine = engine_new(&config, &ports);
	(void)state;
	claim_run(engine, 7, SCHEDULE_EVERY);
	struct intent *edit = intent_new(INTENT_JOB_SET, NOW);
	engine_submit(engine, edit);
	edit->work.stops = mem_array(1, sizeof(*edit->work.stops));
	edit->work.nstops = 1;
	edit->work.stops[0] = (struct stop){ .run_id = 7, .attempt = 1 };
	err_set(&edit->err, ERR_EXISTS, "the name was taken meanwhile");
	asked.last = NULL;
	intent_answer(edit);
	assert_non_null(asked.last);
	assert_int_equal(asked.last->kind, INTENT_REQUEUE);
	assert_int_equal(asked.last->run_id, 7);
	intent_answer(asked.last);
	engine_free(engine);
}

static struct asked *
asked_of(struct runner *runner)
{
	return (struct asked *)((char *)runner - offsetof(struct asked, runner));
}

static void
start(struct runner *runner, const struct job *job, const struct run *run)
{
	(void)runner, (void)job, (void)run;
}

static void
stop(struct runner *runner, int64_t run_id, int attempt, enum stop_how how)
{
	(void)run_id, (void)attempt, (void)how;
	asked_of(runner)->nstops++;
}

static void
forget(struct runner *runner, int64_t run_id, int attempt)
{
	(void)runner, (void)run_id, (void)attempt;
}

static void
answer(struct asked *asked, enum intent_kind kind, enum err_code code)
{
	struct intent *intent = asked->last;
	assert_non_null(intent);
	assert_int_equal(intent->kind, kind);
	asked->last = NULL;
	if (code != ERR_NONE)
		err_set(&intent->err, code, "the disk is full");
	intent_answer(intent);
}

static void
a_time_out_is_on_record_before_its_signal_unless_the_store_is_in_trouble(void **state)
{
	static const struct {
		bool is_answered;
		enum err_code code;
	} cases[] = { { true, ERR_NONE }, { true, ERR_UNAVAILABLE }, { false, ERR_NONE } };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct asked asked = { .port = { .submit = keep },
				       .runner = {
					       .start = start, .stop = stop, .forget = forget } };
		const struct engine_config config = { .claim_batch = 1 };
		const struct engine_ports ports = { .store = &asked.port, .exec = &asked.runner };
		struct engine *engine = engine_new(&config, &ports);
		usec_t began = NOW + USEC_PER_SEC;
		struct outcome outcome = { .kind = OUTCOME_SIGNAL, .code = 15, .output_fd = -1 };
		claim_run(engine, 7, SCHEDULE_EVERY);
		engine_tick(engine, began);
		engine_run_started(engine, 7, 1, 99, 1, began);
		engine_tick(engine, began + USEC_PER_SEC);
		answer(&asked, INTENT_STARTED, ERR_NONE);
		engine_tick(engine, began + 10 * USEC_PER_SEC);
		assert_int_equal(asked.nstops, 0);
		struct intent *stopping = asked.last;
		assert_int_equal(stopping->reason, REASON_TIMEOUT);
		if (cases[i].is_answered)
			answer(&asked, INTENT_STOPPING, cases[i].code);
		engine_tick(engine, began + 11 * USEC_PER_SEC);
		assert_int_equal(asked.nstops, 1);
		if (!cases[i].is_answered)
			answer(&asked, INTENT_STOPPING, ERR_NONE);
		engine_run_ended(engine, 7, 1, &outcome, began + 11 * USEC_PER_SEC);
		assert_int_equal(asked.nstops, 1);
		assert_int_equal(asked.last->reason, REASON_TIMEOUT);
		answer(&asked, INTENT_ENDED, ERR_NONE);
		engine_free(engine);
	}
}

/* Whether it was asked to end before by its time-out, or not: else the end would not be recorded. */
static void
at_the_end_of_the_service_it_is_killed_after_ten_seconds_at_most(void **state)
{
	static const usec_t stops[] = { 2 * USEC_PER_SEC, 12 * USEC_PER_SEC };
	(void)state;
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		struct asked asked = { .port = { .submit = keep },
				       .runner = {
					       .start = start, .stop = stop, .forget = forget } };
		const struct engine_config config = { .claim_batch = 1,
						      .stop_timeout = USEC_PER_SEC };
		const struct engine_ports ports = { .store = &asked.port, .exec = &asked.runner };
		struct engine *engine = engine_new(&config, &ports);
		usec_t began = NOW + USEC_PER_SEC, stop_at = began + stops[i];
		claim_run(engine, 7, SCHEDULE_EVERY);
		engine_tick(engine, began);
		engine_run_started(engine, 7, 1, 99, 1, began);
		engine_tick(engine, began + USEC_PER_SEC);
		answer(&asked, INTENT_STARTED, ERR_NONE);
		if (i == 1) {
			engine_tick(engine, began + 10 * USEC_PER_SEC);
			answer(&asked, INTENT_STOPPING, ERR_NONE);
			assert_int_equal(asked.nstops, 1);
		}
		engine_stop(engine, false, stop_at);
		engine_tick(engine, stop_at + USEC_PER_SEC);
		answer(&asked, INTENT_STOPPING, ERR_NONE);
		assert_int_equal(asked.nstops, 1);
		engine_tick(engine, stop_at + 10 * USEC_PER_SEC);
		assert_int_equal(asked.nstops, 1);
		engine_tick(engine, stop_at + 11 * USEC_PER_SEC);
		assert_int_equal(asked.nstops, 2);
		engine_free(engine);
	}
}

/* Answers at once, and counts. */
static void
count(struct store *store, struct intent *intent)
{
	struct asked *asked = (struct asked *)store;
	if (intent->kind == INTENT_PRUNE) {
		asked->nprunes++;
		asked->old_at = intent->at;
	}
	asked->nrequeues += intent->kind == INTENT_REQUEUE;
	asked->is_given_back |= intent->kind == INTENT_REQUEUE && intent->is_forced;
	intent->work.wake_at = USEC_NEVER;
	intent->offset = -1; /* all jobs were looked at */
	intent_answer(intent);
}

static int
prunes_until(struct engine *engine, struct asked *asked, usec_t until)
{
	asked->nprunes = 0;
	for (usec_t at = engine_wake_at(engine); at <= until; at = engine_wake_at(engine)) {
		engine_tick(engine, at);
		assert_true(engine_wake_at(engine) > at); /* it does not wake for nothing */
	}
	return asked->nprunes;
}

static void
no_history_is_trimmed_while_claims_are_held(void **state)
{
	struct asked asked = { .port = { .submit = count } };
	const struct engine_config config = { .claim_batch = 1 };
	const struct engine_ports ports = { .store = &asked.port };
	struct engine *engine = engine_new(&config, &ports);
	(void)state;
	engine_hold(engine);
	engine_recover(engine, NOW);
	assert_int_equal(prunes_until(engine, &asked, NOW + USEC_PER_MIN), 0);
	engine_go_on(engine, NOW + USEC_PER_MIN);
	assert_int_equal(prunes_until(engine, &asked, NOW + USEC_PER_MIN + USEC_PER_SEC), 1);
	engine_free(engine);
}

static struct engine *
begin_at(struct asked *asked, usec_t now, usec_t seen_at)
{
	const struct engine_config config = { .claim_batch = 1, .seen_at = seen_at };
	const struct engine_ports ports = { .store = &asked->port };
	*asked = (struct asked){ .port = { .submit = count } };
	struct engine *engine = engine_new(&config, &ports);
	engine_recover(engine, now);
	return engine;
}

static void
time_that_nobody_saw_pass_makes_nothing_old_for_an_hour(void **state)
{
	static const struct {
		usec_t seen_at, step;
		usec_t unseen;
	} cases[] = {
		{ 0, 0, 0 },
		{ NOW + USEC_PER_DAY, 0, 0 }, /* the clock is behind */
		{ NOW - USEC_PER_DAY, 0, USEC_PER_DAY },
		{ NOW, USEC_PER_DAY, USEC_PER_DAY },
		{ NOW - USEC_PER_HOUR, USEC_PER_DAY, USEC_PER_DAY + USEC_PER_HOUR },
		{ NOW - USEC_PER_DAY, -USEC_PER_HOUR, USEC_PER_DAY - USEC_PER_HOUR },
		{ NOW - USEC_PER_HOUR, -USEC_PER_DAY, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct asked asked;
		struct engine *engine = begin_at(&asked, NOW, cases[i].seen_at);
		usec_t now = NOW + cases[i].step;
		if (cases[i].step)
			engine_clock_stepped(engine, NOW, now);
		engine_tick(engine, now);
		assert_int_equal(prunes_until(engine, &asked, now + USEC_PER_SEC), 1);
		assert_true(asked.old_at == now + USEC_PER_SEC - cases[i].unseen);
		assert_int_equal(prunes_until(engine, &asked, now + USEC_PER_HOUR),
				 cases[i].unseen > 0);
		if (cases[i].unseen)
			assert_true(asked.old_at > now + 50 * USEC_PER_MIN);
		engine_free(engine);
	}
}

static void
what_follows_the_boot_starts_though_the_clock_is_set_back_meanwhile(void **state)
{
	static const struct {
		enum schedule_kind kind;
		bool is_given_back;
	} cases[] = { { SCHEDULE_EVERY, true }, { SCHEDULE_ON_START, false } };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct asked asked = { .port = { .submit = keep } };
		const struct engine_config config = { .claim_batch = 1 };
		const struct engine_ports ports = { .store = &asked.port };
		struct engine *engine = engine_new(&config, &ports);
		claim_run(engine, 7, cases[i].kind);
		asked.port.submit = count;
		engine_clock_stepped(engine, NOW, NOW - USEC_PER_HOUR);
		assert_int_equal(asked.nrequeues, cases[i].is_given_back);
		assert_int_equal(engine_wake_at(engine) == NOW - USEC_PER_HOUR,
				 !cases[i].is_given_back);
		engine_free(engine);
	}
}

/* Its time-out was set by this clock: the one of before is nothing to it. */
static void
a_clock_that_was_ahead_before_the_start_does_not_shorten_what_runs(void **state)
{
	struct asked asked = { .port = { .submit = keep },
			       .runner = { .start = start, .stop = stop, .forget = forget } };
	const struct engine_config config = { .claim_batch = 1 };
	const struct engine_ports ports = { .store = &asked.port, .exec = &asked.runner };
	struct engine *engine = engine_new(&config, &ports);
	usec_t began = NOW + USEC_PER_SEC;
	(void)state;
	claim_run(engine, 7, SCHEDULE_EVERY);
	engine_tick(engine, began);
	engine_run_started(engine, 7, 1, 99, 1, began);
	engine_tick(engine, began + USEC_PER_SEC);
	answer(&asked, INTENT_STARTED, ERR_NONE);
	asked.port.submit = count;
	engine_clock_was_ahead(engine, began + 2 * USEC_PER_HOUR, began + 2 * USEC_PER_SEC);
	engine_tick(engine, began + 9 * USEC_PER_SEC);
	assert_int_equal(asked.nstops, 0);
	engine_tick(engine, began + 10 * USEC_PER_SEC);
	engine_tick(engine, began + 11 * USEC_PER_SEC);
	assert_int_equal(asked.nstops, 1);
	engine_free(engine);
}

/* Given back, what was run between then and now could come again: its rows may have been pruned. */
static void
a_small_step_back_lets_what_is_claimed_wait_and_a_large_one_gives_it_back(void **state)
{
	static const struct {
		usec_t step;
		bool is_given_back;
	} cases[] = { { 3 * USEC_PER_SEC, false },
		      { USEC_PER_MIN, false },
		      { USEC_PER_MIN + 2 * USEC_PER_SEC, true } };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct asked asked = { .port = { .submit = keep } };
		const struct engine_config config = { .claim_batch = 1 };
		const struct engine_ports ports = { .store = &asked.port };
		struct engine *engine = engine_new(&config, &ports);
		claim_run(engine, 7, SCHEDULE_EVERY);
		asked.port.submit = count;
		engine_clock_stepped(engine, NOW, NOW - cases[i].step);
		assert_int_equal(asked.nrequeues, 1);
		assert_int_equal(asked.is_given_back, cases[i].is_given_back);
		engine_free(engine);
	}
}

/* Answers at once; to the boot, with a row of a run for which there was no room. */
static void
refuse_on_boot(struct store *store, struct intent *intent)
{
	(void)store;
	intent->work.wake_at = USEC_NEVER;
	if (intent->kind == INTENT_BOOT) {
		intent->runs = mem_array(1, sizeof(*intent->runs));
		intent->nruns = 1;
		intent->runs[0].run = (struct run){ .id = 5, .state = RUN_SKIPPED };
	}
	intent_answer(intent);
}

static void
count_skipped(void *arg, const struct run_event *event)
{
	assert_int_equal(event->kind, RUN_EVENT_SKIPPED);
	assert_int_equal(event->run->id, 5);
	++*(int *)arg;
}

static void
what_a_boot_did_not_start_is_told(void **state)
{
	struct asked asked = { .port = { .submit = refuse_on_boot } };
	const struct engine_config config = { .claim_batch = 1 };
	int nskipped = 0;
	const struct engine_ports ports = { .store = &asked.port,
					    .event = count_skipped,
					    .arg = &nskipped };
	struct engine *engine = engine_new(&config, &ports);
	(void)state;
	engine_recover(engine, NOW);
	assert_int_equal(nskipped, 1);
	engine_free(engine);
}

/* What was asked, one after another; one run of the boot before is said to be running. */
struct told {
	struct store port; /* first: it is cast back */
	enum intent_kind kinds[8];
	int nkinds;
	usec_t booted_at;
};

static void
tell(struct store *store, struct intent *intent)
{
	struct told *told = (struct told *)store;
	assert_in_range(told->nkinds, 0, 7);
	told->kinds[told->nkinds++] = intent->kind;
	intent->work.wake_at = USEC_NEVER;
	if (intent->kind == INTENT_BOOT)
		told->booted_at = intent->at;
	if (intent->kind == INTENT_UNFINISHED) {
		intent->work.starts = mem_array(1, sizeof(*intent->work.starts));
		intent->work.nstarts = 1;
		struct start *start = &intent->work.starts[0];
		start->run = (struct run){ .id = 7, .attempt = 1, .state = RUN_RUNNING };
		start->attempt = (struct attempt){ .number = 1, .boot = "old", .spawner = "old" };
		job_init(&start->job);
	}
	intent_answer(intent);
}

static void
forget_none(struct runner *runner, int64_t run_id, int attempt)
{
	(void)runner;
	(void)run_id;
	(void)attempt;
}

static void
a_boot_is_told_behind_the_ends_of_what_ran_before_it_and_by_a_clock_that_is_believed(void **state)
{
	static const bool is_doubted[] = { false, true };
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct told told = { .port = { .submit = tell } };
		struct runner runner = { .forget = forget_none };
		const struct engine_config config = { .boot = "new", .spawner = "new" };
		const struct engine_ports ports = { .store = &told.port, .exec = &runner };
		struct engine *engine = engine_new(&config, &ports);
		if (is_doubted[i])
			engine_hold(engine);
		engine_recover(engine, NOW);
		assert_int_equal(told.kinds[0], INTENT_UNFINISHED);
		assert_int_equal(told.kinds[1], INTENT_ENDED);
		assert_int_equal(told.nkinds, is_doubted[i] ? 2 : 3);
		engine_go_on(engine, NOW + USEC_PER_HOUR);
		assert_int_equal(told.kinds[2], INTENT_BOOT);
		assert_int_equal(told.nkinds, 3);
		assert_true(told.booted_at == (is_doubted[i] ? NOW + USEC_PER_HOUR : NOW));
		engine_free(engine);
	}
}

static void
a_step_is_told_with_the_least_that_the_clock_was_set_to_since(void **state)
{
	struct asked asked = { .port = { .submit = keep } };
	const struct engine_config config = { .claim_batch = 1 };
	const struct engine_ports ports = { .store = &asked.port };
	struct engine *engine = engine_new(&config, &ports);
	(void)state;
	engine_clock_stepped(engine, NOW, NOW - 3 * USEC_PER_HOUR);
	assert_true(asked.last->since == asked.last->until);
	usec_t then = NOW - 3 * USEC_PER_HOUR;
	engine_clock_stepped(engine, then, then - USEC_PER_HOUR);
	engine_clock_stepped(engine, then - USEC_PER_HOUR, then + USEC_PER_HOUR);
	struct intent *first = asked.last;
	first->offset = 7; /* there are more jobs */
	intent_answer(first);
	assert_true(asked.last->until == then && asked.last->offset == 7);
	assert_true(asked.last->since == then - USEC_PER_HOUR);
	asked.last->offset = -1;
	intent_answer(asked.last);
	asked.last->offset = -1;
	intent_answer(asked.last);
	assert_true(asked.last->since == then + USEC_PER_HOUR);
	asked.last->offset = -1;
	intent_answer(asked.last);
	engine_free(engine);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_is_stopped_on_record_is_stopped_though_the_change_is_refused_in_the_end),
		cmocka_unit_test(
			a_time_out_is_on_record_before_its_signal_unless_the_store_is_in_trouble),
		cmocka_unit_test(at_the_end_of_the_service_it_is_killed_after_ten_seconds_at_most),
		cmocka_unit_test(
			what_follows_the_boot_starts_though_the_clock_is_set_back_meanwhile),
		cmocka_unit_test(a_clock_that_was_ahead_before_the_start_does_not_shorten_what_runs),
		cmocka_unit_test(
			a_small_step_back_lets_what_is_claimed_wait_and_a_large_one_gives_it_back),
		cmocka_unit_test(a_step_is_told_with_the_least_that_the_clock_was_set_to_since),
		cmocka_unit_test(what_a_boot_did_not_start_is_told),
		cmocka_unit_test(
			a_boot_is_told_behind_the_ends_of_what_ran_before_it_and_by_a_clock_that_is_believed),
		cmocka_unit_test(no_history_is_trimmed_while_claims_are_held),
		cmocka_unit_test(time_that_nobody_saw_pass_makes_nothing_old_for_an_hour),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
