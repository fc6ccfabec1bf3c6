/*
 * A job whose definition cannot be read: its runs end, it can be removed, and the others go on. A
 * run whose record cannot be believed is as one of such a job, and no job is changed by it.
 */
#include "unit/ledger_kit.h"

#include <string.h>

#include "store/backend.h"

static const char *const at_most_an_hour_late[] = { "schedule",       "every 10s", "queue", "one",
						    "start-deadline", "1h",        NULL };

static void
damage(struct kit *kit, int64_t id)
{
	struct backend *db = kit->ledger.backend;
	struct err err;
	struct job job;
	assert_int_equal(db->ops->begin(db, &err), BACKEND_OK);
	assert_int_equal(db->ops->job_load(db, id, &job, &err), BACKEND_OK);
	job.is_damaged = true;
	assert_int_equal(db->ops->job_update(db, &job, &err), BACKEND_OK);
	assert_int_equal(db->ops->commit(db, &err), BACKEND_OK);
	job_fini(&job);
}

static struct run
damaged_and_running(struct kit *kit)
{
	int64_t id = kit_add(kit, kit_every_ten);
	assert_int_equal(kit_claim_at(kit, 10), 1);
	damage(kit, id);
	return kit_newest(kit, id);
}

static void
recovery_gets_its_running_run_and_those_of_others(void **state)
{
	struct kit *kit = *state;
	struct run run = damaged_and_running(kit);
	kit_add(kit, kit_every_ten);
	kit_claim_at(kit, 20);
	struct intent *intent = kit_apply(kit, kit_ask(kit, INTENT_UNFINISHED));
	assert_int_equal(intent->err.code, ERR_NONE);
	assert_int_equal(intent->work.nstarts, 2);
	assert_int_equal(intent->work.starts[0].run.id, run.id);
	assert_true(intent->work.starts[0].job.is_damaged);
	assert_int_equal(intent->work.starts[0].job.owner, 1000);
	assert_false(intent->work.starts[1].job.is_damaged);
	intent_free(intent);
}

static void
the_end_of_its_run_is_on_record(void **state)
{
	struct kit *kit = *state;
	struct run run = damaged_and_running(kit);
	kit_end_run(kit, &run, 3);
	run = kit_newest(kit, run.job_id);
	assert_int_equal(run.state, RUN_FAILED);
	assert_int_equal(run.reason, REASON_EXIT);
	assert_int_equal(kit_claim_at(kit, 20), 0);
}

static void
its_run_that_waits_beyond_its_deadline_is_missed_and_no_claim_comes_for_it_again(void **state)
{
	struct kit *kit = *state;
	kit_set_queue(kit, 1, true);
	int64_t id = kit_add(kit, at_most_an_hour_late);
	kit_claim_at(kit, 10);
	damage(kit, id);
	struct intent *intent = kit_ask(kit, INTENT_CLAIM);
	intent->now = intent->until = T0 + 4000 * SEC;
	kit_apply(kit, intent);
	assert_int_equal(kit_newest(kit, id).state, RUN_MISSED);
	assert_true(intent->work.wake_at > intent->now);
	intent_free(intent);
}

static void
it_can_be_cancelled_and_its_waiting_run_ends(void **state)
{
	struct kit *kit = *state;
	struct err err;
	struct job job;
	struct backend *db = kit->ledger.backend;
	kit_set_queue(kit, 1, true);
	int64_t id = kit_add(kit, at_most_an_hour_late);
	kit_claim_at(kit, 10);
	damage(kit, id);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_CANCEL, id), ERR_NONE);
	assert_int_equal(kit_newest(kit, id).state, RUN_CANCELLED);
	assert_int_equal(db->ops->job_load_rest(db, id, &job, &err), BACKEND_OK);
	assert_int_equal(job.state, JOB_CANCELLED);
	job_fini(&job);
}

/* The only run that there is. */
static void
damage_run(struct kit *kit, struct run *run)
{
	struct backend *db = kit->ledger.backend;
	struct err err;
	run->is_damaged = true;
	assert_int_equal(db->ops->begin(db, &err), BACKEND_OK);
	assert_int_equal(db->ops->run_update(db, run, run->state, run->attempt, &err), BACKEND_OK);
	assert_int_equal(db->ops->commit(db, &err), BACKEND_OK);
}

