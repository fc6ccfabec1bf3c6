/*
 * Pages of jobs and runs by key: a cursor names the last row that was looked at, and a page looks
 * at no more than BACKEND_SCAN_MAX rows, so that no filter can hold the thread.
 */
#include "store/sqlite_db.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "store/filter.h"

/* Where a page of jobs goes on: in the unfinished ones, then in the ended ones. */
struct jobs_cursor {
	char part; /* 'u' unfinished, 'e' ended */
	usec_t at;
	int64_t id;
	int nscanned; /* by this page */
};

static int
bad_cursor(struct intent *intent)
{
	return err_invalid(&intent->err, "cursor", "'%.40s' is not one that a list gave",
			   intent->cursor);
}

static int
jobs_cursor_read(struct intent *intent, struct jobs_cursor *cursor)
{
	*cursor = (struct jobs_cursor){ .part = 'u', .at = INT64_MIN };
	if (!intent->cursor)
		return 0;
	char end;
	int n = sscanf(intent->cursor, "%c:%" SCNd64 ":%" SCNd64 "%c", &cursor->part, &cursor->at,
		       &cursor->id, &end);
	if (n != 3 || (cursor->part != 'u' && cursor->part != 'e'))
		return bad_cursor(intent);
	return 0;
}

static const char *
column_text(sqlite3_stmt *stmt, int number)
{
	return (const char *)sqlite3_column_text(stmt, number);
}

enum backend_result
sqlite_job_summary(struct backend *backend, struct job_item *item, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *count = sql_use(s, SQL_RUNS_ACTIVE_COUNT);
	sqlite3_bind_int64(count, 1, item->job.id);
	if (sql_row(s, count, err) != BACKEND_OK)
		return BACKEND_ERROR;
	item->nwaiting = sqlite3_column_int(count, 0);
	item->nrunning = sqlite3_column_int(count, 1);
	sqlite3_reset(count);

	sqlite3_stmt *last = sql_use(s, SQL_RUN_LAST_ENDED);
	sqlite3_bind_int64(last, 1, item->job.id);
	enum backend_result result = sql_row(s, last, err);
	item->has_last = result == BACKEND_OK;
	if (item->has_last)
		sqlite_run_read(last, &item->last);
	sqlite3_reset(last);
	return result == BACKEND_ERROR ? BACKEND_ERROR : BACKEND_OK;
}

/* Adds the job of the row if the filter takes it. */
static enum backend_result
take_job(struct sqlite *s, sqlite3_stmt *stmt, struct intent *intent, struct err *err)
{
	struct job_item *item = &intent->jobs[intent->njobs];
	if (!filter_takes(&intent->filter, (uid_t)sqlite3_column_int64(stmt, JOB_OWNER),
			  column_text(stmt, JOB_NAME), column_text(stmt, JOB_QUEUE)))
		return BACKEND_NONE;
	*item = (struct job_item){ .job.id = sqlite3_column_int64(stmt, 0) };
	if (sqlite_job_summary(&s->backend, item, err) != BACKEND_OK)
		return BACKEND_ERROR;
	if (!filter_takes_job(&intent->filter, item->has_last ? &item->last : NULL, item->nrunning))
		return BACKEND_NONE;
	struct err damage; /* which must not hide the others */
	if (sqlite_job_read(stmt, &item->job, &damage) != BACKEND_OK)
		sqlite_job_read_rest(stmt, &item->job);
	if (!intent->who.is_operator && item->job.owner == JOB_OWNER_UNKNOWN) {
		job_fini(&item->job); /* perhaps not his */
		return BACKEND_NONE;
	}
	intent->njobs++;
	return BACKEND_OK;
}

/*
 * Goes on with what the statement gives. NONE: it has no more; OK: the page is full, and *cursor
 * says where the next begins.
 */
static enum backend_result
scan_jobs(struct sqlite *s, sqlite3_stmt *stmt, struct intent *intent, struct jobs_cursor *cursor,
	  struct err *err)
{
	while ((int64_t)intent->njobs < intent->limit && cursor->nscanned < BACKEND_SCAN_MAX) {
		enum backend_result result = sql_row(s, stmt, err);
		if (result != BACKEND_OK)
			return result;
		cursor->nscanned++;
		cursor->id = sqlite3_column_int64(stmt, 0);
		cursor->at = sqlite3_column_int64(stmt, JOB_CLAIM_AT);
		if (take_job(s, stmt, intent, err) == BACKEND_ERROR) {
			sqlite3_reset(stmt);
			return BACKEND_ERROR;
		}
	}
	sqlite3_reset(stmt);
	return BACKEND_OK;
}

