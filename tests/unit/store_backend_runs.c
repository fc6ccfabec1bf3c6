/* The backend suite: runs, what claims ask about them, and their pages. */
#include "unit/store_backend.h"

#include "base/alloc.h"

static struct run
waiting_run(int64_t job_id, usec_t due, enum run_gate gate, int priority)
{
	return (struct run){ .job_id = job_id,
			     .due = due,
			     .last_due = due,
			     .count = 1,
			     .start_at = due,
			     .state = RUN_WAITING,
			     .gate = gate,
			     .priority = priority };
}

static void
a_run_reads_back_with_all_its_fields(void **state)
{
	struct kit *kit = *state;
	struct run run = { .job_id = kit_add_job(kit, "job", 1),
			   .due = 1,
			   .last_due = 2,
			   .count = 3,
			   .start_at = 4,
			   .trigger = TRIGGER_MANUAL,
			   .state = RUN_WAITING,
			   .gate = GATE_TIME,
			   .reason = REASON_NONE,
			   .detail = "why",
			   .attempt = 5,
			   .priority = 6,
			   .is_catchup = true,
			   .is_forced = true,
			   .stop_reason = REASON_TIMEOUT,
			   .stop_uid = 4294967295u,
			   .claimed_at = 7,
			   .ended_at = 8,
			   .tty = 9 };
	assert_int_equal(kit->ops->run_insert(kit->backend, &run, &kit->err), BACKEND_OK);
	kit_commit(kit);
	struct run got = kit_run(kit, run.id);
	assert_int_equal(got.job_id, run.job_id);
	assert_int_equal(got.due, 1);
	assert_int_equal(got.last_due, 2);
	assert_int_equal(got.count, 3);
	assert_int_equal(got.start_at, 4);
	assert_int_equal(got.trigger, TRIGGER_MANUAL);
	assert_int_equal(got.gate, GATE_TIME);
	assert_string_equal(got.detail, "why");
	assert_int_equal(got.attempt, 5);
	assert_int_equal(got.priority, 6);
	assert_true(got.is_catchup && got.is_forced);
	assert_int_equal(got.stop_reason, REASON_TIMEOUT);
	assert_int_equal(got.stop_uid, 4294967295u);
	assert_int_equal(got.claimed_at, 7);
	assert_int_equal(got.ended_at, 8);
	assert_int_equal(got.tty, 9);
}

static void
an_instant_of_a_schedule_is_recorded_once(void **state)
{
	struct kit *kit = *state;
	int64_t job = kit_add_job(kit, "job", 1);
	int64_t other = kit_add_job(kit, "other", 1);
	kit_add_run(kit, job, 100, RUN_SUCCEEDED);
	struct run again = waiting_run(job, 100, GATE_OPEN, 5);
	assert_int_equal(kit->ops->run_insert(kit->backend, &again, &kit->err), BACKEND_NONE);
	again.trigger = TRIGGER_MANUAL;
	assert_int_equal(kit->ops->run_insert(kit->backend, &again, &kit->err), BACKEND_OK);
	assert_int_equal(kit->ops->run_insert(kit->backend, &again, &kit->err), BACKEND_OK);
	again.trigger = TRIGGER_SCHEDULE;
	again.job_id = other;
	assert_int_equal(kit->ops->run_insert(kit->backend, &again, &kit->err), BACKEND_OK);
}

static void
a_run_changes_only_from_the_state_and_attempt_that_were_seen(void **state)
{
	struct kit *kit = *state;
	int64_t job = kit_add_job(kit, "job", 1);
	struct run run = kit_run(kit, kit_add_run(kit, job, 100, RUN_WAITING));
	struct store_stats stats;
	run.state = RUN_RUNNING;
	run.attempt = 1;
	run.tty = 4;
	assert_int_equal(kit->ops->run_update(kit->backend, &run, RUN_RUNNING, 0, &kit->err),
			 BACKEND_NONE);
	assert_int_equal(kit->ops->run_update(kit->backend, &run, RUN_WAITING, 1, &kit->err),
			 BACKEND_NONE);
	assert_int_equal(kit->ops->run_update(kit->backend, &run, RUN_WAITING, 0, &kit->err),
			 BACKEND_OK);
	assert_int_equal(kit->ops->stats(kit->backend, &stats, &kit->err), BACKEND_OK);
	assert_int_equal(stats.nwaiting, 0);
	assert_int_equal(stats.nrunning, 1);
	run.state = RUN_SUCCEEDED;
	run.ended_at = 200;
	assert_int_equal(kit->ops->run_update(kit->backend, &run, RUN_RUNNING, 1, &kit->err),
			 BACKEND_OK);
	assert_int_equal(kit->ops->run_update(kit->backend, &run, RUN_RUNNING, 1, &kit->err),
			 BACKEND_NONE);
	assert_int_equal(kit->ops->stats(kit->backend, &stats, &kit->err), BACKEND_OK);
	assert_int_equal(stats.nrunning, 0);
	assert_int_equal(stats.nruns, 1);
	assert_int_equal(kit_run(kit, run.id).tty, 0); /* what was asked for stays */
}

