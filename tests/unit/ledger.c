/* What intents do to the rows, over the backend in memory. */
#include "unit/ledger_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void
the_same_key_again_gives_the_same_answer(void **state)
{
	struct kit *kit = *state;
	struct intent *first = kit_adding(kit, kit_every_ten), *again = kit_adding(kit, kit_every_ten);
	strcpy(first->key, "k1");
	strcpy(again->key, "k1");
	first->key_hash = again->key_hash = 7;
	kit_apply(kit, first);
	kit->now += SEC;
	kit_apply(kit, again);
	assert_int_equal(again->err.code, ERR_NONE);
	assert_int_equal(again->job_id, first->job_id);
	assert_true(again->next_due == first->next_due);
	intent_free(first);
	intent_free(again);

	struct intent *other = kit_adding(kit, NULL);
	strcpy(other->key, "k1");
	other->key_hash = 8;
	kit_apply(kit, other);
	assert_int_equal(other->err.code, ERR_INVALID);
	assert_string_equal(other->err.field, "key");
	intent_free(other);
}

static void
a_key_belongs_to_its_user(void **state)
{
	struct kit *kit = *state;
	struct intent *mine = kit_adding(kit, kit_every_ten), *yours = kit_adding(kit, kit_every_ten);
	strcpy(mine->key, "k");
	strcpy(yours->key, "k");
	yours->who.uid = yours->job->owner = 1001;
	kit_apply(kit, mine);
	kit_apply(kit, yours);
	assert_int_equal(yours->err.code, ERR_NONE);
	assert_int_not_equal(yours->job_id, mine->job_id);
	intent_free(mine);
	intent_free(yours);
}

static enum err_code
pause_with_key(struct kit *kit, int64_t id, uid_t uid, int number)
{
	struct intent *intent = kit_ask(kit, number % 2 ? INTENT_JOB_RESUME : INTENT_JOB_PAUSE);
	intent->ref.id = id;
	intent->who.uid = uid;
	intent->who.is_operator = true;
	snprintf(intent->key, sizeof(intent->key), "k%d", number);
	kit_apply(kit, intent);
	enum err_code code = intent->err.code;
	intent_free(intent);
	return code;
}

static void
a_user_has_only_so_many_keys(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	struct backend *db = kit->ledger.backend;
	struct err err;
	struct request_row row = { .uid = 1000, .at = kit->now };
	assert_int_equal(db->ops->begin(db, &err), BACKEND_OK);
	for (int i = 0; i < 9999; i++) {
		snprintf(row.key, sizeof(row.key), "earlier%d", i);
		assert_int_equal(db->ops->request_save(db, &row, &err), BACKEND_OK);
	}
	assert_int_equal(db->ops->commit(db, &err), BACKEND_OK);
	assert_int_equal(pause_with_key(kit, id, 1000, 9999), ERR_NONE);
	assert_int_equal(pause_with_key(kit, id, 1000, 10000), ERR_BUSY);
	assert_int_equal(pause_with_key(kit, id, 1000, 9999), ERR_NONE); /* as it was answered */
	assert_int_equal(pause_with_key(kit, id, 1001, 10000), ERR_NONE);
}

/* A request with the key "k", which it shares with others of another hash. */
static enum err_code
ask_with_hash(struct kit *kit, int64_t id, uint64_t hash)
{
	struct intent *prune = kit_ask(kit, INTENT_PRUNE), *intent = kit_ask(kit, INTENT_JOB_PAUSE);
	prune->at = kit->now;
	kit_apply(kit, prune);
	intent_free(prune);
	intent->ref.id = id;
	snprintf(intent->key, sizeof(intent->key), "k");
	intent->key_hash = hash;
	kit_apply(kit, intent);
	enum err_code code = intent->err.code;
	intent_free(intent);
	return code;
}

static void
a_key_is_remembered_for_a_day(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	assert_int_equal(ask_with_hash(kit, id, 1), ERR_NONE);
	kit->now = T0 + USEC_PER_DAY - SEC;
	assert_int_equal(ask_with_hash(kit, id, 2), ERR_INVALID);
	kit->now = T0 + USEC_PER_DAY + SEC;
	assert_int_equal(ask_with_hash(kit, id, 2), ERR_NONE);
}

static void
a_name_is_taken_until_its_job_is_over(void **state)
{
	static const char *const named[] = { "schedule", "every 10s", "name", "tick", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, named);
	struct intent *second = kit_apply(kit, kit_adding(kit, named));
	assert_int_equal(second->err.code, ERR_EXISTS);
	assert_string_equal(second->err.field, "name");
	intent_free(second);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_CANCEL, id), ERR_NONE);
	assert_true(kit_add(kit, named) != id);
}

