/*
 * What is SQLite's own: how a file is opened or refused and left alone, what the high-water mark
 * notices, plans of statements, backups.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "fake/scratch.h"
#include "store/sqlite.h"
#include "store/sqlite_db.h"

struct place {
	char *dir, *path, *copy;
	struct err err;
};

static int
set_up(void **state)
{
	struct place *place = mem_alloc(sizeof(*place));
	place->dir = scratch_new();
	place->path = scratch_path(place->dir, "asched.db");
	place->copy = scratch_path(place->dir, "copy.db");
	*state = place;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *place = *state;
	scratch_free(place->dir);
	free(place->path);
	free(place->copy);
	free(place);
	return 0;
}

static struct backend *
open_here(struct place *place)
{
	struct backend *backend = sqlite_backend_open(place->path, &place->err);
	if (!backend || backend->ops->settle(backend, &place->err) != BACKEND_OK)
		fail_msg("%s", place->err.text);
	return backend;
}

/* Commits one change: a small text. */
static void
save(struct backend *backend, const char *name, const char *text)
{
	struct err err;
	assert_int_equal(backend->ops->begin(backend, &err), BACKEND_OK);
	assert_int_equal(backend->ops->meta_save(backend, name, text, &err), BACKEND_OK);
	assert_int_equal(backend->ops->commit(backend, &err), BACKEND_OK);
}

static bool
has(struct backend *backend, const char *name)
{
	struct buf text = BUF_EMPTY;
	struct err err;
	assert_int_equal(backend->ops->begin(backend, &err), BACKEND_OK);
	enum backend_result result = backend->ops->meta_load(backend, name, &text, &err);
	backend->ops->rollback(backend);
	buf_fini(&text);
	return result == BACKEND_OK;
}

static void
close_it(struct backend *backend)
{
	backend->ops->close(backend);
}

