/* Runs in memory. */
#include "fake/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static bool
is_active(enum run_state state)
{
	return state == RUN_WAITING || state == RUN_RUNNING;
}

static enum backend_result
insert(struct backend *backend, struct run *run, struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	int64_t id = run->trigger == TRIGGER_SCHEDULE ? mem_run_before(mem, run->job_id, 0) : 0;
	for (; id; id = mem_run_before(mem, run->job_id, id)) {
		const struct run *other = &mem_run(mem, id)->run;
		if (other->trigger == TRIGGER_SCHEDULE && other->due == run->due)
			return BACKEND_NONE;
	}
	const struct job *job = mem_job(mem, run->job_id);
	const char *queue = !job ? "" : job->queue ? job->queue : QUEUE_STANDARD;
	run->id = (int64_t)mem->tables[MEM_RUNS].n + 1;
	struct mem_run *row = mem_alloc(sizeof(*row));
	row->run = *run;
	snprintf(row->queue, sizeof(row->queue), "%s", queue);
	mem_row_add(mem, MEM_RUNS, row);
	return BACKEND_OK;
}

static enum backend_result
give(const struct mem_run *row, struct run *run)
{
	if (!row)
		return BACKEND_NONE;
	*run = row->run;
	return BACKEND_OK;
}

static enum backend_result
load(struct backend *backend, int64_t id, struct run *run, struct err *err)
{
	struct mem *mem = mem_of(backend);
	return mem_fails(mem, err) ? BACKEND_ERROR : give(mem_run(mem, id), run);
}

static void
replace(struct mem *mem, const struct mem_run *old, const struct run *run)
{
	struct mem_run *row = mem_alloc(sizeof(*row));
	*row = *old;
	row->run = *run;
	mem_row_set(mem, MEM_RUNS, (size_t)(run->id - 1), row);
}

static enum backend_result
update(struct backend *backend, const struct run *run, enum run_state seen, int attempt,
       struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	const struct mem_run *old = mem_run(mem, run->id);
	if (!old || old->run.state != seen || old->run.attempt != attempt)
		return BACKEND_NONE;
	struct run changed = *run;
	changed.job_id = old->run.job_id;
	changed.due = old->run.due;
	changed.trigger = old->run.trigger;
	changed.tty = old->run.tty;
	replace(mem, old, &changed);
	return BACKEND_OK;
}

/* The run by the schedule with the greatest due that is not after `at`. */
static const struct mem_run *
last_scheduled(struct mem *mem, int64_t job_id, usec_t at)
{
	const struct mem_run *last = NULL;
	for (int64_t id = mem_run_before(mem, job_id, 0); id;
	     id = mem_run_before(mem, job_id, id)) {
		const struct mem_run *row = mem_run(mem, id);
		if (row->run.trigger == TRIGGER_SCHEDULE && row->run.due <= at &&
		    (!last || row->run.due > last->run.due))
			last = row;
	}
	return last;
}

static enum backend_result
due_by(struct backend *backend, int64_t job_id, usec_t at, struct run *run, struct err *err)
{
	struct mem *mem = mem_of(backend);
	return mem_fails(mem, err) ? BACKEND_ERROR : give(last_scheduled(mem, job_id, at), run);
}

/* The orders that are asked for. */
static bool
is_due_before(const struct run *a, const struct run *b)
{
	return a->due < b->due || (a->due == b->due && a->id < b->id);
}

static bool
is_ready_before(const struct run *a, const struct run *b)
{
	return a->priority > b->priority || (a->priority == b->priority && is_due_before(a, b));
}

/* Keeps the `max` first runs in that order. */
static void
insert_sorted(const struct run *run, bool (*is_before)(const struct run *, const struct run *),
	      size_t max, struct run *runs, size_t *n)
{
	size_t at = *n;
	while (at > 0 && is_before(run, &runs[at - 1]))
		at--;
	if (at == max)
		return;
	if (*n < max)
		(*n)++;
	memmove(runs + at + 1, runs + at, (*n - at - 1) * sizeof(*runs));
	runs[at] = *run;
}

static enum backend_result
active(struct backend *backend, int64_t job_id, size_t max, struct run *runs, size_t *n,
       struct err *err)
{
	struct mem *mem = mem_of(backend);
	*n = 0;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	for (int64_t id = mem_run_before(mem, job_id, 0); id;
	     id = mem_run_before(mem, job_id, id)) {
		const struct run *run = &mem_run(mem, id)->run;
		if (is_active(run->state))
			insert_sorted(run, is_due_before, max, runs, n);
	}
	return BACKEND_OK;
}

/* The next waiting or running run from that index on; NULL: no more. */
static const struct mem_run *
next_active(struct mem *mem, size_t *index)
{
	if (*index < mem->first_open)
		*index = mem->first_open;
	while (*index < mem->tables[MEM_RUNS].n) {
		const struct mem_run *row = mem_row(mem, MEM_RUNS, (*index)++);
		if (row && is_active(row->run.state))
			return row;
		if (mem->first_open == *index - 1)
			mem->first_open = *index;
	}
	return NULL;
}

