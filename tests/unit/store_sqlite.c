/* What is SQLite's own: settings, plans of statements, migrations, backups, the log. */
#include "unit/store_place.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "fake/scratch.h"
#include "store/schema.h"
#include "store/sqlite.h"
#include "store/sqlite_db.h"

static void
the_settings_that_durability_rests_on_hold(void **state)
{
	struct place *place = *state;
	struct backend *backend = place_open(place);
	static const struct {
		const char *sql;
		const char *reads;
	} cases[] = {
		{ "PRAGMA journal_mode", "wal" },       { "PRAGMA synchronous", "2" },
		{ "PRAGMA locking_mode", "exclusive" }, { "PRAGMA trusted_schema", "0" },
		{ "PRAGMA user_version", "7" },         { "PRAGMA application_id", "1634952040" },
		{ "PRAGMA integrity_check", "ok" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sqlite3_stmt *stmt;
		sqlite3_prepare_v2(sqlite_of(backend)->db, cases[i].sql, -1, &stmt, NULL);
		assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
		assert_string_equal((const char *)sqlite3_column_text(stmt, 0), cases[i].reads);
		sqlite3_finalize(stmt);
	}
	place_close(backend);
}

static void
no_statement_reads_a_whole_table(void **state)
{
	struct place *place = *state;
	struct backend *backend = place_open(place);
	for (int i = 0; i < SQL_NSTATEMENTS; i++) {
		char *sql = mem_printf("EXPLAIN QUERY PLAN %s", sql_text((enum sql)i));
		sqlite3_stmt *stmt = NULL;
		int rc = sqlite3_prepare_v2(sqlite_of(backend)->db, sql, -1, &stmt, NULL);
		while (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
			const char *step = (const char *)sqlite3_column_text(stmt, 3);
			if (strncmp(step, "SCAN", 4) == 0 && !strstr(step, "USING") &&
			    !strstr(step, "VIRTUAL"))
				fail_msg("%s: %s", step, sql_text((enum sql)i));
		}
		sqlite3_finalize(stmt);
		free(sql);
	}
	place_close(backend);
}

/* A step of a backup, in which nothing is found to be wrong. */
static enum backend_result
step(struct backend *backend, struct err *err)
{
	struct buf problems = BUF_EMPTY;
	enum backend_result result = backend->ops->backup_step(backend, &problems, err);
	assert_string_equal(buf_text(&problems), "");
	buf_fini(&problems);
	return result;
}

static enum backend_result
step_to_end(struct backend *backend, struct err *err)
{
	enum backend_result result;
	while ((result = step(backend, err)) == BACKEND_OK)
		usleep(100);
	return result;
}

static void
a_backup_has_what_was_committed_before_and_while_it_was_made(void **state)
{
	struct place *place = *state;
	place_fill(place);
	struct backend *backend = place_open(place);
	assert_int_equal(backend->ops->backup_begin(backend, place->copy, &place->err), BACKEND_OK);
	assert_int_equal(step(backend, &place->err), BACKEND_OK);
	place_save(backend, "meanwhile", "1");
	assert_int_equal(step_to_end(backend, &place->err), BACKEND_NONE);
	place_save(backend, "after", "1");
	place_close(backend);
	backend = sqlite_backend_open(place->copy, &place->err);
	assert_non_null(backend);
	assert_true(place_has(backend, "text 9999"));
	assert_true(place_has(backend, "meanwhile"));
	assert_false(place_has(backend, "after"));
	place_close(backend);
}

static void
a_backup_never_replaces_a_file(void **state)
{
	struct place *place = *state;
	struct backend *backend = place_open(place);
	place_write(place->copy, "mine", 4);
	assert_int_equal(backend->ops->backup_begin(backend, place->copy, &place->err),
			 BACKEND_ERROR);
	assert_non_null(strstr(place->err.text, "exists already"));
	assert_int_equal(backend->ops->backup_begin(backend, place->path, &place->err),
			 BACKEND_ERROR);
	place_close(backend);
}

static void
a_backup_that_is_not_finished_leaves_no_file(void **state)
{
	struct place *place = *state;
	struct stat st;
	place_fill(place);
	struct backend *backend = place_open(place);
	backend->ops->backup_begin(backend, place->copy, &place->err);
	step(backend, &place->err);
	place_close(backend);
	assert_int_equal(stat(place->copy, &st), -1);
	char *part = scratch_path(place->dir, "copy.db.part");
	assert_int_equal(stat(part, &st), -1);
	free(part);
}

static void
the_log_stays_bounded_while_it_is_tended(void **state)
{
	struct place *place = *state;
	struct stat st;
	struct backend *backend = place_open(place);
	struct err err;
	char *text = mem_alloc(60001), name[32];
	memset(text, 'x', 60000);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "%d", i % 10);
		backend->ops->begin(backend, &err);
		backend->ops->meta_save(backend, name, text, &err);
		assert_int_equal(backend->ops->commit(backend, &err), BACKEND_OK);
		backend->ops->tend(backend, i);
	}
	char *wal = scratch_path(place->dir, "asched.db-wal");
	assert_int_equal(stat(wal, &st), 0);
	assert_true(st.st_size < 32 * 1024 * 1024);
	place_close(backend);
	free(wal);
	free(text);
}

