/* What waits for a slot: in which order, until when, and in which steps. */
#include "unit/ledger_kit.h"

#include <stdio.h>

static void
a_deadline_passes_though_no_slot_becomes_free(void **state)
{
	static const char *const urgent[] = { "queue", "one", "start-deadline", "5s", NULL };
	struct kit *kit = *state;
	kit_set_queue(kit, 1, true);
	int64_t id = kit_add(kit, urgent);
	struct intent *claim = kit_apply(kit, kit_ask(kit, INTENT_CLAIM));
	assert_true(claim->work.wake_at == T0 + 5 * SEC + 1);
	intent_free(claim);
	kit_claim_at(kit, 5);
	assert_int_equal(kit_newest(kit, id).state, RUN_WAITING);
	kit->now = T0 + 5 * SEC + 1;
	claim = kit_apply(kit, kit_ask(kit, INTENT_CLAIM));
	assert_int_equal(claim->nruns, 1); /* told */
	assert_true(claim->work.wake_at == USEC_NEVER);
	intent_free(claim);
	assert_int_equal(kit_newest(kit, id).state, RUN_MISSED);
	assert_int_equal(kit_newest(kit, id).reason, REASON_DEADLINE);
	assert_int_equal(kit_state_of(kit, id), JOB_FINISHED);
}

static void
a_backlog_beyond_its_deadline_is_ended_in_batches(void **state)
{
	static const char *const urgent[] = { "queue", "one", "start-deadline", "5s", NULL };
	struct kit *kit = *state;
	kit_set_queue(kit, 1, true);
	for (int i = 0; i < 600; i++)
		kit_add(kit, urgent);
	for (int i = 0; i < 600; i += 16)
		kit_claim_at(kit, 1);
	kit->now = T0 + 60 * SEC;
	for (int i = 0; i < 3; i++) {
		struct intent *claim = kit_apply(kit, kit_ask(kit, INTENT_CLAIM));
		assert_int_equal(claim->nruns, i < 2 ? 256 : 600 - 2 * 256);
		assert_int_equal(claim->work.is_full, i < 2);
		intent_free(claim);
	}
}

static void
a_slot_that_frees_gives_no_whole_backlog_its_end(void **state)
{
	static const char *const urgent[] = { "queue", "one", "start-deadline", "5s", NULL };
	static const char *const slow[] = { "queue", "one", NULL };
	struct kit *kit = *state;
	kit_set_queue(kit, 1, false);
	int64_t first = kit_add(kit, slow);
	assert_int_equal(kit_claim_at(kit, 1), 1);
	for (int i = 0; i < 600; i++)
		kit_add(kit, urgent);
	for (int i = 0; i < 600; i += 16)
		kit_claim_at(kit, 2);
	struct run run = kit_newest(kit, first);
	kit->now = T0 + 60 * SEC;
	struct intent *end = kit_ask(kit, INTENT_ENDED);
	end->run_id = run.id;
	end->attempt = run.attempt;
	end->outcome =
		(struct outcome){ .kind = OUTCOME_EXIT, .ended_at = kit->now, .output_fd = -1 };
	kit_apply(kit, end);
	assert_true(end->work.is_full);
	intent_free(end);
	struct intent *stats = kit_apply(kit, kit_ask(kit, INTENT_STATS));
	assert_int_equal(stats->stats.nwaiting, 600 - 256);
	intent_free(stats);
}

static void
a_waiting_run_goes_by_the_priority_and_the_deadline_that_its_job_has_now(void **state)
{
	static const char *const waiting[] = { "queue", "one", NULL };
	struct kit *kit = *state;
	kit_set_queue(kit, 1, true);
	int64_t id = kit_add(kit, waiting);
	kit_claim_at(kit, 1);
	struct intent *edit = kit_ask(kit, INTENT_JOB_SET);
	edit->ref.id = id;
	kit_change(edit, "priority", "8");
	kit_change(edit, "start-deadline", "1h");
	kit_apply(kit, edit);
	assert_int_equal(edit->err.code, ERR_NONE);
	intent_free(edit);
	assert_int_equal(kit_newest(kit, id).priority, 8);
	assert_true(kit_newest(kit, id).deadline_at == T0 + USEC_PER_HOUR);
}

/* Adds a job that is due at once, in a queue of its own. */
static int64_t
add_in_queue(struct kit *kit, int number)
{
	char name[16];
	snprintf(name, sizeof(name), "q%03d", number);
	const char *const pairs[] = { "queue", name, NULL };
	return kit_add(kit, pairs);
}

/* Claims as the engine does, until nothing more can go on; gives how many runs were started. */
static size_t
claim_all(struct kit *kit)
{
	char *cursor = NULL;
	size_t n = 0;
	for (int i = 0; i < 1000; i++) {
		struct intent *claim = kit_ask(kit, INTENT_CLAIM);
		claim->cursor = cursor;
		kit_apply(kit, claim);
		cursor = claim->cursor;
		claim->cursor = NULL;
		n += claim->work.nstarts;
		bool is_woken = claim->work.wake_by >= 0 && claim->work.wake_by <= kit->now;
		bool goes_on = is_woken || claim->work.is_full || claim->work.wake_at <= kit->now;
		intent_free(claim);
		if (!goes_on)
			return n;
	}
	fail_msg("the claims come to no end");
	return 0;
}

