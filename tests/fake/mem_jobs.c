/* Jobs in memory. */
#include "fake/mem.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static struct job *
copy(const struct job *job)
{
	struct job *to = mem_alloc(sizeof(*to));
	job_copy(to, job);
	return to;
}

/* Has another unfinished job than `id` of that owner this name? */
static int64_t
find(struct mem *mem, uid_t owner, const char *name, int64_t id)
{
	for (int64_t i = 1; i <= (int64_t)mem->tables[MEM_JOBS].n; i++) {
		const struct job *job = mem_job(mem, i);
		if (job && i != id && job->owner == owner && job->name &&
		    mem_job_is_unfinished(job) && strcmp(job->name, name) == 0)
			return i;
	}
	return 0;
}

static bool
is_taken(struct mem *mem, const struct job *job)
{
	return job->name && mem_job_is_unfinished(job) &&
	       find(mem, job->owner, job->name, job->id) != 0;
}

static enum backend_result
insert(struct backend *backend, struct job *job, struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	if (is_taken(mem, job))
		return BACKEND_NONE;
	job->id = (int64_t)mem->tables[MEM_JOBS].n + 1;
	mem_row_add(mem, MEM_JOBS, copy(job));
	return BACKEND_OK;
}

/* A job's waiting and running runs follow it to its queue. */
static void
move_runs(struct mem *mem, const struct job *job)
{
	const char *queue = job->queue ? job->queue : QUEUE_STANDARD;
	for (int64_t id = mem_run_before(mem, job->id, 0); id;
	     id = mem_run_before(mem, job->id, id)) {
		const struct mem_run *row = mem_run(mem, id);
		if (run_is_terminal(row->run.state) || strcmp(row->queue, queue) == 0)
			continue;
		struct mem_run *moved = mem_alloc(sizeof(*moved));
		moved->run = row->run;
		strncpy(moved->queue, queue, sizeof(moved->queue) - 1);
		mem_row_set(mem, MEM_RUNS, (size_t)(id - 1), moved);
	}
}

static enum backend_result
update(struct backend *backend, const struct job *job, struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	if (!mem_job(mem, job->id) || is_taken(mem, job))
		return BACKEND_NONE;
	mem_row_set(mem, MEM_JOBS, (size_t)(job->id - 1), copy(job));
	move_runs(mem, job);
	return BACKEND_OK;
}

static enum backend_result
find_row(struct backend *backend, int64_t id, const struct job **found, struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	*found = mem_job(mem, id);
	return *found ? BACKEND_OK : BACKEND_NONE;
}

static enum backend_result
load(struct backend *backend, int64_t id, struct job *job, struct err *err)
{
	const struct job *found;
	enum backend_result result = find_row(backend, id, &found, err);
	if (result != BACKEND_OK)
		return result;
	if (found->is_damaged) {
		err_set(err, ERR_SYSTEM, "its record is damaged");
		return BACKEND_ERROR;
	}
	job_copy(job, found);
	return BACKEND_OK;
}

static enum backend_result
load_rest(struct backend *backend, int64_t id, struct job *job, struct err *err)
{
	const struct job *found;
	enum backend_result result = find_row(backend, id, &found, err);
	if (result != BACKEND_OK)
		return result;
	job_init(job);
	job->id = found->id;
	job->owner = found->owner;
	job->name = mem_dup(found->name);
	free(job->queue);
	job->queue = mem_dup(found->queue);
	job->state = found->state;
	job->next_due = found->next_due;
	job->next_start_at = found->next_start_at;
	job->covered_until = found->covered_until;
	job->is_damaged = true;
	return BACKEND_OK;
}

static enum backend_result
find_by_name(struct backend *backend, uid_t owner, const char *name, int64_t *id, struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	int64_t found = find(mem, owner, name, 0);
	if (found)
		*id = found;
	return found ? BACKEND_OK : BACKEND_NONE;
}

static enum backend_result
find_ended(struct backend *backend, uid_t owner, const char *name, int64_t *id, struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	for (int64_t i = (int64_t)mem->tables[MEM_JOBS].n; i > 0; i--) {
		const struct job *job = mem_job(mem, i);
		if (job && !mem_job_is_unfinished(job) && job->owner == owner && job->name &&
		    strcmp(job->name, name) == 0) {
			*id = i;
			return BACKEND_OK;
		}
	}
	return BACKEND_NONE;
}

