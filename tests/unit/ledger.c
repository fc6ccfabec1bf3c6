/* What intents do to the rows, over the backend in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/zonedir.h"
#include "fake/backend_mem.h"
#include "fake/test_zones.h"
#include "store/ledger.h"

#define T0  (1795000000 * USEC_PER_SEC)
#define SEC USEC_PER_SEC

struct kit {
	struct ledger ledger;
	usec_t now;
};

static int
set_up(void **state)
{
	struct kit *kit = mem_alloc(sizeof(*kit));
	kit->ledger = (struct ledger){ .backend = backend_mem_new(),
		                       .zones = test_zones(),
		                       .boot = "boot",
		                       .spawner = "spawner",
		                       .output_max = 1 << 20 };
	kit->now = T0;
	*state = kit;
	return 0;
}

static int
tear_down(void **state)
{
	struct kit *kit = *state;
	kit->ledger.backend->ops->close(kit->ledger.backend);
	free(kit);
	return 0;
}

/* Applies the intent in a transaction of its own; the caller frees it. */
static struct intent *
apply(struct kit *kit, struct intent *intent)
{
	struct backend *db = kit->ledger.backend;
	struct err err;
	assert_int_equal(db->ops->begin(db, &err), BACKEND_OK);
	assert_true(ledger_apply(&kit->ledger, intent));
	if (intent->err.code == ERR_NONE)
		assert_int_equal(db->ops->commit(db, &err), BACKEND_OK);
	else
		db->ops->rollback(db);
	return intent;
}

static struct intent *
ask(struct kit *kit, enum intent_kind kind)
{
	struct intent *intent = intent_new(kind, kit->now);
	intent->who = (struct requester){ .uid = 1000 };
	intent->limit = 16;
	intent->until = kit->now;
	return intent;
}

static void
change(struct intent *intent, const char *name, const char *text)
{
	intent->changes =
		mem_resize(intent->changes, intent->nchanges + 1, sizeof(*intent->changes));
	intent->changes[intent->nchanges++] =
		(struct change){ .field = field_find(name, strlen(name)),
		                 .kind = SCHEDULE_ANY,
		                 .text = mem_dup(text),
		                 .len = strlen(text) };
}

/* An add of `true` with these changes: "name value" pairs, NULL-terminated. */
static struct intent *
adding(struct kit *kit, const char *const *pairs)
{
	struct intent *intent = ask(kit, INTENT_JOB_ADD);
	intent->job = mem_alloc(sizeof(*intent->job));
	job_init(intent->job);
	intent->job->owner = 1000;
	change(intent, "command", "true");
	for (; pairs && pairs[0]; pairs += 2)
		change(intent, pairs[0], pairs[1]);
	return intent;
}

static int64_t
add(struct kit *kit, const char *const *pairs)
{
	struct intent *intent = apply(kit, adding(kit, pairs));
	if (intent->err.code != ERR_NONE)
		fail_msg("%s: %s", intent->err.field, intent->err.text);
	int64_t id = intent->job_id;
	intent_free(intent);
	return id;
}

/* The intent about that job; the error code of its answer. */
static enum err_code
do_job(struct kit *kit, enum intent_kind kind, int64_t id)
{
	struct intent *intent = ask(kit, kind);
	intent->ref.id = id;
	apply(kit, intent);
	enum err_code code = intent->err.code;
	intent_free(intent);
	return code;
}

/* Claims at now + seconds; gives how many runs were started. */
static size_t
claim_at(struct kit *kit, int seconds)
{
	kit->now = T0 + seconds * SEC;
	struct intent *intent = apply(kit, ask(kit, INTENT_CLAIM));
	size_t n = intent->work.nstarts;
	assert_int_equal(intent->err.code, ERR_NONE);
	intent_free(intent);
	return n;
}

static struct run
newest(struct kit *kit, int64_t job_id)
{
	struct intent *intent = ask(kit, INTENT_RUN_LIST);
	intent->filter.job_id = job_id;
	apply(kit, intent);
	assert_true(intent->nruns > 0);
	struct run run = intent->runs[0].run;
	intent_free(intent);
	return run;
}