static void
a_waiting_run_that_cannot_be_believed_is_refused_and_its_job_goes_on(void **state)
{
	struct kit *kit = *state;
	kit_set_queue(kit, 1, true);
	int64_t id = kit_add(kit, at_most_an_hour_late);
	kit_claim_at(kit, 10);
	struct run run = kit_newest(kit, id);
	damage_run(kit, &run);
	kit_set_queue(kit, 1, false);
	assert_int_equal(kit_claim_at(kit, 11), 0);
	run = kit_newest(kit, id);
	assert_int_equal(run.state, RUN_FAILED);
	assert_int_equal(run.reason, REASON_REFUSED);
	assert_int_equal(kit_claim_at(kit, 20), 1);
}

static void
a_running_run_that_cannot_be_believed_is_not_tried_again(void **state)
{
	static const char *const tried_again[] = { "schedule", "every 10s", "retries", "3", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, tried_again);
	kit_claim_at(kit, 10);
	struct run run = kit_newest(kit, id);
	damage_run(kit, &run);
	kit_end_run(kit, &run, 3);
	assert_int_equal(kit_newest(kit, id).state, RUN_FAILED);
}

/* A run of it that is running. */
static struct run
run_of_a_boot(struct kit *kit, int64_t id)
{
	struct intent *boot = kit_ask(kit, INTENT_BOOT);
	boot->at = kit->now;
	kit_apply(kit, boot);
	intent_free(boot);
	assert_int_equal(kit_claim_at(kit, 1), 1);
	return kit_newest(kit, id);
}

static void
assert_untouched(struct kit *kit, int64_t id, const struct job *before)
{
	struct job job = kit_job_of(kit, id);
	assert_int_equal(job.state, before->state);
	assert_int_equal(job.nruns, before->nruns);
	assert_int_equal(job.nfailed, before->nfailed);
	assert_true(job.covered_until == before->covered_until);
	assert_true(job.created_at == before->created_at);
	job_fini(&job);
}

static void
the_end_of_a_run_that_cannot_be_believed_leaves_its_job_alone(void **state)
{
	static const char *const boots[] = { "schedule", "@reboot", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, boots);
	struct run run = run_of_a_boot(kit, id);
	struct job before = kit_job_of(kit, id);
	assert_int_equal(before.state, JOB_ACTIVE);
	assert_int_equal(before.nruns, 1);
	damage_run(kit, &run);
	kit_end_run(kit, &run, 0);
	assert_int_equal(kit_newest(kit, id).state, RUN_SUCCEEDED);
	assert_untouched(kit, id, &before);
	job_fini(&before);
}

/* As if a running run had become one of that job. */
static void
add_damaged_run_of(struct kit *kit, struct run *run)
{
	struct backend *db = kit->ledger.backend;
	struct err err;
	run->due = ++run->last_due;
	run->state = RUN_RUNNING;
	run->is_damaged = true;
	assert_int_equal(db->ops->begin(db, &err), BACKEND_OK);
	assert_int_equal(db->ops->run_insert(db, run, &err), BACKEND_OK);
	assert_int_equal(db->ops->commit(db, &err), BACKEND_OK);
}

/* What is damaged may be whose run it is. */
static void
the_end_of_a_run_that_names_another_job_leaves_that_alone(void **state)
{
	static const char *const boots[] = { "schedule", "@reboot", NULL };
	struct kit *kit = *state;
	int64_t other = kit_add(kit, boots);
	struct run run = run_of_a_boot(kit, other);
	kit_end_run(kit, &run, 0);
	struct job before = kit_job_of(kit, other);
	add_damaged_run_of(kit, &run);
	kit_end_run(kit, &run, 0);
	assert_int_equal(kit_newest(kit, other).state, RUN_SUCCEEDED);
	assert_untouched(kit, other, &before);
	job_fini(&before);
}

