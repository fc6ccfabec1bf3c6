/*
 * Groups of intents under the keeper: what becomes of the others when one of them fails or goes on.
 */
#include "unit/keeper_kit.h"

#include "base/alloc.h"
#include "fake/test_zones.h"

#define NGROUP 3

static const char *const names[NGROUP] = { "a", "b", "c" };

static struct intent *
add_job(const char *name)
{
	static const char *const of_job[][2] = { { "schedule", "every 1h" }, { "shell", "true" } };
	struct intent *intent = intent_new(INTENT_JOB_ADD, 1);
	intent->job = mem_alloc(sizeof(*intent->job));
	job_init(intent->job);
	intent->job->name = mem_dup(name);
	intent->changes = mem_array(2, sizeof(*intent->changes));
	for (int i = 0; i < 2; i++) {
		struct change *change = &intent->changes[intent->nchanges++];
		change->kind = SCHEDULE_ANY;
		change->field = field_find(of_job[i][0], strlen(of_job[i][0]));
		change->text = mem_dup(of_job[i][1]);
		change->len = strlen(change->text);
	}
	return intent;
}

static struct intent *
set_queue_to_7(const char *name)
{
	return set_queue(name, 7);
}

/* What makes one of a group, and whether it is on the disk. */
struct sort {
	struct intent *(*make)(const char *name);
	bool (*is_there)(struct disk *disk, const char *name);
};

static bool
is_set(struct disk *disk, const char *name)
{
	return disk_concurrency(disk, name) == 7;
}

static bool
is_added(struct disk *disk, const char *name)
{
	const struct backend_ops *ops = disk->backend->ops;
	int64_t id;
	backend_mem_fail_operation(disk->backend, 0);
	assert_int_equal(ops->begin(disk->backend, NULL), BACKEND_OK);
	enum backend_result found = ops->job_find(disk->backend, 0, name, &id, NULL);
	ops->rollback(disk->backend);
	return found == BACKEND_OK;
}

static const struct sort changed_queue = { set_queue_to_7, is_set };
static const struct sort new_job = { add_job, is_added };

/* The n-th operation of a group of changes fails; the answers by their order in *codes. */
static void
apply_group(struct disk *disk, const struct sort *const sorts[NGROUP], int n,
	    enum err_code codes[NGROUP])
{
	struct intents group = { 0 };
	disk_drop_answers(disk);
	for (int i = 0; i < NGROUP; i++)
		intents_push(&group, sorts[i]->make(names[i]));
	backend_mem_fail_operation(disk->backend, n);
	keeper_apply(disk->keeper, &group, &disk->answered);
	assert_int_equal(disk->answered.n, NGROUP);
	const struct intent *intent = disk->answered.first;
	for (int i = 0; i < NGROUP; i++, intent = intent->next)
		codes[i] = intent->err.code;
}

static void
whichever_operation_fails_the_answers_say_what_is_on_the_disk(void **state)
{
	const struct sort *const sorts[NGROUP] = { &changed_queue, &new_job, &changed_queue };
	int n = 1;
	(void)state;
	for (;; n++) {
		void *fresh = NULL;
		enum err_code codes[NGROUP];
		assert_int_equal(disk_set_up(&fresh), 0);
		struct disk *disk = fresh;
		apply_group(disk, sorts, n, codes);
		bool is_through = backend_mem_is_armed(disk->backend);
		for (int i = 0; i < NGROUP; i++)
			assert_int_equal(sorts[i]->is_there(disk, names[i]), codes[i] == ERR_NONE);
		disk_wait_until_well(disk);
		disk_tear_down(&fresh);
		if (is_through)
			break;
	}
	assert_true(n > 3 * NGROUP); /* the loop did reach into the group */
}