static enum backend_result
scan_unfinished(struct sqlite *s, struct intent *intent, struct jobs_cursor *cursor,
		struct err *err)
{
	sqlite3_stmt *same = sql_use(s, SQL_JOBS_PAGE_SAME);
	sqlite3_bind_int64(same, 1, cursor->at);
	sqlite3_bind_int64(same, 2, cursor->id);
	enum backend_result result = scan_jobs(s, same, intent, cursor, err);
	if (result != BACKEND_NONE)
		return result;
	sqlite3_stmt *later = sql_use(s, SQL_JOBS_PAGE_LATER);
	sqlite3_bind_int64(later, 1, cursor->at);
	return scan_jobs(s, later, intent, cursor, err);
}

static enum backend_result
scan_ended(struct sqlite *s, struct intent *intent, struct jobs_cursor *cursor, struct err *err)
{
	sqlite3_stmt *stmt = sql_use(s, SQL_JOBS_PAGE_ENDED);
	sqlite3_bind_int64(stmt, 1, cursor->id);
	return scan_jobs(s, stmt, intent, cursor, err);
}

enum backend_result
sqlite_jobs_page(struct backend *backend, struct intent *intent, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	struct jobs_cursor cursor;
	if (jobs_cursor_read(intent, &cursor) != 0)
		return BACKEND_OK; /* the answer says it */
	intent->jobs = mem_array((size_t)intent->limit, sizeof(*intent->jobs));
	enum backend_result result = BACKEND_NONE;
	if (cursor.part == 'u')
		result = scan_unfinished(s, intent, &cursor, err);
	if (result == BACKEND_NONE && cursor.part == 'u' && intent->filter.with_ended) {
		cursor.part = 'e';
		cursor.id = 0;
	}
	if (result == BACKEND_NONE && cursor.part == 'e')
		result = scan_ended(s, intent, &cursor, err);
	free(intent->cursor);
	intent->cursor = NULL;
	if (result == BACKEND_OK)
		intent->cursor =
			mem_printf("%c:%" PRId64 ":%" PRId64, cursor.part, cursor.at, cursor.id);
	return result == BACKEND_ERROR ? BACKEND_ERROR : BACKEND_OK;
}

static int
runs_cursor_read(struct intent *intent, int64_t *id)
{
	*id = INT64_MAX;
	char end;
	if (intent->cursor && (sscanf(intent->cursor, "%" SCNd64 "%c", id, &end) != 1 || *id <= 0))
		return bad_cursor(intent);
	return 0;
}

static sqlite3_stmt *
runs_page_stmt(struct sqlite *s, const struct list_filter *filter, int64_t before)
{
	enum sql number = filter->job_id         ? SQL_RUNS_PAGE_OF_JOB
			  : filter->only_running ? SQL_RUNS_PAGE_RUNNING
						 : SQL_RUNS_PAGE;
	sqlite3_stmt *stmt = sql_use(s, number);
	sqlite3_bind_int64(stmt, 1, before);
	if (filter->job_id)
		sqlite3_bind_int64(stmt, 2, filter->job_id);
	return stmt;
}

/* Adds the run of the row if the filter takes it. */
static enum backend_result
take_run(struct sqlite *s, sqlite3_stmt *stmt, struct intent *intent, struct err *err)
{
	struct run_item *item = &intent->runs[intent->nruns];
	uid_t owner = (uid_t)sqlite3_column_int64(stmt, RUN_OWNER);
	const char *name = column_text(stmt, RUN_NAME);
	bool has_job = sqlite3_column_type(stmt, RUN_OWNER) != SQLITE_NULL;
	if ((intent->filter.has_owner && !has_job) ||
	    !filter_takes(&intent->filter, owner, name, column_text(stmt, RUN_QUEUE)))
		return BACKEND_NONE;
	*item = (struct run_item){ .owner = owner };
	sqlite_run_read(stmt, &item->run);
	if (!filter_takes_run(&intent->filter, item->run.state))
		return BACKEND_NONE;
	item->job_name = mem_dup(name);
	intent->nruns++;
	if (item->run.attempt == 0)
		return BACKEND_OK;
	return sqlite_attempt_load(&s->backend, item->run.id, item->run.attempt, &item->last, err);
}

enum backend_result
sqlite_runs_page(struct backend *backend, struct intent *intent, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	int64_t id;
	if (runs_cursor_read(intent, &id) != 0)
		return BACKEND_OK; /* the answer says it */
	intent->runs = mem_array((size_t)intent->limit, sizeof(*intent->runs));
	free(intent->cursor);
	intent->cursor = NULL;
	sqlite3_stmt *stmt = runs_page_stmt(s, &intent->filter, id);
	for (int n = 0; n < BACKEND_SCAN_MAX && (int64_t)intent->nruns < intent->limit; n++) {
		enum backend_result result = sql_row(s, stmt, err);
		if (result == BACKEND_NONE)
			return BACKEND_OK;
		if (result == BACKEND_ERROR)
			return result;
		id = sqlite3_column_int64(stmt, 0);
		if (take_run(s, stmt, intent, err) == BACKEND_ERROR) {
			sqlite3_reset(stmt);
			return BACKEND_ERROR;
		}
	}
	sqlite3_reset(stmt);
	intent->cursor = mem_printf("%" PRId64, id);
	return BACKEND_OK;
}