static void
write_file(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static struct buf
read_file(const char *path)
{
	struct buf data = BUF_EMPTY;
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t n;
	while ((n = fread(buf_reserve(&data, 65536), 1, 65536, file)) > 0)
		data.len += n;
	fclose(file);
	return data;
}

static void
copy_file(const char *from, const char *to)
{
	struct buf data = read_file(from);
	write_file(to, data.data, data.len);
	buf_fini(&data);
}

/* Is refused with these words, and the file has the same bytes afterwards. */
static void
assert_refused(struct place *place, const char *words)
{
	struct buf before = read_file(place->path);
	assert_null(sqlite_backend_open(place->path, &place->err));
	if (!strstr(place->err.text, words))
		fail_msg("'%s' is not in '%s'", words, place->err.text);
	assert_non_null(strstr(place->err.text, place->path));
	struct buf after = read_file(place->path);
	assert_int_equal(before.len, after.len);
	if (before.len > 0)
		assert_memory_equal(before.data, after.data, before.len);
	buf_fini(&before);
	buf_fini(&after);
}

static void
a_new_database_is_whole_private_and_marked(void **state)
{
	struct place *place = *state;
	struct stat st;
	close_it(open_here(place));
	assert_int_equal(stat(place->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	char *mark = scratch_path(place->dir, "asched.db.mark");
	assert_int_equal(stat(mark, &st), 0);
	free(mark);
}

static void
the_settings_that_durability_rests_on_hold(void **state)
{
	struct place *place = *state;
	struct backend *backend = open_here(place);
	static const struct {
		const char *sql;
		const char *reads;
	} cases[] = {
		{ "PRAGMA journal_mode", "wal" },       { "PRAGMA synchronous", "2" },
		{ "PRAGMA locking_mode", "exclusive" }, { "PRAGMA trusted_schema", "0" },
		{ "PRAGMA user_version", "1" },         { "PRAGMA application_id", "1634952040" },
		{ "PRAGMA integrity_check", "ok" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sqlite3_stmt *stmt;
		sqlite3_prepare_v2(sqlite_of(backend)->db, cases[i].sql, -1, &stmt, NULL);
		assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
		assert_string_equal((const char *)sqlite3_column_text(stmt, 0), cases[i].reads);
		sqlite3_finalize(stmt);
	}
	close_it(backend);
}

static void
a_directory_a_fifo_and_a_link_are_refused_at_once(void **state)
{
	struct place *place = *state;
	assert_int_equal(mkdir(place->path, 0700), 0);
	assert_null(sqlite_backend_open(place->path, &place->err));
	assert_non_null(strstr(place->err.text, "is a directory"));
	rmdir(place->path);
	assert_int_equal(mkfifo(place->path, 0600), 0);
	assert_null(sqlite_backend_open(place->path, &place->err));
	assert_non_null(strstr(place->err.text, "is not a regular file"));
	unlink(place->path);
	assert_int_equal(symlink(place->copy, place->path), 0);
	assert_null(sqlite_backend_open(place->path, &place->err));
	assert_non_null(strstr(place->err.text, "is a symbolic link"));
}

static void
a_foreign_file_is_refused(void **state)
{
	struct place *place = *state;
	sqlite3 *db;
	write_file(place->path, "hello", 5);
	assert_refused(place, "is not a database");
	char text[4096];
	memset(text, 'x', sizeof(text));
	write_file(place->path, text, sizeof(text));
	assert_refused(place, "is not a database");
	unlink(place->path);
	sqlite3_open(place->path, &db);
	sqlite3_exec(db, "CREATE TABLE theirs (x); PRAGMA application_id = 7", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_refused(place, "is the database of another program");
	unlink(place->path);
	sqlite3_open(place->path, &db);
	sqlite3_exec(db, "CREATE TABLE theirs (x)", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_refused(place, "is the database of another program");
}

static void
a_newer_version_is_refused(void **state)
{
	struct place *place = *state;
	sqlite3 *db;
	close_it(open_here(place));
	sqlite3_open(place->path, &db);
	sqlite3_exec(db, "PRAGMA user_version = 99; PRAGMA wal_checkpoint(truncate)", NULL, NULL,
		     NULL);
	sqlite3_close(db);
	assert_refused(place, "was written by a newer asched (format 99, this one reads up to 1)");
}

static void
a_read_only_database_is_refused(void **state)
{
	struct place *place = *state;
	if (geteuid() == 0)
		skip(); /* root may write everything; tests/blackbox has a read-only mount */
	close_it(open_here(place));
	chmod(place->path, 0400);
	assert_refused(place, "cannot be written");
}

/* Its exit status: 0: opened; 1: refused as "in use". */
static int
open_in_a_child(struct place *place)
{
	pid_t pid = fork();
	if (pid == 0) {
		struct backend *backend = sqlite_backend_open(place->path, &place->err);
		_exit(backend ? 0 : strstr(place->err.text, "is in use") ? 1 : 2);
	}
	int status;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
a_second_daemon_is_refused_while_the_first_lives(void **state)
{
	struct place *place = *state;
	struct backend *backend = open_here(place);
	assert_int_equal(open_in_a_child(place), 1);
	save(backend, "a", "1");
	close_it(backend);
	assert_int_equal(open_in_a_child(place), 0);
}

static void
a_missing_or_empty_database_that_was_there_once_is_not_made_anew(void **state)
{
	struct place *place = *state;
	struct stat st;
	struct backend *backend = open_here(place);
	save(backend, "a", "1");
	close_it(backend);
	unlink(place->path);
	assert_null(sqlite_backend_open(place->path, &place->err));
	assert_non_null(strstr(place->err.text, "is missing or empty"));
	assert_int_equal(stat(place->path, &st), -1);
	write_file(place->path, "", 0);
	assert_refused(place, "is missing or empty");
}

static void
an_interrupted_first_start_is_simply_repeated(void **state)
{
	struct place *place = *state;
	write_file(place->path, "", 0);
	close_it(open_here(place));
}

static void
what_was_committed_survives_a_kill(void **state)
{
	struct place *place = *state;
	pid_t pid = fork();
	if (pid == 0) {
		struct backend *backend = sqlite_backend_open(place->path, &place->err);
		save(backend, "a", "1");
		_exit(0); /* nothing is closed */
	}
	waitpid(pid, NULL, 0);
	struct backend *backend = open_here(place);
	assert_true(has(backend, "a"));
	assert_null(backend->ops->warning(backend));
	close_it(backend);
}

/* Has the marks of now, and the main file as it was before the last commit. */
static void
lose_a_commit(struct place *place)
{
	struct backend *backend = open_here(place);
	save(backend, "a", "1");
	close_it(backend);
	copy_file(place->path, place->copy);
	backend = open_here(place);
	save(backend, "b", "1");
	close_it(backend);
	copy_file(place->copy, place->path);
}

static void
a_database_that_lost_commits_is_noticed(void **state)
{
	struct place *place = *state;
	lose_a_commit(place);
	struct backend *backend = open_here(place);
	assert_false(has(backend, "b"));
	const char *warning = backend->ops->warning(backend);
	assert_non_null(warning);
	assert_non_null(strstr(warning, "1 acknowledged commits are missing"));
	close_it(backend);
}

static void
another_database_in_its_place_is_noticed(void **state)
{
	struct place *place = *state;
	struct backend *backend = open_here(place);
	close_it(backend);
	backend = sqlite_backend_open(place->copy, &place->err);
	close_it(backend);
	copy_file(place->copy, place->path);
	backend = open_here(place);
	assert_non_null(strstr(backend->ops->warning(backend), "another database"));
	close_it(backend);
}

static void
a_copy_of_the_living_file_is_noticed(void **state)
{
	struct place *place = *state;
	struct backend *backend = open_here(place);
	for (int i = 0; i < 10; i++)
		save(backend, "a", "1");
	backend->ops->tend(backend, 10 * USEC_PER_SEC);
	struct buf copy = read_file(place->path); /* drops the lock; nobody else is here */
	close_it(backend);
	write_file(place->path, copy.data, copy.len);
	buf_fini(&copy);
	backend = open_here(place);
	assert_non_null(strstr(backend->ops->warning(backend), "10 acknowledged commits"));
	close_it(backend);
}

static void
the_mark_follows_the_commits_but_once_a_second(void **state)
{
	struct place *place = *state;
	struct mark mark;
	struct backend *backend = open_here(place);
	save(backend, "a", "1");
	assert_int_equal(backend->ops->tend(backend, 100 * USEC_PER_SEC), USEC_PER_SEC);
	assert_int_equal(mark_read(place->path, &mark, &place->err), 0);
	assert_int_equal(mark.commits, 1);
	assert_int_equal(mark.seen_at, 100 * USEC_PER_SEC);
	save(backend, "a", "2");
	backend->ops->tend(backend, 100 * USEC_PER_SEC + 1);
	mark_read(place->path, &mark, &place->err);
	assert_int_equal(mark.commits, 1);
	backend->ops->tend(backend, 101 * USEC_PER_SEC);
	mark_read(place->path, &mark, &place->err);
	assert_int_equal(mark.commits, 2);
	assert_true(backend->ops->tend(backend, 102 * USEC_PER_SEC) == USEC_NEVER);
	close_it(backend);
}

/* A database with rows on many pages, closed. */
static void
fill(struct place *place)
{
	struct backend *backend = open_here(place);
	struct err err;
	char name[32];
	backend->ops->begin(backend, &err);
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "text %d", i);
		assert_int_equal(backend->ops->meta_save(backend, name, "x", &err), BACKEND_OK);
	}
	assert_int_equal(backend->ops->commit(backend, &err), BACKEND_OK);
	close_it(backend);
}

static void
a_damaged_byte_is_found_or_harmless_but_never_taken_for_nothing(void **state)
{
	struct place *place = *state;
	unsigned seed = 1;
	int nrefused = 0;
	fill(place);
	struct buf whole = read_file(place->path);
	for (int i = 0; i < 200; i++) {
		size_t at = (size_t)rand_r(&seed) % whole.len;
		char old = whole.data[at];
		whole.data[at] = (char)(old ^ 0xff);
		write_file(place->path, whole.data, whole.len);
		whole.data[at] = old;
		struct backend *backend = sqlite_backend_open(place->path, &place->err);
		if (!backend) {
			nrefused++;
			assert_non_null(strstr(place->err.text, place->path));
			continue;
		}
		assert_true(backend->ops->ncommits(backend) == 1 || backend->ops->warning(backend));
		close_it(backend);
	}
	assert_true(nrefused > 20);
	buf_fini(&whole);
}

static void
a_damaged_file_is_left_as_it_was(void **state)
{
	struct place *place = *state;
	fill(place);
	struct buf whole = read_file(place->path);
	memset(whole.data + 4096, 0xff, 4096);
	write_file(place->path, whole.data, whole.len);
	buf_fini(&whole);
	assert_refused(place, "is damaged");
}

static void
no_statement_reads_a_whole_table(void **state)
{
	struct place *place = *state;
	struct backend *backend = open_here(place);
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
	close_it(backend);
}

static void
a_backup_has_what_was_committed_before_and_while_it_was_made(void **state)
{
	struct place *place = *state;
	fill(place);
	struct backend *backend = open_here(place);
	assert_int_equal(backend->ops->backup_begin(backend, place->copy, &place->err), BACKEND_OK);
	assert_int_equal(backend->ops->backup_step(backend, &place->err), BACKEND_OK);
	save(backend, "meanwhile", "1");
	enum backend_result result;
	while ((result = backend->ops->backup_step(backend, &place->err)) == BACKEND_OK)
		;
	assert_int_equal(result, BACKEND_NONE);
	save(backend, "after", "1");
	close_it(backend);
	backend = sqlite_backend_open(place->copy, &place->err);
	assert_non_null(backend);
	assert_true(has(backend, "text 9999"));
	assert_true(has(backend, "meanwhile"));
	assert_false(has(backend, "after"));
	close_it(backend);
}

static void
a_backup_never_replaces_a_file(void **state)
{
	struct place *place = *state;
	struct backend *backend = open_here(place);
	write_file(place->copy, "mine", 4);
	assert_int_equal(backend->ops->backup_begin(backend, place->copy, &place->err),
			 BACKEND_ERROR);
	assert_non_null(strstr(place->err.text, "exists already"));
	assert_int_equal(backend->ops->backup_begin(backend, place->path, &place->err),
			 BACKEND_ERROR);
	close_it(backend);
}

static void
a_backup_that_is_not_finished_leaves_no_file(void **state)
{
	struct place *place = *state;
	struct stat st;
	fill(place);
	struct backend *backend = open_here(place);
	backend->ops->backup_begin(backend, place->copy, &place->err);
	backend->ops->backup_step(backend, &place->err);
	close_it(backend);
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
	struct backend *backend = open_here(place);
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
	close_it(backend);
	free(wal);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_new_database_is_whole_private_and_marked),
		TEST(the_settings_that_durability_rests_on_hold),
		TEST(a_directory_a_fifo_and_a_link_are_refused_at_once),
		TEST(a_foreign_file_is_refused),
		TEST(a_newer_version_is_refused),
		TEST(a_read_only_database_is_refused),
		TEST(a_second_daemon_is_refused_while_the_first_lives),
		TEST(a_missing_or_empty_database_that_was_there_once_is_not_made_anew),
		TEST(an_interrupted_first_start_is_simply_repeated),
		TEST(what_was_committed_survives_a_kill),
		TEST(a_database_that_lost_commits_is_noticed),
		TEST(another_database_in_its_place_is_noticed),
		TEST(a_copy_of_the_living_file_is_noticed),
		TEST(the_mark_follows_the_commits_but_once_a_second),
		TEST(a_damaged_byte_is_found_or_harmless_but_never_taken_for_nothing),
		TEST(a_damaged_file_is_left_as_it_was),
		TEST(no_statement_reads_a_whole_table),
		TEST(a_backup_has_what_was_committed_before_and_while_it_was_made),
		TEST(a_backup_never_replaces_a_file),
		TEST(a_backup_that_is_not_finished_leaves_no_file),
		TEST(the_log_stays_bounded_while_it_is_tended),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
