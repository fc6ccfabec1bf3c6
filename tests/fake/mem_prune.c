/* Retention in memory. */
#include "fake/mem.h"

/* The newest row of a table stays, so that no id is given twice; so does a job's last run. */
static bool
stays(struct mem *mem, const struct run *run)
{
	const struct job *job = mem_job(mem, run->job_id);
	return (size_t)run->id == mem->tables[MEM_RUNS].n ||
	       (job && mem_job_is_unfinished(job) && mem_run_before(mem, job->id, 0) == run->id);
}

/* The ended run that ended first and may go; NULL: none. */
static const struct run *
oldest(struct mem *mem)
{
	const struct run *first = NULL;
	for (size_t i = 0; i < mem->tables[MEM_RUNS].n; i++) {
		const struct mem_run *row = mem_row(mem, MEM_RUNS, i);
		if (row && run_is_terminal(row->run.state) && !stays(mem, &row->run) &&
		    (!first || row->run.ended_at < first->ended_at))
			first = &row->run;
	}
	return first;
}

static int64_t
output_bytes(struct mem *mem)
{
	int64_t bytes = 0;
	for (size_t i = 0; i < mem->tables[MEM_OUTPUTS].n; i++) {
		const struct mem_output *row = mem_row(mem, MEM_OUTPUTS, i);
		bytes += row ? (int64_t)row->data.len : 0;
	}
	return bytes;
}

static void
remove_run(struct mem *mem, int64_t id)
{
	for (size_t i = 0; i < mem->tables[MEM_OUTPUTS].n; i++) {
		const struct mem_output *row = mem_row(mem, MEM_OUTPUTS, i);
		if (row && row->run_id == id)
			mem_row_set(mem, MEM_OUTPUTS, i, NULL);
	}
	for (size_t i = 0; i < mem->tables[MEM_ATTEMPTS].n; i++) {
		const struct attempt *row = mem_row(mem, MEM_ATTEMPTS, i);
		if (row && row->run_id == id)
			mem_row_set(mem, MEM_ATTEMPTS, i, NULL);
	}
	mem_row_set(mem, MEM_RUNS, (size_t)(id - 1), NULL);
}

static void
prune_jobs(struct mem *mem, usec_t before, size_t max, int64_t *n)
{
	size_t newest = mem->tables[MEM_JOBS].n;
	for (size_t i = 0; i + 1 < newest && *n < (int64_t)max; i++) {
		const struct job *job = mem_row(mem, MEM_JOBS, i);
		if (!job || mem_job_is_unfinished(job) || mem_run_before(mem, job->id, 0) ||
		    (before > 0 && job->created_at >= before))
			continue;
		mem_row_set(mem, MEM_JOBS, i, NULL);
		(*n)++;
	}
}

static enum backend_result
prune(struct backend *backend, usec_t before, int64_t keep, int64_t bytes_max, size_t max,
      int64_t *n, struct err *err)
{
	struct mem *mem = mem_of(backend);
	*n = 0;
	if (mem_fails(mem, err))
		return BACKEND_ERROR;
	if (before == 0 && keep == 0 && bytes_max == 0)
		return BACKEND_OK;
	while (*n < (int64_t)max) {
		struct store_stats stats;
		backend->ops->stats(backend, &stats, NULL);
		const struct run *run = oldest(mem);
		if (!run || !(run->ended_at < before || (keep > 0 && stats.nruns > keep) ||
			      (bytes_max > 0 && output_bytes(mem) > bytes_max)))
			break;
		remove_run(mem, run->id);
		(*n)++;
	}
	prune_jobs(mem, before, max, n);
	return BACKEND_OK;
}

void
mem_prune_ops(struct backend_ops *ops)
{
	ops->prune = prune;
}
