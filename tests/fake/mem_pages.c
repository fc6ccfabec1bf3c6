/* Pages in memory: everything that may be listed, sorted, from behind the cursor on. */
#include "fake/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "store/filter.h"

static int
bad_cursor(struct intent *intent)
{
	return err_invalid(&intent->err, "cursor", "'%.40s' is not one that a list gave",
			   intent->cursor);
}

/* Where a job stands in a list: unfinished ones by start, paused ones last, then ended ones. */
struct place {
	int part; /* 0 unfinished, 1 ended */
	usec_t at;
	int64_t id;
};

static struct place
place_of(const struct job *job)
{
	if (!mem_job_is_unfinished(job))
		return (struct place){ 1, 0, job->id };
	usec_t at = job->state == JOB_ACTIVE ? job->next_start_at : USEC_NEVER;
	return (struct place){ 0, at, job->id };
}

static int
compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	if (x->part != y->part)
		return x->part < y->part ? -1 : 1;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static enum backend_result
summary(struct backend *backend, struct job_item *item, struct err *err)
{
	struct mem *mem = mem_of(backend);
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	int64_t job_id = item->job.id;
	for (int64_t id = mem_run_before(mem, job_id, 0); id;
	     id = mem_run_before(mem, job_id, id)) {
		const struct run *run = &mem_run(mem, id)->run;
		item->nrunning += run->state == RUN_RUNNING;
		item->nwaiting += run->state == RUN_WAITING;
		if (!item->has_last && run_is_terminal(run->state)) {
			item->has_last = true;
			item->last = *run;
		}
	}
	return BACKEND_OK;
}

static void
take_job(struct mem *mem, struct intent *intent, const struct job *job)
{
	const char *queue = job->queue ? job->queue : QUEUE_STANDARD;
	struct job_item *item = &intent->jobs[intent->njobs];
	*item = (struct job_item){ .job.id = job->id };
	if (!filter_takes(&intent->filter, job->owner, job->name, queue))
		return;
	summary(&mem->backend, item, NULL);
	if (!filter_takes_job(&intent->filter, item->has_last ? &item->last : NULL, item->nrunning))
		return;
	job_copy(&item->job, job);
	intent->njobs++;
}

/* All jobs that a list may show, in its order. The caller frees. */
static struct place *
sorted_jobs(struct mem *mem, bool with_ended, size_t *n)
{
	size_t nrows = mem->tables[MEM_JOBS].n;
	struct place *places = mem_array(nrows, sizeof(*places));
	*n = 0;
	for (size_t i = 0; i < nrows; i++) {
		const struct job *job = mem_row(mem, MEM_JOBS, i);
		if (job && (with_ended || mem_job_is_unfinished(job)))
			places[(*n)++] = place_of(job);
	}
	qsort(places, *n, sizeof(*places), compare_places);
	return places;
}

static enum backend_result
jobs_page(struct backend *backend, struct intent *intent, struct err *err)
{
	struct mem *mem = mem_of(backend);
	struct place last = { .part = -1 };
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	if (intent->cursor && sscanf(intent->cursor, "%d:%" SCNd64 ":%" SCNd64, &last.part,
				     &last.at, &last.id) != 3) {
		bad_cursor(intent);
		return BACKEND_OK;
	}
	free(intent->cursor);
	intent->cursor = NULL;
	intent->jobs = mem_array((size_t)intent->limit, sizeof(*intent->jobs));
	size_t n;
	struct place *places = sorted_jobs(mem, intent->filter.with_ended, &n);
	size_t i = 0;
	while (i < n && compare_places(&places[i], &last) <= 0)
		i++;
	for (; i < n && (int64_t)intent->njobs < intent->limit; i++) {
		last = places[i];
		take_job(mem, intent, mem_job(mem, last.id));
	}
	if ((int64_t)intent->njobs == intent->limit)
		intent->cursor = mem_printf("%d:%" PRId64 ":%" PRId64, last.part, last.at, last.id);
	free(places);
	return BACKEND_OK;
}

static void
take_run(struct mem *mem, struct intent *intent, const struct mem_run *row)
{
	const struct job *job = mem_job(mem, row->run.job_id);
	const struct list_filter *filter = &intent->filter;
	if (filter->job_id && row->run.job_id != filter->job_id)
		return;
	if (filter->has_owner && !job)
		return;
	uid_t owner = job ? job->owner : 0;
	const char *name = job ? job->name : NULL;
	if (!filter_takes(filter, owner, name, row->queue) ||
	    !filter_takes_run(filter, row->run.state))
		return;
	struct run_item *item = &intent->runs[intent->nruns++];
	*item = (struct run_item){ .run = row->run, .owner = owner, .job_name = mem_dup(name) };
	if (row->run.attempt)
		mem->backend.ops->attempt_load(&mem->backend, row->run.id, row->run.attempt,
					       &item->last, NULL);
}

static enum backend_result
runs_page(struct backend *backend, struct intent *intent, struct err *err)
{
	struct mem *mem = mem_of(backend);
	int64_t id = (int64_t)mem->tables[MEM_RUNS].n + 1;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	if (intent->cursor && (sscanf(intent->cursor, "%" SCNd64, &id) != 1 || id <= 0)) {
		bad_cursor(intent);
		return BACKEND_OK;
	}
	free(intent->cursor);
	intent->cursor = NULL;
	intent->runs = mem_array((size_t)intent->limit, sizeof(*intent->runs));
	while (--id > 0 && (int64_t)intent->nruns < intent->limit) {
		const struct mem_run *row = mem_run(mem, id);
		if (row)
			take_run(mem, intent, row);
	}
	if ((int64_t)intent->nruns == intent->limit)
		intent->cursor = mem_printf("%" PRId64, id + 1);
	return BACKEND_OK;
}

void
mem_pages_ops(struct backend_ops *ops)
{
	ops->job_summary = summary;
	ops->jobs_page = jobs_page;
	ops->runs_page = runs_page;
}
