/* The backend suite: attempts, output, queues, requests, small texts, retention. */
#include "unit/store_backend.h"

#include "base/alloc.h"

static void
an_attempt_reads_back_with_all_its_fields(void **state)
{
	struct kit *kit = *state;
	struct attempt attempt = {
		.run_id = 7,
		.number = 2,
		.claimed_at = 1,
		.started_at = 2,
		.ended_at = 3,
		.pid = 4,
		.pid_start = 5,
		.boot = "boot",
		.spawner = "spawner",
		.reason = REASON_EXIT,
		.outcome = { .kind = OUTCOME_HTTP,
			     .code = -1,
			     .is_expected = true,
			     .is_timeout = true,
			     .text = "words",
			     .ended_at = 6,
			     .retry_after = 7,
			     .cpu_us = -1,
			     .peak_kib = 8,
			     .nleftovers = 9,
			     .http_us = { 10, 11, 12, 13 },
			     .output_fd = 99,
			     .output_bytes = 14,
			     .output_omitted = 15,
			     .is_split = true,
			     .errors_fd = 98,
			     .errors_bytes = 16,
			     .errors_omitted = 17 },
	};
	struct attempt got;
	assert_int_equal(kit->ops->attempt_insert(kit->backend, &attempt, &kit->err), BACKEND_OK);
	assert_int_equal(kit->ops->attempt_insert(kit->backend, &attempt, &kit->err), BACKEND_NONE);
	struct attempt later = attempt;
	later.started_at = later.pid = later.pid_start = 44; /* the start is on record */
	later.boot[0] = later.spawner[0] = '\0';
	later.reason = REASON_TIMEOUT;
	assert_int_equal(kit->ops->attempt_update(kit->backend, &later, &kit->err), BACKEND_OK);
	kit_commit(kit);
	assert_int_equal(kit->ops->attempt_load(kit->backend, 7, 2, &got, &kit->err), BACKEND_OK);
	attempt.outcome.output_fd = -1;
	assert_int_equal(got.started_at, attempt.started_at);
	assert_int_equal(got.pid, 4);
	assert_int_equal(got.pid_start, 5);
	assert_string_equal(got.boot, "boot");
	assert_string_equal(got.spawner, "spawner");
	assert_int_equal(got.reason, REASON_TIMEOUT);
	assert_int_equal(got.outcome.kind, OUTCOME_HTTP);
	assert_int_equal(got.outcome.code, -1);
	assert_true(got.outcome.is_expected && got.outcome.is_timeout);
	assert_string_equal(got.outcome.text, "words");
	assert_int_equal(got.outcome.cpu_us, -1);
	assert_int_equal(got.outcome.http_us[3], 13);
	assert_int_equal(got.outcome.output_fd, -1);
	assert_int_equal(got.outcome.output_omitted, 15);
	assert_true(got.outcome.is_split);
	assert_int_equal(got.outcome.errors_bytes, 16);
	assert_int_equal(got.outcome.errors_omitted, 17);
	assert_int_equal(kit->ops->attempt_drop(kit->backend, 7, 2, &kit->err), BACKEND_OK);
	assert_int_equal(kit->ops->attempt_load(kit->backend, 7, 2, &got, &kit->err), BACKEND_NONE);
}

static void
output_reads_back_byte_for_byte(void **state)
{
	struct kit *kit = *state;
	char *piece = mem_alloc(BACKEND_PIECE_MAX);
	struct buf got = BUF_EMPTY;
	const struct run run = { .id = 7, .attempt = 1 };
	memset(piece, 0xff, BACKEND_PIECE_MAX);
	piece[5] = '\0';
	assert_int_equal(
		kit->ops->output_append(kit->backend, &run, 0, piece, BACKEND_PIECE_MAX, &kit->err),
		BACKEND_OK);
	assert_int_equal(kit->ops->output_append(kit->backend, &run, 1, "end", 3, &kit->err),
			 BACKEND_OK);
	kit_commit(kit);
	for (int i = 0; i < 2; i++)
		assert_int_equal(kit->ops->output_read(kit->backend, 7, 1, i, &got, &kit->err),
				 BACKEND_OK);
	assert_int_equal(kit->ops->output_read(kit->backend, 7, 1, 2, &got, &kit->err),
			 BACKEND_NONE);
	assert_int_equal(got.len, BACKEND_PIECE_MAX + 3);
	assert_memory_equal(got.data, piece, BACKEND_PIECE_MAX);
	assert_memory_equal(got.data + BACKEND_PIECE_MAX, "end", 3);
	buf_fini(&got);
	free(piece);
}

