/* The check of a database: it finds what is wrong, and leaves the file alone. */
#include "unit/store_place.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fake/scratch.h"
#include "store/check.h"
#include "store/sqlite.h"

/* What a check of the file finds; free(). */
static char *
problems_of(const char *path)
{
	struct err err;
	struct check *check = check_open(path, &err);
	if (!check)
		fail_msg("%s", err.text);
	check_run(check);
	char *problems = mem_dup(buf_text(check_problems(check)));
	check_free(check);
	return problems;
}

/* As somebody would who tampers with the file while no daemon runs. */
static void
tamper(const struct place *place, const char *sql)
{
	sqlite3 *db;
	char *text = NULL;
	assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
		fail_msg("%s: %s", sql, text);
	sqlite3_close(db);
}

static void
a_database_with_something_in_it_is_whole(void **state)
{
	struct place *place = *state;
	struct stat before, after;
	place_fill(place);
	assert_int_equal(stat(place->path, &before), 0);
	char *problems = problems_of(place->path);
	assert_string_equal(problems, "");
	free(problems);
	assert_int_equal(stat(place->path, &after), 0);
	assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim));
	char *log = mem_printf("%s-wal", place->path);
	assert_int_equal(access(log, F_OK), -1);
	free(log);
}

static void
of_an_older_format_the_pages_are_looked_at(void **state)
{
	struct place *place = *state;
	struct err err;
	place_fill(place);
	tamper(place, "DROP TABLE users; PRAGMA user_version = 6");
	struct check *check = check_open(place->path, &err);
	check_run(check);
	assert_string_equal(buf_text(check_problems(check)), "");
	assert_true(check_is_older(check));
	check_free(check);
	tamper(place, "PRAGMA writable_schema = on; DELETE FROM sqlite_schema WHERE name = "
		      "'requests_at'");
	char *problems = problems_of(place->path);
	assert_non_null(strstr(problems, "is never used"));
	free(problems);
}

/* A job and a run of it. */
static void
make_rows(struct place *place)
{
	struct backend *backend = place_open(place);
	struct job job;
	job_init(&job);
	job.shell = mem_dup("true");
	assert_int_equal(backend->ops->begin(backend, &place->err), BACKEND_OK);
	assert_int_equal(backend->ops->job_insert(backend, &job, &place->err), BACKEND_OK);
	struct run run = { .job_id = job.id,
			   .due = 1,
			   .last_due = 1,
			   .count = 1,
			   .state = RUN_SUCCEEDED };
	assert_int_equal(backend->ops->run_insert(backend, &run, &place->err), BACKEND_OK);
	assert_int_equal(backend->ops->commit(backend, &place->err), BACKEND_OK);
	job_fini(&job);
	place_close(backend);
}

