/* The log of a database that is in use: what somebody does to it loses nothing that was told. */
#include "unit/store_place.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fake/scratch.h"
#include "store/keeper.h"
#include "store/sqlite_file.h"

#define NQUEUES 12
#define COPY_AT 4 /* after so many queues the log is copied, */
#define DONE_AT 8 /* after so many somebody does it */

struct log {
	struct place *place;
	char *name, *copy;
};

static void
nothing(const struct log *log)
{
	(void)log;
}

static void
removes(const struct log *log)
{
	unlink(log->name);
}

static void
moves_away(const struct log *log)
{
	rename(log->name, log->place->copy);
}

static void
replaces_by_an_older_copy(const struct log *log)
{
	rename(log->copy, log->name);
}

static void
replaces_by_rubbish(const struct log *log)
{
	unlink(log->name);
	place_write(log->name, "rubbish", 7);
}

static void
copies_over_itself(const struct log *log)
{
	place_copy(log->name, log->copy);
	rename(log->copy, log->name);
}

static struct backend *
open_file(void *file, struct err *err)
{
	return sqlite_file_open(file, err);
}

static struct keeper *
open_keeper(struct sqlite_file *file, const char *path)
{
	const struct store_opener opener = { open_file, file };
	const struct ledger ledger = { 0 };
	struct err err;
	sqlite_file_init(file, path);
	return keeper_open(&ledger, &opener, &err);
}

/* Sets a queue. Was it acknowledged? */
static bool
set_queue(struct keeper *keeper, int number)
{
	struct intents group = { 0 }, answered = { 0 };
	struct intent *intent = intent_new(INTENT_QUEUE_SET, 1);
	intent->who.is_operator = true;
	intent->queue.concurrency = 1 + number;
	snprintf(intent->queue.name, sizeof(intent->queue.name), "q%d", number);
	intents_push(&group, intent);
	keeper_apply(keeper, &group, &answered);
	intent = intents_pop(&answered);
	bool is_done = intent->err.code == ERR_NONE;
	intent_free(intent);
	return is_done;
}

/* Is killed in the end. Exits with the number of queues that were acknowledged. */
static void
work(const struct log *log, void (*does)(const struct log *))
{
	struct sqlite_file file;
	struct keeper *keeper = open_keeper(&file, log->place->path);
	int n = 0;
	for (int i = 0; i < NQUEUES && keeper; i++) {
		if (i == COPY_AT)
			place_copy(log->name, log->copy);
		if (i == DONE_AT)
			does(log);
		n += set_queue(keeper, i);
	}
	_exit(n);
}

static void
expect_queues(struct backend *backend, int n)
{
	struct err err;
	assert_int_equal(backend->ops->begin(backend, &err), BACKEND_OK);
	for (int i = 0; i < n; i++) {
		struct queue queue;
		char name[8];
		snprintf(name, sizeof(name), "q%d", i);
		assert_int_equal(backend->ops->queue_load(backend, name, &queue, &err), BACKEND_OK);
		assert_int_equal(queue.concurrency, 1 + i);
	}
	backend->ops->rollback(backend);
}

static void
nothing_told_is_lost_whatever_becomes_of_the_log(void **state)
{
	struct log log = { .place = *state };
	void (*const cases[])(const struct log *) = {
		nothing,
		removes,
		moves_away,
		replaces_by_an_older_copy,
		replaces_by_rubbish,
		copies_over_itself,
	};
	log.name = scratch_path(log.place->dir, "asched.db-wal");
	log.copy = scratch_path(log.place->dir, "copy-wal");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status;
		pid_t pid = fork();
		if (pid == 0)
			work(&log, cases[i]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), NQUEUES);
		struct backend *backend = place_open(log.place);
		expect_queues(backend, NQUEUES);
		assert_null(backend->ops->warning(backend));
		place_close(backend);
		unlink(log.place->path);
		char *mark = scratch_path(log.place->dir, "asched.db.mark");
		unlink(mark);
		free(mark);
	}
	free(log.name);
	free(log.copy);
}

static void
what_was_found_in_the_place_of_the_log_is_kept(void **state)
{
	struct log log = { .place = *state };
	struct sqlite_file file;
	struct intents answered = { 0 };
	log.name = scratch_path(log.place->dir, "asched.db-wal");
	char *found = scratch_path(log.place->dir, "asched.db-wal.found");
	struct keeper *keeper = open_keeper(&file, log.place->path);
	assert_true(set_queue(keeper, 0));
	replaces_by_rubbish(&log);
	assert_true(set_queue(keeper, 1));
	assert_int_equal(keeper_state(keeper), STORE_OK);
	assert_int_equal(keeper_ntroubles(keeper), 1);
	assert_non_null(strstr(keeper_trouble(keeper), "removed or replaced"));
	struct buf data = place_read(found);
	assert_int_equal(data.len, 7);
	buf_fini(&data);
	keeper_close(keeper, &answered);
	sqlite_file_fini(&file);
	free(found);
	free(log.name);
}

