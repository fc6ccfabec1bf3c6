/* The in-memory backend: tables, the undo log, transactions and faults. */
#include "fake/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static void
free_row(enum mem_table table, void *row)
{
	if (!row)
		return;
	if (table == MEM_JOBS)
		job_fini(row);
	else if (table == MEM_OUTPUTS)
		buf_fini(&((struct mem_output *)row)->data);
	else if (table == MEM_META) {
		free(((struct mem_meta *)row)->name);
		free(((struct mem_meta *)row)->value);
	}
	free(row);
}

/* Room for element `index` of an array of numbers; new ones are 0. */
static void
grow(size_t **array, size_t *cap, size_t index)
{
	if (index < *cap)
		return;
	size_t want = index * 2 + 64;
	*array = mem_resize(*array, want, sizeof(**array));
	memset(*array + *cap, 0, (want - *cap) * sizeof(**array));
	*cap = want;
}

static void
log_undo(struct mem *mem, enum mem_table table, size_t index, void *old)
{
	assert(mem->is_open);
	if (mem->nundo == mem->undo_cap) {
		mem->undo_cap = mem->undo_cap * 2 + 64;
		mem->undo = mem_resize(mem->undo, mem->undo_cap, sizeof(*mem->undo));
	}
	mem->undo[mem->nundo++] = (struct mem_undo){ table, index, old };
}

void *
mem_row(struct mem *mem, enum mem_table table, size_t index)
{
	return index < mem->tables[table].n ? mem->tables[table].rows[index] : NULL;
}

static void
link_run(struct mem *mem, size_t index, const struct run *run)
{
	size_t job = (size_t)run->job_id;
	grow(&mem->newest_of_job, &mem->newest_cap, job);
	grow(&mem->run_before, &mem->run_before_cap, index);
	mem->run_before[index] = mem->newest_of_job[job];
	mem->newest_of_job[job] = index + 1;
}

void
mem_row_add(struct mem *mem, enum mem_table table, void *row)
{
	struct mem_rows *rows = &mem->tables[table];
	if (rows->n == rows->cap) {
		rows->cap = rows->cap * 2 + 64;
		rows->rows = mem_resize(rows->rows, rows->cap, sizeof(*rows->rows));
	}
	if (table == MEM_RUNS)
		link_run(mem, rows->n, &((struct mem_run *)row)->run);
	rows->rows[rows->n] = row;
	log_undo(mem, table, rows->n++, NULL);
}

void
mem_row_set(struct mem *mem, enum mem_table table, size_t index, void *row)
{
	struct mem_rows *rows = &mem->tables[table];
	log_undo(mem, table, index, rows->rows[index]);
	rows->rows[index] = row;
}

/* Takes the newest changes back until the log has that length. */
static void
undo_to(struct mem *mem, size_t length)
{
	while (mem->nundo > length) {
		struct mem_undo *undo = &mem->undo[--mem->nundo];
		struct mem_rows *rows = &mem->tables[undo->table];
		void *row = rows->rows[undo->index];
		if (!undo->old && undo->table == MEM_RUNS)
			mem->newest_of_job[((struct mem_run *)row)->run.job_id] =
				mem->run_before[undo->index];
		free_row(undo->table, row);
		rows->rows[undo->index] = undo->old;
		if (!undo->old)
			rows->n--;
	}
	mem->first_open = 0;
}

struct job *
mem_job(struct mem *mem, int64_t id)
{
	return mem_row(mem, MEM_JOBS, (size_t)(id - 1));
}

struct mem_run *
mem_run(struct mem *mem, int64_t id)
{
	return mem_row(mem, MEM_RUNS, (size_t)(id - 1));
}

int64_t
mem_run_before(struct mem *mem, int64_t job_id, int64_t id)
{
	size_t job = (size_t)job_id;
	size_t before = id > 0                  ? mem->run_before[id - 1]
			: job < mem->newest_cap ? mem->newest_of_job[job]
						: 0;
	while (before > 0 && !mem_row(mem, MEM_RUNS, before - 1))
		before = mem->run_before[before - 1];
	return (int64_t)before;
}

bool
mem_job_is_unfinished(const struct job *job)
{
	return job->state == JOB_ACTIVE || job->state == JOB_PAUSED;
}

static bool
counts_down_to_zero(int64_t *n)
{
	return *n > 0 && --*n == 0;
}

bool
mem_fails(struct mem *mem, struct err *err)
{
	if (!counts_down_to_zero(&mem->fail_operation))
		return false;
	err_set(err, ERR_UNAVAILABLE, "database: a fault that a test asked for");
	return true;
}

void
backend_mem_fail_operation(struct backend *backend, int64_t n)
{
	mem_of(backend)->fail_operation = n;
}