static int
read_version(sqlite3 *db)
{
	sqlite3_stmt *stmt;
	sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL);
	sqlite3_step(stmt);
	int version = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	return version;
}

static bool
can(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static void
a_migration_goes_step_by_step_after_a_copy(void **state)
{
	struct place *place = *state;
	static const char *const steps[] = { "CREATE TABLE a (x);", "CREATE TABLE b (x);",
					     "CREATE TABLE c (x);" };
	sqlite3 *db, *copy;
	struct stat st;
	sqlite3_open(place->path, &db);
	assert_int_equal(schema_migrate(db, place->path, steps, 1, &place->err), 0);
	assert_true(can(db, "INSERT INTO a VALUES (1)"));
	char *old = scratch_path(place->dir, "asched.db.v1");
	assert_int_equal(stat(old, &st), -1); /* a new database needs no copy */
	assert_int_equal(schema_migrate(db, place->path, steps, 3, &place->err), 0);
	assert_int_equal(read_version(db), 3);
	assert_true(can(db, "SELECT * FROM c"));
	sqlite3_close(db);
	sqlite3_open(old, &copy);
	assert_int_equal(read_version(copy), 1);
	assert_true(can(copy, "SELECT * FROM a"));
	assert_false(can(copy, "SELECT * FROM b"));
	sqlite3_close(copy);
	free(old);
}

/* A database of the first format: what came later is taken out of one of today's. */
static void
make_first_format(struct place *place)
{
	sqlite3 *db;
	struct backend *backend = place_open(place);
	struct err err = { 0 };
	struct job job;
	job_init(&job);
	job.next_due = 1000;
	job.shell = mem_dup("true");
	assert_int_equal(backend->ops->begin(backend, &err), BACKEND_OK);
	assert_int_equal(backend->ops->job_insert(backend, &job, &err), BACKEND_OK);
	assert_int_equal(backend->ops->commit(backend, &err), BACKEND_OK);
	job_fini(&job);
	place_close(backend);
	sqlite3_open(place->path, &db);
	assert_true(can(db,
			"ALTER TABLE attempts DROP COLUMN is_split;"
			"ALTER TABLE attempts DROP COLUMN errors_bytes;"
			"ALTER TABLE attempts DROP COLUMN errors_omitted;"
			"ALTER TABLE jobs DROP COLUMN covered_until;"
			"ALTER TABLE jobs DROP COLUMN seal;"
			"ALTER TABLE runs DROP COLUMN seal;"
			"ALTER TABLE runs DROP COLUMN tty;"
			"DROP TABLE users;"
			"DROP INDEX runs_deadline;"
			"ALTER TABLE runs DROP COLUMN deadline_at;"
			"UPDATE jobs SET owner = 7, spec = substr(spec, 1, length(spec) - 8);"
			"INSERT INTO runs (id, job_id, due, last_due, count, start_at, trigger,"
			" state, gate, reason, detail, attempt, priority, is_catchup, is_forced,"
			" stop_reason, stop_uid, claimed_at, ended_at, queue) VALUES (5, 1,"
			" 1, 1, 1, 1, 0, 1, 0, 0, '', 1, 5, 0, 0, 0, 0, 1, 3, '');"
			"INSERT INTO attempts VALUES (5, 1, 1, 2, 3, 4, 5, 'b', 's', 0, 1, 7, 0, 0,"
			" '', 3, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0);"
			"INSERT INTO outputs VALUES (5, 1, 0, x'6e696e652062797465');"
			"PRAGMA user_version = 1"));
	sqlite3_close(db);
}

static void
what_the_first_format_lacks_is_made_of_what_it_has(void **state)
{
	struct place *place = *state;
	struct usage usage;
	struct run run;
	struct attempt attempt;
	struct buf out = BUF_EMPTY;
	sqlite3 *copy;
	make_first_format(place);
	struct backend *backend = place_open(place);
	assert_int_equal(read_version(sqlite_of(backend)->db), SCHEMA_VERSION);
	assert_int_equal(sqlite_attempt_load(backend, 5, 1, &attempt, &place->err), BACKEND_OK);
	assert_int_equal(attempt.outcome.code, 7);
	assert_int_equal(sqlite_run_load(backend, 5, &run, &place->err), BACKEND_OK);
	assert_int_equal(run.tty, 0);
	assert_false(run.is_damaged);
	assert_int_equal(attempt.outcome.output_bytes, 9);
	assert_false(attempt.outcome.is_split);
	assert_int_equal(sqlite_output_read(backend, 5, 1, 0, &out, &place->err), BACKEND_OK);
	assert_int_equal(out.len, 9);
	assert_int_equal(sqlite_usage_load(backend, 7, &usage, &place->err), BACKEND_OK);
	assert_true(usage.njobs == 1 && usage.nruns == 1 && usage.bytes > 9);
	buf_fini(&out);
	place_close(backend);
	char *old = scratch_path(place->dir, "asched.db.v1");
	sqlite3_open(old, &copy);
	assert_int_equal(read_version(copy), 1);
	assert_true(can(copy, "SELECT output_bytes FROM attempts"));
	assert_false(can(copy, "SELECT errors_bytes FROM attempts"));
	sqlite3_close(copy);
	free(old);
}

static void
a_job_of_the_first_format_may_have_rows_up_to_what_is_to_come(void **state)
{
	struct place *place = *state;
	struct job job;
	make_first_format(place);
	struct backend *backend = place_open(place);
	assert_int_equal(backend->ops->job_load(backend, 1, &job, &place->err), BACKEND_OK);
	assert_int_equal(job.covered_until, 1000);
	job_fini(&job);
	place_close(backend);
}

static void
a_step_that_fails_leaves_the_version_before_it_whole(void **state)
{
	struct place *place = *state;
	static const char *const bad[] = { "CREATE TABLE a (x);", "CREATE TABLE b (x);",
					   "CREATE TABLE c (x); CREATE TABLE a (x);" };
	static const char *const good[] = { "CREATE TABLE a (x);", "CREATE TABLE b (x);",
					    "CREATE TABLE c (x);" };
	sqlite3 *db;
	sqlite3_open(place->path, &db);
	assert_int_equal(schema_migrate(db, place->path, bad, 1, &place->err), 0);
	assert_int_equal(schema_migrate(db, place->path, bad, 3, &place->err), -1);
	assert_non_null(strstr(place->err.text, "migration to format 3"));
	assert_int_equal(read_version(db), 2);
	assert_false(can(db, "SELECT * FROM c"));
	assert_int_equal(schema_migrate(db, place->path, good, 3, &place->err), 0);
	assert_int_equal(read_version(db), 3);
	sqlite3_close(db);
}

static void
a_file_size_limit_is_an_error_and_not_the_end(void **state)
{
	struct place *place = *state;
	struct backend *backend = place_open(place);
	struct rlimit unlimited, limit;
	struct err err = { 0 };
	char *text = mem_alloc(100001);
	memset(text, 'x', 100000);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &unlimited);
	limit = unlimited;
	limit.rlim_cur = 64 * 1024;
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(backend->ops->begin(backend, &err), BACKEND_OK);
	backend->ops->meta_save(backend, "big", text, &err);
	assert_int_equal(backend->ops->commit(backend, &err), BACKEND_ERROR);
	setrlimit(RLIMIT_FSIZE, &unlimited);
	backend->ops->rollback(backend);
	place_close(backend);
	backend = place_open(place);
	assert_false(place_has(backend, "big"));
	place_save(backend, "big", text);
	assert_true(place_has(backend, "big"));
	place_close(backend);
	free(text);
}

