/* The backend suite's kit, and its run over every backend. */
#include "unit/store_backend.h"

#include "base/alloc.h"
#include "fake/backend_mem.h"
#include "fake/scratch.h"
#include "store/sqlite.h"

void
kit_commit(struct kit *kit)
{
	assert_int_equal(kit->ops->commit(kit->backend, &kit->err), BACKEND_OK);
	assert_int_equal(kit->ops->begin(kit->backend, &kit->err), BACKEND_OK);
}

int64_t
kit_add_job(struct kit *kit, const char *name, usec_t next_start_at)
{
	struct job job;
	job_init(&job);
	job.name = mem_dup(name);
	job.kind = next_start_at == USEC_NEVER ? SCHEDULE_ON_START : SCHEDULE_EVERY;
	job.schedule = mem_dup(next_start_at == USEC_NEVER ? "" : "1h");
	job.shell = mem_dup("true");
	job.next_due = job.next_start_at = next_start_at;
	assert_int_equal(kit->ops->job_insert(kit->backend, &job, &kit->err), BACKEND_OK);
	assert_true(job.id > 0);
	int64_t id = job.id;
	job_fini(&job);
	return id;
}

int64_t
kit_add_run(struct kit *kit, int64_t job_id, usec_t due, enum run_state state)
{
	struct run run = { .job_id = job_id,
			   .due = due,
			   .last_due = due,
			   .count = 1,
			   .start_at = due,
			   .state = state };
	run.ended_at = run_is_terminal(state) ? due : 0;
	assert_int_equal(kit->ops->run_insert(kit->backend, &run, &kit->err), BACKEND_OK);
	assert_true(run.id > 0);
	return run.id;
}

struct run
kit_run(struct kit *kit, int64_t id)
{
	struct run run;
	assert_int_equal(kit->ops->run_load(kit->backend, id, &run, &kit->err), BACKEND_OK);
	return run;
}

static int
begin(void **state, struct backend *backend, char *dir)
{
	struct kit *kit = mem_alloc(sizeof(*kit));
	kit->backend = backend;
	kit->ops = backend->ops;
	kit->dir = dir;
	*state = kit;
	return kit->ops->begin(backend, &kit->err) == BACKEND_OK ? 0 : -1;
}

static int
set_up_memory(void **state)
{
	return begin(state, backend_mem_new(), NULL);
}

static int
set_up_sqlite(void **state)
{
	char *dir = scratch_new();
	char *path = scratch_path(dir, "asched.db");
	struct err err;
	struct backend *backend = sqlite_backend_open(path, &err);
	free(path);
	if (!backend) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	return begin(state, backend, dir);
}

static int
tear_down(void **state)
{
	struct kit *kit = *state;
	kit->ops->rollback(kit->backend);
	kit->ops->close(kit->backend);
	if (kit->dir)
		scratch_free(kit->dir);
	free(kit);
	return 0;
}

struct suite {
	struct CMUnitTest *tests;
	size_t n;
};

/* Adds a table's tests for one backend, each with a kit of its own and the backend's name. */
static void
add_table(struct suite *suite, const char *backend, const struct CMUnitTest *tests, size_t n)
{
	bool is_memory = strcmp(backend, "memory") == 0;
	suite->tests = mem_resize(suite->tests, suite->n + n, sizeof(*suite->tests));
	for (size_t i = 0; i < n; i++) {
		struct CMUnitTest *test = &suite->tests[suite->n++];
		*test = tests[i];
		test->name = mem_printf("%s: %s", backend, tests[i].name);
		test->setup_func = is_memory ? set_up_memory : set_up_sqlite;
		test->teardown_func = tear_down;
	}
}

static void
add_backend(struct suite *suite, const char *backend)
{
	add_table(suite, backend, store_backend_jobs, nstore_backend_jobs);
	add_table(suite, backend, store_backend_runs, nstore_backend_runs);
	add_table(suite, backend, store_backend_rest, nstore_backend_rest);
}

/* One group, because a test program has one plan. */
int
main(void)
{
	struct suite suite = { 0 };
	add_backend(&suite, "memory");
	add_backend(&suite, "sqlite");
	int nfailed = _cmocka_run_group_tests("backend", suite.tests, suite.n, NULL, NULL);
	for (size_t i = 0; i < suite.n; i++)
		free((char *)(uintptr_t)suite.tests[i].name);
	free(suite.tests);
	return nfailed == 0 ? 0 : 1;
}