static void
what_does_not_agree_is_told(void **state)
{
	struct place *place = *state;
	static const struct {
		const char *sql, *words;
	} cases[] = {
		{ "UPDATE ledger SET njobs = 3", "the ledger counts jobs 3, there are 1" },
		{ "UPDATE ledger SET nrunning = 1", "the ledger counts running runs 1, there are" },
		{ "UPDATE users SET nruns = 7",
		  "user 0 is counted wrongly: 0 jobs, -7 runs and 0" },
		{ "DELETE FROM users", "user 0 is counted wrongly: 1 jobs, 0 runs and " },
		{ "UPDATE runs SET job_id = 9", "run 1 is of job 9, which is not there" },
		{ "UPDATE runs SET state = 1", "run 1 is running without an attempt" },
		{ "INSERT INTO outputs VALUES (4, 2, 0, x'00')",
		  "output is of attempt 2 of run 4, which is not there" },
		{ "UPDATE jobs SET spec = x'ff'", "database: job 1: " },
		{ "UPDATE jobs SET next_due = next_due - 1", "job 1: its record is damaged" },
		{ "UPDATE runs SET due = due - 1", "run 1: its record is damaged" },
		{ "DROP TABLE attempts", "no such table: attempts" },
		{ "PRAGMA writable_schema = on; DELETE FROM sqlite_schema WHERE name = "
		  "'requests_at'",
		  "is never used" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_rows(place);
		tamper(place, cases[i].sql);
		char *problems = problems_of(place->path);
		if (!strstr(problems, cases[i].words))
			fail_msg("'%s' is not in '%s'", cases[i].words, problems);
		free(problems);
		scratch_free(place->dir);
		place->dir = scratch_new();
		free(place->path);
		place->path = scratch_path(place->dir, "asched.db");
	}
}

static void
what_is_no_database_of_ours_is_refused(void **state)
{
	struct place *place = *state;
	struct err err;
	assert_null(check_open(place->path, &err));
	assert_non_null(strstr(err.text, "missing"));
	place_write(place->path,
		    "a text file that is longer than a header of a database, which has a "
		    "hundred bytes, if that is to be believed",
		    105);
	assert_null(check_open(place->path, &err));
	assert_non_null(strstr(err.text, "is not a database"));
	unlink(place->path);
	assert_int_equal(mkfifo(place->path, 0600), 0);
	assert_null(check_open(place->path, &err));
	assert_non_null(strstr(err.text, "not a regular file"));
}

/* The newest commits are in the log beside it, and stay there. */
static void
a_log_beside_the_file_is_read_and_kept(void **state)
{
	struct place *place = *state;
	struct backend *backend = place_open(place);
	place_save(backend, "a", "1");
	char *log = mem_printf("%s-wal", place->path);
	char *log_copy = mem_printf("%s-wal", place->copy);
	place_copy(place->path, place->copy);
	place_copy(log, log_copy);
	place_close(backend);
	char *problems = problems_of(place->copy);
	assert_string_equal(problems, "");
	free(problems);
	struct stat st;
	assert_int_equal(stat(log_copy, &st), 0);
	assert_true(st.st_size > 0);
	free(log);
	free(log_copy);
}

/* Takes all steps; what was found is in *problems. */
static enum backend_result
take_steps(struct backend *backend, struct buf *problems, struct err *err)
{
	enum backend_result result;
	while ((result = backend->ops->backup_step(backend, problems, err)) == BACKEND_OK)
		usleep(100);
	return result;
}

static void
the_living_database_is_checked_and_no_copy_stays(void **state)
{
	struct place *place = *state;
	struct buf problems = BUF_EMPTY;
	place_fill(place);
	struct backend *backend = place_open(place);
	assert_int_equal(backend->ops->backup_begin(backend, NULL, &place->err), BACKEND_OK);
	assert_int_equal(take_steps(backend, &problems, &place->err), BACKEND_NONE);
	assert_string_equal(buf_text(&problems), "");
	char *copy = mem_printf("%s.check", place->path);
	assert_int_equal(access(copy, F_OK), -1);
	free(copy);
	buf_fini(&problems);
	place_close(backend);
}

static void
damage_is_found_in_the_living_database_and_not_backed_up(void **state)
{
	struct place *place = *state;
	struct buf problems = BUF_EMPTY;
	make_rows(place);
	tamper(place, "UPDATE runs SET job_id = 9");
	struct backend *backend = place_open(place);
	assert_int_equal(backend->ops->backup_begin(backend, NULL, &place->err), BACKEND_OK);
	assert_int_equal(take_steps(backend, &problems, &place->err), BACKEND_NONE);
	assert_string_equal(buf_text(&problems), "run 1 is of job 9, which is not there\n"
						 "run 1: its record is damaged\n");
	buf_fini(&problems);

	assert_int_equal(backend->ops->backup_begin(backend, place->copy, &place->err), BACKEND_OK);
	assert_int_equal(take_steps(backend, &problems, &place->err), BACKEND_ERROR);
	assert_non_null(strstr(place->err.text, "damaged"));
	assert_int_equal(access(place->copy, F_OK), -1);
	buf_fini(&problems);
	place_close(backend);
}

static void
a_check_that_goes_on_is_broken_off_at_the_end(void **state)
{
	struct place *place = *state;
	struct buf problems = BUF_EMPTY;
	place_fill(place);
	struct backend *backend = place_open(place);
	assert_int_equal(backend->ops->backup_begin(backend, NULL, &place->err), BACKEND_OK);
	enum backend_result more = BACKEND_OK; /* on a fast machine it ends by itself */
	for (int i = 0; i < 20 && more == BACKEND_OK; i++)
		more = backend->ops->backup_step(backend, &problems, &place->err);
	place_close(backend);
	char *copy = mem_printf("%s.check", place->path);
	assert_int_equal(access(copy, F_OK), -1);
	free(copy);
	buf_fini(&problems);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
		TEST(a_database_with_something_in_it_is_whole),
		TEST(of_an_older_format_the_pages_are_looked_at),
		TEST(what_does_not_agree_is_told),
		TEST(what_is_no_database_of_ours_is_refused),
		TEST(a_log_beside_the_file_is_read_and_kept),
		TEST(the_living_database_is_checked_and_no_copy_stays),
		TEST(damage_is_found_in_the_living_database_and_not_backed_up),
		TEST(a_check_that_goes_on_is_broken_off_at_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
