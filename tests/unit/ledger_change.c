/* What changes of a job do to its rows: edits, pauses, removals. */
#include "unit/ledger_kit.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

/* Edits the job: field and value. */
static enum err_code
edit(struct kit *kit, int64_t id, const char *name, const char *text)
{
	struct intent *intent = kit_ask(kit, INTENT_JOB_SET);
	intent->ref.id = id;
	kit_change(intent, name, text);
	kit_apply(kit, intent);
	enum err_code code = intent->err.code;
	intent_free(intent);
	return code;
}

/* Claims so many microseconds ahead of T0 + seconds. */
static size_t
claim_ahead(struct kit *kit, int seconds, usec_t ahead)
{
	kit->now = T0 + seconds * SEC - ahead;
	struct intent *claim = kit_ask(kit, INTENT_CLAIM);
	claim->until = kit->now + USEC_PER_SEC;
	kit_apply(kit, claim);
	size_t n = claim->work.nstarts;
	intent_free(claim);
	return n;
}

static void
a_pause_is_one_skipped_span(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_PAUSE, id), ERR_NONE);
	assert_int_equal(kit_claim_at(kit, 35), 0);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_RESUME, id), ERR_NONE);
	assert_int_equal(kit_claim_at(kit, 36), 0);
	struct run span = kit_newest(kit, id);
	assert_int_equal(span.state, RUN_SKIPPED);
	assert_int_equal(span.reason, REASON_PAUSED);
	assert_true(span.due == T0 + 10 * SEC && span.last_due == T0 + 30 * SEC);
	assert_int_equal(span.count, 3);
	assert_int_equal(kit_claim_at(kit, 40), 1);
}

static void
an_edit_never_runs_what_was_due_before_it(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	kit->now = T0 + 25 * SEC;
	struct intent *edit = kit_ask(kit, INTENT_JOB_SET);
	edit->ref.id = id;
	kit_change(edit, "schedule", "every 7s");
	kit_apply(kit, edit);
	assert_int_equal(edit->err.code, ERR_NONE);
	assert_true(edit->next_due == T0 + 28 * SEC);
	intent_free(edit);
	struct run past = kit_newest(kit, id);
	assert_int_equal(past.state, RUN_CANCELLED);
	assert_int_equal(past.reason, REASON_EDITED);
	assert_int_equal(kit_claim_at(kit, 26), 0);
	assert_int_equal(kit_claim_at(kit, 28), 1);
}

static void
a_pause_is_on_record_as_one_though_the_job_is_removed_at_once_after_it(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_PAUSE, id), ERR_NONE);
	kit->now = T0 + 35 * SEC;
	assert_int_equal(kit_do_job(kit, INTENT_JOB_RESUME, id), ERR_NONE);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_CANCEL, id), ERR_NONE);
	struct run span = kit_newest(kit, id);
	assert_int_equal(span.reason, REASON_PAUSED);
	assert_int_equal(span.count, 3);
}

static void
a_past_instant_is_refused_unless_missed_says_what_to_do(void **state)
{
	static const char *const past[] = { "schedule", "2020-01-01T00:00:00Z", NULL };
	static const char *const once[] = { "schedule", "2020-01-01T00:00:00Z", "missed", "once",
					    NULL };
	static const char *const skip[] = { "schedule", "2020-01-01T00:00:00Z", "missed", "skip",
					    NULL };
	struct kit *kit = *state;
	struct intent *refused = kit_apply(kit, kit_adding(kit, past));
	assert_int_equal(refused->err.code, ERR_INVALID);
	assert_non_null(strstr(refused->err.text, "in the past"));
	intent_free(refused);
	int64_t runs = kit_add(kit, once), silent = kit_add(kit, skip);
	assert_int_equal(kit_claim_at(kit, 1), 1);
	assert_int_equal(kit_newest(kit, runs).state, RUN_RUNNING);
	assert_true(kit_newest(kit, runs).is_catchup);
	assert_int_equal(kit_newest(kit, silent).state, RUN_MISSED);
	assert_int_equal(kit_state_of(kit, silent), JOB_FINISHED);
}

