/*
 * The keeper over the in-memory backend: what clients are told when operations and commits fail,
 * compared with what is there afterwards.
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
#include "fake/backend_mem.h"
#include "fake/test_zones.h"
#include "store/keeper.h"

#define NGROUP 3

/* A disk: the database that is opened again and again, and whether that works. */
struct disk {
	struct backend *backend;
	int nfailing_opens;
	int nopens;
	struct keeper *keeper;
	struct intents answered;
};

static struct backend *
open_disk(void *arg, struct err *err)
{
	struct disk *disk = arg;
	disk->nopens++;
	if (disk->nfailing_opens > 0) {
		disk->nfailing_opens--;
		err_set(err, ERR_UNAVAILABLE, "the disk is away");
		return NULL;
	}
	return disk->backend;
}

static int
set_up(void **state)
{
	struct disk *disk = mem_alloc(sizeof(*disk));
	const struct store_opener opener = { open_disk, disk };
	const struct ledger ledger = { .zones = test_zones() };
	struct err err;
	disk->backend = backend_mem_new();
	backend_mem_keep(disk->backend);
	disk->keeper = keeper_open(&ledger, &opener, &err);
	*state = disk;
	return disk->keeper ? 0 : -1;
}

static void
drop_answers(struct disk *disk)
{
	struct intent *intent;
	while ((intent = intents_pop(&disk->answered)))
		intent_free(intent);
}