static enum backend_result
open_timed(struct backend *backend, usec_t until, struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	const struct mem_run *row;
	enum backend_result result = BACKEND_NONE;
	for (size_t i = 0; (row = next_active(mem, &i));) {
		if (row->run.state != RUN_WAITING || row->run.gate != GATE_TIME ||
		    row->run.start_at > until)
			continue;
		struct run opened = row->run;
		opened.gate = GATE_OPEN;
		replace(mem, row, &opened);
		result = BACKEND_OK;
	}
	return result;
}

/* Did nothing come of its instant, for a reason that may be another when it comes? */
static bool
may_be_decided_again(const struct run *run)
{
	bool is_edited_away = run->state == RUN_CANCELLED && run->reason == REASON_EDITED;
	return run->state == RUN_SKIPPED || run->state == RUN_MISSED || is_edited_away;
}

/* The row by the schedule with the greatest due before `until`, if that is after `after`. */
static const struct mem_run *
last_between(struct mem *mem, const struct back_slice *slice)
{
	const struct mem_run *last = last_scheduled(mem, slice->job_id, slice->until - 1);
	return last && last->run.due > slice->after ? last : NULL;
}

static enum backend_result
give_back(struct backend *backend, struct back_slice *slice, struct err *err)
{
	struct mem *mem = mem_of(backend);
	const struct mem_run *row;
	slice->n = 0;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	while (slice->n < slice->max && (row = last_between(mem, slice))) {
		struct run given = row->run;
		slice->until = given.due;
		slice->n++;
		if (!may_be_decided_again(&given))
			continue;
		given.trigger = TRIGGER_CLOCK;
		snprintf(given.detail, sizeof(given.detail), "%s", slice->detail);
		replace(mem, row, &given);
	}
	return slice->n < slice->max ? BACKEND_NONE : BACKEND_OK;
}

static bool
starts_before(const struct run *a, const struct run *b)
{
	return a->start_at < b->start_at || (a->start_at == b->start_at && a->id < b->id);
}

static enum backend_result
timed(struct backend *backend, const struct run *behind, size_t max, struct run *runs, size_t *n,
      struct err *err)
{
	struct mem *mem = mem_of(backend);
	*n = 0;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	const struct mem_run *row;
	for (size_t i = 0; (row = next_active(mem, &i));) {
		if (row->run.state == RUN_WAITING && row->run.gate == GATE_TIME &&
		    starts_before(behind, &row->run))
			insert_sorted(&row->run, starts_before, max, runs, n);
	}
	return BACKEND_OK;
}

static enum backend_result
next_timed(struct backend *backend, usec_t *at, struct err *err)
{
	struct mem *mem = mem_of(backend);
	*at = USEC_NEVER;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	const struct mem_run *row;
	for (size_t i = 0; (row = next_active(mem, &i));) {
		if (row->run.state == RUN_WAITING && row->run.gate == GATE_TIME &&
		    row->run.start_at < *at)
			*at = row->run.start_at;
	}
	return BACKEND_OK;
}

static enum backend_result
next_deadline(struct backend *backend, usec_t *at, struct err *err)
{
	struct mem *mem = mem_of(backend);
	*at = USEC_NEVER;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	const struct mem_run *row;
	for (size_t i = 0; (row = next_active(mem, &i));) {
		if (row->run.state == RUN_WAITING && row->run.deadline_at > 0 &&
		    row->run.deadline_at < *at)
			*at = row->run.deadline_at;
	}
	return BACKEND_OK;
}

static bool
is_overdue_before(const struct run *a, const struct run *b)
{
	return a->deadline_at < b->deadline_at;
}

static enum backend_result
overdue(struct backend *backend, usec_t now, size_t max, struct run *runs, size_t *n,
        struct err *err)
{
	struct mem *mem = mem_of(backend);
	*n = 0;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	const struct mem_run *row;
	for (size_t i = 0; (row = next_active(mem, &i));) {
		if (row->run.state == RUN_WAITING && row->run.deadline_at > 0 &&
		    row->run.deadline_at < now)
			insert_sorted(&row->run, is_overdue_before, max, runs, n);
	}
	return BACKEND_OK;
}

static enum backend_result
ready(struct backend *backend, const char *queue, size_t max, struct run *runs, size_t *n,
      struct err *err)
{
	struct mem *mem = mem_of(backend);
	*n = 0;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	const struct mem_run *row;
	for (size_t i = 0; (row = next_active(mem, &i));) {
		if (row->run.state == RUN_WAITING && row->run.gate == GATE_OPEN &&
		    strcmp(row->queue, queue) == 0)
			insert_sorted(&row->run, is_ready_before, max, runs, n);
	}
	return BACKEND_OK;
}