static struct job
job_of(struct kit *kit, int64_t id)
{
	struct intent *intent = ask(kit, INTENT_JOB_GET);
	struct job job;
	intent->ref.id = id;
	apply(kit, intent);
	assert_int_equal(intent->njobs, 1);
	job_copy(&job, &intent->jobs[0].job);
	intent_free(intent);
	return job;
}

static enum job_state
state_of(struct kit *kit, int64_t id)
{
	struct job job = job_of(kit, id);
	enum job_state state = job.state;
	job_fini(&job);
	return state;
}

static void
end_run(struct kit *kit, const struct run *run, int code)
{
	struct intent *intent = ask(kit, INTENT_ENDED);
	intent->run_id = run->id;
	intent->attempt = run->attempt;
	intent->outcome = (struct outcome){ .kind = OUTCOME_EXIT, .code = code,
		                            .ended_at = kit->now, .output_fd = -1 };
	apply(kit, intent);
	assert_int_equal(intent->err.code, ERR_NONE);
	intent_free(intent);
}

static const char *const every_ten[] = { "schedule", "every 10s", NULL };

static void
the_same_key_again_gives_the_same_answer(void **state)
{
	struct kit *kit = *state;
	struct intent *first = adding(kit, every_ten), *again = adding(kit, every_ten);
	strcpy(first->key, "k1");
	strcpy(again->key, "k1");
	first->key_hash = again->key_hash = 7;
	apply(kit, first);
	kit->now += SEC;
	apply(kit, again);
	assert_int_equal(again->err.code, ERR_NONE);
	assert_int_equal(again->job_id, first->job_id);
	assert_true(again->next_due == first->next_due);
	intent_free(first);
	intent_free(again);

	struct intent *other = adding(kit, NULL);
	strcpy(other->key, "k1");
	other->key_hash = 8;
	apply(kit, other);
	assert_int_equal(other->err.code, ERR_INVALID);
	assert_string_equal(other->err.field, "key");
	intent_free(other);
}

static void
a_key_belongs_to_its_user(void **state)
{
	struct kit *kit = *state;
	struct intent *mine = adding(kit, every_ten), *yours = adding(kit, every_ten);
	strcpy(mine->key, "k");
	strcpy(yours->key, "k");
	yours->who.uid = yours->job->owner = 1001;
	apply(kit, mine);
	apply(kit, yours);
	assert_int_equal(yours->err.code, ERR_NONE);
	assert_int_not_equal(yours->job_id, mine->job_id);
	intent_free(mine);
	intent_free(yours);
}

static void
a_name_is_taken_until_its_job_is_over(void **state)
{
	static const char *const named[] = { "schedule", "every 10s", "name", "tick", NULL };
	struct kit *kit = *state;
	int64_t id = add(kit, named);
	struct intent *second = apply(kit, adding(kit, named));
	assert_int_equal(second->err.code, ERR_EXISTS);
	assert_string_equal(second->err.field, "name");
	intent_free(second);
	assert_int_equal(do_job(kit, INTENT_JOB_CANCEL, id), ERR_NONE);
	assert_true(add(kit, named) != id);
}

static void
nobody_sees_that_another_users_job_exists(void **state)
{
	struct kit *kit = *state;
	int64_t id = add(kit, every_ten);
	static const enum intent_kind kinds[] = { INTENT_JOB_GET,    INTENT_JOB_SET,
		                                  INTENT_JOB_CANCEL, INTENT_JOB_PAUSE,
		                                  INTENT_JOB_RESUME, INTENT_JOB_RUN,
		                                  INTENT_WHY };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct intent *theirs = ask(kit, kinds[i]), *missing = ask(kit, kinds[i]);
		char expected[64];
		theirs->who.uid = missing->who.uid = 1001;
		theirs->ref.id = id;
		missing->ref.id = 99;
		apply(kit, theirs);
		apply(kit, missing);
		assert_int_equal(theirs->err.code, ERR_NOT_FOUND);
		assert_int_equal(missing->err.code, ERR_NOT_FOUND);
		snprintf(expected, sizeof(expected), "no job %lld", (long long)id);
		assert_string_equal(theirs->err.text, expected);
		intent_free(theirs);
		intent_free(missing);
	}
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
	struct intent *refused = apply(kit, adding(kit, past));
	assert_int_equal(refused->err.code, ERR_INVALID);
	assert_non_null(strstr(refused->err.text, "in the past"));
	intent_free(refused);
	int64_t runs = add(kit, once), silent = add(kit, skip);
	assert_int_equal(claim_at(kit, 1), 1);
	assert_int_equal(newest(kit, runs).state, RUN_RUNNING);
	assert_true(newest(kit, runs).is_catchup);
	assert_int_equal(newest(kit, silent).state, RUN_MISSED);
	assert_int_equal(state_of(kit, silent), JOB_FINISHED);
}