static void
the_last_row_of_the_schedule_is_found(void **state)
{
	struct kit *kit = *state;
	int64_t job = kit_add_job(kit, "job", 1);
	struct run run;
	assert_int_equal(kit->ops->run_due_by(kit->backend, job, USEC_NEVER, &run, &kit->err),
			 BACKEND_NONE);
	int64_t last = kit_add_run(kit, job, 300, RUN_SKIPPED);
	kit_add_run(kit, job, 200, RUN_SKIPPED);
	struct run manual = waiting_run(job, 400, GATE_OPEN, 5);
	manual.trigger = TRIGGER_MANUAL;
	kit->ops->run_insert(kit->backend, &manual, &kit->err);
	assert_int_equal(kit->ops->run_due_by(kit->backend, job, USEC_NEVER, &run, &kit->err),
			 BACKEND_OK);
	assert_int_equal(run.id, last);
}

static void
the_row_due_by_an_instant_is_the_last_that_began_before(void **state)
{
	struct kit *kit = *state;
	int64_t job = kit_add_job(kit, "job", 1);
	struct run got;
	int64_t first = kit_add_run(kit, job, 100, RUN_SKIPPED);
	int64_t second = kit_add_run(kit, job, 200, RUN_FAILED);
	const struct {
		usec_t at;
		int64_t id; /* 0: none */
	} cases[] = { { 99, 0 }, { 100, first }, { 199, first }, { 200, second }, { 201, second } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum backend_result found = kit->ops->run_due_by(kit->backend, job, cases[i].at,
								 &got, &kit->err);
		assert_int_equal(found, cases[i].id ? BACKEND_OK : BACKEND_NONE);
		if (cases[i].id)
			assert_int_equal(got.id, cases[i].id);
	}
}

static void
active_runs_come_oldest_due_first(void **state)
{
	struct kit *kit = *state;
	int64_t job = kit_add_job(kit, "job", 1);
	struct run runs[4];
	size_t n;
	kit_add_run(kit, job, 300, RUN_WAITING);
	kit_add_run(kit, job, 200, RUN_RUNNING);
	kit_add_run(kit, job, 100, RUN_FAILED);
	kit->ops->runs_active(kit->backend, job, 4, runs, &n, &kit->err);
	assert_int_equal(n, 2);
	assert_int_equal(runs[0].due, 200);
	assert_int_equal(runs[1].due, 300);
	kit->ops->runs_active(kit->backend, job, 1, runs, &n, &kit->err);
	assert_int_equal(n, 1);
}

static void
a_timed_gate_opens_at_its_time(void **state)
{
	struct kit *kit = *state;
	int64_t job = kit_add_job(kit, "job", 1);
	struct run early = waiting_run(job, 100, GATE_TIME, 5);
	struct run late = waiting_run(job, 200, GATE_TIME, 5);
	usec_t next;
	kit->ops->runs_next_timed(kit->backend, &next, &kit->err);
	assert_int_equal(next, USEC_NEVER);
	kit->ops->run_insert(kit->backend, &early, &kit->err);
	kit->ops->run_insert(kit->backend, &late, &kit->err);
	kit->ops->runs_next_timed(kit->backend, &next, &kit->err);
	assert_int_equal(next, 100);
	assert_int_equal(kit->ops->runs_open_timed(kit->backend, 199, &kit->err), BACKEND_OK);
	assert_int_equal(kit->ops->runs_open_timed(kit->backend, 199, &kit->err), BACKEND_NONE);
	assert_int_equal(kit_run(kit, early.id).gate, GATE_OPEN);
	assert_int_equal(kit_run(kit, late.id).gate, GATE_TIME);
	kit->ops->runs_next_timed(kit->backend, &next, &kit->err);
	assert_int_equal(next, 200);
}

