/* The look at all jobs: what claims would not find is found, and what is damaged is set aside. */
#include "unit/store_place.h"

#include "base/alloc.h"
#include "store/sqlite_db.h"

#define NOW      (100 * USEC_PER_DAY)
#define NBATCHES 12 /* of jobs, at most */

static void
run_sql(struct backend *backend, const char *sql)
{
	char *text = NULL;
	if (sqlite3_exec(sqlite_of(backend)->db, sql, NULL, NULL, &text) != SQLITE_OK)
		fail_msg("%s: %s", sql, text);
}

/* As if what is written next does not reach the index of claims. */
static void
hide_index(struct backend *backend)
{
	sqlite3_db_config(sqlite_of(backend)->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	run_sql(backend, "PRAGMA writable_schema = on;"
			 "CREATE TEMP TABLE hidden AS SELECT * FROM main.sqlite_schema"
			 " WHERE name = 'jobs_claim';"
			 "DELETE FROM sqlite_schema WHERE name = 'jobs_claim';"
			 "PRAGMA writable_schema = reset");
}

static void
show_index(struct backend *backend)
{
	run_sql(backend, "PRAGMA writable_schema = on;"
			 "INSERT INTO main.sqlite_schema SELECT * FROM hidden;"
			 "PRAGMA writable_schema = reset");
}

static void
add_jobs(struct place *place, struct backend *backend, int n)
{
	struct job job;
	job_init(&job);
	job.shell = mem_dup("true");
	assert_int_equal(backend->ops->begin(backend, &place->err), BACKEND_OK);
	for (int i = 1; i <= n; i++) {
		job.next_due = job.next_start_at = NOW + i * USEC_PER_MIN;
		assert_int_equal(backend->ops->job_insert(backend, &job, &place->err), BACKEND_OK);
	}
	assert_int_equal(backend->ops->commit(backend, &place->err), BACKEND_OK);
	job_fini(&job);
}

/* Until all were looked at, each once. */
static void
look_at_all(struct backend *backend)
{
	usec_t at = NOW, wait;
	int nlooks = 0;
	while ((wait = sqlite_patrol(sqlite_of(backend), at)) < USEC_PER_HOUR) {
		assert_true(++nlooks <= NBATCHES);
		at += wait;
	}
}

/* The only job that a claim finds due by then; 0: none. */
static int64_t
due_by(struct backend *backend, usec_t until)
{
	int64_t ids[2] = { 0 };
	size_t n;
	struct err err;
	assert_int_equal(backend->ops->jobs_due(backend, until, 2, ids, &n, &err), BACKEND_OK);
	assert_true(n <= 1);
	return ids[0];
}

static void
whole_jobs_are_looked_at_a_few_at_a_time_and_left_alone(void **state)
{
	struct place *place = *state;
	struct backend *backend = place_open(place);
	struct sqlite *s = sqlite_of(backend);
	add_jobs(place, backend, 2 * PATROL_JOBS + 1);
	usec_t wait = sqlite_patrol(s, NOW);
	assert_true(wait > 0 && wait < USEC_PER_SEC);
	assert_int_equal(sqlite_patrol(s, NOW + wait - 1), 1);
	assert_int_equal(s->patrol.after, PATROL_JOBS);
	look_at_all(backend);
	assert_int_equal(s->patrol.nreindexed, 0);
	assert_int_equal(backend->ops->ncommits(backend), 1);
	place_close(backend);
}

static void
a_job_that_its_index_has_at_another_time_is_claimed_again(void **state)
{
	struct place *place = *state;
	struct job job;
	struct backend *backend = place_open(place);
	add_jobs(place, backend, PATROL_JOBS + 1);
	hide_index(backend);
	assert_int_equal(backend->ops->begin(backend, &place->err), BACKEND_OK);
	assert_int_equal(backend->ops->job_load(backend, PATROL_JOBS + 1, &job, &place->err),
			 BACKEND_OK);
	usec_t seen = job.next_due;
	job.next_due = job.next_start_at = NOW;
	assert_int_equal(backend->ops->job_advance(backend, &job, seen, job.state, &place->err),
			 BACKEND_OK);
	assert_int_equal(backend->ops->commit(backend, &place->err), BACKEND_OK);
	job_fini(&job);
	show_index(backend);
	assert_int_equal(due_by(backend, NOW), 0);
	look_at_all(backend);
	assert_int_equal(due_by(backend, NOW), PATROL_JOBS + 1);
	place_close(backend);
}

static void
a_damaged_job_is_set_aside_before_it_is_due(void **state)
{
	static const struct {
		const char *sql;
		int nreindexed;
	} damages[] = {
		{ "UPDATE jobs SET next_start_at = next_start_at + 1000 WHERE id = 2", 1 },
		{ "UPDATE jobs SET state = 1 WHERE id = 2", 1 },
		{ "UPDATE jobs SET state = 2 WHERE id = 2", 1 },
		{ "UPDATE jobs SET owner = 7 WHERE id = 2", 0 },
		{ "UPDATE jobs SET queue = 'other' WHERE id = 2", 0 },
		{ "UPDATE jobs SET name = 'other' WHERE id = 2", 0 },
		{ "UPDATE jobs SET spec = x'00' WHERE id = 2", 0 },
	};
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct place *place = *state;
		struct job job;
		usec_t next;
		struct backend *backend = place_open(place);
		add_jobs(place, backend, 2);
		hide_index(backend);
		run_sql(backend, damages[i].sql);
		show_index(backend);
		look_at_all(backend);
		assert_int_equal(backend->ops->job_load_rest(backend, 2, &job, &place->err),
				 BACKEND_OK);
		assert_true(job.is_damaged);
		assert_true(job.next_start_at == USEC_NEVER);
		job_fini(&job);
		assert_int_equal(sqlite_of(backend)->patrol.nreindexed, damages[i].nreindexed);
		assert_int_equal(due_by(backend, NOW + USEC_PER_HOUR), 1);
		backend->ops->jobs_next_start(backend, &next, &place->err);
		assert_true(next == NOW + USEC_PER_MIN);
		place_close(backend);
		place_tear_down(state);
		place_set_up(state);
	}
}