static void
a_pause_is_one_skipped_span(void **state)
{
	struct kit *kit = *state;
	int64_t id = add(kit, every_ten);
	assert_int_equal(do_job(kit, INTENT_JOB_PAUSE, id), ERR_NONE);
	assert_int_equal(claim_at(kit, 35), 0);
	assert_int_equal(do_job(kit, INTENT_JOB_RESUME, id), ERR_NONE);
	assert_int_equal(claim_at(kit, 36), 0);
	struct run span = newest(kit, id);
	assert_int_equal(span.state, RUN_SKIPPED);
	assert_int_equal(span.reason, REASON_PAUSED);
	assert_true(span.due == T0 + 10 * SEC && span.last_due == T0 + 30 * SEC);
	assert_int_equal(span.count, 3);
	assert_int_equal(claim_at(kit, 40), 1);
}

static void
an_edit_never_runs_what_was_due_before_it(void **state)
{
	struct kit *kit = *state;
	int64_t id = add(kit, every_ten);
	kit->now = T0 + 25 * SEC;
	struct intent *edit = ask(kit, INTENT_JOB_SET);
	edit->ref.id = id;
	change(edit, "schedule", "every 7s");
	apply(kit, edit);
	assert_int_equal(edit->err.code, ERR_NONE);
	assert_true(edit->next_due == T0 + 28 * SEC);
	intent_free(edit);
	struct run past = newest(kit, id);
	assert_int_equal(past.state, RUN_CANCELLED);
	assert_int_equal(past.reason, REASON_EDITED);
	assert_int_equal(claim_at(kit, 26), 0);
	assert_int_equal(claim_at(kit, 28), 1);
}

static void
a_manual_start_passes_the_same_gate_and_leaves_no_row_when_refused(void **state)
{
	struct kit *kit = *state;
	int64_t id = add(kit, every_ten);
	assert_int_equal(do_job(kit, INTENT_JOB_RUN, id), ERR_NONE);
	struct run first = newest(kit, id);
	assert_int_equal(first.trigger, TRIGGER_MANUAL);
	assert_int_equal(do_job(kit, INTENT_JOB_RUN, id), ERR_BUSY);
	assert_int_equal(newest(kit, id).id, first.id);
	struct intent *forced = ask(kit, INTENT_JOB_RUN);
	forced->ref.id = id;
	forced->is_forced = true;
	apply(kit, forced);
	assert_int_equal(forced->err.code, ERR_NONE);
	assert_int_equal(forced->work.nstarts, 1);
	intent_free(forced);
	assert_true(newest(kit, id).is_forced);
}

static void
failures_in_a_row_pause_the_job(void **state)
{
	static const char *const fragile[] = { "schedule", "every 10s", "pause-after", "2", NULL };
	struct kit *kit = *state;
	int64_t id = add(kit, fragile);
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(state_of(kit, id), JOB_ACTIVE);
		assert_int_equal(claim_at(kit, 10 * i), 1);
		struct run run = newest(kit, id);
		end_run(kit, &run, 1);
	}
	assert_int_equal(state_of(kit, id), JOB_PAUSED);
	assert_int_equal(claim_at(kit, 30), 0);
}

static void
a_success_ends_the_row_of_failures(void **state)
{
	static const char *const fragile[] = { "schedule", "every 10s", "pause-after", "2", NULL };
	static const int codes[] = { 1, 0, 1 };
	struct kit *kit = *state;
	int64_t id = add(kit, fragile);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(claim_at(kit, 10 * (i + 1)), 1);
		struct run run = newest(kit, id);
		end_run(kit, &run, codes[i]);
	}
	assert_int_equal(state_of(kit, id), JOB_ACTIVE);
}