static void
rows_ahead_that_were_not_run_stand_for_no_instant_once_given_back(void **state)
{
	struct kit *kit = *state;
	int64_t job = kit_add_job(kit, "job", 1), other = kit_add_job(kit, "other", 1);
	kit_add_run(kit, job, 100, RUN_MISSED);
	int64_t ran = kit_add_run(kit, job, 200, RUN_FAILED);
	int64_t missed = kit_add_run(kit, job, 300, RUN_MISSED);
	int64_t skipped = kit_add_run(kit, job, 400, RUN_SKIPPED);
	int64_t others = kit_add_run(kit, other, 300, RUN_MISSED);
	struct run last, edited = kit_run(kit, kit_add_run(kit, job, 500, RUN_WAITING));
	struct run removed = kit_run(kit, kit_add_run(kit, job, 150, RUN_WAITING));
	edited.state = removed.state = RUN_CANCELLED;
	edited.reason = REASON_EDITED;
	removed.reason = REASON_REMOVED;
	kit->ops->run_update(kit->backend, &edited, RUN_WAITING, 0, &kit->err);
	kit->ops->run_update(kit->backend, &removed, RUN_WAITING, 0, &kit->err);
	struct back_slice slice = { .job_id = job, .after = 100, .until = USEC_NEVER,
				    .detail = "back", .max = 2 };
	assert_int_equal(kit->ops->runs_give_back(kit->backend, &slice, &kit->err), BACKEND_OK);
	assert_true(slice.n == 2 && slice.until == 400);
	assert_int_equal(kit_run(kit, skipped).trigger, TRIGGER_CLOCK);
	assert_int_equal(kit_run(kit, missed).trigger, TRIGGER_SCHEDULE);
	assert_int_equal(kit->ops->runs_give_back(kit->backend, &slice, &kit->err), BACKEND_OK);
	assert_true(slice.n == 2 && slice.until == 200);
	assert_int_equal(kit->ops->runs_give_back(kit->backend, &slice, &kit->err), BACKEND_NONE);
	assert_int_equal(slice.n, 1);
	assert_int_equal(kit->ops->runs_give_back(kit->backend, &slice, &kit->err), BACKEND_NONE);
	assert_int_equal(slice.n, 0);
	kit->ops->run_due_by(kit->backend, job, USEC_NEVER, &last, &kit->err);
	assert_int_equal(last.id, ran);
	assert_int_equal(kit_run(kit, missed).trigger, TRIGGER_CLOCK);
	assert_int_equal(kit_run(kit, missed).state, RUN_MISSED);
	assert_int_equal(kit_run(kit, edited.id).trigger, TRIGGER_CLOCK);
	assert_int_equal(kit_run(kit, removed.id).trigger, TRIGGER_SCHEDULE);
	assert_false(kit_run(kit, missed).is_damaged);
	assert_string_equal(kit_run(kit, skipped).detail, "back");
	assert_int_equal(kit_run(kit, others).trigger, TRIGGER_SCHEDULE);
	kit_add_run(kit, job, 300, RUN_WAITING); /* and can be due again */
}

static void
runs_with_a_timed_gate_come_in_the_order_of_their_starts_behind_a_given_one(void **state)
{
	static const usec_t starts[] = { 200, 100, 200, 300, 150 };
	struct kit *kit = *state;
	int64_t job = kit_add_job(kit, "job", 1), ids[5];
	struct run runs[4], open = waiting_run(job, 120, GATE_OPEN, 5);
	size_t n;
	for (int i = 0; i < 5; i++) {
		struct run run = waiting_run(job, starts[i] + i, GATE_TIME, 5);
		run.start_at = starts[i];
		kit->ops->run_insert(kit->backend, &run, &kit->err);
		ids[i] = run.id;
	}
	kit->ops->run_insert(kit->backend, &open, &kit->err);
	kit->ops->runs_timed(kit->backend, &(struct run){ 0 }, 3, runs, &n, &kit->err);
	assert_int_equal(n, 3);
	assert_true(runs[0].id == ids[1] && runs[1].id == ids[4] && runs[2].id == ids[0]);
	struct run behind = runs[2];
	kit->ops->runs_timed(kit->backend, &behind, 3, runs, &n, &kit->err);
	assert_int_equal(n, 2);
	assert_true(runs[0].id == ids[2] && runs[1].id == ids[3]);
}

