/*
 * The keeper over the in-memory backend: what clients are told when operations and commits fail,
 * compared with what is there afterwards.
 */
#include "unit/keeper_kit.h"

#include "base/alloc.h"

/* Applies one intent; its answer is the first in disk->answered. */
static struct intent *
apply(struct disk *disk, struct intent *intent)
{
	struct intents group = { 0 };
	disk_drop_answers(disk);
	intents_push(&group, intent);
	keeper_apply(disk->keeper, &group, &disk->answered);
	assert_null(group.first);
	assert_int_equal(disk->answered.n, 1);
	return disk->answered.first;
}

static void
a_change_is_answered_when_it_is_committed(void **state)
{
	struct disk *disk = *state;
	assert_int_equal(apply(disk, set_queue("a", 3))->err.code, ERR_NONE);
	assert_int_equal(disk_concurrency(disk, "a"), 3);
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
	assert_int_equal(disk_concurrency(disk, "a"), QUEUE_CONCURRENCY);
	assert_int_equal(keeper_state(disk->keeper), STORE_DEGRADED);
	assert_int_equal(disk->nopens, 2);
}

static void
a_commit_that_happened_after_all_is_answered_as_such_and_told_as_trouble(void **state)
{
	struct disk *disk = *state;
	backend_mem_fail_commit(disk->backend, 1, MEM_COMMIT_KEPT);
	assert_int_equal(apply(disk, set_queue("a", 3))->err.code, ERR_NONE);
	assert_int_equal(disk_concurrency(disk, "a"), 3);
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

/* In its place stands a database with two commits more than it had. */
static void
a_commit_is_not_taken_for_one_that_another_database_has(void **state)
{
	struct disk *disk = *state;
	struct backend *first = disk->backend;
	struct backend *other = backend_mem_new();
	struct err err;
	backend_mem_keep(other);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(other->ops->begin(other, &err), BACKEND_OK);
		assert_int_equal(other->ops->meta_save(other, "a", "1", &err), BACKEND_OK);
		assert_int_equal(other->ops->commit(other, &err), BACKEND_OK);
	}
	assert_int_equal(other->ops->ncommits(other), first->ops->ncommits(first) + 2);
	backend_mem_fail_commit(first, 1, MEM_COMMIT_LOST);
	disk->backend = other;
	assert_int_equal(apply(disk, set_queue("a", 3))->err.code, ERR_UNKNOWN_OUTCOME);
	assert_int_equal(keeper_state(disk->keeper), STORE_DEGRADED);
	backend_mem_free(first);
}

static void
in_trouble_changes_are_refused_at_once_and_questions_are_answered(void **state)
{
	struct disk *disk = *state;
	backend_mem_fail_commit(disk->backend, 1, MEM_COMMIT_LOST);
	apply(disk, set_queue("a", 3));
	assert_int_equal(apply(disk, set_queue("a", 4))->err.code, ERR_UNAVAILABLE);
	assert_int_equal(apply(disk, intent_new(INTENT_STATS, 1))->err.code, ERR_NONE);
	assert_int_equal(disk_concurrency(disk, "a"), QUEUE_CONCURRENCY);
	disk_wait_until_well(disk);
	assert_int_equal(apply(disk, set_queue("a", 5))->err.code, ERR_NONE);
	assert_int_equal(disk_concurrency(disk, "a"), 5);
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
	assert_true(disk_wait_until_well(disk) > 1);
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
		disk_wait_until_well(disk);
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
	assert_int_equal(disk_concurrency(disk, "a"), QUEUE_CONCURRENCY);
	backend_mem_fill(disk->backend, false);
	disk_wait_until_well(disk);
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
	disk_drop_answers(disk);
	keeper_apply(disk->keeper, &group, &disk->answered);
	assert_int_equal(disk->answered.n, 1);
	assert_int_equal(disk->answered.first->err.code, ERR_UNAVAILABLE);
	wait_until_low(disk);
	disk_drop_answers(disk);
	keeper_apply(disk->keeper, &group, &disk->answered);
	assert_null(group.first);
	assert_int_equal(disk->answered.first->err.code, ERR_NONE);
	assert_true(disk->answered.first->without_output);
	backend_mem_fill(disk->backend, false);
	disk_wait_until_well(disk);
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
	const struct store_opener opener = { disk_open, disk };
	struct err err;
	keeper_close(disk->keeper, &disk->answered);
	disk->backend->ops->reserve_give_up(disk->backend);
	backend_mem_fill(disk->backend, true);
	disk->keeper = keeper_open(&(const struct ledger){ 0 }, &opener, &err);
	assert_int_equal(keeper_state(disk->keeper), STORE_DEGRADED);
	assert_int_equal(apply(disk, set_queue("a", 3))->err.code, ERR_UNAVAILABLE);
	backend_mem_fill(disk->backend, false);
	disk_wait_until_well(disk);
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, disk_set_up, disk_tear_down)
		TEST(a_change_is_answered_when_it_is_committed),
		TEST(a_refusal_of_the_ledger_is_no_trouble),
		TEST(a_commit_that_did_not_happen_is_a_definite_refusal),
		TEST(a_commit_that_happened_after_all_is_answered_as_such_and_told_as_trouble),
		TEST(a_commit_whose_fate_cannot_be_looked_up_is_unknown),
		TEST(a_commit_is_not_taken_for_one_that_another_database_has),
		TEST(in_trouble_changes_are_refused_at_once_and_questions_are_answered),
		TEST(without_a_database_questions_are_refused_too),
		TEST(each_trouble_is_counted_once),
		TEST(a_full_disk_gives_its_reserve_for_the_ends_of_runs),
		TEST(without_room_for_a_reserve_nothing_is_begun),
		TEST(on_a_full_disk_an_end_that_has_no_room_holds_up_no_other_and_loses_its_output),
		TEST(on_a_full_disk_a_backup_is_refused),
		TEST(a_backup_is_for_operators_and_needs_an_absolute_path),
		TEST(a_backup_is_answered_when_it_is_complete),
		TEST(the_house_is_kept_while_a_backup_goes_on),
		TEST(a_backup_that_trouble_breaks_off_is_answered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