static void
max_runs_finish_the_job(void **state)
{
	static const char *const twice[] = { "schedule", "every 10s", "max-runs", "2", NULL };
	struct kit *kit = *state;
	int64_t id = add(kit, twice);
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(claim_at(kit, 10 * i), 1);
		struct run run = newest(kit, id);
		end_run(kit, &run, 0);
	}
	assert_int_equal(claim_at(kit, 30), 0);
	assert_int_equal(state_of(kit, id), JOB_FINISHED);
}

static void
a_retry_waits_its_time_and_is_the_same_run(void **state)
{
	static const char *const stubborn[] = { "retries", "1", "retry-delay", "10s", NULL };
	struct kit *kit = *state;
	int64_t id = add(kit, stubborn);
	assert_int_equal(claim_at(kit, 0), 1);
	struct run run = newest(kit, id);
	end_run(kit, &run, 1);
	struct run waiting = newest(kit, id);
	assert_int_equal(waiting.id, run.id);
	assert_int_equal(waiting.state, RUN_WAITING);
	assert_int_equal(claim_at(kit, 7), 0);
	assert_int_equal(claim_at(kit, 13), 1);
	struct run second = newest(kit, id);
	assert_int_equal(second.attempt, 2);
	end_run(kit, &second, 1);
	assert_int_equal(newest(kit, id).state, RUN_FAILED);
	assert_int_equal(state_of(kit, id), JOB_FINISHED);
}

static void
an_end_that_is_told_twice_counts_once(void **state)
{
	struct kit *kit = *state;
	int64_t id = add(kit, NULL);
	assert_int_equal(claim_at(kit, 0), 1);
	struct run run = newest(kit, id);
	end_run(kit, &run, 0);
	end_run(kit, &run, 1);
	assert_int_equal(newest(kit, id).state, RUN_SUCCEEDED);
}

static void
an_on_start_job_runs_once_a_boot(void **state)
{
	static const char *const boots[] = { "schedule", "@reboot", NULL };
	struct kit *kit = *state;
	int64_t id = add(kit, boots);
	for (int i = 0; i < 2; i++) {
		struct intent *boot = ask(kit, INTENT_BOOT);
		boot->at = kit->now + i;
		apply(kit, boot);
		intent_free(boot);
		assert_int_equal(claim_at(kit, i + 1), i == 0 ? 1 : 0);
	}
	struct run run = newest(kit, id);
	end_run(kit, &run, 0);
	strcpy(kit->ledger.boot, "the next boot");
	struct intent *boot = ask(kit, INTENT_BOOT);
	boot->at = kit->now + 5;
	apply(kit, boot);
	intent_free(boot);
	assert_int_equal(claim_at(kit, 9), 1);
	assert_int_equal(state_of(kit, id), JOB_ACTIVE);
}

static void
a_clock_set_back_moves_intervals_and_repeats_no_instant(void **state)
{
	struct kit *kit = *state;
	int64_t id = add(kit, every_ten);
	assert_int_equal(claim_at(kit, 300), 1);
	struct run run = newest(kit, id);
	end_run(kit, &run, 0);
	kit->now = T0 + 105 * SEC;
	struct intent *step = ask(kit, INTENT_CLOCK_STEP);
	step->at = T0 + 301 * SEC;
	apply(kit, step);
	assert_int_equal(step->err.code, ERR_NONE);
	assert_int_equal(step->offset, -1);
	intent_free(step);
	struct job job = job_of(kit, id);
	assert_true(job.next_due == T0 + 110 * SEC);
	job_fini(&job);
	assert_int_equal(claim_at(kit, 110), 0); /* it has its row: missed, before the step */
	assert_int_equal(claim_at(kit, 310), 1);
}