static enum backend_result
running(struct backend *backend, int64_t after, size_t max, struct run *runs, size_t *n,
	struct err *err)
{
	struct mem *mem = mem_of(backend);
	*n = 0;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	const struct mem_run *row;
	for (size_t i = (size_t)after; *n < max && (row = next_active(mem, &i));) {
		if (row->run.state == RUN_RUNNING)
			runs[(*n)++] = row->run;
	}
	return BACKEND_OK;
}

/* The queue of the first waiting or running run whose name is the least after *name. */
static void
least_name(struct mem *mem, const char *after, bool only_ready, char name[JOB_NAME_MAX + 1])
{
	const struct mem_run *row;
	for (size_t i = 0; (row = next_active(mem, &i));) {
		bool is_ready = row->run.state == RUN_WAITING && row->run.gate == GATE_OPEN;
		if ((!only_ready || is_ready) && strcmp(row->queue, after) > 0 &&
		    (!name[0] || strcmp(row->queue, name) < 0))
			snprintf(name, JOB_NAME_MAX + 1, "%s", row->queue);
	}
}

static enum backend_result
queues_ready(struct backend *backend, const char *after, size_t max,
	     char (*names)[JOB_NAME_MAX + 1], size_t *n, struct err *err)
{
	struct mem *mem = mem_of(backend);
	*n = 0;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	while (*n < max) {
		names[*n][0] = '\0';
		least_name(mem, *n ? names[*n - 1] : after, true, names[*n]);
		if (!names[*n][0])
			break;
		(*n)++;
	}
	return BACKEND_OK;
}

static enum backend_result
load_queue(struct backend *backend, const char *name, struct queue *queue, struct err *err)
{
	struct mem *mem = mem_of(backend);
	*queue = (struct queue){ .concurrency = QUEUE_CONCURRENCY };
	snprintf(queue->name, sizeof(queue->name), "%s", name);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	for (size_t i = 0; i < mem->tables[MEM_QUEUES].n; i++) {
		const struct queue *saved = mem_row(mem, MEM_QUEUES, i);
		if (strcmp(saved->name, name) == 0)
			*queue = *saved;
	}
	queue->nrunning = queue->nwaiting = 0;
	const struct mem_run *row;
	for (size_t i = 0; (row = next_active(mem, &i));) {
		bool is_here = strcmp(row->queue, name) == 0;
		queue->nrunning += is_here && row->run.state == RUN_RUNNING;
		queue->nwaiting += is_here && row->run.state == RUN_WAITING;
	}
	return BACKEND_OK;
}

static enum backend_result
save_queue(struct backend *backend, const struct queue *queue, struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	struct queue *row = mem_alloc(sizeof(*row));
	*row = *queue;
	for (size_t i = 0; i < mem->tables[MEM_QUEUES].n; i++) {
		if (strcmp(((struct queue *)mem_row(mem, MEM_QUEUES, i))->name, queue->name) != 0)
			continue;
		mem_row_set(mem, MEM_QUEUES, i, row);
		return BACKEND_OK;
	}
	mem_row_add(mem, MEM_QUEUES, row);
	return BACKEND_OK;
}

static enum backend_result
list_queues(struct backend *backend, struct queue **queues, size_t *n, struct err *err)
{
	struct mem *mem = mem_of(backend);
	char last[JOB_NAME_MAX + 1] = "", name[JOB_NAME_MAX + 1];
	*queues = NULL;
	*n = 0;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	for (;;) {
		name[0] = '\0';
		least_name(mem, last, false, name);
		for (size_t i = 0; i < mem->tables[MEM_QUEUES].n; i++) {
			const struct queue *saved = mem_row(mem, MEM_QUEUES, i);
			if (strcmp(saved->name, last) > 0 &&
			    (!name[0] || strcmp(saved->name, name) < 0))
				snprintf(name, sizeof(name), "%s", saved->name);
		}
		if (!name[0])
			return BACKEND_OK;
		*queues = mem_resize(*queues, *n + 1, sizeof(**queues));
		load_queue(backend, name, &(*queues)[(*n)++], NULL);
		memcpy(last, name, sizeof(last));
	}
}

void
mem_runs_ops(struct backend_ops *ops)
{
	ops->run_insert = insert;
	ops->run_load = load;
	ops->run_update = update;
	ops->runs_active = active;
	ops->runs_open_timed = open_timed;
	ops->runs_give_back = give_back;
	ops->runs_timed = timed;
	ops->runs_next_timed = next_timed;
	ops->runs_overdue = overdue;
	ops->runs_next_deadline = next_deadline;
	ops->runs_ready = ready;
	ops->runs_running = running;
	ops->run_due_by = due_by;
	ops->queues_ready = queues_ready;
	ops->queue_load = load_queue;
	ops->queue_save = save_queue;
	ops->queues_list = list_queues;
}
