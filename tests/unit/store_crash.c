/*
 * The store on a disk that fails and loses power. A client sets queues in groups through the
 * keeper and writes down what it was told; then the power goes, the disk keeps what a disk may
 * keep, and what is there is compared with what was told. CRASH_SEEDS=N in the environment: more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "fake/crashvfs.h"
#include "fake/scratch.h"
#include "store/keeper.h"
#include "store/sqlite.h"

#define NGROUPS   12
#define PER_GROUP 3
#define NQUEUES   (NGROUPS * PER_GROUP)
#define FRESH_MAX (1024 * 1024)
#define NSEEDS    2 /* of what the disk keeps, for each operation that fails */

struct client {
	char *dir, *path, *mark, *wal;
	struct buf fresh, fresh_mark; /* a database as it is after its first start */
	struct keeper *keeper;
	usec_t elapsed;
	bool was_told[NQUEUES];
	enum err_code told[NQUEUES];
};

static struct backend *
open_path(void *arg, struct err *err)
{
	return sqlite_backend_open(arg, err);
}

static void
open_keeper(struct client *client)
{
	const struct store_opener opener = { open_path, client->path };
	const struct ledger ledger = { 0 };
	struct err err;
	client->keeper = keeper_open(&ledger, &opener, &err);
	if (!client->keeper)
		fail_msg("%s", err.text);
}

static void
load(const char *path, struct buf *data)
{
	FILE *stream = fopen(path, "r");
	assert_non_null(stream);
	data->len = fread(buf_reserve(data, FRESH_MAX), 1, FRESH_MAX, stream);
	fclose(stream);
}

static void
save(const char *path, const struct buf *data)
{
	FILE *stream = fopen(path, "w");
	assert_non_null(stream);
	assert_int_equal(fwrite(data->data, 1, data->len, stream), data->len);
	fclose(stream);
}

static int
set_up(void **state)
{
	struct client *client = mem_alloc(sizeof(*client));
	struct intents answered = { 0 };
	client->dir = scratch_new_fast();
	client->path = scratch_path(client->dir, "asched.db");
	client->mark = scratch_path(client->dir, "asched.db.mark");
	client->wal = scratch_path(client->dir, "asched.db-wal");
	open_keeper(client);
	keeper_close(client->keeper, &answered);
	load(client->path, &client->fresh);
	load(client->mark, &client->fresh_mark);
	crashvfs_begin();
	*state = client;
	return 0;
}

static int
tear_down(void **state)
{
	struct client *client = *state;
	crashvfs_end();
	scratch_free(client->dir);
	buf_fini(&client->fresh);
	buf_fini(&client->fresh_mark);
	free(client->path);
	free(client->mark);
	free(client->wal);
	free(client);
	return 0;
}

static void
take_answers(struct client *client, struct intents *answered)
{
	struct intent *intent;
	while ((intent = intents_pop(answered))) {
		int n = (int)strtol(intent->queue.name + 1, NULL, 10);
		client->was_told[n] = true;
		client->told[n] = intent->err.code;
		intent_free(intent);
	}
}

/* Sets the queues of one group; time passes, and the keeper does its housekeeping. */
static void
set_group(struct client *client, int group)
{
	struct intents intents = { 0 }, answered = { 0 };
	for (int i = 0; i < PER_GROUP; i++) {
		struct intent *intent = intent_new(INTENT_QUEUE_SET, 1);
		intent->who.is_operator = true;
		intent->queue.concurrency = 7;
		snprintf(intent->queue.name, sizeof(intent->queue.name), "q%d",
			 group * PER_GROUP + i);
		intents_push(&intents, intent);
	}
	keeper_apply(client->keeper, &intents, &answered);
	take_answers(client, &answered);
	client->elapsed += USEC_PER_SEC / 4;
	keeper_care(client->keeper, client->elapsed, client->elapsed, &answered);
	take_answers(client, &answered);
}

static void
close_keeper(struct client *client)
{
	struct intents answered = { 0 };
	keeper_close(client->keeper, &answered);
	take_answers(client, &answered);
	client->keeper = NULL;
}