static void
an_unstarted_run_ends_as_its_job_did_though_the_daemon_died_meanwhile(void **state)
{
	static const struct {
		enum intent_kind kind;
		enum run_state state;
		enum run_reason reason;
	} cases[] = {
		{ INTENT_JOB_CANCEL, RUN_CANCELLED, REASON_CANCELLED },
		{ INTENT_JOB_PAUSE, RUN_SKIPPED, REASON_PAUSED },
		{ INTENT_JOB_SET, RUN_WAITING, REASON_NONE }, /* changes nothing */
		{ INTENT_JOB_GET, RUN_WAITING, REASON_NONE },
	};
	struct kit *kit = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t id = kit_add(kit, kit_every_ten);
		assert_int_equal(kit_claim_at(kit, 10 * ((int)i + 1)), 1);
		struct run run = kit_newest(kit, id);
		assert_int_equal(kit_do_job(kit, cases[i].kind, id), ERR_NONE);
		kit_requeue(kit, &run);
		run = kit_newest(kit, id);
		assert_int_equal(run.state, cases[i].state);
		assert_int_equal(run.reason, cases[i].reason);
		kit_do_job(kit, INTENT_JOB_CANCEL, id); /* out of the way, if it is not */
	}
}

static void
a_job_that_is_resumed_with_nothing_left_to_do_is_finished(void **state)
{
	static const char *const once[] = { "pause-after", "1", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, once);
	assert_int_equal(kit_claim_at(kit, 0), 1);
	struct run run = kit_newest(kit, id);
	kit_end_run(kit, &run, 1);
	assert_int_equal(kit_state_of(kit, id), JOB_PAUSED);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_RESUME, id), ERR_NONE);
	assert_int_equal(kit_state_of(kit, id), JOB_FINISHED);
}

static void
an_edit_just_before_the_instant_does_not_take_the_run_from_a_once_job(void **state)
{
	static const char *const once[] = { "schedule", "2026-11-18T12:00:00Z", "queue", "one",
					    NULL };
	struct kit *kit = *state;
	kit_set_queue(kit, 1, true);
	int64_t id = kit_add(kit, once);
	struct job job = kit_job_of(kit, id);
	usec_t due = job.next_due;
	job_fini(&job);
	int at = (int)((due - T0) / SEC);
	assert_int_equal(claim_ahead(kit, at, 300 * USEC_PER_MSEC), 0);
	assert_int_equal(kit_newest(kit, id).state, RUN_WAITING);
	kit->now += 100 * USEC_PER_MSEC;
	assert_int_equal(edit(kit, id, "priority", "9"), ERR_NONE);
	assert_int_equal(kit_newest(kit, id).state, RUN_WAITING);
	kit->now = due + 60 * SEC;
	assert_int_equal(edit(kit, id, "priority", "8"), ERR_NONE); /* it waits for its queue */
	assert_int_equal(kit_newest(kit, id).state, RUN_WAITING);
	kit_set_queue(kit, 1, false);
	assert_int_equal(kit_newest(kit, id).state, RUN_RUNNING);
}

static void
an_edit_just_before_the_instant_leaves_the_run_that_the_new_schedule_has_too(void **state)
{
	static const char *const ticks[] = { "schedule", "every 10s", "queue", "one", NULL };
	struct kit *kit = *state;
	kit_set_queue(kit, 1, true);
	int64_t kept = kit_add(kit, ticks), taken = kit_add(kit, ticks);
	claim_ahead(kit, 10, 300 * USEC_PER_MSEC);
	kit->now += 100 * USEC_PER_MSEC;
	assert_int_equal(edit(kit, kept, "schedule", "every 5s"), ERR_NONE);
	assert_int_equal(edit(kit, taken, "schedule", "every 7s"), ERR_NONE);
	assert_int_equal(kit_newest(kit, kept).state, RUN_WAITING);
	assert_int_equal(kit_newest(kit, taken).state, RUN_CANCELLED);
	assert_int_equal(kit_newest(kit, taken).reason, REASON_EDITED);
	kit_set_queue(kit, 2, false);
	assert_int_equal(kit_claim_at(kit, 11), 0);
	assert_int_equal(kit_newest(kit, kept).state, RUN_RUNNING);
	assert_true(kit_newest(kit, kept).due == T0 + 10 * SEC);
}