static void
nobody_sees_that_another_users_job_exists(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	static const enum intent_kind kinds[] = { INTENT_JOB_GET,    INTENT_JOB_SET,
		                                  INTENT_JOB_CANCEL, INTENT_JOB_PAUSE,
		                                  INTENT_JOB_RESUME, INTENT_JOB_RUN,
		                                  INTENT_WHY };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct intent *theirs = kit_ask(kit, kinds[i]), *missing = kit_ask(kit, kinds[i]);
		char expected[64];
		theirs->who.uid = missing->who.uid = 1001;
		theirs->ref.id = id;
		missing->ref.id = 99;
		kit_apply(kit, theirs);
		kit_apply(kit, missing);
		assert_int_equal(theirs->err.code, ERR_NOT_FOUND);
		assert_int_equal(missing->err.code, ERR_NOT_FOUND);
		snprintf(expected, sizeof(expected), "no job %lld", (long long)id);
		assert_string_equal(theirs->err.text, expected);
		intent_free(theirs);
		intent_free(missing);
	}
}

static void
a_manual_start_passes_the_same_gate_and_leaves_no_row_when_refused(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_RUN, id), ERR_NONE);
	struct run first = kit_newest(kit, id);
	assert_int_equal(first.trigger, TRIGGER_MANUAL);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_RUN, id), ERR_BUSY);
	assert_int_equal(kit_newest(kit, id).id, first.id);
	struct intent *forced = kit_ask(kit, INTENT_JOB_RUN);
	forced->ref.id = id;
	forced->is_forced = true;
	kit_apply(kit, forced);
	assert_int_equal(forced->err.code, ERR_NONE);
	assert_int_equal(forced->work.nstarts, 1);
	intent_free(forced);
	assert_true(kit_newest(kit, id).is_forced);
}

static void
a_run_keeps_its_terminal_over_retries(void **state)
{
	static const char *const stubborn[] = { "schedule", "every 1h", "retries", "1", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, stubborn);
	struct intent *run = kit_ask(kit, INTENT_JOB_RUN);
	run->ref.id = id;
	run->tty = 8;
	kit_apply(kit, run);
	assert_int_equal(run->err.code, ERR_NONE);
	assert_int_equal(run->work.nstarts, 1);
	assert_int_equal(run->work.starts[0].run.tty, 8);
	kit_end_run(kit, &run->work.starts[0].run, 1);
	intent_free(run);
	assert_int_equal(kit_claim_at(kit, 60), 1);
	assert_int_equal(kit_newest(kit, id).attempt, 2);
	assert_int_equal(kit_newest(kit, id).tty, 8);
}

static void
failures_in_a_row_pause_the_job(void **state)
{
	static const char *const fragile[] = { "schedule", "every 10s", "pause-after", "2", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, fragile);
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(kit_state_of(kit, id), JOB_ACTIVE);
		assert_int_equal(kit_claim_at(kit, 10 * i), 1);
		struct run run = kit_newest(kit, id);
		kit_end_run(kit, &run, 1);
	}
	assert_int_equal(kit_state_of(kit, id), JOB_PAUSED);
	assert_int_equal(kit_claim_at(kit, 30), 0);
}

static void
a_success_ends_the_row_of_failures(void **state)
{
	static const char *const fragile[] = { "schedule", "every 10s", "pause-after", "2", NULL };
	static const int codes[] = { 1, 0, 1 };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, fragile);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(kit_claim_at(kit, 10 * (i + 1)), 1);
		struct run run = kit_newest(kit, id);
		kit_end_run(kit, &run, codes[i]);
	}
	assert_int_equal(kit_state_of(kit, id), JOB_ACTIVE);
}

static void
max_runs_finish_the_job(void **state)
{
	static const char *const twice[] = { "schedule", "every 10s", "max-runs", "2", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, twice);
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(kit_claim_at(kit, 10 * i), 1);
		struct run run = kit_newest(kit, id);
		kit_end_run(kit, &run, 0);
	}
	assert_int_equal(kit_claim_at(kit, 30), 0);
	assert_int_equal(kit_state_of(kit, id), JOB_FINISHED);
}