static void
what_a_slot_is_missing_for_waits_by_priority(void **state)
{
	static const char *const low[] = { "queue", "one", "priority", "1", NULL };
	static const char *const high[] = { "queue", "one", "priority", "9", NULL };
	struct kit *kit = *state;
	struct intent *queue = ask(kit, INTENT_QUEUE_SET);
	queue->who.is_operator = true;
	queue->queue = (struct queue){ .name = "one", .concurrency = 1 };
	apply(kit, queue);
	intent_free(queue);
	int64_t first = add(kit, low);
	assert_int_equal(claim_at(kit, 1), 1);
	int64_t second = add(kit, low), third = add(kit, high);
	assert_int_equal(claim_at(kit, 2), 0);
	struct run run = newest(kit, first);
	end_run(kit, &run, 0);
	assert_int_equal(newest(kit, third).state, RUN_RUNNING);
	assert_int_equal(newest(kit, second).state, RUN_WAITING);
}

static void
a_run_that_waits_beyond_its_deadline_is_missed(void **state)
{
	static const char *const slow[] = { "queue", "one", NULL };
	static const char *const urgent[] = { "queue", "one", "start-deadline", "5s", NULL };
	struct kit *kit = *state;
	struct intent *queue = ask(kit, INTENT_QUEUE_SET);
	queue->who.is_operator = true;
	queue->queue = (struct queue){ .name = "one", .concurrency = 1 };
	apply(kit, queue);
	intent_free(queue);
	int64_t first = add(kit, slow);
	assert_int_equal(claim_at(kit, 1), 1);
	int64_t second = add(kit, urgent);
	assert_int_equal(claim_at(kit, 2), 0);
	kit->now = T0 + 60 * SEC;
	struct run run = newest(kit, first);
	end_run(kit, &run, 0);
	assert_int_equal(newest(kit, second).state, RUN_MISSED);
	assert_int_equal(newest(kit, second).reason, REASON_DEADLINE);
	assert_int_equal(state_of(kit, second), JOB_FINISHED);
}

static void
set_queue(struct kit *kit, int concurrency, bool is_paused)
{
	struct intent *queue = ask(kit, INTENT_QUEUE_SET);
	queue->who.is_operator = true;
	queue->queue = (struct queue){ .name = "one", .concurrency = concurrency,
		                       .is_paused = is_paused };
	apply(kit, queue);
	intent_free(queue);
}

static void
a_pause_that_ends_a_waiting_run_lets_the_one_behind_it_go(void **state)
{
	static const char *const queued[] = { "schedule", "every 10s", "overlap", "queue",
		                              "queue",    "one",       NULL };
	struct kit *kit = *state;
	set_queue(kit, 1, true);
	int64_t id = add(kit, queued);
	assert_int_equal(claim_at(kit, 10), 0);
	assert_int_equal(do_job(kit, INTENT_JOB_RUN, id), ERR_NONE);
	assert_int_equal(newest(kit, id).gate, GATE_JOB);
	assert_int_equal(do_job(kit, INTENT_JOB_PAUSE, id), ERR_NONE);
	assert_int_equal(newest(kit, id).trigger, TRIGGER_MANUAL);
	assert_int_equal(newest(kit, id).gate, GATE_OPEN);
}

static void
a_job_that_is_resumed_with_nothing_left_to_do_is_finished(void **state)
{
	static const char *const once[] = { "pause-after", "1", NULL };
	struct kit *kit = *state;
	int64_t id = add(kit, once);
	assert_int_equal(claim_at(kit, 0), 1);
	struct run run = newest(kit, id);
	end_run(kit, &run, 1);
	assert_int_equal(state_of(kit, id), JOB_PAUSED);
	assert_int_equal(do_job(kit, INTENT_JOB_RESUME, id), ERR_NONE);
	assert_int_equal(state_of(kit, id), JOB_FINISHED);
}

