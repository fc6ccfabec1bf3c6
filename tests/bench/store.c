/*
 * Durable adds a second: the same rows put straight into SQLite with the same durability, and
 * through the store's thread with everything that an add is (parsing, checks, next due, unique
 * name, answer), in batches and one at a time. Then whole runs, from the claim to the end, and adds
 * and claims with a long history. Usage: store [JOBS [HISTORY]]
 * Prints `bare_batch bare_one adds_batch adds_one runs` and `adds_ claims_` `empty full` (a second).
 */
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fake/scratch.h"
#include "fake/test_zones.h"
#include "store/sqlite.h"
#include "store/thread.h"

#define JOBS_STANDARD    50000
#define HISTORY_STANDARD 500000
#define BATCH            1000
#define NSINGLES         2000  /* one at a time is slow */
#define NCLAIMED         20000 /* long enough for the log to be folded in more than once */
#define NRUNS            10000
#define CLAIM_BATCH      256

static usec_t
read_clock(clockid_t clock)
{
	struct timespec at;
	clock_gettime(clock, &at);
	return at.tv_sec * USEC_PER_SEC + at.tv_nsec / 1000;
}

static usec_t
now(void)
{
	return read_clock(CLOCK_REALTIME);
}

static usec_t
elapsed(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static void
check(bool is_well, const char *what)
{
	if (is_well)
		return;
	fprintf(stderr, "store: %s\n", what);
	exit(1);
}

static double
rate(int64_t n, usec_t since)
{
	return (double)n * 1e6 / (double)(elapsed() - since);
}

/* The row that the add below makes, bound by hand. */
static void
bind_row(sqlite3_stmt *stmt, int n, const struct buf *spec, char name[32])
{
	int64_t values[] = { 0, 0, n * 7919, now(), now(), now() + 1, now() + 1, 0, 0, 0 };
	for (int i = 0; i < 10; i++)
		sqlite3_bind_int64(stmt, i + 1, values[i]);
	snprintf(name, 32, "job-%d", n);
	sqlite3_bind_text(stmt, 11, name, -1, SQLITE_STATIC);
	sqlite3_bind_blob(stmt, 12, spec->data, (int)spec->len, SQLITE_STATIC);
}

static double
measure_bare(const char *path, int n, int batch)
{
	struct err err;
	struct backend *backend = sqlite_backend_open(path, &err); /* for its tables */
	check(backend, err.text);
	backend->ops->close(backend);
	sqlite3 *db;
	sqlite3_stmt *stmt;
	struct job job;
	struct buf spec = BUF_EMPTY;
	job_init(&job);
	job.kind = SCHEDULE_EVERY;
	job.schedule = mem_dup("1h");
	job.name = mem_dup("job-10000");
	strings_add(&job.command, "/bin/true", 9);
	job_pack(&job, &spec);
	job_fini(&job);
	sqlite3_open(path, &db);
	sqlite3_exec(db, "PRAGMA locking_mode = exclusive; PRAGMA synchronous = full", 0, 0, 0);
	int rc = sqlite3_prepare_v2(db,
				    "INSERT INTO jobs (owner, state, seed, created_at, anchor_at, "
				    "next_due, next_start_at, paused_at, nfailed, nruns, name, "
				    "queue, rhythm, covered_until, spec) VALUES "
				    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'default', 1, 0, ?)",
				    -1, &stmt, NULL);
	check(rc == SQLITE_OK, sqlite3_errmsg(db));
	usec_t since = elapsed();
	for (int i = 0; i < n; i++) {
		char name[32];
		if (i % batch == 0)
			sqlite3_exec(db, "BEGIN IMMEDIATE", 0, 0, 0);
		bind_row(stmt, i, &spec, name);
		bool is_done = sqlite3_step(stmt) == SQLITE_DONE;
		check(is_done, sqlite3_errmsg(db));
		sqlite3_reset(stmt);
		if (i % batch == batch - 1 || i == n - 1)
			check(sqlite3_exec(db, "COMMIT", 0, 0, 0) == SQLITE_OK, "commit");
	}
	double result = rate(n, since);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	buf_fini(&spec);
	return result;
}

struct client {
	struct store_thread *thread;
	int64_t nanswered;
	bool is_full;
	int64_t nstarts;
	int64_t nopen; /* of submit_run(), not answered */
};