/* What is on record of the instant so many seconds after T0; id 0: nothing. */
static struct run
row_at(struct kit *kit, int64_t id, int seconds)
{
	struct intent *why = kit_ask(kit, INTENT_WHY);
	why->ref.id = id;
	why->at = why->until = T0 + seconds * SEC;
	kit_apply(kit, why);
	struct run run = why->nruns ? why->runs[0].run : (struct run){ 0 };
	intent_free(why);
	return run;
}

static int64_t
count_runs(struct kit *kit, int64_t id)
{
	struct job job = kit_job_of(kit, id);
	int64_t n = job.nruns;
	job_fini(&job);
	return n;
}

static void
an_instant_that_one_edit_takes_and_the_next_brings_again_in_time_is_run(void **state)
{
	static const char *const ticks[] = { "schedule", "every 10s", "queue", "one", NULL };
	static const bool is_held[] = { true, false }; /* by the engine, or in its queue */
	struct kit *kit = *state;
	for (int i = 0; i < 2; i++) {
		kit->now = T0;
		kit_set_queue(kit, 5, !is_held[i]);
		int64_t id = kit_add(kit, ticks);
		assert_int_equal(claim_ahead(kit, 10, 500 * USEC_PER_MSEC), is_held[i]);
		struct run taken = kit_newest(kit, id);
		assert_int_equal(edit(kit, id, "schedule", "every 7s"), ERR_NONE);
		if (is_held[i])
			kit_requeue(kit, &taken);
		assert_int_equal(row_at(kit, id, 10).id, 0); /* it is due no more */
		taken = kit_newest(kit, id);
		assert_int_equal(taken.state, RUN_CANCELLED);
		assert_int_equal(taken.reason, REASON_EDITED);
		assert_string_equal(taken.detail, "given back: edited before it came");
		assert_int_equal(count_runs(kit, id), 0);
		assert_int_equal(edit(kit, id, "schedule", "every 10s"), ERR_NONE);
		kit_set_queue(kit, 5, false);
		assert_int_equal(kit_claim_at(kit, 10), 1);
		struct run run = row_at(kit, id, 10);
		assert_int_equal(run.state, RUN_RUNNING);
		assert_int_not_equal(run.id, taken.id);
		assert_int_equal(count_runs(kit, id), 1);
		kit_do_job(kit, INTENT_JOB_CANCEL, id);
	}
}

static void
an_instant_that_is_edited_away_and_back_before_the_engine_answers_keeps_its_run(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	assert_int_equal(claim_ahead(kit, 10, 500 * USEC_PER_MSEC), 1);
	struct run run = kit_newest(kit, id);
	assert_int_equal(edit(kit, id, "schedule", "every 7s"), ERR_NONE);
	assert_int_equal(edit(kit, id, "schedule", "every 10s"), ERR_NONE);
	kit_requeue(kit, &run);
	assert_int_equal(kit_claim_at(kit, 10), 1);
	assert_int_equal(row_at(kit, id, 10).id, run.id);
	assert_int_equal(count_runs(kit, id), 1);
}

static void
a_run_that_is_edited_away_before_its_instant_does_not_use_up_max_runs(void **state)
{
	static const char *const once[] = { "schedule", "every 10s", "max-runs", "1", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, once);
	assert_int_equal(claim_ahead(kit, 10, 500 * USEC_PER_MSEC), 1);
	struct run run = kit_newest(kit, id);
	assert_int_equal(edit(kit, id, "schedule", "every 7s"), ERR_NONE);
	assert_int_equal(claim_ahead(kit, 14, 5 * SEC), 0); /* while it counts still */
	kit->now = T0 + 9900 * USEC_PER_MSEC;
	kit_requeue(kit, &run);
	assert_int_equal(kit_claim_at(kit, 10), 0);
	assert_int_equal(kit_claim_at(kit, 14), 1);
	run = kit_newest(kit, id);
	kit_end_run(kit, &run, 0);
	assert_int_equal(kit_state_of(kit, id), JOB_FINISHED);
}