static void
a_waiting_run_is_overdue_once_its_deadline_has_passed(void **state)
{
	struct kit *kit = *state;
	int64_t job = kit_add_job(kit, "job", 1);
	struct run runs[4];
	size_t n;
	usec_t next;
	struct run late = waiting_run(job, 1, GATE_OPEN, 5), early = waiting_run(job, 2, GATE_JOB, 5);
	struct run none = waiting_run(job, 3, GATE_OPEN, 5), gone = waiting_run(job, 4, GATE_OPEN, 5);
	late.deadline_at = 200;
	early.deadline_at = 100;
	gone.deadline_at = 50;
	gone.state = RUN_RUNNING;
	kit->ops->runs_next_deadline(kit->backend, &next, &kit->err);
	assert_int_equal(next, USEC_NEVER);
	kit->ops->run_insert(kit->backend, &late, &kit->err);
	kit->ops->run_insert(kit->backend, &early, &kit->err);
	kit->ops->run_insert(kit->backend, &none, &kit->err);
	kit->ops->run_insert(kit->backend, &gone, &kit->err);
	kit->ops->runs_next_deadline(kit->backend, &next, &kit->err);
	assert_int_equal(next, 100);
	kit->ops->runs_overdue(kit->backend, 100, 4, runs, &n, &kit->err);
	assert_int_equal(n, 0);
	kit->ops->runs_overdue(kit->backend, 201, 4, runs, &n, &kit->err);
	assert_int_equal(n, 2);
	assert_int_equal(runs[0].id, early.id);
	assert_int_equal(runs[1].id, late.id);
	assert_int_equal(runs[1].deadline_at, 200);
	kit->ops->runs_overdue(kit->backend, 201, 1, runs, &n, &kit->err);
	assert_int_equal(n, 1);
}

static void
a_queue_gives_its_runs_by_priority_then_due_then_id(void **state)
{
	struct kit *kit = *state;
	int64_t job = kit_add_job(kit, "job", 1);
	struct run runs[8];
	size_t n;
	struct run low = waiting_run(job, 100, GATE_OPEN, 1);
	struct run late = waiting_run(job, 300, GATE_OPEN, 9);
	struct run high = waiting_run(job, 200, GATE_OPEN, 9);
	struct run twin = waiting_run(job, 200, GATE_OPEN, 9);
	struct run gated = waiting_run(job, 50, GATE_TIME, 9);
	twin.trigger = TRIGGER_MANUAL;
	kit->ops->run_insert(kit->backend, &low, &kit->err);
	kit->ops->run_insert(kit->backend, &late, &kit->err);
	kit->ops->run_insert(kit->backend, &high, &kit->err);
	kit->ops->run_insert(kit->backend, &twin, &kit->err);
	kit->ops->run_insert(kit->backend, &gated, &kit->err);
	kit->ops->runs_ready(kit->backend, "default", 8, runs, &n, &kit->err);
	assert_int_equal(n, 4);
	assert_int_equal(runs[0].id, high.id);
	assert_int_equal(runs[1].id, twin.id);
	assert_int_equal(runs[2].id, late.id);
	assert_int_equal(runs[3].id, low.id);
	kit->ops->runs_ready(kit->backend, "slow", 8, runs, &n, &kit->err);
	assert_int_equal(n, 0);
}

static void
waiting_runs_follow_their_job_to_another_queue(void **state)
{
	struct kit *kit = *state;
	int64_t id = kit_add_job(kit, "job", 1);
	struct job job;
	struct run runs[2];
	size_t n;
	kit_add_run(kit, id, 100, RUN_WAITING);
	kit->ops->job_load(kit->backend, id, &job, &kit->err);
	free(job.queue);
	job.queue = mem_dup("slow");
	assert_int_equal(kit->ops->job_update(kit->backend, &job, &kit->err), BACKEND_OK);
	job_fini(&job);
	kit->ops->runs_ready(kit->backend, "default", 2, runs, &n, &kit->err);
	assert_int_equal(n, 0);
	kit->ops->runs_ready(kit->backend, "slow", 2, runs, &n, &kit->err);
	assert_int_equal(n, 1);
}

static void
running_runs_are_read_by_id_in_pages(void **state)
{
	struct kit *kit = *state;
	int64_t job = kit_add_job(kit, "job", 1);
	struct run runs[2];
	size_t n;
	kit_add_run(kit, job, 100, RUN_WAITING);
	int64_t first = kit_add_run(kit, job, 300, RUN_RUNNING);
	int64_t second = kit_add_run(kit, job, 200, RUN_RUNNING);
	int64_t third = kit_add_run(kit, job, 400, RUN_RUNNING);
	kit->ops->runs_running(kit->backend, 0, 2, runs, &n, &kit->err);
	assert_int_equal(n, 2);
	assert_int_equal(runs[0].id, first);
	assert_int_equal(runs[1].id, second);
	kit->ops->runs_running(kit->backend, second, 2, runs, &n, &kit->err);
	assert_int_equal(n, 1);
	assert_int_equal(runs[0].id, third);
}

