/* What has no checksum but cannot be true, after a bit has flipped in it: it is put right. */
#include "unit/store_place.h"

#include "base/alloc.h"
#include "store/sqlite_db.h"

#define NOW   (100 * USEC_PER_DAY)
#define ALICE 1000
#define BOB   1001

struct world {
	struct place *place;
	struct backend *backend;
	int64_t job, waiting, running, queued;
	usec_t now;
};

static void
run_sql(struct world *world, const char *sql)
{
	char *text = NULL;
	if (sqlite3_exec(sqlite_of(world->backend)->db, sql, NULL, NULL, &text) != SQLITE_OK)
		fail_msg("%s: %s", sql, text);
}

static int64_t
add_job(struct world *world, uid_t owner)
{
	struct job job;
	job_init(&job);
	job.owner = owner;
	job.shell = mem_dup("true");
	job.next_due = job.next_start_at = USEC_NEVER;
	assert_int_equal(world->backend->ops->job_insert(world->backend, &job, &world->place->err),
			 BACKEND_OK);
	int64_t id = job.id;
	job_fini(&job);
	return id;
}

static int64_t
add_run(struct world *world, int64_t job, enum run_state state, enum run_gate gate)
{
	struct run run = { .job_id = job,
			   .due = NOW,
			   .last_due = NOW,
			   .count = 1,
			   .trigger = TRIGGER_MANUAL,
			   .attempt = state == RUN_WAITING ? 0 : 1,
			   .priority = 5,
			   .gate = gate,
			   .state = state };
	const struct backend_ops *ops = world->backend->ops;
	struct err *err = &world->place->err;
	assert_int_equal(ops->run_insert(world->backend, &run, err), BACKEND_OK);
	if (state == RUN_FAILED)
		assert_int_equal(ops->output_append(world->backend, &run, 0, "hello", 5, err),
				 BACKEND_OK);
	return run.id;
}

/* Of Alice a run that waits for a slot; one that runs, and one behind it; one that has ended. */
static void
begin(struct world *world, struct place *place)
{
	*world = (struct world){ .place = place, .backend = place_open(place), .now = NOW };
	const struct backend_ops *ops = world->backend->ops;
	assert_int_equal(ops->begin(world->backend, &place->err), BACKEND_OK);
	world->job = add_job(world, ALICE);
	world->waiting = add_run(world, world->job, RUN_WAITING, GATE_OPEN);
	int64_t other = add_job(world, ALICE);
	world->running = add_run(world, other, RUN_RUNNING, GATE_OPEN);
	world->queued = add_run(world, other, RUN_WAITING, GATE_JOB);
	add_run(world, add_job(world, BOB), RUN_FAILED, GATE_OPEN);
	assert_int_equal(ops->commit(world->backend, &place->err), BACKEND_OK);
}

/* As after a restart: nothing is known but what is on the disk. */
static void
reopen(struct world *world)
{
	place_close(world->backend);
	world->backend = place_open(world->place);
}

/* All of it; was something mended? */
static bool
look(struct world *world)
{
	bool has_mended = false;
	usec_t wait;
	while ((wait = sqlite_patrol(sqlite_of(world->backend), world->now)) < USEC_PER_HOUR)
		world->now += wait;
	world->now += wait; /* for the next time */
	while (world->backend->ops->mended(world->backend))
		has_mended = true;
	return has_mended;
}

static bool
is_ready(struct world *world, int64_t id)
{
	struct run runs[4];
	size_t n;
	bool result = false;
	const struct backend_ops *ops = world->backend->ops;
	struct err *err = &world->place->err;
	ops->begin(world->backend, err);
	ops->runs_open_timed(world->backend, NOW, err);
	assert_int_equal(ops->runs_ready(world->backend, QUEUE_STANDARD, 4, runs, &n, err),
			 BACKEND_OK);
	for (size_t i = 0; i < n; i++)
		result |= runs[i].id == id;
	ops->rollback(world->backend);
	return result;
}