static void
requeue(struct kit *kit, const struct run *run)
{
	struct intent *intent = ask(kit, INTENT_REQUEUE);
	intent->run_id = run->id;
	intent->attempt = run->attempt;
	apply(kit, intent);
	assert_int_equal(intent->err.code, ERR_NONE);
	assert_true(intent->work.wake_by >= 0 && intent->work.wake_by <= kit->now);
	intent_free(intent);
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
		{ INTENT_JOB_SET, RUN_CANCELLED, REASON_EDITED },
		{ INTENT_JOB_GET, RUN_WAITING, REASON_NONE },
	};
	struct kit *kit = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t id = add(kit, every_ten);
		assert_int_equal(claim_at(kit, 10 * ((int)i + 1)), 1);
		struct run run = newest(kit, id);
		assert_int_equal(do_job(kit, cases[i].kind, id), ERR_NONE);
		requeue(kit, &run);
		run = newest(kit, id);
		assert_int_equal(run.state, cases[i].state);
		assert_int_equal(run.reason, cases[i].reason);
		do_job(kit, INTENT_JOB_CANCEL, id); /* out of the way, if it is not */
	}
}

static void
an_unstarted_run_that_was_stopped_does_not_come_back(void **state)
{
	struct kit *kit = *state;
	int64_t id = add(kit, every_ten);
	assert_int_equal(claim_at(kit, 10), 1);
	struct run run = newest(kit, id);
	struct intent *stop = ask(kit, INTENT_RUN_CANCEL);
	stop->run_id = run.id;
	apply(kit, stop);
	intent_free(stop);
	requeue(kit, &run);
	assert_int_equal(newest(kit, id).state, RUN_CANCELLED);
}

static void
an_unstarted_run_makes_way_for_the_next(void **state)
{
	static const char *const yielding[] = { "schedule", "every 10s", "overlap", "cancel", NULL };
	struct kit *kit = *state;
	int64_t id = add(kit, yielding);
	assert_int_equal(claim_at(kit, 10), 1);
	struct run first = newest(kit, id);
	assert_int_equal(do_job(kit, INTENT_JOB_RUN, id), ERR_NONE);
	requeue(kit, &first);
	struct run second = newest(kit, id);
	assert_int_not_equal(second.id, first.id);
	assert_int_equal(second.gate, GATE_OPEN);
	assert_int_equal(claim_at(kit, 11), 1);
	assert_int_equal(newest(kit, id).state, RUN_RUNNING);
}

static void
set_clock(struct kit *kit, int from, int to)
{
	kit->now = T0 + to * SEC;
	struct intent *step = ask(kit, INTENT_CLOCK_STEP);
	step->at = T0 + from * SEC;
	apply(kit, step);
	assert_int_equal(step->err.code, ERR_NONE);
	intent_free(step);
}

static void
a_clock_set_back_loses_no_instant_that_is_due_still(void **state)
{
	struct kit *kit = *state;
	int64_t id = add(kit, every_ten);
	set_clock(kit, 200, 15);
	assert_int_equal(claim_at(kit, 16), 1);
	assert_true(newest(kit, id).due == T0 + 10 * SEC);
}

static void
a_job_that_is_resumed_goes_by_the_clock_of_now(void **state)
{
	struct kit *kit = *state;
	int64_t id = add(kit, every_ten);
	assert_int_equal(claim_at(kit, 2000), 1);
	assert_int_equal(do_job(kit, INTENT_JOB_PAUSE, id), ERR_NONE);
	set_clock(kit, 2001, 1005);
	assert_int_equal(do_job(kit, INTENT_JOB_RESUME, id), ERR_NONE);
	struct job job = job_of(kit, id);
	assert_true(job.next_due == T0 + 1010 * SEC);
	job_fini(&job);
}

static void
a_pause_is_on_record_as_one_though_the_job_is_removed_at_once_after_it(void **state)
{
	struct kit *kit = *state;
	int64_t id = add(kit, every_ten);
	assert_int_equal(do_job(kit, INTENT_JOB_PAUSE, id), ERR_NONE);
	kit->now = T0 + 35 * SEC;
	assert_int_equal(do_job(kit, INTENT_JOB_RESUME, id), ERR_NONE);
	assert_int_equal(do_job(kit, INTENT_JOB_CANCEL, id), ERR_NONE);
	struct run span = newest(kit, id);
	assert_int_equal(span.reason, REASON_PAUSED);
	assert_int_equal(span.count, 3);
}

/* A zone directory with one zone in it, whose file can be replaced. */
struct replaceable {
	struct zonedir dir;
	const char *file;
};