static struct intent *
page(struct kit *kit, struct list_filter filter, int64_t limit, const char *cursor)
{
	struct intent *intent = intent_new(INTENT_RUN_LIST, 0);
	intent->filter = filter;
	intent->limit = limit;
	intent->cursor = mem_dup(cursor);
	assert_int_equal(kit->ops->runs_page(kit->backend, intent, &kit->err), BACKEND_OK);
	return intent;
}

static void
pages_of_runs_go_from_the_newest_back(void **state)
{
	struct kit *kit = *state;
	int64_t job = kit_add_job(kit, "job", 1);
	int64_t other = kit_add_job(kit, "other", 1);
	int64_t oldest = kit_add_run(kit, job, 100, RUN_FAILED);
	kit_add_run(kit, other, 100, RUN_SUCCEEDED);
	int64_t newest = kit_add_run(kit, job, 200, RUN_RUNNING);

	struct intent *first = page(kit, (struct list_filter){ .job_id = job }, 1, NULL);
	assert_int_equal(first->nruns, 1);
	assert_int_equal(first->runs[0].run.id, newest);
	assert_string_equal(first->runs[0].job_name, "job");
	struct intent *second = page(kit, (struct list_filter){ .job_id = job }, 5, first->cursor);
	assert_int_equal(second->nruns, 1);
	assert_int_equal(second->runs[0].run.id, oldest);
	assert_null(second->cursor);
	struct intent *all = page(kit, (struct list_filter){ 0 }, 9, NULL);
	assert_int_equal(all->nruns, 3);
	struct intent *failed = page(kit, (struct list_filter){ .only_failed = true }, 9, NULL);
	assert_int_equal(failed->nruns, 1);
	assert_int_equal(failed->runs[0].run.id, oldest);
	struct intent *running = page(kit, (struct list_filter){ .only_running = true }, 9, NULL);
	assert_int_equal(running->nruns, 1);
	assert_int_equal(running->runs[0].run.id, newest);
	intent_free(first);
	intent_free(second);
	intent_free(all);
	intent_free(failed);
	intent_free(running);
}

static void
a_row_of_the_clock_is_not_shown_to_an_owner(void **state)
{
	struct kit *kit = *state;
	struct run clock = { .due = 1,
			     .last_due = 1,
			     .count = 1,
			     .trigger = TRIGGER_CLOCK,
			     .state = RUN_SKIPPED,
			     .reason = REASON_CLOCK,
			     .ended_at = 1 };
	assert_int_equal(kit->ops->run_insert(kit->backend, &clock, &kit->err), BACKEND_OK);
	struct intent *all = page(kit, (struct list_filter){ 0 }, 9, NULL);
	struct intent *own = page(kit, (struct list_filter){ .has_owner = true }, 9, NULL);
	assert_int_equal(all->nruns, 1);
	assert_int_equal(own->nruns, 0);
	intent_free(all);
	intent_free(own);
}

const struct CMUnitTest store_backend_runs[] = {
	cmocka_unit_test(a_run_reads_back_with_all_its_fields),
	cmocka_unit_test(an_instant_of_a_schedule_is_recorded_once),
	cmocka_unit_test(a_run_changes_only_from_the_state_and_attempt_that_were_seen),
	cmocka_unit_test(the_last_row_of_the_schedule_is_found),
	cmocka_unit_test(the_row_due_by_an_instant_is_the_last_that_began_before),
	cmocka_unit_test(active_runs_come_oldest_due_first),
	cmocka_unit_test(a_timed_gate_opens_at_its_time),
	cmocka_unit_test(rows_ahead_that_were_not_run_stand_for_no_instant_once_given_back),
	cmocka_unit_test(runs_with_a_timed_gate_come_in_the_order_of_their_starts_behind_a_given_one),
	cmocka_unit_test(a_waiting_run_is_overdue_once_its_deadline_has_passed),
	cmocka_unit_test(a_queue_gives_its_runs_by_priority_then_due_then_id),
	cmocka_unit_test(waiting_runs_follow_their_job_to_another_queue),
	cmocka_unit_test(running_runs_are_read_by_id_in_pages),
	cmocka_unit_test(pages_of_runs_go_from_the_newest_back),
	cmocka_unit_test(a_row_of_the_clock_is_not_shown_to_an_owner),
};
const size_t nstore_backend_runs = sizeof(store_backend_runs) / sizeof(store_backend_runs[0]);