static void
the_log_of_another_database_in_its_place_is_left_alone(void **state)
{
	struct log log = { .place = *state };
	struct sqlite_file file;
	struct intents answered = { 0 };
	log.name = scratch_path(log.place->dir, "asched.db-wal");
	struct keeper *keeper = open_keeper(&file, log.place->path);
	assert_true(set_queue(keeper, 0));
	rename(log.place->path, log.place->copy);
	place_copy(log.place->copy, log.place->path);
	replaces_by_rubbish(&log);
	assert_false(set_queue(keeper, 1));
	assert_int_equal(keeper_state(keeper), STORE_DEGRADED);
	keeper_close(keeper, &answered);
	sqlite_file_fini(&file);
	struct buf data = place_read(log.name);
	assert_int_equal(data.len, 7);
	buf_fini(&data);
	free(log.name);
}

/* Is killed after a minute in which nothing was to be done. */
static void
idle(const struct log *log)
{
	struct sqlite_file file;
	struct intents answered = { 0 };
	struct keeper *keeper = open_keeper(&file, log->place->path);
	bool is_set = set_queue(keeper, 0);
	for (int i = 1; i <= 62; i++)
		keeper_care(keeper, i * USEC_PER_SEC, i * USEC_PER_SEC, &answered);
	removes(log);
	_exit(is_set ? 0 : 1);
}

static void
after_an_idle_minute_the_log_holds_nothing_that_is_not_in_the_database(void **state)
{
	struct log log = { .place = *state };
	int status;
	log.name = scratch_path(log.place->dir, "asched.db-wal");
	pid_t pid = fork();
	if (pid == 0)
		idle(&log);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	struct backend *backend = place_open(log.place);
	expect_queues(backend, 1);
	assert_null(backend->ops->warning(backend));
	place_close(backend);
	free(log.name);
}

static void
care_for_a_minute(struct keeper *keeper, usec_t from)
{
	struct intents answered = { 0 };
	for (usec_t i = 1; i <= 62; i++)
		keeper_care(keeper, from + i * USEC_PER_SEC, from + i * USEC_PER_SEC, &answered);
}

/* A keeper whose log was removed, and cannot be put back as something is in the way. */
static struct keeper *
open_without_log(struct log *log, struct sqlite_file *file, char **obstacle)
{
	log->name = scratch_path(log->place->dir, "asched.db-wal");
	*obstacle = scratch_path(log->place->dir, "asched.db-wal.part");
	struct keeper *keeper = open_keeper(file, log->place->path);
	assert_true(set_queue(keeper, 0));
	assert_int_equal(mkdir(*obstacle, 0700), 0);
	removes(log);
	return keeper;
}

static void
close_with_queues(struct log *log, struct keeper *keeper, struct sqlite_file *file, int n)
{
	struct intents answered = { 0 };
	keeper_close(keeper, &answered);
	sqlite_file_fini(file);
	struct backend *backend = place_open(log->place);
	expect_queues(backend, n);
	assert_null(backend->ops->warning(backend));
	place_close(backend);
	free(log->name);
}

static void
expect_same(const char *path, const struct buf *before)
{
	struct buf now = place_read(path);
	assert_int_equal(now.len, before->len);
	assert_memory_equal(now.data, before->data, now.len);
	buf_fini(&now);
}

static void
a_log_that_cannot_be_put_back_is_kept_until_it_can_and_never_folded_in(void **state)
{
	struct log log = { .place = *state };
	struct sqlite_file file;
	char *obstacle;
	struct keeper *keeper = open_without_log(&log, &file, &obstacle);
	struct buf before = place_read(log.place->path);
	care_for_a_minute(keeper, 0);
	expect_same(log.place->path, &before);
	assert_false(set_queue(keeper, 1));
	assert_int_equal(keeper_state(keeper), STORE_DEGRADED);
	care_for_a_minute(keeper, USEC_PER_HOUR);
	assert_int_equal(keeper_state(keeper), STORE_DEGRADED);
	expect_same(log.place->path, &before);
	rmdir(obstacle);
	care_for_a_minute(keeper, 2 * USEC_PER_HOUR);
	assert_int_equal(keeper_state(keeper), STORE_OK);
	assert_true(set_queue(keeper, 1));
	close_with_queues(&log, keeper, &file, 2);
	buf_fini(&before);
	free(obstacle);
}

static void
a_log_that_could_not_be_put_back_is_tried_once_more_at_the_end(void **state)
{
	struct log log = { .place = *state };
	struct sqlite_file file;
	char *obstacle;
	struct keeper *keeper = open_without_log(&log, &file, &obstacle);
	assert_false(set_queue(keeper, 1));
	rmdir(obstacle);
	close_with_queues(&log, keeper, &file, 1);
	free(obstacle);
}