static void
a_queue_has_the_standard_settings_until_it_is_set(void **state)
{
	struct kit *kit = *state;
	struct queue queue;
	assert_int_equal(kit->ops->queue_load(kit->backend, "default", &queue, &kit->err),
			 BACKEND_OK);
	assert_int_equal(queue.concurrency, QUEUE_CONCURRENCY);
	assert_false(queue.is_paused);
	queue.concurrency = 3;
	queue.is_paused = true;
	assert_int_equal(kit->ops->queue_save(kit->backend, &queue, &kit->err), BACKEND_OK);
	queue.concurrency = 4;
	assert_int_equal(kit->ops->queue_save(kit->backend, &queue, &kit->err), BACKEND_OK);
	assert_int_equal(kit->ops->queue_load(kit->backend, "default", &queue, &kit->err),
			 BACKEND_OK);
	assert_int_equal(queue.concurrency, 4);
	assert_true(queue.is_paused);
}

/* Adds a job with a waiting run in that queue. */
static int64_t
add_waiting_in(struct kit *kit, const char *queue, enum run_gate gate)
{
	int64_t id = kit_add_job(kit, queue, 1);
	struct job job;
	kit->ops->job_load(kit->backend, id, &job, &kit->err);
	free(job.queue);
	job.queue = mem_dup(queue);
	assert_int_equal(kit->ops->job_update(kit->backend, &job, &kit->err), BACKEND_OK);
	job_fini(&job);
	struct run run = { .job_id = id, .due = 1, .last_due = 1, .count = 1, .gate = gate };
	assert_int_equal(kit->ops->run_insert(kit->backend, &run, &kit->err), BACKEND_OK);
	return id;
}

static void
queues_are_listed_with_what_waits_and_runs_in_them(void **state)
{
	struct kit *kit = *state;
	struct queue *queues, set = { .name = "empty", .concurrency = 1 };
	size_t n;
	kit_add_run(kit, add_waiting_in(kit, "b", GATE_OPEN), 5, RUN_RUNNING);
	add_waiting_in(kit, "a", GATE_TIME);
	kit->ops->queue_save(kit->backend, &set, &kit->err);
	assert_int_equal(kit->ops->queues_list(kit->backend, &queues, &n, &kit->err), BACKEND_OK);
	assert_int_equal(n, 3);
	assert_string_equal(queues[0].name, "a");
	assert_string_equal(queues[1].name, "b");
	assert_string_equal(queues[2].name, "empty");
	assert_int_equal(queues[0].nwaiting, 1);
	assert_int_equal(queues[1].nwaiting, 1);
	assert_int_equal(queues[1].nrunning, 1);
	assert_int_equal(queues[2].concurrency, 1);
	free(queues);
}

static void
only_queues_with_an_open_waiting_run_are_ready(void **state)
{
	struct kit *kit = *state;
	char names[4][JOB_NAME_MAX + 1];
	size_t n;
	add_waiting_in(kit, "c", GATE_OPEN);
	add_waiting_in(kit, "b", GATE_TIME);
	add_waiting_in(kit, "a", GATE_OPEN);
	assert_int_equal(kit->ops->queues_ready(kit->backend, "", 4, names, &n, &kit->err), BACKEND_OK);
	assert_int_equal(n, 2);
	assert_string_equal(names[0], "a");
	assert_string_equal(names[1], "c");
	kit->ops->queues_ready(kit->backend, "", 1, names, &n, &kit->err);
	assert_int_equal(n, 1);
	kit->ops->queues_ready(kit->backend, "a", 4, names, &n, &kit->err);
	assert_int_equal(n, 1);
	assert_string_equal(names[0], "c");
}

