/* The backend suite: transactions, jobs and their pages. */
#include "unit/store_backend.h"

#include "base/alloc.h"

#define HOUR USEC_PER_HOUR

static void
a_job_reads_back_with_all_its_fields(void **state)
{
	struct kit *kit = *state;
	struct job job, got;
	job_init(&job);
	job.name = mem_dup("backup");
	job.kind = SCHEDULE_CRON;
	job.schedule = mem_dup("0 3 * * *");
	job.tz = mem_dup("Europe/Berlin");
	strings_add(&job.command, "/bin/echo", 9);
	strings_add(&job.command, "a b", 3);
	strings_add(&job.env, "K=V", 3);
	free(job.queue);
	job.queue = mem_dup("slow");
	job.priority = 9;
	job.owner = 4294967294u;
	job.state = JOB_PAUSED;
	job.seed = UINT64_MAX - 1;
	job.created_at = 1;
	job.anchor_at = 2;
	job.next_due = 3;
	job.next_start_at = 4;
	job.paused_at = 5;
	job.nfailed = 6;
	job.nruns = 7;
	job.covered_until = 8;
	assert_int_equal(kit->ops->job_insert(kit->backend, &job, &kit->err), BACKEND_OK);
	kit_commit(kit);
	assert_int_equal(kit->ops->job_load(kit->backend, job.id, &got, &kit->err), BACKEND_OK);
	assert_string_equal(got.name, "backup");
	assert_int_equal(got.kind, SCHEDULE_CRON);
	assert_string_equal(got.schedule, "0 3 * * *");
	assert_int_equal(got.command.n, 2);
	assert_string_equal(got.command.items[1], "a b");
	assert_string_equal(got.env.items[0], "K=V");
	assert_string_equal(got.queue, "slow");
	assert_int_equal(got.priority, 9);
	assert_int_equal(got.owner, 4294967294u);
	assert_int_equal(got.state, JOB_PAUSED);
	assert_true(got.seed == UINT64_MAX - 1);
	assert_int_equal(got.created_at, 1);
	assert_int_equal(got.anchor_at, 2);
	assert_int_equal(got.next_due, 3);
	assert_int_equal(got.next_start_at, 4);
	assert_int_equal(got.paused_at, 5);
	assert_int_equal(got.nfailed, 6);
	assert_int_equal(got.nruns, 7);
	assert_int_equal(got.covered_until, 8);
	job_fini(&job);
	job_fini(&got);
}

static void
a_rolled_back_transaction_leaves_nothing(void **state)
{
	struct kit *kit = *state;
	struct job job;
	struct store_stats stats;
	int64_t kept = kit_add_job(kit, "kept", HOUR);
	kit_commit(kit);
	int64_t lost = kit_add_job(kit, "lost", HOUR);
	kit_add_run(kit, kept, HOUR, RUN_WAITING);
	kit->ops->rollback(kit->backend);
	assert_int_equal(kit->ops->begin(kit->backend, &kit->err), BACKEND_OK);
	assert_int_equal(kit->ops->job_load(kit->backend, lost, &job, &kit->err), BACKEND_NONE);
	assert_int_equal(kit->ops->stats(kit->backend, &stats, &kit->err), BACKEND_OK);
	assert_int_equal(stats.njobs, 1);
	assert_int_equal(stats.nruns, 0);
	assert_int_equal(stats.nwaiting, 0);
}

static void
a_savepoint_takes_back_only_what_follows_it(void **state)
{
	struct kit *kit = *state;
	struct store_stats stats;
	int64_t job = kit_add_job(kit, "kept", HOUR);
	assert_int_equal(kit->ops->savepoint(kit->backend, &kit->err), BACKEND_OK);
	kit_add_job(kit, "lost", HOUR);
	kit_add_run(kit, job, HOUR, RUN_RUNNING);
	assert_int_equal(kit->ops->rollback_to(kit->backend), BACKEND_OK);
	assert_int_equal(kit->ops->savepoint(kit->backend, &kit->err), BACKEND_OK);
	kit_add_job(kit, "kept too", HOUR);
	assert_int_equal(kit->ops->release(kit->backend, &kit->err), BACKEND_OK);
	kit_commit(kit);
	assert_int_equal(kit->ops->stats(kit->backend, &stats, &kit->err), BACKEND_OK);
	assert_int_equal(stats.njobs, 2);
	assert_int_equal(stats.nruns, 0);
	assert_int_equal(stats.nrunning, 0);
}