static void
an_idle_daemon_leaves_the_log_of_another_database_alone(void **state)
{
	struct log log = { .place = *state };
	struct sqlite_file file;
	struct intents answered = { 0 };
	log.name = scratch_path(log.place->dir, "asched.db-wal");
	struct keeper *keeper = open_keeper(&file, log.place->path);
	assert_true(set_queue(keeper, 0));
	rename(log.place->path, log.place->copy);
	place_copy(log.place->copy, log.place->path);
	replaces_by_rubbish(&log);
	care_for_a_minute(keeper, 0);
	struct buf data = place_read(log.name);
	assert_int_equal(data.len, 7);
	buf_fini(&data);
	keeper_close(keeper, &answered);
	sqlite_file_fini(&file);
	free(log.name);
}

static void
what_was_found_earlier_is_kept_where_nothing_is_found(void **state)
{
	struct log log = { .place = *state };
	struct sqlite_file file;
	struct intents answered = { 0 };
	log.name = scratch_path(log.place->dir, "asched.db-wal");
	char *found = scratch_path(log.place->dir, "asched.db-wal.found");
	struct keeper *keeper = open_keeper(&file, log.place->path);
	place_write(found, "rubbish", 7);
	removes(&log);
	assert_true(set_queue(keeper, 0));
	struct buf data = place_read(found);
	assert_int_equal(data.len, 7);
	buf_fini(&data);
	keeper_close(keeper, &answered);
	sqlite_file_fini(&file);
	free(found);
	free(log.name);
}

/* Else the count of commits, by which the fate of the next one is told, would be one behind. */
static void
after_a_commit_in_doubt_nothing_more_is_begun(void **state)
{
	struct log log = { .place = *state };
	struct backend *backend = place_open(log.place);
	struct queue queue = { .name = "q0", .concurrency = 1 };
	struct err err = { 0 };
	log.name = scratch_path(log.place->dir, "asched.db-wal");
	assert_int_equal(backend->ops->begin(backend, &err), BACKEND_OK);
	assert_int_equal(backend->ops->queue_save(backend, &queue, &err), BACKEND_OK);
	removes(&log);
	assert_int_equal(backend->ops->commit(backend, &err), BACKEND_ERROR);
	backend->ops->rollback(backend);
	assert_int_equal(backend->ops->begin(backend, &err), BACKEND_ERROR);
	backend->ops->rollback(backend);
	place_close(backend);
	free(log.name);
}

static void
replace_and_idle(struct log *log, struct keeper *keeper)
{
	assert_true(set_queue(keeper, 0));
	replaces_by_rubbish(log);
	care_for_a_minute(keeper, 0);
}

static void
our_own_copy_does_not_take_the_place_of_what_was_found(void **state)
{
	struct log log = { .place = *state };
	struct sqlite_file file;
	struct intents answered = { 0 };
	log.name = scratch_path(log.place->dir, "asched.db-wal");
	char *found = scratch_path(log.place->dir, "asched.db-wal.found");
	struct keeper *keeper = open_keeper(&file, log.place->path);
	replace_and_idle(&log, keeper);
	assert_true(set_queue(keeper, 1));
	struct buf data = place_read(found);
	assert_int_equal(data.len, 7);
	buf_fini(&data);
	replace_and_idle(&log, keeper);
	keeper_close(keeper, &answered);
	sqlite_file_fini(&file);
	data = place_read(found);
	assert_int_equal(data.len, 7);
	buf_fini(&data);
	free(found);
	free(log.name);
}

static void
a_lost_log_is_not_put_beside_another_database_in_the_end(void **state)
{
	struct log log = { .place = *state };
	struct sqlite_file file;
	char *obstacle, *lost = scratch_path(log.place->dir, "asched.db-wal.lost");
	struct intents answered = { 0 };
	struct keeper *keeper = open_without_log(&log, &file, &obstacle);
	assert_false(set_queue(keeper, 1));
	rename(log.place->path, log.place->copy);
	place_copy(log.place->copy, log.place->path);
	rmdir(obstacle);
	care_for_a_minute(keeper, USEC_PER_HOUR);
	keeper_close(keeper, &answered);
	sqlite_file_fini(&file);
	assert_int_not_equal(access(log.name, F_OK), 0);
	assert_int_equal(access(lost, F_OK), 0);
	free(log.name);
	free(lost);
	free(obstacle);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
		TEST(nothing_told_is_lost_whatever_becomes_of_the_log),
		TEST(what_was_found_in_the_place_of_the_log_is_kept),
		TEST(the_log_of_another_database_in_its_place_is_left_alone),
		TEST(after_an_idle_minute_the_log_holds_nothing_that_is_not_in_the_database),
		TEST(a_log_that_cannot_be_put_back_is_kept_until_it_can_and_never_folded_in),
		TEST(a_log_that_could_not_be_put_back_is_tried_once_more_at_the_end),
		TEST(an_idle_daemon_leaves_the_log_of_another_database_alone),
		TEST(what_was_found_earlier_is_kept_where_nothing_is_found),
		TEST(after_a_commit_in_doubt_nothing_more_is_begun),
		TEST(our_own_copy_does_not_take_the_place_of_what_was_found),
		TEST(a_lost_log_is_not_put_beside_another_database_in_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