/* What is written while an index is hidden does not reach it. */
static void
hide_index(struct world *world, const char *name)
{
	char *sql = mem_printf("PRAGMA writable_schema = on; CREATE TEMP TABLE hidden AS "
			       "SELECT * FROM main.sqlite_schema WHERE name = '%s';"
			       "DELETE FROM main.sqlite_schema WHERE name = '%s';"
			       "PRAGMA writable_schema = reset",
			       name, name);
	sqlite3_db_config(sqlite_of(world->backend)->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	run_sql(world, sql);
	free(sql);
}

static void
show_index(struct world *world)
{
	run_sql(world, "PRAGMA writable_schema = on;"
		       "INSERT INTO main.sqlite_schema SELECT * FROM hidden;"
		       "PRAGMA writable_schema = reset");
}

static void
what_is_whole_is_left_alone(void **state)
{
	struct world world;
	begin(&world, *state);
	assert_false(look(&world));
	reopen(&world);
	assert_false(look(&world));
	assert_true(is_ready(&world, world.waiting));
	assert_false(is_ready(&world, world.queued));
	place_close(world.backend);
}

static void
a_run_that_waits_for_nothing_is_let_go(void **state)
{
	static const char *const damages[] = {
		"UPDATE runs SET gate = 2 WHERE id = 1",
		"UPDATE runs SET gate = 64 WHERE id = 1",
		"UPDATE runs SET gate = -1 WHERE id = 1",
		"UPDATE runs SET queue = 'defaulu' WHERE id = 1",
	};
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct world world;
		begin(&world, *state);
		run_sql(&world, "PRAGMA ignore_check_constraints = on");
		run_sql(&world, damages[i]);
		assert_false(is_ready(&world, world.waiting));
		assert_true(look(&world));
		assert_true(is_ready(&world, world.waiting));
		assert_false(is_ready(&world, world.queued));
		assert_false(look(&world));
		place_close(world.backend);
		place_tear_down(state);
		place_set_up(state);
	}
}

static void
a_run_whose_index_has_it_elsewhere_is_found_again(void **state)
{
	static const struct {
		const char *index, *damage;
	} cases[] = {
		{ "runs_waiting", "UPDATE runs SET gate = 2 WHERE id = 1" },
		{ "runs_waiting", "UPDATE runs SET gate = 1 WHERE id = 1" },
		{ "runs_waiting", "UPDATE runs SET queue = 'x' WHERE id = 1" },
		{ "runs_timed", "UPDATE runs SET gate = 1 WHERE id = 1" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world;
		begin(&world, *state);
		hide_index(&world, cases[i].index);
		run_sql(&world, cases[i].damage);
		show_index(&world);
		assert_true(look(&world));
		assert_true(is_ready(&world, world.waiting));
		assert_false(look(&world));
		place_close(world.backend);
		place_tear_down(state);
		place_set_up(state);
	}
}

static void
a_run_that_an_index_does_not_have_at_all_is_found_again(void **state)
{
	static const char *const indexes[] = { "runs_waiting", "runs_active" };
	for (size_t i = 0; i < sizeof(indexes) / sizeof(indexes[0]); i++) {
		struct world world;
		begin(&world, *state);
		hide_index(&world, indexes[i]);
		world.backend->ops->begin(world.backend, &world.place->err);
		int64_t run = add_run(&world, world.job, RUN_WAITING, GATE_OPEN);
		assert_int_equal(world.backend->ops->commit(world.backend, &world.place->err),
				 BACKEND_OK);
		show_index(&world);
		assert_true(look(&world));
		assert_true(is_ready(&world, run));
		place_close(world.backend);
		place_tear_down(state);
		place_set_up(state);
	}
}

static void
an_index_alone_lets_no_run_overtake_another(void **state)
{
	struct world world;
	begin(&world, *state);
	run_sql(&world, "UPDATE runs SET gate = 0 WHERE id = 3");
	assert_true(is_ready(&world, world.queued));
	hide_index(&world, "runs_waiting");
	run_sql(&world, "UPDATE runs SET gate = 2 WHERE id = 3");
	show_index(&world);
	assert_true(is_ready(&world, world.waiting));
	assert_false(is_ready(&world, world.queued));
	assert_true(look(&world));
	assert_false(is_ready(&world, world.queued));
	assert_false(look(&world));
	place_close(world.backend);
}

static void
what_a_queue_is_set_to_survives_a_flipped_bit(void **state)
{
	static const char *const damages[] = {
		"UPDATE queues SET concurrency = 0",
		"UPDATE queues SET concurrency = concurrency + (1 << 30)",
		"UPDATE queues SET is_paused = 0",
		"UPDATE queues SET name = 'sidf'",
		"DELETE FROM queues",
		"UPDATE meta SET value = '3 0' || substr(value, 4) WHERE name = 'queue side'",
		"UPDATE meta SET value = '2' || substr(value, 2) WHERE name = 'queue side'",
		"UPDATE meta SET name = 'queue sidf' WHERE name = 'queue side'",
		"DELETE FROM meta WHERE name = 'queue side'",
	};
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct world world;
		struct queue queue = { .name = "side", .concurrency = 3, .is_paused = true };
		begin(&world, *state);
		const struct backend_ops *ops = world.backend->ops;
		struct err *err = &world.place->err;
		ops->begin(world.backend, err);
		assert_int_equal(ops->queue_save(world.backend, &queue, err), BACKEND_OK);
		assert_int_equal(ops->commit(world.backend, err), BACKEND_OK);
		assert_false(look(&world));
		run_sql(&world, damages[i]);
		assert_true(look(&world));
		ops->begin(world.backend, err);
		assert_int_equal(ops->queue_load(world.backend, "side", &queue, err), BACKEND_OK);
		ops->rollback(world.backend);
		assert_int_equal(queue.concurrency, 3);
		assert_true(queue.is_paused);
		assert_false(look(&world));
		place_close(world.backend);
		place_tear_down(state);
		place_set_up(state);
	}
}