static void
on_answer(struct intent *intent, void *arg)
{
	struct client *client = arg;
	check(intent->err.code == ERR_NONE, intent->err.text);
	client->nanswered++;
	client->is_full = intent->work.is_full;
}

static void
submit(struct client *client, struct intent *intent)
{
	struct store *store = store_thread_port(client->thread);
	intent->done = on_answer;
	intent->arg = client;
	store->submit(store, intent);
}

static void
wait_for(struct client *client, int64_t nanswered)
{
	struct pollfd pollfd = { .fd = store_thread_fd(client->thread), .events = POLLIN };
	while (client->nanswered < nanswered) {
		poll(&pollfd, 1, -1);
		store_thread_process(client->thread);
	}
}

static struct client
open_client(const char *path)
{
	struct err err;
	const struct store_thread_config config = {
		.path = path, .zones = test_zones(), .now = now, .elapsed = elapsed
	};
	struct client client = { .thread = store_thread_open(&config, &err) };
	check(client.thread, err.text);
	return client;
}

static void
add_change(struct intent *intent, const char *field, const char *text)
{
	struct change *change = &intent->changes[intent->nchanges++];
	change->field = field_find(field, strlen(field));
	change->kind = SCHEDULE_ANY;
	change->text = mem_dup(text);
	change->len = strlen(text);
}

static struct intent *
add_job(int n, const char *when)
{
	char name[32];
	struct intent *intent = intent_new(INTENT_JOB_ADD, now());
	intent->job = mem_alloc(sizeof(*intent->job));
	job_init(intent->job);
	intent->changes = mem_array(3, sizeof(*intent->changes));
	snprintf(name, sizeof(name), "job-%d", n);
	add_change(intent, "name", name);
	add_change(intent, "schedule", when);
	add_change(intent, "command", "/bin/true");
	return intent;
}

/* Adds n jobs, so many in flight; a second. */
static double
measure_adds(struct client *client, int first, int n, int batch)
{
	usec_t since = elapsed();
	int64_t before = client->nanswered;
	for (int i = 0; i < n; i++) {
		submit(client, add_job(first + i, "every 7d"));
		if (i % batch == batch - 1 || i == n - 1)
			wait_for(client, before + i + 1);
	}
	return rate(n, since);
}

/* Makes jobs due and claims them in batches; claimed runs a second. */
static double
measure_claims(struct client *client, int first)
{
	for (int i = 0; i < NCLAIMED; i++)
		submit(client, add_job(first + i, "every 1d"));
	wait_for(client, client->nanswered + NCLAIMED);
	/* One instant for all claims: however long they take, each job is due once. */
	usec_t due = now() + USEC_PER_DAY, since = elapsed();
	int nclaims = 0;
	do {
		struct intent *claim = intent_new(INTENT_CLAIM, due);
		claim->until = claim->now;
		claim->limit = CLAIM_BATCH;
		submit(client, claim);
		wait_for(client, client->nanswered + 1);
		nclaims++;
	} while (client->is_full && nclaims < 10 * NCLAIMED / CLAIM_BATCH);
	return rate(NCLAIMED, since);
}

static void submit_run(struct client *client, struct intent *intent);

/* A run that was made running ends at once. */
static void
on_starts(struct intent *intent, void *arg)
{
	struct client *client = arg;
	check(intent->err.code == ERR_NONE, intent->err.text);
	client->nopen--;
	for (size_t i = 0; i < intent->work.nstarts; i++) {
		const struct run *run = &intent->work.starts[i].run;
		struct intent *end = intent_new(INTENT_ENDED, intent->now);
		end->run_id = run->id;
		end->attempt = run->attempt;
		end->at = run->start_at;
		end->outcome.kind = OUTCOME_EXIT;
		end->outcome.ended_at = intent->now;
		client->nstarts++;
		submit_run(client, end);
	}
}

static void
submit_run(struct client *client, struct intent *intent)
{
	struct store *store = store_thread_port(client->thread);
	intent->done = on_starts;
	intent->arg = client;
	client->nopen++;
	store->submit(store, intent);
}