static void
a_retry_waits_its_time_and_is_the_same_run(void **state)
{
	static const char *const stubborn[] = { "retries", "1", "retry-delay", "10s", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, stubborn);
	assert_int_equal(kit_claim_at(kit, 0), 1);
	struct run run = kit_newest(kit, id);
	kit_end_run(kit, &run, 1);
	struct run waiting = kit_newest(kit, id);
	assert_int_equal(waiting.id, run.id);
	assert_int_equal(waiting.state, RUN_WAITING);
	assert_int_equal(kit_claim_at(kit, 7), 0);
	assert_int_equal(kit_claim_at(kit, 13), 1);
	struct run second = kit_newest(kit, id);
	assert_int_equal(second.attempt, 2);
	kit_end_run(kit, &second, 1);
	assert_int_equal(kit_newest(kit, id).state, RUN_FAILED);
	assert_int_equal(kit_state_of(kit, id), JOB_FINISHED);
}

static void
an_end_that_is_told_twice_counts_once(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, NULL);
	assert_int_equal(kit_claim_at(kit, 0), 1);
	struct run run = kit_newest(kit, id);
	kit_end_run(kit, &run, 0);
	kit_end_run(kit, &run, 1);
	assert_int_equal(kit_newest(kit, id).state, RUN_SUCCEEDED);
}

static void
what_a_slot_is_missing_for_waits_by_priority(void **state)
{
	static const char *const low[] = { "queue", "one", "priority", "1", NULL };
	static const char *const high[] = { "queue", "one", "priority", "9", NULL };
	struct kit *kit = *state;
	struct intent *queue = kit_ask(kit, INTENT_QUEUE_SET);
	queue->who.is_operator = true;
	queue->queue = (struct queue){ .name = "one", .concurrency = 1 };
	kit_apply(kit, queue);
	intent_free(queue);
	int64_t first = kit_add(kit, low);
	assert_int_equal(kit_claim_at(kit, 1), 1);
	int64_t second = kit_add(kit, low), third = kit_add(kit, high);
	assert_int_equal(kit_claim_at(kit, 2), 0);
	struct run run = kit_newest(kit, first);
	kit_end_run(kit, &run, 0);
	assert_int_equal(kit_newest(kit, third).state, RUN_RUNNING);
	assert_int_equal(kit_newest(kit, second).state, RUN_WAITING);
}

static struct intent *
ending(struct kit *kit, int64_t job_id)
{
	struct intent *intent = kit_ask(kit, INTENT_ENDED);
	struct run run = kit_newest(kit, job_id);
	intent->run_id = run.id;
	intent->attempt = run.attempt;
	intent->outcome.kind = OUTCOME_EXIT;
	return intent;
}

/* Also when the last of them is no news: an end that is told again. */
static void
what_ends_of_one_commit_free_goes_to_those_who_wait(void **state)
{
	static const char *const in_one[] = { "queue", "one", NULL };
	struct kit *kit = *state;
	const struct backend_ops *ops = kit->ledger.backend->ops;
	struct err err;
	int64_t ids[5];
	kit_set_queue(kit, 2, false);
	for (size_t i = 0; i < 5; i++)
		ids[i] = kit_add(kit, in_one);
	assert_int_equal(kit_claim_at(kit, 1), 2);
	struct intent *ends[] = { ending(kit, ids[0]), ending(kit, ids[1]), ending(kit, ids[0]) };
	assert_int_equal(ops->begin(kit->ledger.backend, &err), BACKEND_OK);
	for (size_t i = 0; i < 3; i++)
		assert_true(ledger_apply(&kit->ledger, ends[i], i < 2 ? ends[i + 1] : NULL));
	assert_int_equal(ops->commit(kit->ledger.backend, &err), BACKEND_OK);
	assert_int_equal(ends[0]->work.nstarts + ends[1]->work.nstarts, 0);
	assert_int_equal(ends[2]->work.nstarts, 2);
	assert_int_equal(kit_newest(kit, ids[3]).state, RUN_RUNNING);
	assert_int_equal(kit_newest(kit, ids[4]).state, RUN_WAITING);
	for (size_t i = 0; i < 3; i++)
		intent_free(ends[i]);
}

static void
slots_that_a_rolled_back_transaction_freed_are_not_given_away(void **state)
{
	static const char *const in_one[] = { "queue", "one", NULL };
	struct kit *kit = *state;
	const struct backend_ops *ops = kit->ledger.backend->ops;
	struct err err;
	int64_t ids[3];
	kit_set_queue(kit, 2, false);
	for (size_t i = 0; i < 3; i++)
		ids[i] = kit_add(kit, in_one);
	assert_int_equal(kit_claim_at(kit, 1), 2);
	struct intent *undone = ending(kit, ids[0]), *last = ending(kit, ids[1]);
	assert_int_equal(ops->begin(kit->ledger.backend, &err), BACKEND_OK);
	assert_true(ledger_apply(&kit->ledger, undone, last));
	ops->rollback(kit->ledger.backend);
	last->is_forced = true; /* it frees nothing for others */
	kit_apply(kit, last);
	assert_int_equal(last->work.nstarts, 0);
	assert_int_equal(kit_newest(kit, ids[2]).state, RUN_WAITING);
	intent_free(undone);
	intent_free(last);
}