static void
expect_counts(struct world *world)
{
	struct store_stats stats;
	struct usage alice, bob;
	const struct backend_ops *ops = world->backend->ops;
	struct err *err = &world->place->err;
	assert_int_equal(ops->begin(world->backend, err), BACKEND_OK);
	assert_int_equal(ops->stats(world->backend, &stats, err), BACKEND_OK);
	assert_int_equal(ops->usage_load(world->backend, ALICE, &alice, err), BACKEND_OK);
	assert_int_equal(ops->usage_load(world->backend, BOB, &bob, err), BACKEND_OK);
	ops->rollback(world->backend);
	assert_int_equal(stats.njobs, 3);
	assert_int_equal(stats.nruns, 4);
	assert_int_equal(stats.nwaiting, 2);
	assert_int_equal(stats.nrunning, 1);
	assert_int_equal(sqlite_of(world->backend)->tally.output_bytes, 5);
	assert_int_equal(alice.njobs, 2);
	assert_int_equal(alice.nruns, 3);
	assert_int_equal(bob.njobs, 1);
	assert_int_equal(bob.nruns, 0);
	assert_int_equal(2 * (bob.bytes - 5), alice.bytes); /* definitions of one length */
}

static void
a_count_that_cannot_be_true_is_counted_anew(void **state)
{
	static const char *const damages[] = {
		"UPDATE ledger SET nruns = nruns + (1 << 40)",
		"UPDATE ledger SET nruns = nruns - 4",
		"UPDATE ledger SET output_bytes = output_bytes + (1 << 40)",
		"UPDATE ledger SET output_bytes = -5",
		"UPDATE ledger SET nwaiting = nwaiting + 1",
		"UPDATE ledger SET nrunning = nrunning + 2",
		"UPDATE ledger SET njobs = njobs + 8",
		"UPDATE users SET njobs = njobs + 1 WHERE uid = 1000",
		"UPDATE users SET nruns = nruns + 64 WHERE uid = 1000",
		"UPDATE users SET nruns = nruns + 1 WHERE uid = 1001",
		"UPDATE users SET bytes = bytes + (1 << 40) WHERE uid = 1001",
		"UPDATE users SET bytes = -bytes WHERE uid = 1001",
		"UPDATE users SET uid = 1002 WHERE uid = 1000",
	};
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct world world;
		begin(&world, *state);
		expect_counts(&world);
		run_sql(&world, damages[i]);
		reopen(&world);
		assert_true(look(&world));
		expect_counts(&world);
		assert_false(look(&world));
		reopen(&world);
		expect_counts(&world);
		assert_false(look(&world));
		place_close(world.backend);
		place_tear_down(state);
		place_set_up(state);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
		TEST(what_is_whole_is_left_alone),
		TEST(a_run_that_waits_for_nothing_is_let_go),
		TEST(a_run_whose_index_has_it_elsewhere_is_found_again),
		TEST(a_run_that_an_index_does_not_have_at_all_is_found_again),
		TEST(an_index_alone_lets_no_run_overtake_another),
		TEST(what_a_queue_is_set_to_survives_a_flipped_bit),
		TEST(a_count_that_cannot_be_true_is_counted_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