/* One that is cut on the way stands behind itself. */
static void
a_queue_with_the_longest_name_is_listed_and_ready_once(void **state)
{
	struct kit *kit = *state;
	char names[4][JOB_NAME_MAX + 1], longest[JOB_NAME_MAX + 1] = "";
	struct queue *queues;
	size_t n;
	memset(longest, 'q', JOB_NAME_MAX);
	add_waiting_in(kit, longest, GATE_OPEN);
	assert_int_equal(kit->ops->queues_ready(kit->backend, "", 4, names, &n, &kit->err),
			 BACKEND_OK);
	assert_int_equal(n, 1);
	assert_string_equal(names[0], longest);
	assert_int_equal(kit->ops->queues_list(kit->backend, &queues, &n, &kit->err), BACKEND_OK);
	assert_int_equal(n, 1);
	assert_string_equal(queues[0].name, longest);
	free(queues);
}

static void
a_request_is_remembered_for_its_user_until_it_is_forgotten(void **state)
{
	struct kit *kit = *state;
	struct request_row row = { .uid = 1000,
				   .key = "k",
				   .hash = UINT64_MAX,
				   .at = 10,
				   .job_id = 1,
				   .run_id = 2,
				   .next_due = 3 };
	struct request_row got;
	int64_t n;
	assert_int_equal(kit->ops->request_count(kit->backend, 1000, &n, &kit->err), BACKEND_OK);
	assert_int_equal(n, 0);
	assert_int_equal(kit->ops->request_save(kit->backend, &row, &kit->err), BACKEND_OK);
	assert_int_equal(kit->ops->request_save(kit->backend, &row, &kit->err), BACKEND_NONE);
	assert_int_equal(kit->ops->request_load(kit->backend, 1001, "k", &got, &kit->err),
			 BACKEND_NONE);
	assert_int_equal(kit->ops->request_load(kit->backend, 1000, "k", &got, &kit->err),
			 BACKEND_OK);
	assert_true(got.hash == UINT64_MAX && got.job_id == 1 && got.run_id == 2);
	row.key[0] = 'l';
	row.at = 20;
	assert_int_equal(kit->ops->request_save(kit->backend, &row, &kit->err), BACKEND_OK);
	kit->ops->request_count(kit->backend, 1000, &n, &kit->err);
	assert_int_equal(n, 2);
	kit->ops->requests_forget(kit->backend, 20, 9, &n, &kit->err);
	assert_int_equal(n, 1);
	kit->ops->request_count(kit->backend, 1000, &n, &kit->err);
	assert_int_equal(n, 1);
	kit->ops->rollback(kit->backend);
	kit->ops->begin(kit->backend, &kit->err);
	kit->ops->request_count(kit->backend, 1000, &n, &kit->err);
	assert_int_equal(n, 0);
}

static struct usage
usage_of(struct kit *kit, uid_t uid)
{
	struct usage usage;
	assert_int_equal(kit->ops->usage_load(kit->backend, uid, &usage, &kit->err), BACKEND_OK);
	return usage;
}

static void
what_a_user_has_is_known_at_any_moment(void **state)
{
	struct kit *kit = *state;
	struct job job;
	assert_int_equal(usage_of(kit, 0).njobs, 0);
	int64_t id = kit_add_job(kit, "a", 100), other = kit_add_job(kit, "b", 100);
	int64_t bytes = usage_of(kit, 0).bytes;
	assert_true(bytes > 0);
	struct run run = kit_run(kit, kit_add_run(kit, id, 1, RUN_WAITING));
	kit_add_run(kit, id, 2, RUN_SKIPPED);
	kit_commit(kit);
	assert_int_equal(usage_of(kit, 0).njobs, 2);
	assert_int_equal(usage_of(kit, 0).nruns, 1);
	assert_int_equal(usage_of(kit, 1).nruns, 0);

	run.state = RUN_SUCCEEDED;
	run.ended_at = 5;
	kit->ops->run_update(kit->backend, &run, RUN_WAITING, 0, &kit->err);
	kit->ops->output_append(kit->backend, &run, 0, "text", 4, &kit->err);
	assert_int_equal(usage_of(kit, 0).nruns, 0);
	assert_int_equal(usage_of(kit, 0).bytes, bytes + 4);

	assert_int_equal(kit->ops->job_load(kit->backend, other, &job, &kit->err), BACKEND_OK);
	job.state = JOB_FINISHED;
	job.cwd = strdup("/a/longer/definition");
	kit->ops->job_update(kit->backend, &job, &kit->err);
	job_fini(&job);
	assert_int_equal(usage_of(kit, 0).njobs, 1);
	assert_true(usage_of(kit, 0).bytes > bytes + 4);
	kit->ops->rollback(kit->backend);
	kit->ops->begin(kit->backend, &kit->err);
	assert_int_equal(usage_of(kit, 0).njobs, 2);
	assert_int_equal(usage_of(kit, 0).nruns, 1);
	assert_int_equal(usage_of(kit, 0).bytes, bytes);
}

