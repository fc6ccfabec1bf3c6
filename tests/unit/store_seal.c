/* A number in a row that is not what was written: noticed when the row is read, whichever it is. */
#include "unit/store_place.h"

#include "base/alloc.h"
#include "store/sqlite_db.h"

struct rows {
	struct backend *backend;
	struct job job;
	struct run run;
};

/* A job and a run that waits, with numbers that can be told apart. */
static void
make_rows(struct place *place, struct rows *rows)
{
	rows->backend = place_open(place);
	const struct backend_ops *ops = rows->backend->ops;
	job_init(&rows->job);
	rows->job.shell = mem_dup("true");
	rows->job.owner = 1000;
	rows->job.seed = UINT64_MAX - 1;
	rows->job.created_at = 1;
	rows->job.anchor_at = 2;
	rows->job.next_due = 3;
	rows->job.next_start_at = 4;
	rows->job.covered_until = 5;
	assert_int_equal(ops->begin(rows->backend, &place->err), BACKEND_OK);
	assert_int_equal(ops->job_insert(rows->backend, &rows->job, &place->err), BACKEND_OK);
	rows->run = (struct run){ .job_id = rows->job.id, .due = 1, .last_due = 2, .count = 2 };
	assert_int_equal(ops->run_insert(rows->backend, &rows->run, &place->err), BACKEND_OK);
}

static void
end_rows(struct rows *rows)
{
	rows->backend->ops->rollback(rows->backend);
	job_fini(&rows->job);
	place_close(rows->backend);
}

static void
change(struct rows *rows, const char *table, const char *column, int by)
{
	char *sql = mem_printf("UPDATE %s SET %s = %s + %d", table, column, column, by);
	assert_int_equal(sqlite3_exec(sqlite_of(rows->backend)->db, sql, NULL, NULL, NULL),
			 SQLITE_OK);
	free(sql);
}

static bool
job_is_whole(struct rows *rows)
{
	struct err err = { 0 };
	struct job job;
	enum backend_result result =
		rows->backend->ops->job_load(rows->backend, rows->job.id, &job, &err);
	if (result == BACKEND_OK)
		job_fini(&job);
	else
		assert_int_equal(err.code, ERR_SYSTEM);
	return result == BACKEND_OK;
}

static bool
run_is_whole(struct rows *rows)
{
	struct err err;
	struct run run;
	assert_int_equal(rows->backend->ops->run_load(rows->backend, rows->run.id, &run, &err),
			 BACKEND_OK);
	return !run.is_damaged;
}

static void
each_number_of_a_job_counts(void **state)
{
	static const char *const columns[] = {
		"owner",         "state",     "seed",    "created_at", "anchor_at",     "next_due",
		"next_start_at", "paused_at", "nfailed", "nruns",      "covered_until",
	};
	struct rows rows;
	make_rows(*state, &rows);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		assert_true(job_is_whole(&rows));
		change(&rows, "jobs", columns[i], 1);
		assert_false(job_is_whole(&rows));
		change(&rows, "jobs", columns[i], -1);
	}
	end_rows(&rows);
}

static void
each_number_of_a_run_counts(void **state)
{
	static const char *const columns[] = {
		"job_id",      "due",      "last_due",   "count",    "start_at",    "trigger",
		"state",       "reason",   "attempt",    "priority", "is_catchup",  "is_forced",
		"stop_reason", "stop_uid", "claimed_at", "ended_at", "deadline_at", "tty",
	};
	struct rows rows;
	make_rows(*state, &rows);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		int by = strcmp(columns[i], "due") == 0 ? -1 : 1; /* never behind last_due */
		assert_true(run_is_whole(&rows));
		change(&rows, "runs", columns[i], by);
		assert_false(run_is_whole(&rows));
		change(&rows, "runs", columns[i], -by);
	}
	end_rows(&rows);
}

static void
what_is_written_is_whole(void **state)
{
	struct place *place = *state;
	struct rows rows;
	make_rows(place, &rows);
	const struct backend_ops *ops = rows.backend->ops;
	struct job *job = &rows.job;
	job->paused_at = 9;
	job->next_due = 10;
	assert_int_equal(ops->job_update(rows.backend, job, &place->err), BACKEND_OK);
	assert_true(job_is_whole(&rows));
	job->next_due = job->next_start_at = 20;
	job->covered_until = 10;
	job->nruns++;
	assert_int_equal(ops->job_advance(rows.backend, job, 10, job->state, &place->err),
			 BACKEND_OK);
	assert_true(job_is_whole(&rows));
	rows.run.stop_uid = (uid_t)-2;
	run_set_state(&rows.run, RUN_CANCELLED, REASON_CANCELLED);
	assert_int_equal(ops->run_update(rows.backend, &rows.run, RUN_WAITING, 0, &place->err),
			 BACKEND_OK);
	assert_true(run_is_whole(&rows));
	end_rows(&rows);
}

static void
whose_a_job_is_with_a_damaged_number_is_not_known(void **state)
{
	struct place *place = *state;
	struct rows rows;
	struct job job;
	make_rows(place, &rows);
	const struct backend_ops *ops = rows.backend->ops;
	change(&rows, "jobs", "owner", 1);
	/* Nor when it was set aside, or has moved on. */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ops->job_load_rest(rows.backend, rows.job.id, &job, &place->err),
				 BACKEND_OK);
		assert_true(job.is_damaged);
		assert_int_equal(job.owner, JOB_OWNER_UNKNOWN);
		if (i == 0)
			assert_int_equal(ops->job_set_aside(rows.backend, job.id, &place->err),
					 BACKEND_OK);
		else
			assert_int_equal(ops->job_advance(rows.backend, &job, job.next_due,
							  job.state, &place->err),
					 BACKEND_OK);
		job_fini(&job);
	}
	end_rows(&rows);
}

static void
whose_a_job_is_with_a_damaged_definition_stays_known(void **state)
{
	struct place *place = *state;
	struct rows rows;
	struct job job;
	make_rows(place, &rows);
	const struct backend_ops *ops = rows.backend->ops;
	assert_int_equal(sqlite3_exec(sqlite_of(rows.backend)->db, "UPDATE jobs SET spec = x'00'",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(ops->job_set_aside(rows.backend, rows.job.id, &place->err), BACKEND_OK);
	assert_int_equal(ops->job_set_aside(rows.backend, rows.job.id, &place->err), BACKEND_NONE);
	assert_int_equal(ops->job_load_rest(rows.backend, rows.job.id, &job, &place->err),
			 BACKEND_OK);
	assert_int_equal(job.owner, 1000);
	job_fini(&job);
	end_rows(&rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
		TEST(each_number_of_a_job_counts),
		TEST(each_number_of_a_run_counts),
		TEST(what_is_written_is_whole),
		TEST(whose_a_job_is_with_a_damaged_number_is_not_known),
		TEST(whose_a_job_is_with_a_damaged_definition_stays_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
