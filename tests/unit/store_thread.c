/* The store's thread over a real SQLite file: order, answers, metrics, trouble, the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "fake/backend_mem.h"
#include "fake/scratch.h"
#include "fake/test_zones.h"
#include "store/thread.h"

#define ANSWER_WAIT_MS 10000

struct world {
	char *dir, *path;
	struct backend *memory; /* instead of the file; NULL: the file */
	struct store_thread *thread;
	char log[4096]; /* what was answered and told, in words */
	int nanswers;
};

static usec_t
read_clock(clockid_t clock)
{
	struct timespec at;
	clock_gettime(clock, &at);
	return at.tv_sec * USEC_PER_SEC + at.tv_nsec / 1000;
}

static usec_t
now(void)
{
	return read_clock(CLOCK_REALTIME);
}

static usec_t
elapsed(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static void
note(struct world *world, const char *text)
{
	size_t len = strlen(world->log);
	snprintf(world->log + len, sizeof(world->log) - len, "%s%s", len ? " " : "", text);
}

static void
on_change(void *arg, enum store_state state, const char *detail)
{
	(void)detail;
	note(arg, state == STORE_OK ? "well" : "trouble");
}

static void
on_answer(struct intent *intent, void *arg)
{
	struct world *world = arg;
	world->nanswers++;
	note(world, intent->err.code ? err_code_name(intent->err.code) : intent_name(intent->kind));
}

static struct backend *
open_memory(void *arg, struct err *err)
{
	(void)err;
	return arg;
}

static int
start(struct world *world)
{
	struct store_thread_config config = { .path = world->path,
					      .zones = test_zones(),
					      .now = now,
					      .elapsed = elapsed,
					      .changed = on_change,
					      .arg = world };
	struct err err;
	if (world->memory) {
		config.open = open_memory;
		config.open_arg = world->memory;
	}
	world->thread = store_thread_open(&config, &err);
	return world->thread ? 0 : -1;
}

static int
set_up(void **state)
{
	struct world *world = mem_alloc(sizeof(*world));
	world->dir = scratch_new();
	world->path = scratch_path(world->dir, "asched.db");
	*state = world;
	return start(world);
}

static int
set_up_memory(void **state)
{
	struct world *world = mem_alloc(sizeof(*world));
	world->dir = scratch_new();
	world->memory = backend_mem_new();
	backend_mem_keep(world->memory);
	*state = world;
	return start(world);
}

static int
tear_down(void **state)
{
	struct world *world = *state;
	store_thread_close(world->thread);
	if (world->memory)
		backend_mem_free(world->memory);
	scratch_free(world->dir);
	free(world->path);
	free(world);
	return 0;
}

static void
submit(struct world *world, struct intent *intent)
{
	struct store *store = store_thread_port(world->thread);
	intent->done = on_answer;
	intent->arg = world;
	store->submit(store, intent);
}

static struct intent *
set_queue(const char *name, int concurrency)
{
	struct intent *intent = intent_new(INTENT_QUEUE_SET, 1);
	intent->who.is_operator = true;
	snprintf(intent->queue.name, sizeof(intent->queue.name), "%s", name);
	intent->queue.concurrency = concurrency;
	return intent;
}

/* Processes until the log has the text at its end. */
static void
wait_for(struct world *world, const char *text)
{
	struct pollfd pollfd = { .fd = store_thread_fd(world->thread), .events = POLLIN };
	size_t len = strlen(text);
	for (;;) {
		size_t have = strlen(world->log);
		if (have >= len && strcmp(world->log + have - len, text) == 0)
			return;
		if (poll(&pollfd, 1, ANSWER_WAIT_MS) <= 0)
			fail_msg("waited for '%s', have '%s'", text, world->log);
		store_thread_process(world->thread);
	}
}

static void
an_intent_is_answered_on_the_loop_and_never_from_inside_submit(void **state)
{
	struct world *world = *state;
	submit(world, set_queue("a", 3));
	assert_int_equal(world->nanswers, 0);
	wait_for(world, "queue-set");
}

static void
what_people_ask_is_answered_in_their_order(void **state)
{
	struct world *world = *state;
	submit(world, set_queue("a", 3));
	submit(world, intent_new(INTENT_QUEUE_LIST, 1));
	submit(world, set_queue("b", 3));
	submit(world, intent_new(INTENT_STATS, 1));
	wait_for(world, "stats");
	assert_string_equal(world->log, "queue-set queue-list queue-set stats");
}

/* A job whose pause has more instants than one transaction may cover. */
static void
submit_paused_job(struct world *world)
{
	static const char *const asked[][2] = { { "command", "true" }, { "schedule", "every 1ms" } };
	struct intent *add = intent_new(INTENT_JOB_ADD, 1);
	add->job = mem_alloc(sizeof(*add->job));
	job_init(add->job);
	add->changes = mem_array(2, sizeof(*add->changes));
	for (size_t i = 0; i < 2; i++)
		add->changes[add->nchanges++] =
			(struct change){ .field = field_find(asked[i][0], strlen(asked[i][0])),
				         .kind = SCHEDULE_ANY,
				         .text = mem_dup(asked[i][1]),
				         .len = strlen(asked[i][1]) };
	submit(world, add);
	struct intent *pause = intent_new(INTENT_JOB_PAUSE, 1);
	pause->ref.id = 1;
	pause->who.is_operator = true;
	submit(world, pause);
	wait_for(world, "job-pause");
	world->log[0] = '\0';
}

static void
what_takes_several_transactions_keeps_its_place_among_what_people_ask(void **state)
{
	struct world *world = *state;
	submit_paused_job(world);
	struct intent *cancel = intent_new(INTENT_JOB_CANCEL, 300 * USEC_PER_SEC);
	cancel->ref.id = 1;
	cancel->who.is_operator = true;
	submit(world, cancel);
	submit(world, set_queue("behind", 3));
	wait_for(world, "job-cancel queue-set");
	assert_string_equal(world->log, "job-cancel queue-set");
}

static struct intent *
ask_page(int64_t limit)
{
	struct intent *intent = intent_new(INTENT_JOB_LIST, now());
	intent->limit = limit;
	return intent;
}

/* The thread has nothing to do with these, as long as nobody takes its answers. */
static void
wait_until_queued(struct world *world, size_t n)
{
	struct store_thread_metrics metrics;
	for (int i = 0; i < ANSWER_WAIT_MS; i++) {
		store_thread_measure(world->thread, &metrics);
		if (metrics.nqueued == n)
			return;
		usleep(1000);
	}
	fail_msg("%zu are queued, not %zu", metrics.nqueued, n);
}

static void
pages_wait_for_all_else_and_until_the_last_ones_are_taken(void **state)
{
	struct world *world = *state;
	for (int i = 0; i < 4; i++)
		submit(world, ask_page(500));
	wait_until_queued(world, 3);
	submit(world, set_queue("a", 3));
	wait_until_queued(world, 3);
	wait_for(world, "job-list queue-set job-list job-list job-list");
	submit(world, ask_page(500));
	wait_until_queued(world, 0); /* as long as its answer is not taken the next ones gather */
	for (int i = 0; i < 5; i++)
		submit(world, ask_page(200));
	wait_until_queued(world, 5);
	wait_for(world, "queue-set job-list job-list job-list job-list");
	wait_until_queued(world, 2);
}

static void
what_was_answered_is_there_after_a_restart(void **state)
{
	struct world *world = *state;
	submit(world, set_queue("a", 3));
	wait_for(world, "queue-set");
	store_thread_close(world->thread);
	assert_int_equal(start(world), 0);
	struct intent *list = intent_new(INTENT_QUEUE_LIST, 1);
	submit(world, list);
	wait_for(world, "queue-list");
}

static void
what_is_queued_at_the_end_is_done_and_answered(void **state)
{
	struct world *world = *state;
	for (int i = 0; i < 100; i++)
		submit(world, set_queue("a", i + 1));
	store_thread_close(world->thread);
	world->thread = NULL;
	assert_int_equal(world->nanswers, 100);
	assert_null(strstr(world->log, "unavailable"));
}

static void
submit_again(struct intent *intent, void *arg)
{
	struct world *world = arg;
	on_answer(intent, arg);
	struct intent *again = set_queue("a", 1);
	submit(world, again);
	again->done = submit_again;
}

static void
who_submits_for_ever_cannot_keep_the_store_from_closing(void **state)
{
	struct world *world = *state;
	struct intent *intent = set_queue("a", 1);
	submit(world, intent);
	store_thread_close(world->thread);
	world->thread = NULL;
	assert_int_equal(start(world), 0);
	intent = set_queue("a", 1);
	intent->done = submit_again;
	intent->arg = world;
	struct store *store = store_thread_port(world->thread);
	store->submit(store, intent);
	store_thread_close(world->thread);
	world->thread = NULL;
	assert_non_null(strstr(world->log, "unavailable"));
}

static void
metrics_tell_what_commits_take(void **state)
{
	struct world *world = *state;
	struct store_thread_metrics metrics;
	submit(world, set_queue("a", 3));
	wait_for(world, "queue-set");
	store_thread_measure(world->thread, &metrics);
	assert_int_equal(metrics.state, STORE_OK);
	assert_string_equal(metrics.detail, "");
	assert_int_equal(metrics.nqueued, 0);
	assert_int_equal(metrics.ngroups, 1);
	assert_true(metrics.commit_p50 > 0);
	assert_true(metrics.commit_p50 <= metrics.commit_p99);
	assert_true(metrics.commit_p99 <= metrics.commit_max);
}

static void
a_database_that_cannot_be_opened_stops_the_start_with_its_reason(void **state)
{
	struct world *world = *state;
	struct err err = { 0 };
	struct store_thread_config config = { .path = world->dir, .now = now, .elapsed = elapsed };
	assert_null(store_thread_open(&config, &err));
	assert_non_null(strstr(err.text, "is a directory"));
}

static void
trouble_is_told_before_its_answers_and_being_well_after_them(void **state)
{
	struct world *world = *state;
	backend_mem_fail_commit(world->memory, 1, MEM_COMMIT_LOST);
	submit(world, set_queue("a", 3));
	wait_for(world, "well");
	assert_string_equal(world->log, "trouble unavailable well");
	submit(world, set_queue("a", 3));
	wait_for(world, "queue-set");
}

static void
a_trouble_that_is_over_at_once_is_told_all_the_same(void **state)
{
	struct world *world = *state;
	backend_mem_fail_commit(world->memory, 1, MEM_COMMIT_KEPT);
	submit(world, set_queue("a", 3));
	wait_for(world, "well");
	assert_string_equal(world->log, "trouble queue-set well");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)        cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_MEMORY(name) cmocka_unit_test_setup_teardown(name, set_up_memory, tear_down)
		TEST(an_intent_is_answered_on_the_loop_and_never_from_inside_submit),
		TEST(what_people_ask_is_answered_in_their_order),
		TEST(what_takes_several_transactions_keeps_its_place_among_what_people_ask),
		TEST(pages_wait_for_all_else_and_until_the_last_ones_are_taken),
		TEST(what_was_answered_is_there_after_a_restart),
		TEST(what_is_queued_at_the_end_is_done_and_answered),
		TEST(who_submits_for_ever_cannot_keep_the_store_from_closing),
		TEST(metrics_tell_what_commits_take),
		TEST(a_database_that_cannot_be_opened_stops_the_start_with_its_reason),
		TEST_MEMORY(trouble_is_told_before_its_answers_and_being_well_after_them),
		TEST_MEMORY(a_trouble_that_is_over_at_once_is_told_all_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
