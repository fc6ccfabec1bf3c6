/* What one user may have stored. */
#include "unit/ledger_kit.h"

#include <string.h>

#include "base/alloc.h"

/* The answer to one more of these jobs. */
static enum err_code
add(struct kit *kit, uid_t owner, const char *const *pairs, const char *part)
{
	struct intent *intent = kit_adding(kit, pairs);
	intent->job->owner = intent->who.uid = owner;
	kit_apply(kit, intent);
	enum err_code code = intent->err.code;
	if (part && !strstr(intent->err.text, part))
		fail_msg("no \"%s\" in: %s", part, intent->err.text);
	intent_free(intent);
	return code;
}

static void
a_user_has_only_so_many_unfinished_jobs(void **state)
{
	struct kit *kit = *state;
	kit->ledger.limits.jobs = 2;
	int64_t id = kit_add(kit, kit_every_ten);
	assert_int_equal(add(kit, 1000, kit_every_ten, NULL), ERR_NONE);
	assert_int_equal(add(kit, 1000, kit_every_ten,
			     "this user has 2 jobs, of at most 2 (max-jobs-per-user)"),
			 ERR_BUSY);
	assert_int_equal(add(kit, 1001, kit_every_ten, NULL), ERR_NONE);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_CANCEL, id), ERR_NONE);
	assert_int_equal(add(kit, 1000, kit_every_ten, NULL), ERR_NONE);
}

static void
root_has_as_many_jobs_as_it_likes(void **state)
{
	struct kit *kit = *state;
	kit->ledger.limits = (struct limits){ 1, 1, 1 };
	for (int i = 0; i < 5; i++)
		assert_int_equal(add(kit, 0, kit_every_ten, NULL), ERR_NONE);
}

static void
a_user_with_too_many_runs_starts_none(void **state)
{
	struct kit *kit = *state;
	kit->ledger.limits.runs = 1;
	int64_t id = kit_add(kit, kit_every_ten), other = kit_add(kit, kit_every_ten);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_RUN, id), ERR_NONE);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_RUN, other), ERR_BUSY);
	struct run run = kit_newest(kit, id);
	kit_end_run(kit, &run, 0);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_RUN, other), ERR_NONE);
}

static void
an_instant_beyond_the_runs_of_its_owner_is_skipped_and_says_so(void **state)
{
	static const char *const every[] = { "schedule", "every 10s", "overlap", "allow", NULL };
	struct kit *kit = *state;
	kit->ledger.limits.runs = 2;
	int64_t id = kit_add(kit, every);
	assert_int_equal(kit_claim_at(kit, 10), 1);
	struct run first = kit_newest(kit, id);
	assert_int_equal(kit_claim_at(kit, 20), 1);
	assert_int_equal(kit_claim_at(kit, 30), 0);
	assert_int_equal(kit_claim_at(kit, 40), 0);
	struct run span = kit_newest(kit, id);
	assert_int_equal(span.state, RUN_SKIPPED);
	assert_int_equal(span.reason, REASON_REFUSED);
	assert_string_equal(span.detail, "max-runs-per-user is 2");
	assert_int_equal(span.count, 2);
	kit_end_run(kit, &first, 0);
	assert_int_equal(kit_claim_at(kit, 50), 1);
}

/* How many rows without a start it tells. */
static size_t
boot(struct kit *kit, int seconds)
{
	struct intent *intent = kit_ask(kit, INTENT_BOOT);
	intent->at = intent->now = kit->now + seconds * SEC;
	kit_apply(kit, intent);
	assert_int_equal(intent->err.code, ERR_NONE);
	size_t ntold = intent->nruns;
	intent_free(intent);
	return ntold;
}