static void
a_run_that_is_cancelled_by_its_number_before_its_instant_stays_so(void **state)
{
	static const char *const ticks[] = { "schedule", "every 10s", "queue", "one", NULL };
	struct kit *kit = *state;
	kit_set_queue(kit, 1, true);
	int64_t id = kit_add(kit, ticks);
	claim_ahead(kit, 10, 500 * USEC_PER_MSEC);
	struct intent *cancel = kit_ask(kit, INTENT_RUN_CANCEL);
	cancel->run_id = kit_newest(kit, id).id;
	kit_apply(kit, cancel);
	intent_free(cancel);
	assert_int_equal(edit(kit, id, "schedule", "every 7s"), ERR_NONE);
	assert_int_equal(edit(kit, id, "schedule", "every 10s"), ERR_NONE);
	kit_set_queue(kit, 1, false);
	assert_int_equal(kit_claim_at(kit, 11), 0);
	assert_int_equal(row_at(kit, id, 10).reason, REASON_CANCELLED);
}

static void
a_pause_that_is_over_before_the_instant_takes_nothing(void **state)
{
	static const char *const ticks[] = { "schedule", "every 10s", "queue", "one", NULL };
	static const bool is_full[] = { false, true };
	struct kit *kit = *state;
	for (size_t i = 0; i < 2; i++) {
		kit->now = T0 + (int)i * 20 * SEC;
		kit_set_queue(kit, 5, is_full[i]);
		int64_t id = kit_add(kit, ticks);
		claim_ahead(kit, 10 + (int)i * 20, 500 * USEC_PER_MSEC);
		struct run run = kit_newest(kit, id);
		assert_int_equal(kit_do_job(kit, INTENT_JOB_PAUSE, id), ERR_NONE);
		if (run.state == RUN_RUNNING)
			kit_requeue(kit, &run);
		assert_int_equal(kit_newest(kit, id).state, RUN_WAITING);
		claim_ahead(kit, 10 + (int)i * 20, 400 * USEC_PER_MSEC);
		assert_int_equal(kit_newest(kit, id).state, RUN_WAITING); /* held, not started */
		assert_int_equal(kit_do_job(kit, INTENT_JOB_RESUME, id), ERR_NONE);
		kit_set_queue(kit, 5, false);
		kit_claim_at(kit, 10 + (int)i * 20);
		assert_int_equal(kit_newest(kit, id).id, run.id);
		assert_int_equal(kit_newest(kit, id).state, RUN_RUNNING);
	}
}

static void
a_pause_over_the_instant_skips_what_was_claimed_ahead_of_it(void **state)
{
	static const char *const ticks[] = { "schedule", "every 10s", "queue", "one", NULL };
	struct kit *kit = *state;
	kit_set_queue(kit, 5, true);
	int64_t id = kit_add(kit, ticks), other = kit_add(kit, ticks);
	claim_ahead(kit, 10, 500 * USEC_PER_MSEC);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_PAUSE, id), ERR_NONE);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_PAUSE, other), ERR_NONE);
	kit->now = T0 + 12 * SEC;
	assert_int_equal(kit_do_job(kit, INTENT_JOB_RESUME, other), ERR_NONE);
	assert_int_equal(kit_newest(kit, other).reason, REASON_PAUSED);
	kit_set_queue(kit, 5, false);
	kit_claim_at(kit, 13);
	assert_int_equal(kit_newest(kit, id).state, RUN_SKIPPED);
	assert_int_equal(kit_newest(kit, id).reason, REASON_PAUSED);
}

static void
an_unstarted_run_starts_as_its_job_is_now(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	assert_int_equal(claim_ahead(kit, 10, 300 * USEC_PER_MSEC), 1);
	struct intent *intent = kit_ask(kit, INTENT_JOB_SET);
	intent->ref.id = id;
	kit_change(intent, "shell", "echo new");
	kit_apply(kit, intent);
	assert_int_equal(intent->work.nstops, 1);
	assert_true(intent->work.stops[0].only_unstarted);
	intent_free(intent);
	struct run run = kit_newest(kit, id);
	kit_requeue(kit, &run);
	assert_int_equal(kit_newest(kit, id).state, RUN_WAITING);
}