static int64_t
add_job_of(struct kit *kit, uid_t owner)
{
	struct job job;
	job_init(&job);
	job.owner = owner;
	job.next_due = job.next_start_at = 100;
	assert_int_equal(kit->ops->job_insert(kit->backend, &job, &kit->err), BACKEND_OK);
	int64_t id = job.id;
	job_fini(&job);
	return id;
}

static void
users_whose_jobs_come_by_turns_are_counted_apart(void **state)
{
	struct kit *kit = *state;
	add_job_of(kit, 1);
	kit->ops->savepoint(kit->backend, &kit->err);
	add_job_of(kit, 1);
	add_job_of(kit, 2);
	add_job_of(kit, 1);
	assert_int_equal(usage_of(kit, 1).njobs, 3);
	assert_int_equal(usage_of(kit, 2).njobs, 1);
	kit->ops->rollback_to(kit->backend);
	assert_int_equal(usage_of(kit, 1).njobs, 1);
	assert_int_equal(usage_of(kit, 2).njobs, 0);
	add_job_of(kit, 2);
	kit_commit(kit);
	assert_int_equal(usage_of(kit, 1).njobs, 1);
	assert_int_equal(usage_of(kit, 2).njobs, 1);
	add_job_of(kit, 1);
	add_job_of(kit, 2);
	kit->ops->rollback(kit->backend);
	kit->ops->begin(kit->backend, &kit->err);
	assert_int_equal(usage_of(kit, 1).njobs, 1);
	assert_int_equal(usage_of(kit, 2).njobs, 1);
}

static void
more_users_than_are_remembered_are_counted_by_whose_a_job_is_now(void **state)
{
	struct kit *kit = *state;
	enum { NUSERS = 20 };
	int64_t gone = add_job_of(kit, NUSERS);
	kit_add_run(kit, gone, 1, RUN_WAITING);
	kit->ops->rollback(kit->backend);
	kit->ops->begin(kit->backend, &kit->err);
	for (uid_t uid = 0; uid < NUSERS; uid++) /* one gets the id of the job that never was */
		kit_add_run(kit, add_job_of(kit, uid), 1, RUN_WAITING);
	for (uid_t uid = 0; uid < NUSERS; uid++)
		kit_add_run(kit, gone + uid, 2, RUN_RUNNING);
	kit_commit(kit);
	for (uid_t uid = 0; uid <= NUSERS; uid++)
		assert_int_equal(usage_of(kit, uid).nruns, uid < NUSERS ? 2 : 0);
}

