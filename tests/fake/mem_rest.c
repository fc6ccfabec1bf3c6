/* Attempts, output, requests, small texts and counts in memory. */
#include "fake/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* The index + 1 of the attempt; 0: none. The newest stand at the end. */
static size_t
find_attempt(struct mem *mem, int64_t run_id, int number)
{
	for (size_t i = mem->tables[MEM_ATTEMPTS].n; i > 0; i--) {
		const struct attempt *row = mem_row(mem, MEM_ATTEMPTS, i - 1);
		if (row && row->run_id == run_id && row->number == number)
			return i;
	}
	return 0;
}

static struct attempt *
copy(const struct attempt *attempt)
{
	struct attempt *row = mem_alloc(sizeof(*row));
	*row = *attempt;
	row->outcome.output_fd = -1;
	return row;
}

static enum backend_result
attempt_insert(struct backend *backend, const struct attempt *attempt, struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	if (find_attempt(mem, attempt->run_id, attempt->number))
		return BACKEND_NONE;
	mem_row_add(mem, MEM_ATTEMPTS, copy(attempt));
	return BACKEND_OK;
}

static enum backend_result
attempt_update(struct backend *backend, const struct attempt *attempt, struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	size_t at = find_attempt(mem, attempt->run_id, attempt->number);
	if (!at)
		return BACKEND_NONE;
	const struct attempt *old = mem_row(mem, MEM_ATTEMPTS, at - 1);
	struct attempt *row = copy(attempt);
	row->claimed_at = old->claimed_at;
	memcpy(row->boot, old->boot, sizeof(row->boot));
	memcpy(row->spawner, old->spawner, sizeof(row->spawner));
	if (old->started_at)
		row->started_at = old->started_at;
	if (old->pid) {
		row->pid = old->pid;
		row->pid_start = old->pid_start;
	}
	mem_row_set(mem, MEM_ATTEMPTS, at - 1, row);
	return BACKEND_OK;
}

static enum backend_result
attempt_drop(struct backend *backend, int64_t run_id, int number, struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	size_t at = find_attempt(mem, run_id, number);
	if (!at)
		return BACKEND_NONE;
	mem_row_set(mem, MEM_ATTEMPTS, at - 1, NULL);
	return BACKEND_OK;
}

static enum backend_result
attempt_load(struct backend *backend, int64_t run_id, int number, struct attempt *attempt,
	     struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	size_t at = find_attempt(mem, run_id, number);
	if (!at)
		return BACKEND_NONE;
	*attempt = *(struct attempt *)mem_row(mem, MEM_ATTEMPTS, at - 1);
	return BACKEND_OK;
}

static const struct mem_output *
find_output(struct mem *mem, int64_t run_id, int attempt, int piece)
{
	for (size_t i = mem->tables[MEM_OUTPUTS].n; i > 0; i--) {
		const struct mem_output *row = mem_row(mem, MEM_OUTPUTS, i - 1);
		if (row && row->run_id == run_id && row->attempt == attempt && row->piece == piece)
			return row;
	}
	return NULL;
}

static enum backend_result
output_append(struct backend *backend, const struct run *run, int piece, const void *data,
	      size_t len, struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	if (find_output(mem, run->id, run->attempt, piece))
		return BACKEND_NONE;
	struct mem_output *row = mem_alloc(sizeof(*row));
	row->run_id = run->id;
	row->attempt = run->attempt;
	row->piece = piece;
	buf_add(&row->data, data, len);
	mem_row_add(mem, MEM_OUTPUTS, row);
	return BACKEND_OK;
}

static enum backend_result
output_read(struct backend *backend, int64_t run_id, int attempt, int piece, struct buf *out,
	    struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	const struct mem_output *row = find_output(mem, run_id, attempt, piece);
	if (!row)
		return BACKEND_NONE;
	buf_add(out, row->data.data, row->data.len);
	return BACKEND_OK;
}

static const struct request_row *
find_request(struct mem *mem, uid_t uid, const char *key)
{
	for (size_t i = 0; i < mem->tables[MEM_REQUESTS].n; i++) {
		const struct request_row *row = mem_row(mem, MEM_REQUESTS, i);
		if (row && row->uid == uid && strcmp(row->key, key) == 0)
			return row;
	}
	return NULL;
}

static enum backend_result
request_load(struct backend *backend, uid_t uid, const char *key, struct request_row *out,
	     struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	const struct request_row *row = find_request(mem, uid, key);
	if (!row)
		return BACKEND_NONE;
	*out = *row;
	return BACKEND_OK;
}

static enum backend_result
request_save(struct backend *backend, const struct request_row *request, struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	if (find_request(mem, request->uid, request->key))
		return BACKEND_NONE;
	struct request_row *row = mem_alloc(sizeof(*row));
	*row = *request;
	mem_row_add(mem, MEM_REQUESTS, row);
	return BACKEND_OK;
}

static enum backend_result
request_count(struct backend *backend, uid_t uid, int64_t *n, struct err *err)
{
	struct mem *mem = mem_of(backend);
	*n = 0;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	for (size_t i = 0; i < mem->tables[MEM_REQUESTS].n; i++) {
		const struct request_row *row = mem_row(mem, MEM_REQUESTS, i);
		*n += row && row->uid == uid;
	}
	return BACKEND_OK;
}