static void
a_long_pause_is_recorded_whole_when_the_job_is_edited_or_removed(void **state)
{
	static const char *const often[] = { "schedule", "every 100ms", NULL };
	struct kit *kit = *state;
	int64_t edited = kit_add(kit, often), removed = kit_add(kit, often);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_PAUSE, edited), ERR_NONE);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_PAUSE, removed), ERR_NONE);
	kit->now = T0 + 200000 * SEC;
	kit->ntransactions = 0;
	assert_int_equal(edit(kit, edited, "schedule", "every 7s"), ERR_NONE);
	assert_int_equal(kit->ntransactions, 1); /* it is counted */
	assert_int_equal(kit_do_job(kit, INTENT_JOB_CANCEL, removed), ERR_NONE);
	struct run spans[] = { kit_newest(kit, edited), kit_newest(kit, removed) };
	for (int i = 0; i < 2; i++) {
		assert_int_equal(spans[i].reason, REASON_PAUSED);
		assert_int_equal(spans[i].count, 2000000);
		assert_true(spans[i].last_due == kit->now);
	}
}

static void
an_edit_keeps_count_of_the_runs_before_it(void **state)
{
	static const char *const thrice[] = { "schedule", "every 10s", "max-runs", "3", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, thrice);
	kit->now = T0 + 10 * SEC;
	assert_int_equal(edit(kit, id, "schedule", "every 7s"), ERR_NONE);
	struct job job = kit_job_of(kit, id);
	assert_int_equal(job.nruns, 1); /* of T0 + 10, ended by the edit */
	job_fini(&job);
}

/* Nothing of it has come to its start, so that no claim has covered it. */
static void
a_past_that_splay_delays_is_ended_whole(void **state)
{
	static const char *const splayed[] = { "schedule", "every 10ms", "splay", "7d", NULL };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, splayed);
	kit->now = T0 + 1000 * SEC;
	kit_claim_at(kit, 1000);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_CANCEL, id), ERR_NONE);
	assert_int_equal(kit_newest(kit, id).count, 100 * 1000);
	assert_int_equal(kit_newest(kit, id).reason, REASON_REMOVED);
}

static void
a_job_that_is_over_is_refused_by_its_name_as_by_its_id(void **state)
{
	static const char *const named[] = { "schedule", "every 10s", "name", "tick", NULL };
	static const enum intent_kind kinds[] = { INTENT_JOB_CANCEL, INTENT_JOB_PAUSE,
						  INTENT_JOB_RESUME, INTENT_JOB_SET,
						  INTENT_JOB_RUN };
	struct kit *kit = *state;
	int64_t id = kit_add(kit, named);
	char expected[64];
	assert_int_equal(kit_do_job(kit, INTENT_JOB_CANCEL, id), ERR_NONE);
	snprintf(expected, sizeof(expected), "job %lld is cancelled", (long long)id);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct intent *change = kit_ask(kit, kinds[i]);
		change->ref.name = mem_dup("tick");
		change->ref.owner = change->who.uid;
		kit_apply(kit, change);
		assert_int_equal(change->err.code, ERR_INVALID);
		assert_string_equal(change->err.text, expected);
		intent_free(change);
	}
}

/* Asks to stop what runs, too; gives how many runs the engine is to stop. */
static size_t
cancel_and_stop(struct kit *kit, int64_t id, enum err_code expected)
{
	struct intent *cancel = kit_ask(kit, INTENT_JOB_CANCEL);
	cancel->ref.id = id;
	cancel->with_running = true;
	kit_apply(kit, cancel);
	assert_int_equal(cancel->err.code, expected);
	size_t nstops = cancel->work.nstops;
	assert_true(nstops == 0 || !cancel->work.stops[0].only_unstarted);
	intent_free(cancel);
	return nstops;
}