static void
what_is_pruned_is_no_longer_its_users(void **state)
{
	struct kit *kit = *state;
	struct job job;
	int64_t n, id = kit_add_job(kit, "a", 100);
	kit_add_job(kit, "the newest stays", 100);
	int64_t both = usage_of(kit, 0).bytes;
	int64_t run = kit_add_run(kit, id, 1, RUN_FAILED);
	struct attempt attempt = { .run_id = run, .number = 1 };
	kit->ops->attempt_insert(kit->backend, &attempt, &kit->err);
	struct run counted = kit_run(kit, run);
	counted.attempt = 1;
	kit->ops->run_update(kit->backend, &counted, RUN_FAILED, 0, &kit->err);
	kit->ops->output_append(kit->backend, &counted, 0, "text", 4, &kit->err);
	kit_add_run(kit, id, 2, RUN_FAILED);
	assert_int_equal(usage_of(kit, 0).bytes, both + 4);
	assert_int_equal(kit->ops->job_load(kit->backend, id, &job, &kit->err), BACKEND_OK);
	job.state = JOB_CANCELLED;
	kit->ops->job_update(kit->backend, &job, &kit->err);
	job_fini(&job);
	kit->ops->prune(kit->backend, 2, 0, 0, 100, &n, &kit->err);
	assert_int_equal(usage_of(kit, 0).bytes, both);
}

static void
a_small_text_is_replaced_under_its_name(void **state)
{
	struct kit *kit = *state;
	struct buf got = BUF_EMPTY;
	assert_int_equal(kit->ops->meta_load(kit->backend, "boot", &got, &kit->err), BACKEND_NONE);
	kit->ops->meta_save(kit->backend, "boot", "one", &kit->err);
	kit->ops->meta_save(kit->backend, "boot", "two", &kit->err);
	assert_int_equal(kit->ops->meta_load(kit->backend, "boot", &got, &kit->err), BACKEND_OK);
	assert_string_equal(buf_text(&got), "two");
	buf_fini(&got);
}

/* Prunes until a slice removes nothing; how many went. */
static int64_t
prune(struct kit *kit, usec_t before, int64_t keep, int64_t bytes_max)
{
	int64_t n, sum = 0;
	do {
		assert_int_equal(
			kit->ops->prune(kit->backend, before, keep, bytes_max, 2, &n, &kit->err),
			BACKEND_OK);
		assert_true(n <= 2);
		sum += n;
	} while (n > 0);
	return sum;
}

static void
pruning_by_age_keeps_the_last_run_of_a_living_job(void **state)
{
	struct kit *kit = *state;
	struct run run;
	int64_t living = kit_add_job(kit, "living", 1);
	for (usec_t due = 1; due <= 5; due++)
		kit_add_run(kit, living, due, RUN_SUCCEEDED);
	int64_t last = kit_add_run(kit, living, 6, RUN_SUCCEEDED);
	kit_add_run(kit, kit_add_job(kit, "other", 1), 100, RUN_SUCCEEDED);
	assert_int_equal(prune(kit, 50, 0, 0), 5);
	assert_int_equal(kit->ops->run_load(kit->backend, last, &run, &kit->err), BACKEND_OK);
	assert_int_equal(prune(kit, 50, 0, 0), 0);
	struct store_stats stats;
	kit->ops->stats(kit->backend, &stats, &kit->err);
	assert_int_equal(stats.nruns, 2);
}

static void
pruning_by_count_takes_what_ended_first_with_its_output(void **state)
{
	struct kit *kit = *state;
	int64_t job = kit_add_job(kit, "job", 1);
	struct buf out = BUF_EMPTY;
	struct attempt attempt = { .number = 1 }, got;
	struct run run;
	attempt.run_id = kit_add_run(kit, job, 1, RUN_SUCCEEDED);
	run = kit_run(kit, attempt.run_id);
	run.attempt = 1;
	kit->ops->run_update(kit->backend, &run, RUN_SUCCEEDED, 0, &kit->err);
	kit->ops->attempt_insert(kit->backend, &attempt, &kit->err);
	kit->ops->output_append(kit->backend, &run, 0, "x", 1, &kit->err);
	int64_t kept = kit_add_run(kit, job, 2, RUN_SUCCEEDED);
	kit_add_run(kit, job, 3, RUN_SUCCEEDED);
	kit_add_run(kit, job, 4, RUN_RUNNING);
	assert_int_equal(prune(kit, 0, 3, 0), 1);
	assert_int_equal(kit->ops->run_load(kit->backend, attempt.run_id, &run, &kit->err),
			 BACKEND_NONE);
	assert_int_equal(kit->ops->attempt_load(kit->backend, attempt.run_id, 1, &got, &kit->err),
			 BACKEND_NONE);
	assert_int_equal(kit->ops->output_read(kit->backend, attempt.run_id, 1, 0, &out, &kit->err),
			 BACKEND_NONE);
	kit_run(kit, kept);
}