static enum backend_result
set_aside(struct backend *backend, int64_t id, struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	const struct job *old = mem_job(mem, id);
	if (!old || old->next_start_at == USEC_NEVER)
		return BACKEND_NONE;
	struct job *to = copy(old);
	to->next_start_at = USEC_NEVER;
	mem_row_set(mem, MEM_JOBS, (size_t)(id - 1), to);
	return BACKEND_OK;
}

static enum backend_result
advance(struct backend *backend, const struct job *job, usec_t seen_due, enum job_state seen,
	struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	const struct job *old = mem_job(mem, job->id);
	if (!old || old->next_due != seen_due || old->state != seen)
		return BACKEND_NONE;
	struct job *to = copy(old);
	to->next_due = job->next_due;
	to->next_start_at = job->next_start_at;
	to->nruns = job->nruns;
	to->nfailed = job->nfailed;
	to->covered_until = job->covered_until;
	to->state = job->state;
	mem_row_set(mem, MEM_JOBS, (size_t)(job->id - 1), to);
	return BACKEND_OK;
}

static bool
is_due_before(const struct job *a, const struct job *b)
{
	return a->next_start_at < b->next_start_at ||
	       (a->next_start_at == b->next_start_at && a->id < b->id);
}

/* Keeps the ids of the `max` jobs that are due first, in order. */
static void
insert_sorted(struct mem *mem, const struct job *job, size_t max, int64_t *ids, size_t *n)
{
	size_t at = *n;
	while (at > 0 && is_due_before(job, mem_job(mem, ids[at - 1])))
		at--;
	if (at == max)
		return;
	if (*n < max)
		(*n)++;
	memmove(ids + at + 1, ids + at, (*n - at - 1) * sizeof(*ids));
	ids[at] = job->id;
}

static enum backend_result
due(struct backend *backend, usec_t until, size_t max, int64_t *ids, size_t *n, struct err *err)
{
	struct mem *mem = mem_of(backend);
	*n = 0;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	for (int64_t id = 1; id <= (int64_t)mem->tables[MEM_JOBS].n; id++) {
		const struct job *job = mem_job(mem, id);
		if (job && job->state == JOB_ACTIVE && job->next_start_at <= until)
			insert_sorted(mem, job, max, ids, n);
	}
	return BACKEND_OK;
}

static enum backend_result
next_start(struct backend *backend, usec_t *at, struct err *err)
{
	struct mem *mem = mem_of(backend);
	*at = USEC_NEVER;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	for (int64_t id = 1; id <= (int64_t)mem->tables[MEM_JOBS].n; id++) {
		const struct job *job = mem_job(mem, id);
		if (job && job->state == JOB_ACTIVE && job->next_start_at < *at)
			*at = job->next_start_at;
	}
	return BACKEND_OK;
}

static bool
is_recurring(const struct job *job)
{
	return job->kind == SCHEDULE_EVERY || job->kind == SCHEDULE_CRON ||
	       job->kind == SCHEDULE_CALENDAR;
}

static bool
is_on_start(const struct job *job)
{
	return job->kind == SCHEDULE_ON_START;
}

static void
active_jobs(struct mem *mem, bool (*takes)(const struct job *), int64_t after, size_t max,
	    int64_t *ids, size_t *n)
{
	for (int64_t id = after + 1; id <= (int64_t)mem->tables[MEM_JOBS].n && *n < max; id++) {
		const struct job *job = mem_job(mem, id);
		if (job && job->state == JOB_ACTIVE && takes(job))
			ids[(*n)++] = id;
	}
}

static enum backend_result
recurring(struct backend *backend, int64_t after, size_t max, int64_t *ids, size_t *n,
	  struct err *err)
{
	struct mem *mem = mem_of(backend);
	*n = 0;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	active_jobs(mem, is_recurring, after, max, ids, n);
	return BACKEND_OK;
}

static enum backend_result
on_start(struct backend *backend, int64_t after, size_t max, int64_t *ids, size_t *n,
	 struct err *err)
{
	struct mem *mem = mem_of(backend);
	*n = 0;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	active_jobs(mem, is_on_start, after, max, ids, n);
	return BACKEND_OK;
}

void
mem_jobs_ops(struct backend_ops *ops)
{
	ops->job_insert = insert;
	ops->job_update = update;
	ops->job_load = load;
	ops->job_load_rest = load_rest;
	ops->job_find = find_by_name;
	ops->job_find_ended = find_ended;
	ops->job_set_aside = set_aside;
	ops->job_advance = advance;
	ops->jobs_due = due;
	ops->jobs_next_start = next_start;
	ops->jobs_recurring = recurring;
	ops->jobs_on_start = on_start;
}