static void
what_goes_on_of_a_removed_job_can_be_stopped_later(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	assert_int_equal(kit_claim_at(kit, 10), 1);
	struct run run = kit_newest(kit, id);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_CANCEL, id), ERR_NONE);
	assert_int_equal(kit_do_job(kit, INTENT_JOB_CANCEL, id), ERR_INVALID);
	assert_int_equal(cancel_and_stop(kit, id, ERR_NONE), 1);
	assert_int_equal(kit_newest(kit, id).stop_reason, REASON_CANCELLED);
	kit_end_run(kit, &run, 0);
	assert_int_equal(cancel_and_stop(kit, id, ERR_INVALID), 0);
}

/* As an earlier version took it. */
static void
give_old_texts(struct kit *kit, int64_t id)
{
	struct backend *db = kit->ledger.backend;
	struct job job;
	struct err err;
	char name[] = "-old", queue[] = "-q", nothing[] = "";
	assert_int_equal(db->ops->begin(db, &err), BACKEND_OK);
	assert_int_equal(db->ops->job_load(db, id, &job, &err), BACKEND_OK);
	struct job old = job;
	old.name = name;
	old.queue = queue;
	old.output = old.tz = nothing;
	assert_int_equal(db->ops->job_update(db, &old, &err), BACKEND_OK);
	assert_int_equal(db->ops->commit(db, &err), BACKEND_OK);
	job_fini(&job);
}

static void
a_job_whose_name_is_refused_by_now_can_be_edited_and_renamed(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add(kit, kit_every_ten);
	give_old_texts(kit, id);
	assert_int_equal(edit(kit, id, "retries", "3"), ERR_NONE);
	struct job job = kit_job_of(kit, id);
	assert_int_equal(job.retries, 3);
	assert_string_equal(job.name, "-old");
	job_fini(&job);
	assert_int_equal(edit(kit, id, "name", "-new"), ERR_INVALID);
	assert_int_equal(edit(kit, id, "queue", "-r"), ERR_INVALID);
	assert_int_equal(edit(kit, id, "name", "new"), ERR_NONE);
	assert_int_equal(edit(kit, id, "name", "-old"), ERR_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KIT(a_pause_is_one_skipped_span),
		WITH_KIT(an_edit_never_runs_what_was_due_before_it),
		WITH_KIT(a_pause_is_on_record_as_one_though_the_job_is_removed_at_once_after_it),
		WITH_KIT(a_past_instant_is_refused_unless_missed_says_what_to_do),
		WITH_KIT(an_unstarted_run_ends_as_its_job_did_though_the_daemon_died_meanwhile),
		WITH_KIT(a_job_that_is_resumed_with_nothing_left_to_do_is_finished),
		WITH_KIT(an_edit_just_before_the_instant_does_not_take_the_run_from_a_once_job),
		WITH_KIT(
			an_edit_just_before_the_instant_leaves_the_run_that_the_new_schedule_has_too),
		WITH_KIT(an_instant_that_one_edit_takes_and_the_next_brings_again_in_time_is_run),
		WITH_KIT(an_instant_that_is_edited_away_and_back_before_the_engine_answers_keeps_its_run),
		WITH_KIT(a_run_that_is_edited_away_before_its_instant_does_not_use_up_max_runs),
		WITH_KIT(a_run_that_is_cancelled_by_its_number_before_its_instant_stays_so),
		WITH_KIT(a_pause_that_is_over_before_the_instant_takes_nothing),
		WITH_KIT(a_pause_over_the_instant_skips_what_was_claimed_ahead_of_it),
		WITH_KIT(an_unstarted_run_starts_as_its_job_is_now),
		WITH_KIT(a_long_pause_is_recorded_whole_when_the_job_is_edited_or_removed),
		WITH_KIT(an_edit_keeps_count_of_the_runs_before_it),
		WITH_KIT(a_past_that_splay_delays_is_ended_whole),
		WITH_KIT(a_job_that_is_over_is_refused_by_its_name_as_by_its_id),
		WITH_KIT(what_goes_on_of_a_removed_job_can_be_stopped_later),
		WITH_KIT(a_job_whose_name_is_refused_by_now_can_be_edited_and_renamed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