/* A claim that stumbles over it does not wait for the look's turn. */
static void
an_index_that_fails_in_use_is_made_anew_at_once(void **state)
{
	struct place *place = *state;
	struct job job;
	struct backend *backend = place_open(place);
	add_jobs(place, backend, 1);
	look_at_all(backend);
	hide_index(backend);
	run_sql(backend, "UPDATE jobs SET next_start_at = next_start_at + 1000");
	show_index(backend);
	assert_int_equal(backend->ops->job_load(backend, 1, &job, &place->err), BACKEND_ERROR);
	assert_int_equal(backend->ops->job_set_aside(backend, 1, &place->err), BACKEND_ERROR);
	assert_true(sqlite_of(backend)->patrol.is_suspect);
	sqlite_patrol(sqlite_of(backend), NOW + 1);
	assert_int_equal(backend->ops->job_load_rest(backend, 1, &job, &place->err), BACKEND_OK);
	assert_true(job.next_start_at == USEC_NEVER);
	job_fini(&job);
	place_close(backend);
}

static bool
is_aside(struct backend *backend, int64_t id)
{
	struct job job;
	struct err err;
	assert_int_equal(backend->ops->job_load_rest(backend, id, &job, &err), BACKEND_OK);
	bool is_never = job.next_start_at == USEC_NEVER;
	job_fini(&job);
	return is_never;
}

/* One in each batch, to which the indexes agree. */
static void
damaged_rows_cost_no_index(void **state)
{
	struct place *place = *state;
	struct backend *backend = place_open(place);
	add_jobs(place, backend, NBATCHES * PATROL_JOBS - 1);
	run_sql(backend, "UPDATE jobs SET next_start_at = next_start_at + 8 WHERE id % 200 = 100");
	look_at_all(backend);
	for (int i = 0; i < NBATCHES; i++)
		assert_true(is_aside(backend, i * PATROL_JOBS + 100));
	assert_int_equal(sqlite_of(backend)->patrol.nreindexed, 0);
	place_close(backend);
}

/* The jobs behind that place are set aside, and the same is not tried and said again at once. */
static void
an_index_that_cannot_be_made_anew_does_not_hold_up_the_look(void **state)
{
	struct place *place = *state;
	struct backend *backend = place_open(place);
	struct sqlite *s = sqlite_of(backend);
	add_jobs(place, backend, 2 * PATROL_JOBS + 1);
	hide_index(backend);
	run_sql(backend, "UPDATE jobs SET next_start_at = next_start_at + 8 WHERE id = 2");
	show_index(backend);
	run_sql(backend, "UPDATE jobs SET owner = 7 WHERE id IN (1, 300)");
	s->patrol.nreindexed = 1000;
	look_at_all(backend);
	assert_true(is_aside(backend, 1));
	assert_false(is_aside(backend, 2));
	assert_true(is_aside(backend, 300));
	s->patrol.is_suspect = true; /* a claim stumbles over it */
	assert_true(sqlite_patrol(s, NOW + USEC_PER_MIN) > USEC_PER_HOUR);
	s->patrol.nreindexed = 0;
	sqlite_patrol(s, NOW + 2 * USEC_PER_DAY);
	assert_true(is_aside(backend, 2));
	place_close(backend);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
		TEST(whole_jobs_are_looked_at_a_few_at_a_time_and_left_alone),
		TEST(a_job_that_its_index_has_at_another_time_is_claimed_again),
		TEST(a_damaged_job_is_set_aside_before_it_is_due),
		TEST(an_index_that_fails_in_use_is_made_anew_at_once),
		TEST(damaged_rows_cost_no_index),
		TEST(an_index_that_cannot_be_made_anew_does_not_hold_up_the_look),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