static void
of_what_comes_in_crowds_only_the_first_failure_takes_its_group_along(void **state)
{
	struct disk *disk = *state;
	const struct sort *const sorts[NGROUP] = { &new_job, &new_job, &new_job };
	enum err_code codes[NGROUP];
	apply_group(disk, sorts, 3, codes); /* 1 begins, 2 is of the first job */
	for (int i = 0; i < NGROUP; i++) {
		assert_int_equal(codes[i], ERR_UNAVAILABLE);
		assert_false(is_added(disk, names[i]));
	}
	disk_wait_until_well(disk);
	apply_group(disk, sorts, 4, codes); /* and now there is a savepoint */
	for (int i = 0; i < NGROUP; i++) {
		assert_int_equal(codes[i], i == 0 ? ERR_UNAVAILABLE : ERR_NONE);
		assert_int_equal(is_added(disk, names[i]), i > 0);
	}
	assert_int_equal(keeper_state(disk->keeper), STORE_OK);
}

static bool
only_the_first_fails(struct disk *disk, const struct sort *sort, int n)
{
	const struct sort *const sorts[NGROUP] = { sort, sort, sort };
	enum err_code codes[NGROUP];
	apply_group(disk, sorts, n, codes);
	assert_int_equal(codes[0], ERR_UNAVAILABLE);
	assert_int_equal(codes[1], codes[2]);
	return codes[1] != ERR_UNAVAILABLE; /* done, or the name is taken */
}

static void
care_is_taken_until_it_was_well_for_long(void **state)
{
	struct disk *disk = *state;
	assert_false(only_the_first_fails(disk, &new_job, 3));
	disk_wait_until_well(disk);
	keeper_care(disk->keeper, 0, USEC_PER_MIN, &disk->answered);
	keeper_care(disk->keeper, 0, USEC_PER_HOUR, &disk->answered);
	assert_true(only_the_first_fails(disk, &new_job, 4));
	keeper_care(disk->keeper, 0, 2 * USEC_PER_HOUR, &disk->answered);
	keeper_care(disk->keeper, 0, 3 * USEC_PER_HOUR - 1, &disk->answered);
	assert_true(only_the_first_fails(disk, &new_job, 4));
	keeper_care(disk->keeper, 0, 4 * USEC_PER_HOUR, &disk->answered);
	keeper_care(disk->keeper, 0, 5 * USEC_PER_HOUR, &disk->answered);
	assert_false(only_the_first_fails(disk, &new_job, 3));
}

static void
what_is_always_apart_does_not_make_it_careful(void **state)
{
	struct disk *disk = *state;
	assert_true(only_the_first_fails(disk, &changed_queue, 3));
	assert_false(only_the_first_fails(disk, &new_job, 3));
}

#define NSPANS 1400

/* What a clock that was set back leaves: rows between which there is too little to be counted. */
static void
add_spans(struct disk *disk, const struct job *job)
{
	struct err err;
	for (int i = 0; i < NSPANS; i++) {
		usec_t due = job->next_due + (1 + 100 * i) * USEC_PER_MSEC;
		struct run run = { .job_id = job->id,
				   .due = due,
				   .last_due = due + 40 * USEC_PER_MSEC,
				   .count = 41,
				   .trigger = TRIGGER_SCHEDULE,
				   .state = RUN_SKIPPED,
				   .reason = REASON_OVERLAP };
		assert_int_equal(disk->backend->ops->run_insert(disk->backend, &run, &err),
				 BACKEND_OK);
	}
}

/* A cancel of a job whose pause has more between its rows than one transaction may cover. */
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
	job.covered_until = 200 * USEC_PER_SEC;
	assert_int_equal(disk->backend->ops->begin(disk->backend, &err), BACKEND_OK);
	assert_int_equal(disk->backend->ops->job_insert(disk->backend, &job, &err), BACKEND_OK);
	add_spans(disk, &job);
	assert_int_equal(disk->backend->ops->commit(disk->backend, &err), BACKEND_OK);
	struct intent *intent = intent_new(INTENT_JOB_CANCEL, 200 * USEC_PER_SEC);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, disk_set_up, disk_tear_down)
		cmocka_unit_test(whichever_operation_fails_the_answers_say_what_is_on_the_disk),
		TEST(of_what_comes_in_crowds_only_the_first_failure_takes_its_group_along),
		TEST(care_is_taken_until_it_was_well_for_long),
		TEST(what_is_always_apart_does_not_make_it_careful),
		TEST(what_goes_on_keeps_its_place_and_is_answered_when_it_is_done),
		TEST(what_goes_on_is_refused_when_trouble_comes_between),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