static void
a_run_that_waits_beyond_its_deadline_is_missed(void **state)
{
	static const char *const slow[] = { "queue", "one", NULL };
	static const char *const urgent[] = { "queue", "one", "start-deadline", "5s", NULL };
	struct kit *kit = *state;
	struct intent *queue = kit_ask(kit, INTENT_QUEUE_SET);
	queue->who.is_operator = true;
	queue->queue = (struct queue){ .name = "one", .concurrency = 1 };
	kit_apply(kit, queue);
	intent_free(queue);
	int64_t first = kit_add(kit, slow);
	assert_int_equal(kit_claim_at(kit, 1), 1);
	int64_t second = kit_add(kit, urgent);
	assert_int_equal(kit_claim_at(kit, 2), 0);
	kit->now = T0 + 60 * SEC;
	struct run run = kit_newest(kit, first);
	kit_end_run(kit, &run, 0);
	assert_int_equal(kit_newest(kit, second).state, RUN_MISSED);
	assert_int_equal(kit_newest(kit, second).reason, REASON_DEADLINE);
	assert_int_equal(kit_state_of(kit, second), JOB_FINISHED);
}

static void
a_pause_that_ends_a_waiting_run_lets_the_one_behind_it_go(void **state)
{
	static const char *const queued[] = { "schedule", "every 10s", "overlap", "queue",
		                              "queue",    "one",       NULL };
	struct kit *kit = *state;
	kit_set_queue(kit, 1, true);
	int64_t id = kit_add(kit, queued);
	assert_int_equal(kit_claim_at(kit, 10), 0);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_RUN, id), ERR_NONE);
	assert_int_equal(kit_newest(kit, id).gate, GATE_JOB);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_PAUSE, id), ERR_NONE);
	assert_int_equal(kit_newest(kit, id).trigger, TRIGGER_MANUAL);
	assert_int_equal(kit_newest(kit, id).gate, GATE_OPEN);
}

static void
an_unstarted_run_that_was_stopped_does_not_come_back(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	assert_int_equal(kit_claim_at(kit, 10), 1);
	struct run run = kit_newest(kit, id);
	struct intent *stop = kit_ask(kit, INTENT_RUN_CANCEL);
	stop->run_id = run.id;
	kit_apply(kit, stop);
	intent_free(stop);
	kit_requeue(kit, &run);
	assert_int_equal(kit_newest(kit, id).state, RUN_CANCELLED);
}

static enum err_code
cancel(struct kit *kit, int64_t run_id)
{
	struct intent *stop = kit_ask(kit, INTENT_RUN_CANCEL);
	stop->run_id = run_id;
	kit_apply(kit, stop);
	enum err_code code = stop->err.code;
	assert_int_equal(stop->work.nstops, code == ERR_NONE);
	intent_free(stop);
	return code;
}

static void
a_run_whose_spawner_is_gone_is_not_stopped_and_not_said_to_be(void **state)
{
	static const char *const yielding[] = { "schedule", "every 10s", "overlap", "kill", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, yielding);
	assert_int_equal(kit_claim_at(kit, 10), 1);
	struct run run = kit_newest(kit, id);
	snprintf(kit->ledger.spawner, sizeof(kit->ledger.spawner), "another");
	assert_int_equal(cancel(kit, run.id), ERR_BUSY);
	assert_int_equal(kit_claim_at(kit, 20), 0);
	struct run next = kit_newest(kit, id);
	assert_int_equal(next.gate, GATE_JOB);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_CANCEL, id), ERR_NONE);
	struct intent *lost = kit_ask(kit, INTENT_ENDED);
	lost->run_id = run.id;
	lost->attempt = run.attempt;
	lost->outcome = (struct outcome){
		.kind = OUTCOME_LOST, .text = "crash", .ended_at = kit->now, .output_fd = -1
	};
	kit_apply(kit, lost);
	assert_int_equal(lost->run.state, RUN_LOST);
	intent_free(lost);
}

static void
an_unstarted_run_makes_way_for_the_next(void **state)
{
	static const char *const yielding[] = { "schedule", "every 10s", "overlap", "cancel", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, yielding);
	assert_int_equal(kit_claim_at(kit, 10), 1);
	struct run first = kit_newest(kit, id);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_RUN, id), ERR_NONE);
	kit_requeue(kit, &first);
	struct run second = kit_newest(kit, id);
	assert_int_not_equal(second.id, first.id);
	assert_int_equal(second.gate, GATE_OPEN);
	assert_int_equal(kit_claim_at(kit, 11), 1);
	assert_int_equal(kit_newest(kit, id).state, RUN_RUNNING);
}