static void
save_numbered(struct backend *backend, int n, const char *what)
{
	struct err err;
	char name[32];
	char *text = mem_printf("%s %d %04000d", what, n, n);
	snprintf(name, sizeof(name), "%d", n);
	assert_int_equal(backend->ops->meta_save(backend, name, text, &err), BACKEND_OK);
	free(text);
}

static bool
is_numbered(struct backend *backend, int n, const char *what)
{
	struct err err;
	struct buf got = BUF_EMPTY;
	char name[32];
	char *text = mem_printf("%s %d %04000d", what, n, n);
	snprintf(name, sizeof(name), "%d", n);
	backend->ops->meta_load(backend, name, &got, &err);
	bool is_same = strcmp(buf_text(&got), text) == 0;
	buf_fini(&got);
	free(text);
	return is_same;
}

static void
more_than_the_cache_holds_reads_back_and_is_in_the_files_once_committed(void **state)
{
	struct place *place = *state;
	struct backend *backend = place_open(place);
	sqlite3_exec(sqlite_of(backend)->db, "PRAGMA cache_size = 10", NULL, NULL, NULL);
	assert_int_equal(backend->ops->begin(backend, &place->err), BACKEND_OK);
	for (int n = 0; n < 300; n++)
		save_numbered(backend, n, "first");
	for (int n = 0; n < 300; n += 7)
		save_numbered(backend, n, "second");
	for (int n = 0; n < 300; n++)
		assert_true(is_numbered(backend, n, n % 7 ? "first" : "second"));
	assert_int_equal(backend->ops->commit(backend, &place->err), BACKEND_OK);
	char *copy = mem_printf("cp '%s' '%s' && cp '%s-wal' '%s-wal'", place->path, place->copy,
				place->path, place->copy);
	assert_int_equal(system(copy), 0);
	free(copy);
	place_close(backend);
	backend = sqlite_backend_open(place->copy, &place->err);
	assert_non_null(backend);
	assert_int_equal(backend->ops->begin(backend, &place->err), BACKEND_OK);
	for (int n = 0; n < 300; n++)
		assert_true(is_numbered(backend, n, n % 7 ? "first" : "second"));
	backend->ops->rollback(backend);
	place_close(backend);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
		TEST(the_settings_that_durability_rests_on_hold),
		TEST(no_statement_reads_a_whole_table),
		TEST(a_backup_has_what_was_committed_before_and_while_it_was_made),
		TEST(a_backup_never_replaces_a_file),
		TEST(a_backup_that_is_not_finished_leaves_no_file),
		TEST(the_log_stays_bounded_while_it_is_tended),
		TEST(more_than_the_cache_holds_reads_back_and_is_in_the_files_once_committed),
		TEST(a_migration_goes_step_by_step_after_a_copy),
		TEST(a_job_of_the_first_format_may_have_rows_up_to_what_is_to_come),
		TEST(what_the_first_format_lacks_is_made_of_what_it_has),
		TEST(a_step_that_fails_leaves_the_version_before_it_whole),
		TEST(a_file_size_limit_is_an_error_and_not_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
