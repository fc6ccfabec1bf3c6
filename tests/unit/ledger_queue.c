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
	end->outcome = (struct outcome){ .kind = OUTCOME_EXIT, .ended_at = kit->now,
		                         .output_fd = -1 };
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KIT(a_deadline_passes_though_no_slot_becomes_free),
		WITH_KIT(a_backlog_beyond_its_deadline_is_ended_in_batches),
		WITH_KIT(a_slot_that_frees_gives_no_whole_backlog_its_end),
		WITH_KIT(a_waiting_run_goes_by_the_priority_and_the_deadline_that_its_job_has_now),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