static void
only_commits_with_changes_are_counted(void **state)
{
	struct kit *kit = *state;
	int64_t before = kit->ops->ncommits(kit->backend);
	kit_commit(kit);
	kit_add_job(kit, "one", HOUR);
	kit_commit(kit);
	kit_add_job(kit, "two", HOUR);
	kit->ops->rollback(kit->backend);
	assert_int_equal(kit->ops->settle(kit->backend, &kit->err), BACKEND_OK);
	assert_int_equal(kit->ops->ncommits(kit->backend), before + 1);
	kit->ops->begin(kit->backend, &kit->err);
}

static void
a_name_is_unique_among_the_unfinished_jobs_of_its_owner(void **state)
{
	struct kit *kit = *state;
	struct job job;
	int64_t found = 0;
	int64_t first = kit_add_job(kit, "same", HOUR);
	assert_int_equal(kit->ops->job_load(kit->backend, first, &job, &kit->err), BACKEND_OK);
	job.id = 0;
	assert_int_equal(kit->ops->job_insert(kit->backend, &job, &kit->err), BACKEND_NONE);
	job.owner = 1000;
	assert_int_equal(kit->ops->job_insert(kit->backend, &job, &kit->err), BACKEND_OK);
	assert_int_equal(kit->ops->job_find(kit->backend, 1000, "same", &found, &kit->err),
			 BACKEND_OK);
	assert_int_equal(found, job.id);
	job.state = JOB_CANCELLED;
	assert_int_equal(kit->ops->job_update(kit->backend, &job, &kit->err), BACKEND_OK);
	assert_int_equal(kit->ops->job_find(kit->backend, 1000, "same", &found, &kit->err),
	                 BACKEND_NONE);
	assert_int_equal(kit->ops->job_find_ended(kit->backend, 1000, "same", &found, &kit->err),
	                 BACKEND_OK);
	assert_int_equal(found, job.id);
	job.id = 0;
	job.state = JOB_ACTIVE;
	assert_int_equal(kit->ops->job_insert(kit->backend, &job, &kit->err), BACKEND_OK);
	assert_int_equal(kit->ops->job_find_ended(kit->backend, 1000, "same", &found, &kit->err),
	                 BACKEND_OK);
	assert_true(found < job.id);
	assert_int_equal(kit->ops->job_find_ended(kit->backend, 7, "same", &found, &kit->err),
	                 BACKEND_NONE);
	job_fini(&job);
}

static enum backend_result
advance(struct kit *kit, const struct job *job, usec_t seen_due, enum job_state seen)
{
	return kit->ops->job_advance(kit->backend, job, seen_due, seen, &kit->err);
}

static void
a_schedule_advances_only_from_the_instant_and_state_that_were_seen(void **state)
{
	struct kit *kit = *state;
	struct job job, got;
	int64_t id = kit_add_job(kit, "job", HOUR);
	assert_int_equal(kit->ops->job_load(kit->backend, id, &job, &kit->err), BACKEND_OK);
	job.next_due = job.next_start_at = 2 * HOUR;
	job.nruns = 1;
	job.covered_until = HOUR;
	assert_int_equal(advance(kit, &job, HOUR + 1, JOB_ACTIVE), BACKEND_NONE);
	assert_int_equal(advance(kit, &job, HOUR, JOB_PAUSED), BACKEND_NONE);
	assert_int_equal(advance(kit, &job, HOUR, JOB_ACTIVE), BACKEND_OK);
	assert_int_equal(advance(kit, &job, HOUR, JOB_ACTIVE), BACKEND_NONE);
	job.state = JOB_FINISHED;
	assert_int_equal(advance(kit, &job, 2 * HOUR, JOB_PAUSED), BACKEND_NONE);
	assert_int_equal(advance(kit, &job, 2 * HOUR, JOB_ACTIVE), BACKEND_OK);
	assert_int_equal(kit->ops->job_load(kit->backend, id, &got, &kit->err), BACKEND_OK);
	assert_int_equal(got.state, JOB_FINISHED);
	assert_int_equal(got.next_due, 2 * HOUR);
	assert_int_equal(got.nruns, 1);
	assert_int_equal(got.covered_until, HOUR);
	job_fini(&job);
	job_fini(&got);
}