static void
the_end_of_its_run_does_not_finish_a_job_that_cannot_be_read(void **state)
{
	static const char *const boots[] = { "schedule", "@reboot", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, boots);
	struct run run = run_of_a_boot(kit, id);
	damage(kit, id);
	kit_end_run(kit, &run, 0);
	assert_int_equal(kit_state_of(kit, id), JOB_ACTIVE);
}

static struct intent *
add_with_key(struct kit *kit)
{
	struct intent *intent = kit_adding(kit, kit_every_ten);
	strcpy(intent->key, "k1");
	intent->key_hash = 7;
	return kit_apply(kit, intent);
}

static void
change_row(struct kit *kit, void (*change)(struct request_row *row, size_t arg), size_t arg)
{
	struct backend *db = kit->ledger.backend;
	struct request_row row = { 0 };
	struct err err;
	int64_t n;
	assert_int_equal(db->ops->begin(db, &err), BACKEND_OK);
	assert_int_equal(db->ops->request_load(db, 1000, "k1", &row, &err), BACKEND_OK);
	assert_int_equal(db->ops->requests_forget(db, row.at + 1, 1, &n, &err), BACKEND_OK);
	change(&row, arg);
	assert_int_equal(db->ops->request_save(db, &row, &err), BACKEND_OK);
	assert_int_equal(db->ops->commit(db, &err), BACKEND_OK);
}

static void
flip_bit(struct request_row *row, size_t offset)
{
	((char *)row)[offset] ^= 8;
}

/* Bit 3 of that field of the stored answer flips. */
static void
flip(struct kit *kit, size_t offset)
{
	change_row(kit, flip_bit, offset);
}

static void
set_hash(struct request_row *row, size_t hash)
{
	row->hash = hash;
}

static void
a_request_that_an_older_daemon_answered_is_known_again(void **state)
{
	struct kit *kit = *state;
	struct intent *first = add_with_key(kit);
	change_row(kit, set_hash, first->key_hash);
	struct intent *again = add_with_key(kit);
	assert_int_equal(again->err.code, ERR_NONE);
	assert_int_equal(again->job_id, first->job_id);
	intent_free(again);
	intent_free(first);
}

static void
a_damaged_record_of_a_request_gives_no_answer_and_nothing_twice(void **state)
{
	static const size_t offsets[] = {
		offsetof(struct request_row, hash),     offsetof(struct request_row, at),
		offsetof(struct request_row, job_id),   offsetof(struct request_row, run_id),
		offsetof(struct request_row, next_due),
	};
	struct kit *kit = *state;
	struct intent *first = add_with_key(kit);
	assert_int_equal(first->err.code, ERR_NONE);
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		flip(kit, offsets[i]);
		struct intent *again = add_with_key(kit);
		assert_int_equal(again->err.code, ERR_INVALID);
		assert_int_equal(again->job_id, 0);
		intent_free(again);
		flip(kit, offsets[i]);
	}
	struct intent *again = add_with_key(kit);
	assert_int_equal(again->job_id, first->job_id);
	intent_free(again);
	intent_free(first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KIT(recovery_gets_its_running_run_and_those_of_others),
		WITH_KIT(the_end_of_its_run_is_on_record),
		WITH_KIT(
			its_run_that_waits_beyond_its_deadline_is_missed_and_no_claim_comes_for_it_again),
		WITH_KIT(it_can_be_cancelled_and_its_waiting_run_ends),
		WITH_KIT(a_waiting_run_that_cannot_be_believed_is_refused_and_its_job_goes_on),
		WITH_KIT(a_running_run_that_cannot_be_believed_is_not_tried_again),
		WITH_KIT(the_end_of_a_run_that_cannot_be_believed_leaves_its_job_alone),
		WITH_KIT(the_end_of_a_run_that_names_another_job_leaves_that_alone),
		WITH_KIT(the_end_of_its_run_does_not_finish_a_job_that_cannot_be_read),
		WITH_KIT(a_request_that_an_older_daemon_answered_is_known_again),
		WITH_KIT(a_damaged_record_of_a_request_gives_no_answer_and_nothing_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