static void
no_number_of_full_queues_holds_up_the_ones_behind_them(void **state)
{
	struct kit *kit = *state;
	struct intent *narrow;
	for (int i = 0; i < 150; i++) {
		narrow = kit_ask(kit, INTENT_QUEUE_SET);
		narrow->who.is_operator = true;
		narrow->queue.concurrency = 1;
		snprintf(narrow->queue.name, sizeof(narrow->queue.name), "q%03d", i);
		kit_apply(kit, narrow);
		intent_free(narrow);
		add_in_queue(kit, i);
	}
	kit->now += SEC;
	assert_int_equal(claim_all(kit), 150);
	for (int i = 0; i < 150; i++) /* the first 150 have something waiting, and no slot */
		add_in_queue(kit, i);
	int64_t last = add_in_queue(kit, 999);
	kit->now += SEC;
	assert_int_equal(claim_all(kit), 1);
	assert_int_equal(kit_newest(kit, last).state, RUN_RUNNING);
}

static void
a_queue_with_a_long_backlog_takes_its_turn_and_no_more(void **state)
{
	struct kit *kit = *state;
	for (int i = 0; i < 60; i++)
		add_in_queue(kit, 1);
	int64_t other = add_in_queue(kit, 2);
	kit->now += SEC;
	assert_int_equal(claim_all(kit), 61);
	assert_int_equal(kit_newest(kit, other).state, RUN_RUNNING);
}

static void
what_becomes_ready_in_front_of_the_cursor_is_not_forgotten(void **state)
{
	struct kit *kit = *state;
	for (int i = 0; i < 20; i++) /* more than one claim covers, and starts */
		add_in_queue(kit, i % 3);
	kit->now += SEC;
	assert_int_equal(claim_all(kit), 20);
}

static void
one_claim_covers_a_bounded_past_and_serves_who_is_on_time(void **state)
{
	static const char *const behind[] = { "schedule", "every 10ms", "missed", "skip", NULL };
	static const char *const all[] = { "schedule",     "every 1s", "missed", "all",
					   "missed-limit", "100",      NULL };
	struct kit *kit = *state;
	int64_t far[3];
	for (int i = 0; i < 3; i++)
		far[i] = kit_add(kit, behind);
	for (int i = 0; i < 4; i++)
		kit_add(kit, all);
	kit->now = T0 + 10000 * SEC;
	int64_t on_time = kit_add(kit, NULL);
	struct intent *claim = kit_apply(kit, kit_ask(kit, INTENT_CLAIM));
	assert_true(claim->work.is_full || claim->work.wake_at <= kit->now);
	intent_free(claim);
	for (int i = 0; i < 3; i++)
		assert_true(kit_newest(kit, far[i]).count > 990 * 1000); /* all but a minute */
	assert_int_equal(kit_newest(kit, on_time).state, RUN_RUNNING);
	claim_all(kit);
	for (int i = 0; i < 3; i++)
		assert_true(kit_newest(kit, far[i]).due >= kit->now - SEC);
}

static void
a_claim_that_has_done_enough_leaves_the_rest_to_the_next(void **state)
{
	static const char *const all[] = { "schedule",     "every 10s", "missed", "all",
					   "missed-limit", "1000",      NULL };
	struct kit *kit = *state;
	for (int i = 0; i < 8; i++)
		kit_add(kit, all);
	kit->now = T0 + 10000 * SEC;
	struct intent *claim = kit_apply(kit, kit_ask(kit, INTENT_CLAIM));
	assert_true(claim->work.is_full);
	intent_free(claim);
	struct intent *stats = kit_apply(kit, kit_ask(kit, INTENT_STATS));
	assert_int_equal(stats->stats.nruns, 1000); /* of one job; a row is dear */
	intent_free(stats);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KIT(a_deadline_passes_though_no_slot_becomes_free),
		WITH_KIT(a_backlog_beyond_its_deadline_is_ended_in_batches),
		WITH_KIT(a_slot_that_frees_gives_no_whole_backlog_its_end),
		WITH_KIT(a_waiting_run_goes_by_the_priority_and_the_deadline_that_its_job_has_now),
		WITH_KIT(no_number_of_full_queues_holds_up_the_ones_behind_them),
		WITH_KIT(a_queue_with_a_long_backlog_takes_its_turn_and_no_more),
		WITH_KIT(what_becomes_ready_in_front_of_the_cursor_is_not_forgotten),
		WITH_KIT(a_claim_that_has_done_enough_leaves_the_rest_to_the_next),
		WITH_KIT(one_claim_covers_a_bounded_past_and_serves_who_is_on_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