/* A run that wrote so much: numbers of 8 bytes, each its own place. */
static int
write_numbers(int64_t nbytes)
{
	int fd = memfd_create("output", MFD_CLOEXEC);
	for (int64_t at = 0; at < nbytes; at += 8)
		assert_int_equal(write(fd, &at, sizeof(at)), sizeof(at));
	return fd;
}

/* Reads one stream piece by piece; returns how many bytes were passed over. */
static int64_t
read_numbers(struct kit *kit, int64_t run_id, bool of_errors, int64_t nbytes)
{
	int64_t offset = 0, omitted = 0, first;
	while (offset < nbytes) {
		struct intent *intent = kit_ask(kit, INTENT_RUN_OUTPUT);
		intent->run_id = run_id;
		intent->of_errors = of_errors;
		intent->offset = offset;
		kit_apply(kit, intent);
		assert_true(intent->output_is_split && intent->output.len >= 8);
		assert_int_equal(intent->output_total, nbytes);
		memcpy(&first, intent->output.data, sizeof(first));
		assert_int_equal(first, intent->offset);
		omitted += intent->offset - offset;
		offset = intent->offset + (int64_t)intent->output.len;
		intent_free(intent);
	}
	return omitted;
}

static void
an_offset_is_a_place_in_what_was_written(void **state)
{
	struct kit *kit = *state;
	const int64_t many = 3 << 20, few = 100 * 1000;
	int64_t id = kit_add(kit, kit_every_ten);
	assert_int_equal(kit_claim_at(kit, 10), 1);
	struct run run = kit_newest(kit, id);
	struct intent *intent = kit_ask(kit, INTENT_ENDED);
	intent->run_id = run.id;
	intent->attempt = run.attempt;
	intent->outcome = (struct outcome){ .kind = OUTCOME_EXIT,
					    .ended_at = kit->now,
					    .output_fd = write_numbers(many),
					    .is_split = true,
					    .errors_fd = write_numbers(few) };
	kit_apply(kit, intent);
	assert_int_equal(intent->err.code, ERR_NONE);
	intent_free(intent);
	assert_int_equal(read_numbers(kit, run.id, false, many), many - (1 << 20));
	assert_int_equal(read_numbers(kit, run.id, true, few), 0);
	kit->ledger.output_max = 4 << 20; /* what is kept was kept before */
	assert_int_equal(read_numbers(kit, run.id, false, many), many - (1 << 20));
	kit->ledger.output_max = 1 << 18;
	assert_int_equal(read_numbers(kit, run.id, false, many), many - (1 << 20));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KIT(the_same_key_again_gives_the_same_answer),
		WITH_KIT(a_key_belongs_to_its_user),
		WITH_KIT(a_user_has_only_so_many_keys),
		WITH_KIT(a_key_is_remembered_for_a_day),
		WITH_KIT(a_name_is_taken_until_its_job_is_over),
		WITH_KIT(nobody_sees_that_another_users_job_exists),
		WITH_KIT(a_manual_start_passes_the_same_gate_and_leaves_no_row_when_refused),
		WITH_KIT(a_run_keeps_its_terminal_over_retries),
		WITH_KIT(failures_in_a_row_pause_the_job),
		WITH_KIT(a_success_ends_the_row_of_failures),
		WITH_KIT(max_runs_finish_the_job),
		WITH_KIT(a_retry_waits_its_time_and_is_the_same_run),
		WITH_KIT(an_end_that_is_told_twice_counts_once),
		WITH_KIT(what_a_slot_is_missing_for_waits_by_priority),
		WITH_KIT(what_ends_of_one_commit_free_goes_to_those_who_wait),
		WITH_KIT(a_pause_that_ends_a_waiting_run_lets_the_one_behind_it_go),
		WITH_KIT(an_unstarted_run_that_was_stopped_does_not_come_back),
		WITH_KIT(a_run_whose_spawner_is_gone_is_not_stopped_and_not_said_to_be),
		WITH_KIT(an_unstarted_run_makes_way_for_the_next),
		WITH_KIT(slots_that_a_rolled_back_transaction_freed_are_not_given_away),
		WITH_KIT(a_run_that_waits_beyond_its_deadline_is_missed),
		WITH_KIT(an_offset_is_a_place_in_what_was_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