static void
pruning_by_bytes_goes_on_until_the_output_fits(void **state)
{
	struct kit *kit = *state;
	int64_t job = kit_add_job(kit, "job", 1);
	for (usec_t due = 1; due <= 4; due++) {
		struct run run = kit_run(kit, kit_add_run(kit, job, due, RUN_SUCCEEDED));
		run.attempt = 1;
		kit->ops->run_update(kit->backend, &run, RUN_SUCCEEDED, 0, &kit->err);
		kit->ops->output_append(kit->backend, &run, 0, "12345", 5, &kit->err);
	}
	assert_int_equal(prune(kit, 0, 0, 10), 2);
	assert_int_equal(prune(kit, 0, 0, 10), 0);
}

static void
a_tombstone_goes_with_its_last_run_and_its_id_stays_used(void **state)
{
	struct kit *kit = *state;
	struct job job;
	int64_t old = kit_add_job(kit, "old", 1);
	int64_t newest = kit_add_job(kit, "newest", 1);
	kit_add_run(kit, old, 1, RUN_SUCCEEDED);
	int64_t last = kit_add_run(kit, newest, 1, RUN_SUCCEEDED);
	for (int64_t id = old; id <= newest; id++) {
		kit->ops->job_load(kit->backend, id, &job, &kit->err);
		job.state = JOB_CANCELLED;
		assert_int_equal(kit->ops->job_update(kit->backend, &job, &kit->err), BACKEND_OK);
		job_fini(&job);
	}
	assert_int_equal(prune(kit, 50, 0, 0), 2);
	assert_int_equal(kit->ops->job_load(kit->backend, old, &job, &kit->err), BACKEND_NONE);
	assert_true(kit_add_job(kit, "next", 1) > newest);
	assert_true(kit_add_run(kit, newest, 2, RUN_SUCCEEDED) > last);
}

static void
without_limits_nothing_is_pruned(void **state)
{
	struct kit *kit = *state;
	int64_t job = kit_add_job(kit, "job", 1);
	kit_add_run(kit, job, 1, RUN_SUCCEEDED);
	kit_add_run(kit, job, 2, RUN_SUCCEEDED);
	assert_int_equal(prune(kit, 0, 0, 0), 0);
}

const struct CMUnitTest store_backend_rest[] = {
	cmocka_unit_test(an_attempt_reads_back_with_all_its_fields),
	cmocka_unit_test(output_reads_back_byte_for_byte),
	cmocka_unit_test(a_queue_has_the_standard_settings_until_it_is_set),
	cmocka_unit_test(queues_are_listed_with_what_waits_and_runs_in_them),
	cmocka_unit_test(only_queues_with_an_open_waiting_run_are_ready),
	cmocka_unit_test(a_queue_with_the_longest_name_is_listed_and_ready_once),
	cmocka_unit_test(a_request_is_remembered_for_its_user_until_it_is_forgotten),
	cmocka_unit_test(what_a_user_has_is_known_at_any_moment),
	cmocka_unit_test(users_whose_jobs_come_by_turns_are_counted_apart),
	cmocka_unit_test(more_users_than_are_remembered_are_counted_by_whose_a_job_is_now),
	cmocka_unit_test(what_is_pruned_is_no_longer_its_users),
	cmocka_unit_test(a_small_text_is_replaced_under_its_name),
	cmocka_unit_test(pruning_by_age_keeps_the_last_run_of_a_living_job),
	cmocka_unit_test(pruning_by_count_takes_what_ended_first_with_its_output),
	cmocka_unit_test(pruning_by_bytes_goes_on_until_the_output_fits),
	cmocka_unit_test(a_tombstone_goes_with_its_last_run_and_its_id_stays_used),
	cmocka_unit_test(without_limits_nothing_is_pruned),
};
const size_t nstore_backend_rest = sizeof(store_backend_rest) / sizeof(store_backend_rest[0]);