void
backend_mem_fill(struct backend *backend, bool is_full)
{
	mem_of(backend)->is_full = is_full;
}

bool
backend_mem_is_armed(const struct backend *backend)
{
	const struct mem *mem = (const struct mem *)backend;
	return mem->fail_operation > 0 || mem->fail_commit > 0;
}

void
backend_mem_fail_commit(struct backend *backend, int64_t n, enum mem_commit outcome)
{
	struct mem *mem = mem_of(backend);
	mem->fail_commit = n;
	mem->fail_outcome = outcome;
}

static enum backend_result
begin(struct backend *backend, struct err *err)
{
	struct mem *mem = mem_of(backend);
	assert(!mem->is_open && mem->nundo == 0);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	mem->is_open = true;
	return BACKEND_OK;
}

static void
keep_changes(struct mem *mem)
{
	mem->commits += mem->nundo > 0;
	while (mem->nundo > 0) {
		struct mem_undo *undo = &mem->undo[--mem->nundo];
		free_row(undo->table, undo->old);
	}
	mem->is_open = false;
}

static void
rollback(struct backend *backend)
{
	struct mem *mem = mem_of(backend);
	undo_to(mem, 0);
	mem->is_open = false;
}

static enum backend_result
commit(struct backend *backend, struct err *err)
{
	struct mem *mem = mem_of(backend);
	assert(mem->is_open);
	if (mem_fails(mem, err)) /* like a full disk: nothing is there */
		return BACKEND_ERROR;
	if (mem->is_full && mem->has_reserve) {
		err_set(err, ERR_UNAVAILABLE, "database or disk is full");
		return BACKEND_ERROR;
	}
	if (counts_down_to_zero(&mem->fail_commit)) {
		err_set(err, ERR_UNAVAILABLE, "database: a commit that a test made fail");
		if (mem->fail_outcome == MEM_COMMIT_KEPT)
			keep_changes(mem);
		return BACKEND_ERROR;
	}
	keep_changes(mem);
	return BACKEND_OK;
}

static enum backend_result
savepoint(struct backend *backend, struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	mem->savepoint = mem->nundo;
	return BACKEND_OK;
}

static enum backend_result
release(struct backend *backend, struct err *err)
{
	return mem_fails(mem_of(backend), err) ? BACKEND_ERROR : BACKEND_OK;
}

static enum backend_result
rollback_to(struct backend *backend)
{
	struct mem *mem = mem_of(backend);
	undo_to(mem, mem->savepoint);
	return BACKEND_OK;
}

static int64_t
ncommits(const struct backend *backend)
{
	return ((const struct mem *)backend)->commits;
}

static enum backend_result
settle(struct backend *backend, struct err *err)
{
	return mem_fails(mem_of(backend), err) ? BACKEND_ERROR : BACKEND_OK;
}

static usec_t
tend(struct backend *backend, usec_t now)
{
	(void)now;
	mem_of(backend)->ntended++;
	return USEC_NEVER;
}

int
backend_mem_ntended(struct backend *backend)
{
	return mem_of(backend)->ntended;
}

static const char *
warning(const struct backend *backend)
{
	(void)backend;
	return NULL;
}

static void
close_but_keep(struct backend *backend)
{
	rollback(backend);
}

static void
close_mem(struct backend *backend)
{
	struct mem *mem = mem_of(backend);
	rollback(backend);
	for (int table = 0; table < MEM_NTABLES; table++) {
		for (size_t i = 0; i < mem->tables[table].n; i++)
			free_row((enum mem_table)table, mem->tables[table].rows[i]);
		free(mem->tables[table].rows);
	}
	free(mem->undo);
	free(mem->newest_of_job);
	free(mem->run_before);
	free(mem);
}

struct backend *
backend_mem_new(void)
{
	struct mem *mem = mem_alloc(sizeof(*mem));
	mem->ops = (struct backend_ops){
		.name = "memory",
		.begin = begin,
		.commit = commit,
		.rollback = rollback,
		.savepoint = savepoint,
		.release = release,
		.rollback_to = rollback_to,
		.ncommits = ncommits,
		.settle = settle,
		.tend = tend,
		.warning = warning,
		.close = close_mem,
	};
	mem_jobs_ops(&mem->ops);
	mem_runs_ops(&mem->ops);
	mem_pages_ops(&mem->ops);
	mem_rest_ops(&mem->ops);
	mem_prune_ops(&mem->ops);
	mem->backend.ops = &mem->ops;
	return &mem->backend;
}

void
backend_mem_keep(struct backend *backend)
{
	mem_of(backend)->ops.close = close_but_keep;
}

void
backend_mem_free(struct backend *backend)
{
	close_mem(backend);
}