static void
due_jobs_come_in_the_order_of_their_start_and_paused_ones_not_at_all(void **state)
{
	struct kit *kit = *state;
	int64_t ids[4];
	size_t n;
	usec_t next;
	struct job job;
	int64_t late = kit_add_job(kit, "late", 3 * HOUR);
	int64_t soon = kit_add_job(kit, "soon", HOUR);
	int64_t also = kit_add_job(kit, "also soon", HOUR);
	int64_t paused = kit_add_job(kit, "paused", 1);
	kit_add_job(kit, "never", USEC_NEVER);
	kit->ops->job_load(kit->backend, paused, &job, &kit->err);
	job.state = JOB_PAUSED;
	assert_int_equal(kit->ops->job_update(kit->backend, &job, &kit->err), BACKEND_OK);
	job_fini(&job);

	assert_int_equal(kit->ops->jobs_due(kit->backend, HOUR, 4, ids, &n, &kit->err), BACKEND_OK);
	assert_int_equal(n, 2);
	assert_int_equal(ids[0], soon);
	assert_int_equal(ids[1], also);
	assert_int_equal(kit->ops->jobs_due(kit->backend, 9 * HOUR, 1, ids, &n, &kit->err),
			 BACKEND_OK);
	assert_int_equal(n, 1);
	assert_int_equal(ids[0], soon);
	assert_int_equal(kit->ops->jobs_due(kit->backend, 9 * HOUR, 4, ids, &n, &kit->err),
			 BACKEND_OK);
	assert_int_equal(n, 3);
	assert_int_equal(ids[2], late);
	assert_int_equal(kit->ops->jobs_next_start(kit->backend, &next, &kit->err), BACKEND_OK);
	assert_int_equal(next, HOUR);
}

static void
a_job_that_is_set_aside_is_never_due(void **state)
{
	struct kit *kit = *state;
	int64_t ids[4];
	size_t n = 0;
	struct job job;
	int64_t aside = kit_add_job(kit, "aside", HOUR), other = kit_add_job(kit, "other", HOUR);
	assert_int_equal(kit->ops->job_set_aside(kit->backend, aside, &kit->err), BACKEND_OK);
	assert_int_equal(kit->ops->jobs_due(kit->backend, HOUR, 4, ids, &n, &kit->err), BACKEND_OK);
	assert_int_equal(n, 1);
	assert_int_equal(ids[0], other);
	assert_int_equal(kit->ops->job_load(kit->backend, aside, &job, &kit->err), BACKEND_OK);
	assert_int_equal(job.next_due, HOUR);
	assert_int_equal(job.state, JOB_ACTIVE);
	job_fini(&job);
}

static void
without_active_jobs_nothing_is_ever_due(void **state)
{
	struct kit *kit = *state;
	usec_t next = 0;
	assert_int_equal(kit->ops->jobs_next_start(kit->backend, &next, &kit->err), BACKEND_OK);
	assert_int_equal(next, USEC_NEVER);
}

static void
recurring_and_on_start_jobs_are_found_by_id(void **state)
{
	struct kit *kit = *state;
	int64_t ids[4];
	size_t n;
	int64_t first = kit_add_job(kit, "a", HOUR);
	int64_t boot = kit_add_job(kit, "b", USEC_NEVER);
	int64_t second = kit_add_job(kit, "c", HOUR);
	kit->ops->jobs_recurring(kit->backend, 0, 4, ids, &n, &kit->err);
	assert_int_equal(n, 2);
	assert_int_equal(ids[0], first);
	assert_int_equal(ids[1], second);
	kit->ops->jobs_recurring(kit->backend, first, 4, ids, &n, &kit->err);
	assert_int_equal(n, 1);
	assert_int_equal(ids[0], second);
	kit->ops->jobs_on_start(kit->backend, 0, 4, ids, &n, &kit->err);
	assert_int_equal(n, 1);
	assert_int_equal(ids[0], boot);
}

/* Names of a page, joined; the cursor goes into *cursor (owned). */
static void
list(struct kit *kit, struct list_filter filter, int64_t limit, char **cursor, char *names)
{
	struct intent *intent = intent_new(INTENT_JOB_LIST, 0);
	filter.name_glob = mem_dup(filter.name_glob);
	filter.queue = mem_dup(filter.queue);
	intent->filter = filter;
	intent->limit = limit;
	intent->cursor = *cursor;
	assert_int_equal(kit->ops->jobs_page(kit->backend, intent, &kit->err), BACKEND_OK);
	names[0] = '\0';
	for (size_t i = 0; i < intent->njobs; i++)
		strcat(strcat(names, i ? " " : ""), intent->jobs[i].job.name);
	*cursor = intent->cursor;
	intent->cursor = NULL;
	intent_free(intent);
}

static void
set_state(struct kit *kit, int64_t id, enum job_state state)
{
	struct job job;
	assert_int_equal(kit->ops->job_load(kit->backend, id, &job, &kit->err), BACKEND_OK);
	job.state = state;
	assert_int_equal(kit->ops->job_update(kit->backend, &job, &kit->err), BACKEND_OK);
	job_fini(&job);
}