/* Jobs that are due once, at the same instant: claimed, made running, ended; runs a second. */
static double
measure_runs(struct client *client, int first, int n)
{
	struct pollfd pollfd = { .fd = store_thread_fd(client->thread), .events = POLLIN };
	char due[SCHEDULE_TIME_MAX];
	usec_t at = now() + USEC_PER_HOUR;
	schedule_print_time(NULL, at, due);
	for (int i = 0; i < n; i++)
		submit(client, add_job(first + i, due));
	wait_for(client, client->nanswered + n);
	usec_t since = elapsed();
	client->nstarts = 0;
	while (client->nstarts < n) {
		struct intent *claim = intent_new(INTENT_CLAIM, at);
		claim->until = at;
		claim->limit = CLAIM_BATCH;
		submit_run(client, claim);
		while (client->nopen > 0) {
			poll(&pollfd, 1, -1);
			store_thread_process(client->thread);
		}
	}
	return rate(n, since);
}

static void
fill_history(const char *path, int n)
{
	struct err err = { 0 };
	struct backend *backend = sqlite_backend_open(path, &err);
	check(backend, err.text);
	const struct backend_ops *ops = backend->ops;
	check(ops->begin(backend, &err) == BACKEND_OK, err.text);
	for (int i = 0; i < n; i++) {
		struct run run = { .job_id = 1 + i % 1000,
				   .due = i,
				   .last_due = i,
				   .count = 1,
				   .state = RUN_SUCCEEDED,
				   .attempt = 1,
				   .ended_at = i + 1 };
		struct attempt attempt = { .number = 1, .ended_at = i + 1 };
		check(ops->run_insert(backend, &run, &err) == BACKEND_OK, err.text);
		attempt.run_id = run.id;
		check(ops->attempt_insert(backend, &attempt, &err) == BACKEND_OK, err.text);
		if (i % 10000 != 9999)
			continue;
		check(ops->commit(backend, &err) == BACKEND_OK, err.text);
		ops->tend(backend, i);
		check(ops->begin(backend, &err) == BACKEND_OK, err.text);
	}
	check(ops->commit(backend, &err) == BACKEND_OK, err.text);
	ops->close(backend);
}

static void
bench_adds(const char *dir, int njobs)
{
	char *bare_batch = scratch_path(dir, "bare-batch.db");
	char *bare_single = scratch_path(dir, "bare-single.db");
	char *ours = scratch_path(dir, "ours.db");
	double bare = measure_bare(bare_batch, njobs, BATCH);
	double bare_one = measure_bare(bare_single, NSINGLES, 1);
	struct client client = open_client(ours);
	double adds = measure_adds(&client, 0, njobs, BATCH);
	double adds_one = measure_adds(&client, njobs, NSINGLES, 1);
	double runs = measure_runs(&client, njobs + NSINGLES, NRUNS);
	store_thread_close(client.thread);
	printf("bare_batch %.0f\nbare_one %.0f\nadds_batch %.0f\nadds_one %.0f\nruns %.0f\n", bare,
	       bare_one, adds, adds_one, runs);
	free(bare_batch);
	free(bare_single);
	free(ours);
}

static void
bench_history(const char *dir, int nhistory)
{
	char *empty = scratch_path(dir, "empty.db");
	char *full = scratch_path(dir, "full.db");
	struct client client = open_client(empty);
	double adds = measure_adds(&client, 0, NCLAIMED, BATCH);
	double claims = measure_claims(&client, NCLAIMED);
	store_thread_close(client.thread);
	fill_history(full, nhistory);
	sync(); /* or the adds wait for the history to reach the disk */
	client = open_client(full);
	double adds_full = measure_adds(&client, 0, NCLAIMED, BATCH);
	double claims_full = measure_claims(&client, NCLAIMED);
	store_thread_close(client.thread);
	printf("adds_empty %.0f\nadds_full %.0f\nclaims_empty %.0f\nclaims_full %.0f\n", adds,
	       adds_full, claims, claims_full);
	free(empty);
	free(full);
}

int
main(int argc, char **argv)
{
	int njobs = argc > 1 ? (int)strtol(argv[1], NULL, 10) : JOBS_STANDARD;
	int nhistory = argc > 2 ? (int)strtol(argv[2], NULL, 10) : HISTORY_STANDARD;
	char *dir = scratch_new();
	bench_adds(dir, njobs);
	bench_history(dir, nhistory);
	scratch_free(dir);
	return 0;
}
