/* What a boot makes of jobs that are due once after each. */
#include "unit/ledger_kit.h"

#include <stdio.h>
#include <string.h>

/* The machine boots so many seconds after T0; how many runs are to be stopped for it. */
static size_t
boot_at(struct kit *kit, int seconds)
{
	kit->now = T0 + seconds * SEC;
	snprintf(kit->ledger.boot, sizeof(kit->ledger.boot), "boot %d", seconds);
	struct intent *boot = kit_ask(kit, INTENT_BOOT);
	boot->at = kit->now;
	kit_apply(kit, boot);
	assert_int_equal(boot->err.code, ERR_NONE);
	size_t nstops = boot->work.nstops;
	intent_free(boot);
	return nstops;
}

static int64_t
count_rows(struct kit *kit, int64_t id)
{
	struct intent *list = kit_ask(kit, INTENT_RUN_LIST);
	list->filter.job_id = id;
	kit_apply(kit, list);
	int64_t n = (int64_t)list->nruns;
	intent_free(list);
	return n;
}

static void
what_follows_a_boot_goes_by_the_overlap_policy(void **state)
{
	static const struct {
		const char *overlap;
		bool is_running; /* the run of the boot before; else it waits for its retry */
		enum run_state state;
		enum run_gate gate;
		enum run_state former;
		size_t nstops;
	} cases[] = {
		{ "skip", true, RUN_SKIPPED, GATE_OPEN, RUN_RUNNING, 0 },
		{ "skip", false, RUN_SKIPPED, GATE_OPEN, RUN_WAITING, 0 },
		{ "queue", true, RUN_WAITING, GATE_JOB, RUN_RUNNING, 0 },
		{ "queue", false, RUN_WAITING, GATE_JOB, RUN_WAITING, 0 },
		{ "cancel", true, RUN_WAITING, GATE_JOB, RUN_RUNNING, 1 },
		{ "cancel", false, RUN_WAITING, GATE_OPEN, RUN_CANCELLED, 0 },
		{ "kill", true, RUN_WAITING, GATE_JOB, RUN_RUNNING, 1 },
		{ "allow", true, RUN_WAITING, GATE_TIME, RUN_RUNNING, 0 },
	};
	struct kit *kit = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const boots[] = { "schedule", "@reboot", "overlap", cases[i].overlap,
					      "retries", "1", NULL };
		int at = (int)i * 100;
		char detail[32];
		kit->now = T0 + at * SEC;
		int64_t id = kit_add(kit, boots);
		boot_at(kit, at + 1);
		assert_int_equal(kit_claim_at(kit, at + 2), 1);
		struct run former = kit_newest(kit, id);
		if (!cases[i].is_running)
			kit_end_run(kit, &former, 1);
		assert_int_equal(boot_at(kit, at + 3), cases[i].nstops);
		struct run run = kit_newest(kit, id);
		assert_int_not_equal(run.id, former.id);
		assert_true(run.due == kit->now);
		assert_int_equal(run.state, cases[i].state);
		assert_int_equal(run.gate, cases[i].gate);
		snprintf(detail, sizeof(detail), "run %lld", (long long)former.id);
		assert_string_equal(run.detail, run.state == RUN_SKIPPED ? detail : "");
		assert_int_equal(run.reason,
				 run.state == RUN_SKIPPED ? REASON_OVERLAP : REASON_NONE);
		kit->ledger.backend->ops->run_load(kit->ledger.backend, former.id, &former,
						   &(struct err){ 0 });
		assert_int_equal(former.state, cases[i].former);
		kit_do_job(kit, INTENT_JOB_CANCEL, id);
	}
}

static void
what_follows_a_boot_waits_for_the_end_of_what_it_is_queued_behind(void **state)
{
	static const char *const boots[] = { "schedule", "@reboot", "overlap", "queue", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, boots);
	boot_at(kit, 1);
	assert_int_equal(kit_claim_at(kit, 2), 1);
	struct run former = kit_newest(kit, id);
	boot_at(kit, 3);
	assert_int_equal(kit_claim_at(kit, 4), 0);
	kit_end_run(kit, &former, 0);
	struct run run = kit_newest(kit, id);
	assert_int_equal(run.state, RUN_RUNNING);
	kit_end_run(kit, &run, 0);
	assert_int_equal(kit_state_of(kit, id), JOB_ACTIVE);
}

static void
no_more_boots_than_max_runs_are_followed(void **state)
{
	static const char *const once[] = { "schedule", "@reboot", "max-runs", "1", NULL };
	static const char *const twice[] = { "schedule", "@reboot", "max-runs", "2", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, once), other = kit_add(kit, twice);
	boot_at(kit, 1);
	assert_int_equal(kit_claim_at(kit, 2), 2);
	struct run run = kit_newest(kit, id), others = kit_newest(kit, other);
	boot_at(kit, 3); /* while it runs still */
	assert_int_equal(count_rows(kit, id), 1);
	assert_int_equal(kit_newest(kit, other).reason, REASON_OVERLAP); /* and counts for nothing */
	kit_end_run(kit, &run, 0);
	kit_end_run(kit, &others, 0);
	assert_int_equal(kit_state_of(kit, id), JOB_FINISHED);
	assert_int_equal(kit_state_of(kit, other), JOB_ACTIVE);
	boot_at(kit, 5);
	assert_int_equal(kit_claim_at(kit, 6), 1);
	assert_int_equal(count_rows(kit, other), 3);
}

static void
a_boot_before_not_before_or_after_until_is_none(void **state)
{
	static const char *const bounded[] = { "schedule", "@reboot", "not-before",
					       "2026-11-18T12:00:00Z", "until",
					       "2026-11-18T13:00:00Z", NULL };
	const int noon = 3200; /* after T0 */
	struct kit *kit = *state;
	int64_t id = kit_add(kit, bounded);
	struct job job = kit_job_of(kit, id);
	assert_true(job.not_before == T0 + noon * SEC);
	job_fini(&job);
	boot_at(kit, noon - 1);
	assert_int_equal(kit_claim_at(kit, noon - 1), 0);
	assert_int_equal(count_rows(kit, id), 0);
	boot_at(kit, noon + 3599);
	assert_int_equal(kit_claim_at(kit, noon + 3599), 1);
	struct run run = kit_newest(kit, id);
	kit_end_run(kit, &run, 0);
	assert_int_equal(kit_state_of(kit, id), JOB_ACTIVE);
	boot_at(kit, noon + 3601);
	assert_int_equal(kit_claim_at(kit, noon + 3601), 0);
	assert_int_equal(count_rows(kit, id), 1);
	assert_int_equal(kit_state_of(kit, id), JOB_FINISHED);
}

static void
boots_that_are_skipped_one_after_another_are_one_row(void **state)
{
	static const char *const boots[] = { "schedule", "@reboot", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, boots);
	boot_at(kit, 1);
	assert_int_equal(kit_claim_at(kit, 2), 1);
	boot_at(kit, 3);
	boot_at(kit, 5);
	struct run span = kit_newest(kit, id);
	assert_int_equal(span.count, 2);
	assert_true(span.due == T0 + 3 * SEC && span.last_due == T0 + 5 * SEC);
	assert_int_equal(count_rows(kit, id), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KIT(what_follows_a_boot_goes_by_the_overlap_policy),
		WITH_KIT(what_follows_a_boot_waits_for_the_end_of_what_it_is_queued_behind),
		WITH_KIT(no_more_boots_than_max_runs_are_followed),
		WITH_KIT(a_boot_before_not_before_or_after_until_is_none),
		WITH_KIT(boots_that_are_skipped_one_after_another_are_one_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