static void
a_list_has_what_is_due_first_then_paused_then_ended_jobs(void **state)
{
	struct kit *kit = *state;
	char names[200], *cursor = NULL;
	set_state(kit, kit_add_job(kit, "gone", 1), JOB_CANCELLED);
	set_state(kit, kit_add_job(kit, "paused", 1), JOB_PAUSED);
	kit_add_job(kit, "late", 2 * HOUR);
	kit_add_job(kit, "soon", HOUR);
	list(kit, (struct list_filter){ 0 }, 10, &cursor, names);
	assert_string_equal(names, "soon late paused");
	assert_null(cursor);
	list(kit, (struct list_filter){ .with_ended = true }, 10, &cursor, names);
	assert_string_equal(names, "soon late paused gone");
	assert_null(cursor);
}

static void
pages_of_jobs_follow_each_other_without_gap_or_repetition(void **state)
{
	struct kit *kit = *state;
	char names[200], all[400] = "", *cursor = NULL;
	const struct list_filter filter = { .with_ended = true };
	set_state(kit, kit_add_job(kit, "x", HOUR), JOB_FINISHED);
	set_state(kit, kit_add_job(kit, "y", HOUR), JOB_FINISHED);
	for (char name[2] = "a"; name[0] <= 'e'; name[0]++)
		kit_add_job(kit, name, HOUR);
	int npages = 0;
	do {
		list(kit, filter, 2, &cursor, names);
		strcat(strcat(all, names), "/");
	} while (cursor && ++npages < 10);
	assert_true(strncmp(all, "a b/c d/e x/y/", 14) == 0);
	assert_null(cursor);
}

static void
a_filter_decides_what_a_list_shows(void **state)
{
	struct kit *kit = *state;
	char names[200], *cursor = NULL;
	char glob[] = "back*", slow[] = "slow";
	int64_t failed = kit_add_job(kit, "backup-a", HOUR);
	int64_t running = kit_add_job(kit, "backup-b", HOUR);
	kit_add_job(kit, "other", HOUR);
	kit_add_run(kit, failed, 1, RUN_SUCCEEDED);
	kit_add_run(kit, failed, 2, RUN_FAILED);
	kit_add_run(kit, running, 1, RUN_FAILED);
	kit_add_run(kit, running, 2, RUN_SUCCEEDED);
	kit_add_run(kit, running, 3, RUN_RUNNING);
	list(kit, (struct list_filter){ .name_glob = glob }, 9, &cursor, names);
	assert_string_equal(names, "backup-a backup-b");
	list(kit, (struct list_filter){ .only_failed = true }, 9, &cursor, names);
	assert_string_equal(names, "backup-a");
	list(kit, (struct list_filter){ .only_running = true }, 9, &cursor, names);
	assert_string_equal(names, "backup-b");
	list(kit, (struct list_filter){ .has_owner = true, .owner = 77 }, 9, &cursor, names);
	assert_string_equal(names, "");
	list(kit, (struct list_filter){ .queue = slow }, 9, &cursor, names);
	assert_string_equal(names, "");
}

static void
a_cursor_that_no_list_gave_is_refused_by_name(void **state)
{
	struct kit *kit = *state;
	struct intent *intent = intent_new(INTENT_JOB_LIST, 0);
	intent->cursor = mem_dup("'; drop table jobs");
	intent->limit = 5;
	assert_int_equal(kit->ops->jobs_page(kit->backend, intent, &kit->err), BACKEND_OK);
	assert_int_equal(intent->err.code, ERR_INVALID);
	assert_string_equal(intent->err.field, "cursor");
	intent_free(intent);
}

const struct CMUnitTest store_backend_jobs[] = {
	cmocka_unit_test(a_job_reads_back_with_all_its_fields),
	cmocka_unit_test(a_rolled_back_transaction_leaves_nothing),
	cmocka_unit_test(a_savepoint_takes_back_only_what_follows_it),
	cmocka_unit_test(only_commits_with_changes_are_counted),
	cmocka_unit_test(a_name_is_unique_among_the_unfinished_jobs_of_its_owner),
	cmocka_unit_test(a_schedule_advances_only_from_the_instant_and_state_that_were_seen),
	cmocka_unit_test(due_jobs_come_in_the_order_of_their_start_and_paused_ones_not_at_all),
	cmocka_unit_test(a_job_that_is_set_aside_is_never_due),
	cmocka_unit_test(without_active_jobs_nothing_is_ever_due),
	cmocka_unit_test(recurring_and_on_start_jobs_are_found_by_id),
	cmocka_unit_test(a_list_has_what_is_due_first_then_paused_then_ended_jobs),
	cmocka_unit_test(pages_of_jobs_follow_each_other_without_gap_or_repetition),
	cmocka_unit_test(a_filter_decides_what_a_list_shows),
	cmocka_unit_test(a_cursor_that_no_list_gave_is_refused_by_name),
};
const size_t nstore_backend_jobs = sizeof(store_backend_jobs) / sizeof(store_backend_jobs[0]);