static void
a_boot_starts_no_more_runs_than_the_owner_may_have_and_says_so(void **state)
{
	static const char *const boots[] = { "schedule", "@reboot", NULL };
	struct kit *kit = *state;
	kit->ledger.limits.runs = 1;
	int64_t id = kit_add(kit, boots), other = kit_add(kit, boots);
	assert_int_equal(boot(kit, 5), 1);
	assert_int_equal(kit_newest(kit, id).state, RUN_WAITING);
	struct run run = kit_newest(kit, other);
	assert_int_equal(run.state, RUN_SKIPPED);
	assert_int_equal(run.reason, REASON_REFUSED);
	assert_string_equal(run.detail, "max-runs-per-user is 1");
	struct job job = kit_job_of(kit, other);
	assert_int_equal(job.nruns, 0);
	job_fini(&job);
	assert_int_equal(kit_claim_at(kit, 6), 1);
	run = kit_newest(kit, id);
	kit_end_run(kit, &run, 0);
	assert_int_equal(boot(kit, 7),
			 0); /* the same one: nothing that was refused comes after all */
	assert_int_equal(kit_claim_at(kit, 8), 0);
}

static void
who_has_too_many_bytes_neither_adds_nor_edits(void **state)
{
	static const char *const large[] = { "schedule", "every 10s", "stdin",
					     "0123456789012345678901234567890123456789", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, large);
	kit->ledger.limits.bytes = 40;
	assert_int_equal(add(kit, 1000, kit_every_ten, "(max-bytes-per-user)"), ERR_BUSY);
	struct intent *edit = kit_ask(kit, INTENT_JOB_SET);
	edit->ref.id = id;
	kit_change(edit, "retries", "1");
	kit_apply(kit, edit);
	assert_int_equal(edit->err.code, ERR_BUSY);
	intent_free(edit);
	assert_int_equal(kit_claim_at(kit, 10), 1); /* what is there runs */
}

static void
the_output_of_who_has_too_many_bytes_is_left_out_and_that_is_said(void **state)
{
	struct kit *kit = *state;
	kit_add(kit, kit_every_ten);
	kit->ledger.limits.bytes = 1;
	assert_int_equal(kit_claim_at(kit, 10), 1);
	struct intent *end = kit_ask(kit, INTENT_ENDED);
	end->run_id = end->attempt = 1;
	end->outcome = (struct outcome){ .kind = OUTCOME_EXIT,
					 .ended_at = kit->now,
					 .output_fd = -1,
					 .errors_fd = -1,
					 .output = mem_dup("text"),
					 .output_bytes = 4 };
	kit_apply(kit, end);
	assert_int_equal(end->err.code, ERR_NONE);
	intent_free(end);
	struct intent *ask = kit_ask(kit, INTENT_RUN_GET);
	ask->run_id = 1;
	kit_apply(kit, ask);
	assert_int_equal(ask->nattempts, 1);
	assert_int_equal(ask->runs[0].run.state, RUN_SUCCEEDED);
	assert_int_equal(ask->attempts[0].outcome.output_bytes, 4);
	assert_int_equal(ask->attempts[0].outcome.output_omitted, 4);
	intent_free(ask);
	ask = kit_ask(kit, INTENT_RUN_OUTPUT);
	ask->run_id = 1;
	ask->limit = 100;
	kit_apply(kit, ask);
	assert_int_equal(ask->err.code, ERR_NONE);
	assert_int_equal(ask->output.len, 0);
	assert_int_equal(ask->output_omitted, 4);
	intent_free(ask);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KIT(a_user_has_only_so_many_unfinished_jobs),
		WITH_KIT(root_has_as_many_jobs_as_it_likes),
		WITH_KIT(a_user_with_too_many_runs_starts_none),
		WITH_KIT(an_instant_beyond_the_runs_of_its_owner_is_skipped_and_says_so),
		WITH_KIT(a_boot_starts_no_more_runs_than_the_owner_may_have_and_says_so),
		WITH_KIT(who_has_too_many_bytes_neither_adds_nor_edits),
		WITH_KIT(the_output_of_who_has_too_many_bytes_is_left_out_and_that_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