static int
read_replaceable(void *self, const char *name, char **data, size_t *len, struct err *err)
{
	struct replaceable *source = self;
	(void)name;
	return zonedir_read(&source->dir, source->file, data, len, err);
}

static uint64_t
identify_replaceable(void *self, const char *name)
{
	struct replaceable *source = self;
	(void)name;
	return zonedir_identity(&source->dir, source->file);
}

static void
name_replaceable(void *self, char *name, size_t size)
{
	(void)self;
	snprintf(name, size, "Test/Zone");
}

static void
a_replaced_zone_moves_the_jobs_that_follow_it(void **state)
{
	static const char *const noon[] = { "schedule", "0 12 * * *", "tz", "Test/Zone", NULL };
	struct kit *kit = *state;
	struct replaceable source = { .file = "Etc/GMT-3" };
	zonedir_init(&source.dir, ZONEINFO_DIR);
	kit->ledger.zones = zones_new(&(struct zone_source){ read_replaceable, identify_replaceable,
	                                                     name_replaceable, &source });
	int64_t id = add(kit, noon), steady = add(kit, every_ten);
	struct job before = job_of(kit, id), unmoved = job_of(kit, steady);
	source.file = "Etc/GMT-2";
	struct intent *look = apply(kit, ask(kit, INTENT_ZONES));
	assert_int_equal(look->err.code, ERR_NONE);
	assert_string_equal(look->name, "Test/Zone");
	assert_int_equal(look->count, 1);
	assert_int_equal(look->offset, -1);
	intent_free(look);
	struct job after = job_of(kit, id), still = job_of(kit, steady);
	assert_true(after.next_due == before.next_due + USEC_PER_HOUR);
	assert_true(still.next_due == unmoved.next_due);
	job_fini(&before);
	job_fini(&unmoved);
	job_fini(&after);
	job_fini(&still);
	look = apply(kit, ask(kit, INTENT_ZONES));
	assert_null(look->name);
	intent_free(look);
	zones_free(kit->ledger.zones);
	zonedir_fini(&source.dir);
}

#define WITH_KIT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KIT(the_same_key_again_gives_the_same_answer),
		WITH_KIT(a_key_belongs_to_its_user),
		WITH_KIT(a_name_is_taken_until_its_job_is_over),
		WITH_KIT(nobody_sees_that_another_users_job_exists),
		WITH_KIT(a_past_instant_is_refused_unless_missed_says_what_to_do),
		WITH_KIT(a_pause_is_one_skipped_span),
		WITH_KIT(an_edit_never_runs_what_was_due_before_it),
		WITH_KIT(a_manual_start_passes_the_same_gate_and_leaves_no_row_when_refused),
		WITH_KIT(failures_in_a_row_pause_the_job),
		WITH_KIT(a_success_ends_the_row_of_failures),
		WITH_KIT(max_runs_finish_the_job),
		WITH_KIT(a_retry_waits_its_time_and_is_the_same_run),
		WITH_KIT(an_end_that_is_told_twice_counts_once),
		WITH_KIT(an_on_start_job_runs_once_a_boot),
		WITH_KIT(a_clock_set_back_moves_intervals_and_repeats_no_instant),
		WITH_KIT(what_a_slot_is_missing_for_waits_by_priority),
		WITH_KIT(a_pause_that_ends_a_waiting_run_lets_the_one_behind_it_go),
		WITH_KIT(a_job_that_is_resumed_with_nothing_left_to_do_is_finished),
		WITH_KIT(an_unstarted_run_ends_as_its_job_did_though_the_daemon_died_meanwhile),
		WITH_KIT(an_unstarted_run_that_was_stopped_does_not_come_back),
		WITH_KIT(an_unstarted_run_makes_way_for_the_next),
		WITH_KIT(a_clock_set_back_loses_no_instant_that_is_due_still),
		WITH_KIT(a_job_that_is_resumed_goes_by_the_clock_of_now),
		WITH_KIT(a_pause_is_on_record_as_one_though_the_job_is_removed_at_once_after_it),
		WITH_KIT(a_replaced_zone_moves_the_jobs_that_follow_it),
		WITH_KIT(a_run_that_waits_beyond_its_deadline_is_missed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