static int
tear_down(void **state)
{
	struct disk *disk = *state;
	keeper_close(disk->keeper, &disk->answered);
	drop_answers(disk);
	backend_mem_free(disk->backend);
	free(disk);
	return 0;
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

/* Applies one intent; its answer is the first in disk->answered. */
static struct intent *
apply(struct disk *disk, struct intent *intent)
{
	struct intents group = { 0 };
	drop_answers(disk);
	intents_push(&group, intent);
	keeper_apply(disk->keeper, &group, &disk->answered);
	assert_null(group.first);
	assert_int_equal(disk->answered.n, 1);
	return disk->answered.first;
}

/* What the disk has as that queue's concurrency. */
static int
concurrency(struct disk *disk, const char *name)
{
	struct queue queue;
	const struct backend_ops *ops = disk->backend->ops;
	backend_mem_fail_operation(disk->backend, 0);
	assert_int_equal(ops->begin(disk->backend, NULL), BACKEND_OK);
	assert_int_equal(ops->queue_load(disk->backend, name, &queue, NULL), BACKEND_OK);
	ops->rollback(disk->backend);
	return queue.concurrency;
}

static void
a_change_is_answered_when_it_is_committed(void **state)
{
	struct disk *disk = *state;
	assert_int_equal(apply(disk, set_queue("a", 3))->err.code, ERR_NONE);
	assert_int_equal(concurrency(disk, "a"), 3);
	assert_int_equal(keeper_state(disk->keeper), STORE_OK);
}

static void
a_refusal_of_the_ledger_is_no_trouble(void **state)
{
	struct disk *disk = *state;
	struct intent *intent = set_queue("a", 3);
	intent->who.is_operator = false;
	assert_int_equal(apply(disk, intent)->err.code, ERR_DENIED);
	assert_int_equal(keeper_ntroubles(disk->keeper), 0);
}

static void
a_commit_that_did_not_happen_is_a_definite_refusal(void **state)
{
	struct disk *disk = *state;
	backend_mem_fail_commit(disk->backend, 1, MEM_COMMIT_LOST);
	assert_int_equal(apply(disk, set_queue("a", 3))->err.code, ERR_UNAVAILABLE);
	assert_int_equal(concurrency(disk, "a"), QUEUE_CONCURRENCY);
	assert_int_equal(keeper_state(disk->keeper), STORE_DEGRADED);
	assert_int_equal(disk->nopens, 2);
}

static void
a_commit_that_happened_after_all_is_answered_as_such_and_told_as_trouble(void **state)
{
	struct disk *disk = *state;
	backend_mem_fail_commit(disk->backend, 1, MEM_COMMIT_KEPT);
	assert_int_equal(apply(disk, set_queue("a", 3))->err.code, ERR_NONE);
	assert_int_equal(concurrency(disk, "a"), 3);
	assert_int_equal(keeper_state(disk->keeper), STORE_OK);
	assert_int_equal(keeper_ntroubles(disk->keeper), 1);
}

static void
a_commit_whose_fate_cannot_be_looked_up_is_unknown(void **state)
{
	struct disk *disk = *state;
	backend_mem_fail_commit(disk->backend, 1, MEM_COMMIT_KEPT);
	disk->nfailing_opens = 1;
	assert_int_equal(apply(disk, set_queue("a", 3))->err.code, ERR_UNKNOWN_OUTCOME);
	assert_int_equal(keeper_state(disk->keeper), STORE_DEGRADED);
}

/* Lets time pass until the keeper is well; how many times it tried. */
static int
wait_until_well(struct disk *disk)
{
	usec_t elapsed = 0;
	int nopens = disk->nopens;
	for (int i = 0; i < 100 && keeper_state(disk->keeper) != STORE_OK; i++) {
		usec_t wait = keeper_care(disk->keeper, elapsed, elapsed, &disk->answered);
		assert_true(wait >= 0 && wait <= 5 * USEC_PER_SEC);
		elapsed += wait;
	}
	assert_int_equal(keeper_state(disk->keeper), STORE_OK);
	return disk->nopens - nopens;
}

static void
in_trouble_changes_are_refused_at_once_and_questions_are_answered(void **state)
{
	struct disk *disk = *state;
	backend_mem_fail_commit(disk->backend, 1, MEM_COMMIT_LOST);
	apply(disk, set_queue("a", 3));
	assert_int_equal(apply(disk, set_queue("a", 4))->err.code, ERR_UNAVAILABLE);
	assert_int_equal(apply(disk, intent_new(INTENT_STATS, 1))->err.code, ERR_NONE);
	assert_int_equal(concurrency(disk, "a"), QUEUE_CONCURRENCY);
	wait_until_well(disk);
	assert_int_equal(apply(disk, set_queue("a", 5))->err.code, ERR_NONE);
	assert_int_equal(concurrency(disk, "a"), 5);
}

static void
without_a_database_questions_are_refused_too(void **state)
{
	struct disk *disk = *state;
	backend_mem_fail_commit(disk->backend, 1, MEM_COMMIT_LOST);
	disk->nfailing_opens = 4;
	apply(disk, set_queue("a", 3));
	struct intent *answer = apply(disk, intent_new(INTENT_STATS, 1));
	assert_int_equal(answer->err.code, ERR_UNAVAILABLE);
	assert_true(answer->err.text[0] != '\0');
	assert_true(wait_until_well(disk) > 1);
	assert_int_equal(apply(disk, intent_new(INTENT_STATS, 1))->err.code, ERR_NONE);
}

static void
each_trouble_is_counted_once(void **state)
{
	struct disk *disk = *state;
	for (unsigned i = 1; i <= 3; i++) {
		backend_mem_fail_commit(disk->backend, 1, MEM_COMMIT_LOST);
		apply(disk, set_queue("a", 3));
		apply(disk, set_queue("a", 3));
		assert_int_equal(keeper_ntroubles(disk->keeper), i);
		wait_until_well(disk);
	}
}

static void
a_full_disk_gives_its_reserve_for_the_ends_of_runs(void **state)
{
	struct disk *disk = *state;
	struct intents answered = { 0 };
	usec_t elapsed = 0;
	backend_mem_fill(disk->backend, true);
	assert_int_equal(apply(disk, set_queue("a", 3))->err.code, ERR_UNAVAILABLE);
	assert_int_equal(apply(disk, intent_new(INTENT_ENDED, 1))->err.code, ERR_UNAVAILABLE);
	for (int i = 0; i < 5; i++)
		elapsed += keeper_care(disk->keeper, elapsed, elapsed, &answered);
	assert_int_equal(keeper_state(disk->keeper), STORE_DEGRADED);
	assert_non_null(strstr(keeper_detail(disk->keeper), "the disk is full"));
	assert_int_equal(apply(disk, intent_new(INTENT_ENDED, 1))->err.code, ERR_NONE);
	assert_int_equal(apply(disk, set_queue("a", 3))->err.code, ERR_UNAVAILABLE);
	assert_int_equal(concurrency(disk, "a"), QUEUE_CONCURRENCY);
	backend_mem_fill(disk->backend, false);
	wait_until_well(disk);
	assert_int_equal(keeper_ntroubles(disk->keeper), 1);
	assert_int_equal(apply(disk, set_queue("a", 3))->err.code, ERR_NONE);
}

/* Until it is full, with the reserve given up. */
static void
wait_until_low(struct disk *disk)
{
	struct intents answered = { 0 };
	usec_t elapsed = 0;
	for (int i = 0; i < 5 && !strstr(keeper_detail(disk->keeper), "the disk is full"); i++)
		elapsed += keeper_care(disk->keeper, elapsed, elapsed, &answered);
	assert_non_null(strstr(keeper_detail(disk->keeper), "the disk is full"));
}

static void
become_low(struct disk *disk)
{
	backend_mem_fill(disk->backend, true);
	apply(disk, set_queue("a", 3));
	wait_until_low(disk);
}

static void
on_a_full_disk_an_end_that_has_no_room_holds_up_no_other_and_loses_its_output(void **state)
{
	struct disk *disk = *state;
	struct intents group = { 0 };
	become_low(disk);
	intents_push(&group, intent_new(INTENT_ENDED, 1));
	intents_push(&group, intent_new(INTENT_ENDED, 1));
	backend_mem_fail_commit(disk->backend, 1, MEM_COMMIT_LOST);
	drop_answers(disk);
	keeper_apply(disk->keeper, &group, &disk->answered);
	assert_int_equal(disk->answered.n, 1);
	assert_int_equal(disk->answered.first->err.code, ERR_UNAVAILABLE);
	wait_until_low(disk);
	drop_answers(disk);
	keeper_apply(disk->keeper, &group, &disk->answered);
	assert_null(group.first);
	assert_int_equal(disk->answered.first->err.code, ERR_NONE);
	assert_true(disk->answered.first->without_output);
	backend_mem_fill(disk->backend, false);
	wait_until_well(disk);
	assert_false(apply(disk, intent_new(INTENT_ENDED, 1))->without_output);
}

static void
on_a_full_disk_a_backup_is_refused(void **state)
{
	struct disk *disk = *state;
	struct intent *intent = intent_new(INTENT_CHECK, 1);
	intent->who.is_operator = true;
	become_low(disk);
	assert_int_equal(apply(disk, intent)->err.code, ERR_UNAVAILABLE);
}

static void
without_room_for_a_reserve_nothing_is_begun(void **state)
{
	struct disk *disk = *state;
	const struct store_opener opener = { open_disk, disk };
	struct err err;
	keeper_close(disk->keeper, &disk->answered);
	disk->backend->ops->reserve_give_up(disk->backend);
	backend_mem_fill(disk->backend, true);
	disk->keeper = keeper_open(&(const struct ledger){ 0 }, &opener, &err);
	assert_int_equal(keeper_state(disk->keeper), STORE_DEGRADED);
	assert_int_equal(apply(disk, set_queue("a", 3))->err.code, ERR_UNAVAILABLE);
	backend_mem_fill(disk->backend, false);
	wait_until_well(disk);
}

/* A group of three changes; the answers by their order in *codes. */
static void
apply_group(struct disk *disk, enum err_code codes[NGROUP])
{
	static const char *const names[NGROUP] = { "a", "b", "c" };
	struct intents group = { 0 };
	drop_answers(disk);
	for (int i = 0; i < NGROUP; i++)
		intents_push(&group, set_queue(names[i], 7));
	keeper_apply(disk->keeper, &group, &disk->answered);
	assert_int_equal(disk->answered.n, NGROUP);
	const struct intent *intent = disk->answered.first;
	for (int i = 0; i < NGROUP; i++, intent = intent->next) {
		assert_string_equal(intent->queue.name, names[i]);
		codes[i] = intent->err.code;
	}
}

static void
whichever_operation_fails_the_answers_say_what_is_on_the_disk(void **state)
{
	static const char *const names[NGROUP] = { "a", "b", "c" };
	int n = 1;
	(void)state;
	for (;; n++) {
		void *fresh = NULL;
		enum err_code codes[NGROUP];
		assert_int_equal(set_up(&fresh), 0);
		struct disk *disk = fresh;
		backend_mem_fail_operation(disk->backend, n);
		apply_group(disk, codes);
		bool is_through = backend_mem_is_armed(disk->backend);
		for (int i = 0; i < NGROUP; i++) {
			bool is_there = concurrency(disk, names[i]) == 7;
			assert_int_equal(is_there, codes[i] == ERR_NONE);
		}
		wait_until_well(disk);
		tear_down(&fresh);
		if (is_through)
			break;
	}
	assert_true(n > 3 * NGROUP); /* the loop did reach into the group */
}

/* A cancel of a job whose pause has more instants than one transaction may cover. */
static struct intent *
long_cancel(struct disk *disk)
{
	struct job job;
	struct err err;
	job_init(&job);
	strings_add(&job.command, "true", 4);
	assert_int_equal(job_set_schedule(&job, SCHEDULE_EVERY, "1ms", test_zones(), 1, &err), 0);
	job.state = JOB_PAUSED;
	job.paused_at = 1;
	job.next_due = job.next_start_at = USEC_PER_SEC;
	assert_int_equal(disk->backend->ops->begin(disk->backend, &err), BACKEND_OK);
	assert_int_equal(disk->backend->ops->job_insert(disk->backend, &job, &err), BACKEND_OK);
	assert_int_equal(disk->backend->ops->commit(disk->backend, &err), BACKEND_OK);
	struct intent *intent = intent_new(INTENT_JOB_CANCEL, 100 * USEC_PER_SEC);
	intent->who.is_operator = true;
	intent->ref.id = job.id;
	job_fini(&job);
	return intent;
}

static void
what_goes_on_keeps_its_place_and_is_answered_when_it_is_done(void **state)
{
	struct disk *disk = *state;
	struct intents group = { 0 };
	struct intent *intent = long_cancel(disk);
	int ntimes = 0;
	intents_push(&group, set_queue("before", 3));
	intents_push(&group, intent);
	intents_push(&group, set_queue("behind", 3));
	for (; group.first; ntimes++) {
		assert_int_equal(disk->answered.n, ntimes ? 1 : 0);
		keeper_apply(disk->keeper, &group, &disk->answered);
	}
	assert_true(ntimes > 3);
	assert_int_equal(disk->answered.n, 3);
	assert_ptr_equal(disk->answered.first->next, intent);
	assert_int_equal(intent->err.code, ERR_NONE);
}

static void
what_goes_on_is_refused_when_trouble_comes_between(void **state)
{
	struct disk *disk = *state;
	struct intents group = { 0 };
	struct intent *intent = long_cancel(disk);
	intents_push(&group, intent);
	keeper_apply(disk->keeper, &group, &disk->answered);
	assert_ptr_equal(group.first, intent);
	backend_mem_fail_operation(disk->backend, 3);
	keeper_apply(disk->keeper, &group, &disk->answered);
	assert_null(group.first);
	assert_int_equal(intent->err.code, ERR_UNAVAILABLE);
}

static void
a_backup_is_for_operators_and_needs_an_absolute_path(void **state)
{
	struct disk *disk = *state;
	struct intent *intent = intent_new(INTENT_BACKUP, 1);
	intent->path = mem_dup("/nowhere/copy.db");
	assert_int_equal(apply(disk, intent)->err.code, ERR_DENIED);
	intent = intent_new(INTENT_BACKUP, 1);
	intent->who.is_operator = true;
	intent->path = mem_dup("copy.db");
	assert_int_equal(apply(disk, intent)->err.code, ERR_INVALID);
}

static void
a_backup_is_answered_when_it_is_complete(void **state)
{
	struct disk *disk = *state;
	struct intents group = { 0 };
	struct intent *intent = intent_new(INTENT_BACKUP, 1);
	intent->who.is_operator = true;
	intent->path = mem_dup("/nowhere/copy.db");
	intents_push(&group, intent);
	keeper_apply(disk->keeper, &group, &disk->answered);
	assert_int_equal(disk->answered.n, 0);
	while (!disk->answered.first)
		keeper_care(disk->keeper, 1, 1, &disk->answered);
	assert_ptr_equal(disk->answered.first, intent);
	assert_int_equal(intent->err.code, ERR_NONE);
}

/* Else the log of the database would grow for as long as it takes. */
static void
the_house_is_kept_while_a_backup_goes_on(void **state)
{
	struct disk *disk = *state;
	struct intents group = { 0 };
	struct intent *intent = intent_new(INTENT_CHECK, 1);
	intent->who.is_operator = true;
	intents_push(&group, intent);
	keeper_apply(disk->keeper, &group, &disk->answered);
	int before = backend_mem_ntended(disk->backend);
	assert_true(keeper_care(disk->keeper, 1, 1, &disk->answered) <= USEC_PER_MSEC);
	assert_int_equal(disk->answered.n, 0);
	assert_int_equal(backend_mem_ntended(disk->backend), before + 1);
}

static void
a_backup_that_trouble_breaks_off_is_answered(void **state)
{
	struct disk *disk = *state;
	struct intents group = { 0 };
	struct intent *intent = intent_new(INTENT_BACKUP, 1);
	intent->who.is_operator = true;
	intent->path = mem_dup("/nowhere/copy.db");
	intents_push(&group, intent);
	intents_push(&group, set_queue("a", 3));
	backend_mem_fail_commit(disk->backend, 1, MEM_COMMIT_LOST);
	keeper_apply(disk->keeper, &group, &disk->answered);
	assert_int_equal(disk->answered.n, 2);
	assert_ptr_equal(disk->answered.first, intent);
	assert_int_equal(intent->err.code, ERR_UNAVAILABLE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_change_is_answered_when_it_is_committed),
		TEST(a_refusal_of_the_ledger_is_no_trouble),
		TEST(a_commit_that_did_not_happen_is_a_definite_refusal),
		TEST(a_commit_that_happened_after_all_is_answered_as_such_and_told_as_trouble),
		TEST(a_commit_whose_fate_cannot_be_looked_up_is_unknown),
		TEST(in_trouble_changes_are_refused_at_once_and_questions_are_answered),
		TEST(without_a_database_questions_are_refused_too),
		TEST(each_trouble_is_counted_once),
		TEST(a_full_disk_gives_its_reserve_for_the_ends_of_runs),
		TEST(without_room_for_a_reserve_nothing_is_begun),
		TEST(on_a_full_disk_an_end_that_has_no_room_holds_up_no_other_and_loses_its_output),
		TEST(on_a_full_disk_a_backup_is_refused),
		cmocka_unit_test(whichever_operation_fails_the_answers_say_what_is_on_the_disk),
		TEST(what_goes_on_keeps_its_place_and_is_answered_when_it_is_done),
		TEST(what_goes_on_is_refused_when_trouble_comes_between),
		TEST(a_backup_is_for_operators_and_needs_an_absolute_path),
		TEST(a_backup_is_answered_when_it_is_complete),
		TEST(the_house_is_kept_while_a_backup_goes_on),
		TEST(a_backup_that_trouble_breaks_off_is_answered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