static enum backend_result
requests_forget(struct backend *backend, usec_t before, size_t max, int64_t *n, struct err *err)
{
	struct mem *mem = mem_of(backend);
	*n = 0;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	for (size_t i = 0; i < mem->tables[MEM_REQUESTS].n && *n < (int64_t)max; i++) {
		const struct request_row *row = mem_row(mem, MEM_REQUESTS, i);
		if (!row || row->at >= before)
			continue;
		mem_row_set(mem, MEM_REQUESTS, i, NULL);
		(*n)++;
	}
	return BACKEND_OK;
}

/* The index + 1 of that name; 0: none. */
static size_t
find_meta(struct mem *mem, const char *name)
{
	for (size_t i = mem->tables[MEM_META].n; i > 0; i--) {
		if (strcmp(((struct mem_meta *)mem_row(mem, MEM_META, i - 1))->name, name) == 0)
			return i;
	}
	return 0;
}

static enum backend_result
meta_load(struct backend *backend, const char *name, struct buf *out, struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	size_t at = find_meta(mem, name);
	if (!at)
		return BACKEND_NONE;
	buf_add_text(out, ((struct mem_meta *)mem_row(mem, MEM_META, at - 1))->value);
	return BACKEND_OK;
}

static enum backend_result
meta_save(struct backend *backend, const char *name, const char *text, struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	struct mem_meta *row = mem_alloc(sizeof(*row));
	row->name = mem_dup(name);
	row->value = mem_dup(text);
	size_t at = find_meta(mem, name);
	if (at)
		mem_row_set(mem, MEM_META, at - 1, row);
	else
		mem_row_add(mem, MEM_META, row);
	return BACKEND_OK;
}

static enum backend_result
stats(struct backend *backend, struct store_stats *stats, struct err *err)
{
	struct mem *mem = mem_of(backend);
	*stats = (struct store_stats){ 0 };
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	for (size_t i = 0; i < mem->tables[MEM_JOBS].n; i++) {
		const struct job *job = mem_row(mem, MEM_JOBS, i);
		stats->njobs += job && mem_job_is_unfinished(job);
	}
	for (size_t i = 0; i < mem->tables[MEM_RUNS].n; i++) {
		const struct mem_run *row = mem_row(mem, MEM_RUNS, i);
		stats->nruns += row != NULL;
		stats->nwaiting += row && row->run.state == RUN_WAITING;
		stats->nrunning += row && row->run.state == RUN_RUNNING;
	}
	return BACKEND_OK;
}

/* Memory is not copied to files; a backup of nothing takes a few steps. */
static enum backend_result
backup_begin(struct backend *backend, const char *path, struct err *err)
{
	(void)path;
	mem_of(backend)->nbackup_steps = 3;
	return mem_fails(mem_of(backend), err) ? BACKEND_ERROR : BACKEND_OK;
}

static enum backend_result
backup_step(struct backend *backend, struct buf *problems, struct err *err)
{
	struct mem *mem = mem_of(backend);
	(void)problems;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	return --mem->nbackup_steps > 0 ? BACKEND_OK : BACKEND_NONE;
}

static enum backend_result
usage_load(struct backend *backend, uid_t uid, struct usage *usage, struct err *err)
{
	struct mem *mem = mem_of(backend);
	*usage = (struct usage){ 0 };
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	for (int64_t id = 1; id <= (int64_t)mem->tables[MEM_JOBS].n; id++) {
		const struct job *job = mem_job(mem, id);
		struct buf spec = BUF_EMPTY;
		if (!job || job->owner != uid)
			continue;
		job_pack(job, &spec);
		usage->njobs += mem_job_is_unfinished(job);
		usage->bytes += (int64_t)spec.len;
		buf_fini(&spec);
		for (int64_t run = 0; (run = mem_run_before(mem, id, run));)
			usage->nruns += !run_is_terminal(mem_run(mem, run)->run.state);
	}
	for (size_t i = 0; i < mem->tables[MEM_OUTPUTS].n; i++) {
		const struct mem_output *row = mem_row(mem, MEM_OUTPUTS, i);
		const struct job *job = row ? mem_job(mem, mem_run(mem, row->run_id)->run.job_id)
					    : NULL;
		usage->bytes += job && job->owner == uid ? (int64_t)row->data.len : 0;
	}
	return BACKEND_OK;
}

static bool
reserve_keep(struct backend *backend)
{
	struct mem *mem = mem_of(backend);
	mem->has_reserve |= !mem->is_full;
	return mem->has_reserve;
}

static void
reserve_give_up(struct backend *backend)
{
	mem_of(backend)->has_reserve = false;
}

void
mem_rest_ops(struct backend_ops *ops)
{
	ops->attempt_insert = attempt_insert;
	ops->attempt_update = attempt_update;
	ops->attempt_drop = attempt_drop;
	ops->attempt_load = attempt_load;
	ops->output_append = output_append;
	ops->output_read = output_read;
	ops->request_load = request_load;
	ops->request_save = request_save;
	ops->request_count = request_count;
	ops->requests_forget = requests_forget;
	ops->meta_load = meta_load;
	ops->meta_save = meta_save;
	ops->stats = stats;
	ops->usage_load = usage_load;
	ops->reserve_keep = reserve_keep;
	ops->reserve_give_up = reserve_give_up;
	ops->backup_begin = backup_begin;
	ops->backup_step = backup_step;
}
