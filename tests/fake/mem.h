/*
 * Inside the in-memory backend. A row is never changed in place: a new one takes its place and
 * the old one goes to the undo log, from which a rollback puts it back.
 */
#ifndef FAKE_MEM_H
#define FAKE_MEM_H

#include "fake/backend_mem.h"

enum mem_table {
	MEM_JOBS, /* struct job; its id is the index + 1 */
	MEM_RUNS, /* struct mem_run; likewise */
	MEM_ATTEMPTS,
	MEM_OUTPUTS,
	MEM_QUEUES,
	MEM_REQUESTS,
	MEM_META,
	MEM_NTABLES,
};

struct mem_run {
	struct run run;
	char queue[JOB_NAME_MAX + 1];
};

struct mem_output {
	int64_t run_id;
	int attempt, piece;
	struct buf data;
};

struct mem_meta {
	char *name, *value;
};

struct mem_rows {
	void **rows; /* NULL: removed */
	size_t n, cap;
};

struct mem_undo {
	enum mem_table table;
	size_t index;
	void *old; /* NULL: the row was new */
};

struct mem {
	struct backend backend; /* first */
	struct backend_ops ops;
	struct mem_rows tables[MEM_NTABLES];
	struct mem_undo *undo;
	size_t nundo, undo_cap;
	size_t savepoint; /* length of the undo log at it */
	bool is_open;     /* a transaction */
	int64_t commits;
	size_t first_open; /* no run before it waits or runs */
	/* The runs of a job from the newest back: indexes + 1, 0 ends. */
	size_t *newest_of_job;
	size_t newest_cap;
	size_t *run_before;
	size_t run_before_cap;
	int64_t fail_operation, fail_commit; /* countdowns; 0: off */
	enum mem_commit fail_outcome;
	bool is_full, has_reserve;
	int ntended;
	int nbackup_steps; /* that are left */
};

static inline struct mem *
mem_of(struct backend *backend)
{
	return (struct mem *)backend;
}

/* Every operation asks: is it the one to fail? */
bool mem_fails(struct mem *mem, struct err *err);

void *mem_row(struct mem *mem, enum mem_table table, size_t index);
/* Both take the row. */
void mem_row_add(struct mem *mem, enum mem_table table, void *row);
void mem_row_set(struct mem *mem, enum mem_table table, size_t index, void *row);

/* A job by its id; NULL: none. A run likewise. */
struct job *mem_job(struct mem *mem, int64_t id);
struct mem_run *mem_run(struct mem *mem, int64_t id);
/* The runs of a job from the newest back: pass 0 first, then the last id; 0: no more. */
int64_t mem_run_before(struct mem *mem, int64_t job_id, int64_t id);

bool mem_job_is_unfinished(const struct job *job);

/* mem_jobs.c, mem_runs.c, mem_pages.c, mem_rest.c, mem_prune.c: a part of the operations each. */
void mem_jobs_ops(struct backend_ops *ops);
void mem_runs_ops(struct backend_ops *ops);
void mem_pages_ops(struct backend_ops *ops);
void mem_rest_ops(struct backend_ops *ops);
void mem_prune_ops(struct backend_ops *ops);

#endif