static void
compare(struct client *client, struct backend *backend, const char *what, int n, unsigned seed)
{
	struct queue queue;
	char name[16];
	struct err err;
	assert_int_equal(backend->ops->begin(backend, &err), BACKEND_OK);
	for (int i = 0; i < NQUEUES; i++) {
		snprintf(name, sizeof(name), "q%d", i);
		assert_int_equal(backend->ops->queue_load(backend, name, &queue, &err), BACKEND_OK);
		bool is_there = queue.concurrency == 7;
		bool must_be = client->was_told[i] && client->told[i] == ERR_NONE;
		bool may_be =
			must_be || !client->was_told[i] || client->told[i] == ERR_UNKNOWN_OUTCOME;
		if ((must_be && !is_there) || (is_there && !may_be))
			fail_msg("%s at operation %d, seed %u: %s is%s there, told %s", what, n,
				 seed, name, is_there ? "" : " not",
				 client->was_told[i] ? err_code_name(client->told[i]) : "nothing");
		bool has_first = i % PER_GROUP != 0;
		snprintf(name, sizeof(name), "q%d", i - i % PER_GROUP);
		backend->ops->queue_load(backend, name, &queue, &err);
		if (has_first && is_there != (queue.concurrency == 7))
			fail_msg("%s at operation %d, seed %u: group of q%d is torn", what, n, seed,
				 i);
	}
	backend->ops->rollback(backend);
}

/* Runs the client with that fault; then the power goes. The number of operations it took. */
static int
run_with(struct client *client, enum crash_fault fault, int n, const char *what, unsigned seed)
{
	struct err err;
	save(client->path, &client->fresh);
	save(client->mark, &client->fresh_mark);
	remove(client->wal);
	memset(client->was_told, 0, sizeof(client->was_told));
	client->elapsed = 0;
	open_keeper(client);
	crashvfs_fail(fault, n);
	for (int group = 0; group < NGROUPS; group++)
		set_group(client, group);
	int noperations = crashvfs_noperations();
	crashvfs_cut();
	close_keeper(client);
	crashvfs_restart(seed);
	struct backend *backend = sqlite_backend_open(client->path, &err);
	if (!backend)
		fail_msg("%s at operation %d, seed %u: %s", what, n, seed, err.text);
	if (backend->ops->warning(backend))
		fail_msg("%s at operation %d, seed %u: %s", what, n, seed,
			 backend->ops->warning(backend));
	compare(client, backend, what, n, seed);
	backend->ops->close(backend);
	crashvfs_restart(seed); /* nothing is open: the next run begins with its own files */
	return noperations;
}

/* Lets every operation fail in turn, until one run has no such operation. */
static void
run_all(struct client *client, enum crash_fault fault, const char *what)
{
	int n = 1, noperations = 0;
	const char *wanted = getenv("CRASH_SEEDS");
	unsigned nseeds = wanted ? (unsigned)strtoul(wanted, NULL, 10) : NSEEDS;
	do {
		for (unsigned seed = 0; seed < nseeds; seed++)
			noperations = run_with(client, fault, n, what, seed * 1000 + (unsigned)n);
	} while (n++ <= noperations);
	assert_true(n > NGROUPS);
}

static void
what_was_acknowledged_survives_a_power_cut_at_any_operation(void **state)
{
	run_all(*state, CRASH_POWER_CUT, "power cut");
}

static void
a_disk_that_is_full_for_a_moment_loses_and_invents_nothing(void **state)
{
	run_all(*state, CRASH_FULL_ONCE, "disk full once");
}

static void
a_disk_that_stays_full_loses_and_invents_nothing(void **state)
{
	run_all(*state, CRASH_FULL, "disk full");
}

static void
a_write_error_loses_and_invents_nothing(void **state)
{
	run_all(*state, CRASH_WRITE_ERROR, "write error");
}

static void
a_failed_sync_loses_and_invents_nothing(void **state)
{
	run_all(*state, CRASH_SYNC_ERROR_ONCE, "sync error once");
}

static void
syncs_that_fail_for_ever_lose_and_invent_nothing(void **state)
{
	run_all(*state, CRASH_SYNC_ERROR, "sync errors");
}

static void
the_store_heals_when_the_disk_does(void **state)
{
	struct client *client = *state;
	open_keeper(client);
	crashvfs_fail(CRASH_FULL, 1);
	set_group(client, 0);
	assert_int_equal(client->told[0], ERR_UNAVAILABLE);
	assert_int_equal(keeper_state(client->keeper), STORE_DEGRADED);
	crashvfs_heal();
	for (int i = 0; i < 100 && keeper_state(client->keeper) != STORE_OK; i++)
		set_group(client, 1);
	set_group(client, 2);
	assert_int_equal(client->told[2 * PER_GROUP], ERR_NONE);
	close_keeper(client);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(what_was_acknowledged_survives_a_power_cut_at_any_operation),
		TEST(a_disk_that_is_full_for_a_moment_loses_and_invents_nothing),
		TEST(a_disk_that_stays_full_loses_and_invents_nothing),
		TEST(a_write_error_loses_and_invents_nothing),
		TEST(a_failed_sync_loses_and_invents_nothing),
		TEST(syncs_that_fail_for_ever_lose_and_invent_nothing),
		TEST(the_store_heals_when_the_disk_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
