/* How a database is opened, or refused and left alone, and what its high-water mark notices. */
#include "unit/store_place.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fake/scratch.h"
#include "store/mark.h"
#include "store/sqlite.h"
#include "unit/skip.h"

static void
a_new_database_is_whole_private_and_marked(void **state)
{
	struct place *place = *state;
	struct stat st;
	place_close(place_open(place));
	assert_int_equal(stat(place->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	char *mark = scratch_path(place->dir, "asched.db.mark");
	assert_int_equal(stat(mark, &st), 0);
	free(mark);
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
	place_write(place->path, "hello", 5);
	place_refuses(place, "is not a database");
	char text[4096];
	memset(text, 'x', sizeof(text));
	place_write(place->path, text, sizeof(text));
	place_refuses(place, "is not a database");
	unlink(place->path);
	sqlite3_open(place->path, &db);
	sqlite3_exec(db, "CREATE TABLE theirs (x); PRAGMA application_id = 7", NULL, NULL, NULL);
	sqlite3_close(db);
	place_refuses(place, "is the database of another program");
	unlink(place->path);
	sqlite3_open(place->path, &db);
	sqlite3_exec(db, "CREATE TABLE theirs (x)", NULL, NULL, NULL);
	sqlite3_close(db);
	place_refuses(place, "is the database of another program");
}

static void
a_newer_version_is_refused(void **state)
{
	struct place *place = *state;
	sqlite3 *db;
	place_close(place_open(place));
	sqlite3_open(place->path, &db);
	sqlite3_exec(db, "PRAGMA user_version = 99; PRAGMA wal_checkpoint(truncate)", NULL, NULL,
		     NULL);
	sqlite3_close(db);
	place_refuses(place, "was written by a newer asched (format 99, this one reads up to ");
}

static void
a_read_only_database_is_refused(void **state)
{
	struct place *place = *state;
	if (geteuid() == 0)
		skip_because("root may write everything"); /* tests/blackbox mounts read-only */
	place_close(place_open(place));
	chmod(place->path, 0400);
	place_refuses(place, "cannot be written");
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
	struct backend *backend = place_open(place);
	assert_int_equal(open_in_a_child(place), 1);
	place_save(backend, "a", "1");
	place_close(backend);
	assert_int_equal(open_in_a_child(place), 0);
}

static void
a_missing_or_empty_database_that_was_there_once_is_not_made_anew(void **state)
{
	struct place *place = *state;
	struct stat st;
	struct backend *backend = place_open(place);
	place_save(backend, "a", "1");
	place_close(backend);
	unlink(place->path);
	assert_null(sqlite_backend_open(place->path, &place->err));
	assert_non_null(strstr(place->err.text, "is missing or empty"));
	assert_int_equal(stat(place->path, &st), -1);
	place_write(place->path, "", 0);
	place_refuses(place, "is missing or empty");
}

static void
an_interrupted_first_start_is_simply_repeated(void **state)
{
	struct place *place = *state;
	place_write(place->path, "", 0);
	place_close(place_open(place));
}

static void
what_was_committed_survives_a_kill(void **state)
{
	struct place *place = *state;
	pid_t pid = fork();
	if (pid == 0) {
		struct backend *backend = sqlite_backend_open(place->path, &place->err);
		place_save(backend, "a", "1");
		_exit(0); /* nothing is closed */
	}
	waitpid(pid, NULL, 0);
	struct backend *backend = place_open(place);
	assert_true(place_has(backend, "a"));
	assert_null(backend->ops->warning(backend));
	place_close(backend);
}

/* Has the marks of now, and the main file as it was before the last commit. */
static void
lose_a_commit(struct place *place)
{
	struct backend *backend = place_open(place);
	place_save(backend, "a", "1");
	place_close(backend);
	place_copy(place->path, place->copy);
	backend = place_open(place);
	place_save(backend, "b", "1");
	place_close(backend);
	place_copy(place->copy, place->path);
}

static void
a_database_that_lost_commits_is_noticed(void **state)
{
	struct place *place = *state;
	lose_a_commit(place);
	struct backend *backend = place_open(place);
	assert_false(place_has(backend, "b"));
	const char *warning = backend->ops->warning(backend);
	assert_non_null(warning);
	assert_non_null(strstr(warning, "1 acknowledged commits are missing"));
	place_close(backend);
}

static void
another_database_in_its_place_is_noticed(void **state)
{
	struct place *place = *state;
	struct backend *backend = place_open(place);
	place_close(backend);
	backend = sqlite_backend_open(place->copy, &place->err);
	place_close(backend);
	place_copy(place->copy, place->path);
	backend = place_open(place);
	assert_non_null(strstr(backend->ops->warning(backend), "another database"));
	place_close(backend);
}

static void
a_copy_of_the_living_file_is_noticed(void **state)
{
	struct place *place = *state;
	struct backend *backend = place_open(place);
	for (int i = 0; i < 10; i++)
		place_save(backend, "a", "1");
	backend->ops->tend(backend, 10 * USEC_PER_SEC);
	struct buf copy = place_read(place->path); /* drops the lock; nobody else is here */
	place_close(backend);
	place_write(place->path, copy.data, copy.len);
	buf_fini(&copy);
	backend = place_open(place);
	assert_non_null(strstr(backend->ops->warning(backend), "10 acknowledged commits"));
	place_close(backend);
}

/* Many commits, so that the log is folded in, then one that is in the log alone; nothing is closed. */
static void
work_and_be_killed(struct place *place)
{
	char name[32];
	pid_t pid = fork();
	if (pid == 0) {
		struct backend *backend = sqlite_backend_open(place->path, &place->err);
		bool is_settled = backend->ops->settle(backend, &place->err) == BACKEND_OK;
		for (int i = 0; i < 300; i++) {
			snprintf(name, sizeof(name), "text %d", i);
			place_save(backend, name, "x");
		}
		backend->ops->tend(backend, USEC_PER_SEC);
		backend->ops->tend(backend, USEC_PER_SEC);
		place_save(backend, "last", "x");
		_exit(is_settled ? 0 : 1);
	}
	int status;
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
the_log_of_the_file_that_was_there_before_is_not_folded_into_a_backup(void **state)
{
	struct place *place = *state;
	char *log = mem_printf("%s-wal", place->path), *away = mem_printf("%s-away", place->path);
	place_close(place_open(place));
	place_copy(place->path, place->copy);
	work_and_be_killed(place);
	assert_int_equal(rename(place->path, away), 0);
	place_copy(place->copy, place->path);
	place_refuses(place, "remove that log");
	assert_int_equal(rename(log, place->copy), 0);
	struct backend *backend = place_open(place);
	assert_non_null(strstr(backend->ops->warning(backend), "commits are missing"));
	place_close(backend);
	assert_int_equal(rename(place->copy, log), 0);
	assert_int_equal(rename(away, place->path), 0);
	backend = place_open(place);
	assert_true(place_has(backend, "last"));
	assert_null(backend->ops->warning(backend));
	place_close(backend);
	free(log);
	free(away);
}

static void
the_mark_follows_the_commits_but_once_a_second(void **state)
{
	struct place *place = *state;
	struct mark mark;
	struct backend *backend = place_open(place);
	place_save(backend, "a", "1");
	assert_int_equal(backend->ops->tend(backend, 100 * USEC_PER_SEC), USEC_PER_SEC);
	assert_int_equal(mark_read(place->path, &mark, &place->err), 0);
	assert_int_equal(mark.commits, 1);
	assert_int_equal(mark.seen_at, 100 * USEC_PER_SEC);
	place_save(backend, "a", "2");
	backend->ops->tend(backend, 100 * USEC_PER_SEC + 1);
	mark_read(place->path, &mark, &place->err);
	assert_int_equal(mark.commits, 1);
	backend->ops->tend(backend, 101 * USEC_PER_SEC);
	mark_read(place->path, &mark, &place->err);
	assert_int_equal(mark.commits, 2);
	assert_true(backend->ops->tend(backend, 102 * USEC_PER_SEC) > 50 * USEC_PER_SEC);
	assert_true(backend->ops->tend(backend, 161 * USEC_PER_SEC) > USEC_PER_HOUR);
	place_close(backend);
}

static void
a_damaged_byte_is_found_or_harmless_but_never_taken_for_nothing(void **state)
{
	struct place *place = *state;
	unsigned seed = 1;
	int nrefused = 0;
	place_fill(place);
	struct buf whole = place_read(place->path);
	for (int i = 0; i < 200; i++) {
		size_t at = (size_t)rand_r(&seed) % whole.len;
		char old = whole.data[at];
		whole.data[at] = (char)(old ^ 0xff);
		place_write(place->path, whole.data, whole.len);
		whole.data[at] = old;
		struct backend *backend = sqlite_backend_open(place->path, &place->err);
		if (!backend) {
			nrefused++;
			assert_non_null(strstr(place->err.text, place->path));
			continue;
		}
		assert_true(backend->ops->ncommits(backend) == 1 || backend->ops->warning(backend));
		place_close(backend);
	}
	assert_true(nrefused > 20);
	buf_fini(&whole);
}

static void
a_damaged_file_is_left_as_it_was(void **state)
{
	struct place *place = *state;
	place_fill(place);
	struct buf whole = place_read(place->path);
	memset(whole.data + 4096, 0xff, 4096);
	place_write(place->path, whole.data, whole.len);
	buf_fini(&whole);
	place_refuses(place, "is damaged");
}

/* The name of the only job stands in its row, in what the user has set, and in an index. */
static void
an_index_that_does_not_agree_with_its_rows_is_made_anew(void **state)
{
	struct place *place = *state;
	struct job job;
	int64_t id;
	int nplaces = 0, nfound = 0;
	struct backend *backend = place_open(place);
	job_init(&job);
	job.name = mem_dup("nightly");
	job.shell = mem_dup("true");
	assert_int_equal(backend->ops->begin(backend, &place->err), BACKEND_OK);
	assert_int_equal(backend->ops->job_insert(backend, &job, &place->err), BACKEND_OK);
	assert_int_equal(backend->ops->commit(backend, &place->err), BACKEND_OK);
	place_close(backend);
	job_fini(&job);
	struct buf whole = place_read(place->path);
	char *at = whole.data;
	while ((at = memmem(at, whole.len - (size_t)(at - whole.data), "nightly", 7))) {
		*at = 'N';
		place_write(place->path, whole.data, whole.len);
		*at++ = 'n';
		nplaces++;
		backend = place_open(place);
		assert_int_equal(backend->ops->begin(backend, &place->err), BACKEND_OK);
		if (backend->ops->job_find(backend, 0, "nightly", &id, &place->err) == BACKEND_OK &&
		    backend->ops->job_load(backend, id, &job, &place->err) == BACKEND_OK) {
			job_fini(&job);
			nfound++;
		}
		backend->ops->rollback(backend);
		place_close(backend);
	}
	assert_int_equal(nplaces, 3);
	assert_int_equal(nfound, 1); /* where the row and the definition are whole */
	buf_fini(&whole);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
		TEST(a_new_database_is_whole_private_and_marked),
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
		TEST(the_log_of_the_file_that_was_there_before_is_not_folded_into_a_backup),
		TEST(the_mark_follows_the_commits_but_once_a_second),
		TEST(a_damaged_byte_is_found_or_harmless_but_never_taken_for_nothing),
		TEST(a_damaged_file_is_left_as_it_was),
		TEST(an_index_that_does_not_agree_with_its_rows_is_made_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
