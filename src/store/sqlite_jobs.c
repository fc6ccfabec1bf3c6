/* Jobs as rows: the user's fields packed in `spec`, and what is searched by in columns. */
#include "store/sqlite_db.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/seal.h"
#include "store/spec.h"
#include "store/sqlite_row.h"

/* JOB_COLUMNS. */
static const struct column columns[] = {
	COLUMN(job, id),       COLUMN(job, owner),         COLUMN(job, state),
	COLUMN(job, seed),     COLUMN(job, created_at),    COLUMN(job, anchor_at),
	COLUMN(job, next_due), COLUMN(job, next_start_at), COLUMN(job, paused_at),
	COLUMN(job, nfailed),  COLUMN(job, nruns),         COLUMN(job, covered_until),
};
_Static_assert(NCOLUMNS(columns) == NJOB_COLUMNS, "JOB_COLUMNS");

static bool
is_unfinished(enum job_state state)
{
	return state == JOB_ACTIVE || state == JOB_PAUSED;
}

/* The column `rhythm`: what is looked for as a whole, by index. */
enum rhythm { RHYTHM_NONE, RHYTHM_RECURRING, RHYTHM_ON_START };

static const enum rhythm rhythms[SCHEDULE_NKINDS] = {
	[SCHEDULE_EVERY] = RHYTHM_RECURRING,
	[SCHEDULE_CRON] = RHYTHM_RECURRING,
	[SCHEDULE_CALENDAR] = RHYTHM_RECURRING,
	[SCHEDULE_ON_START] = RHYTHM_ON_START,
};

/* What follows JOB_COLUMNS in an insert and an update. */
static void
bind_job(struct sqlite *s, sqlite3_stmt *stmt, const struct job *job)
{
	row_bind(stmt, 1, columns, NCOLUMNS(columns), job);
	sql_bind_text(stmt, NJOB_COLUMNS + 1, job->name);
	sql_bind_text(stmt, NJOB_COLUMNS + 2, job->queue ? job->queue : QUEUE_STANDARD);
	sqlite3_bind_int(stmt, NJOB_COLUMNS + 3, (int)rhythms[job->kind]);
	spec_pack(job, &s->spec);
	sqlite3_bind_blob(stmt, NJOB_COLUMNS + 4, buf_text(&s->spec), (int)s->spec.len,
			  SQLITE_STATIC);
	sqlite3_bind_int64(stmt, NJOB_COLUMNS + 5, seal_job(job));
}

/* What a job that is about to change counted for. */
static enum backend_result
load_counted(struct sqlite *s, int64_t id, struct usage *counted, struct err *err)
{
	sqlite3_stmt *stmt = sql_use(s, SQL_JOB_COUNTED);
	sqlite3_bind_int64(stmt, 1, id);
	enum backend_result result = sql_row(s, stmt, err);
	if (result != BACKEND_OK)
		return result;
	*counted = (struct usage){
		.njobs = is_unfinished((enum job_state)sqlite3_column_int(stmt, 0)),
		.bytes = sqlite3_column_int64(stmt, 1),
	};
	sqlite3_reset(stmt);
	return BACKEND_OK;
}

/* What it counts for now. The owner of a job is always the same. */
static enum backend_result
count(struct sqlite *s, const struct job *job, int64_t bytes, const struct usage *before,
      struct err *err)
{
	const struct usage more = {
		.njobs = is_unfinished(job->state) - before->njobs,
		.bytes = bytes - before->bytes,
	};
	s->tally.njobs += more.njobs;
	if (job->owner == JOB_OWNER_UNKNOWN)
		return BACKEND_OK;
	return sqlite_user_add(s, job->owner, &more, err);
}

enum backend_result
sqlite_job_insert(struct backend *backend, struct job *job, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_JOB_INSERT);
	bind_job(s, stmt, job);
	sqlite3_bind_null(stmt, 1); /* the next id */
	enum backend_result result = sql_change(s, stmt, err);
	if (result != BACKEND_OK)
		return result;
	job->id = sqlite3_last_insert_rowid(s->db);
	sqlite_owner_met(s, job->id, job->owner);
	return count(s, job, (int64_t)s->spec.len, &(struct usage){ 0 }, err);
}

static enum backend_result
move_runs(struct sqlite *s, const struct job *job, struct err *err)
{
	sqlite3_stmt *stmt = sql_use(s, SQL_JOB_MOVE_RUNS);
	sqlite3_bind_int64(stmt, 1, job->id);
	sql_bind_text(stmt, 2, job->queue ? job->queue : QUEUE_STANDARD);
	return sql_change(s, stmt, err) == BACKEND_ERROR ? BACKEND_ERROR : BACKEND_OK;
}

enum backend_result
sqlite_job_update(struct backend *backend, const struct job *job, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	struct usage before;
	enum backend_result result = load_counted(s, job->id, &before, err);
	if (result != BACKEND_OK)
		return result;
	sqlite3_stmt *stmt = sql_use(s, SQL_JOB_UPDATE);
	bind_job(s, stmt, job);
	result = sql_change(s, stmt, err);
	if (result == BACKEND_OK)
		result = count(s, job, (int64_t)s->spec.len, &before, err);
	return result == BACKEND_OK ? move_runs(s, job, err) : result;
}

static bool
has_seal(sqlite3_stmt *stmt, const struct job *job)
{
	return sqlite3_column_int64(stmt, JOB_SEAL) == seal_job(job);
}

/* What it is looked for by is what the user has set. */
static bool
has_names(sqlite3_stmt *stmt, const struct job *job)
{
	const char *name = (const char *)sqlite3_column_text(stmt, JOB_NAME);
	const char *queue = (const char *)sqlite3_column_text(stmt, JOB_QUEUE);
	return strcmp(name ? name : "", job->name ? job->name : "") == 0 &&
	       strcmp(queue, job->queue ? job->queue : QUEUE_STANDARD) == 0;
}

enum backend_result
sqlite_job_read(sqlite3_stmt *stmt, struct job *job, struct err *err)
{
	job_init(job);
	row_read(stmt, 0, columns, NCOLUMNS(columns), job);
	const void *spec = sqlite3_column_blob(stmt, JOB_SPEC);
	size_t len = (size_t)sqlite3_column_bytes(stmt, JOB_SPEC);
	struct err why = { 0 };
	bool is_whole = has_seal(stmt, job) && spec_unpack(job, spec, len, &why) == 0;
	if (is_whole && has_names(stmt, job))
		return BACKEND_OK;
	if (why.code == ERR_NONE)
		err_set(&why, ERR_UNAVAILABLE, "its record is damaged");
	err_set(err, ERR_SYSTEM, "database: job %lld: %s", (long long)job->id, why.text);
	job_fini(job);
	return BACKEND_ERROR;
}

void
sqlite_job_read_rest(sqlite3_stmt *stmt, struct job *job)
{
	job_init(job);
	row_read(stmt, 0, columns, NCOLUMNS(columns), job);
	if (!has_seal(stmt, job))
		job->owner = JOB_OWNER_UNKNOWN;
	job->is_damaged = true;
	job->name = mem_dup((const char *)sqlite3_column_text(stmt, JOB_NAME));
	free(job->queue);
	job->queue = mem_dup((const char *)sqlite3_column_text(stmt, JOB_QUEUE));
}

/* Its row, up to JOB_QUEUE; when it is there, *stmt is to be reset. */
static enum backend_result
find_row(struct sqlite *s, int64_t id, sqlite3_stmt **stmt, struct err *err)
{
	*stmt = sql_use(s, SQL_JOB_LOAD);
	sqlite3_bind_int64(*stmt, 1, id);
	return sql_row(s, *stmt, err);
}

enum backend_result
sqlite_job_load_rest(struct backend *backend, int64_t id, struct job *job, struct err *err)
{
	sqlite3_stmt *stmt;
	enum backend_result result = find_row(sqlite_of(backend), id, &stmt, err);
	if (result != BACKEND_OK)
		return result;
	sqlite_job_read_rest(stmt, job);
	sqlite3_reset(stmt);
	return BACKEND_OK;
}

enum backend_result
sqlite_job_load(struct backend *backend, int64_t id, struct job *job, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt;
	enum backend_result result = find_row(s, id, &stmt, err);
	if (result != BACKEND_OK)
		return result;
	result = sqlite_job_read(stmt, job, err);
	sqlite3_reset(stmt);
	if (result == BACKEND_OK)
		sqlite_owner_met(s, id, job->owner);
	return result;
}

enum backend_result
sqlite_job_set_aside(struct backend *backend, int64_t id, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	struct job job;
	enum backend_result result = sqlite_job_load_rest(backend, id, &job, err);
	if (result != BACKEND_OK)
		return result;
	job.next_start_at = USEC_NEVER;
	sqlite3_stmt *stmt = sql_use(s, SQL_JOB_SET_ASIDE);
	sqlite3_bind_int64(stmt, 1, id);
	sqlite3_bind_int64(stmt, 2, job.next_start_at);
	sqlite3_bind_int64(stmt, 3, seal_job(&job));
	job_fini(&job);
	return sql_change(s, stmt, err);
}

static enum backend_result
find_named(struct sqlite *s, sqlite3_stmt *stmt, uid_t owner, const char *name, int64_t *id,
	   struct err *err)
{
	sqlite3_bind_int64(stmt, 1, owner);
	sql_bind_text(stmt, 2, name);
	return sql_number(s, stmt, id, err);
}

enum backend_result
sqlite_job_find(struct backend *backend, uid_t owner, const char *name, int64_t *id,
		struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	return find_named(s, sql_use(s, SQL_JOB_FIND), owner, name, id, err);
}

enum backend_result
sqlite_job_find_ended(struct backend *backend, uid_t owner, const char *name, int64_t *id,
		      struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	return find_named(s, sql_use(s, SQL_JOB_FIND_ENDED), owner, name, id, err);
}

/*
 * The state stands in the condition of nearly every index of jobs: it is set when it
 * changes only.
 */
enum backend_result
sqlite_job_advance(struct backend *backend, const struct job *job, usec_t seen_due,
		   enum job_state seen, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	bool is_step = job->state != seen;
	sqlite3_stmt *stmt = sql_use(s, is_step ? SQL_JOB_ADVANCE_STATE : SQL_JOB_ADVANCE);
	sqlite3_bind_int64(stmt, 1, job->id);
	sqlite3_bind_int64(stmt, 2, seen_due);
	sqlite3_bind_int(stmt, 3, (int)seen);
	sqlite3_bind_int64(stmt, 4, job->next_due);
	sqlite3_bind_int64(stmt, 5, job->next_start_at);
	sqlite3_bind_int64(stmt, 6, job->nruns);
	sqlite3_bind_int(stmt, 7, job->nfailed);
	sqlite3_bind_int64(stmt, 8, job->covered_until);
	sqlite3_bind_int64(stmt, 9, seal_job(job));
	if (is_step)
		sqlite3_bind_int(stmt, 10, (int)job->state);
	enum backend_result result = sql_change(s, stmt, err);
	if (result != BACKEND_OK || !is_step)
		return result;
	return count(s, job, 0, &(struct usage){ .njobs = is_unfinished(seen) }, err);
}

enum backend_result
sqlite_jobs_due(struct backend *backend, usec_t until, size_t max, int64_t *ids, size_t *n,
		struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_JOBS_DUE);
	sqlite3_bind_int64(stmt, 1, until);
	sqlite3_bind_int64(stmt, 2, (int64_t)max);
	return sql_ids(s, stmt, max, ids, n, err);
}

enum backend_result
sqlite_jobs_next_start(struct backend *backend, usec_t *at, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	*at = USEC_NEVER;
	enum backend_result result = sql_number(s, sql_use(s, SQL_JOBS_NEXT_START), at, err);
	return result == BACKEND_ERROR ? BACKEND_ERROR : BACKEND_OK;
}

static enum backend_result
jobs_of(struct backend *backend, enum rhythm rhythm, int64_t after, size_t max, int64_t *ids,
	size_t *n, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_JOBS_OF_RHYTHM);
	sqlite3_bind_int(stmt, 1, (int)rhythm);
	sqlite3_bind_int64(stmt, 2, after);
	sqlite3_bind_int64(stmt, 3, (int64_t)max);
	return sql_ids(s, stmt, max, ids, n, err);
}

enum backend_result
sqlite_jobs_recurring(struct backend *backend, int64_t after, size_t max, int64_t *ids, size_t *n,
		      struct err *err)
{
	return jobs_of(backend, RHYTHM_RECURRING, after, max, ids, n, err);
}

enum backend_result
sqlite_jobs_on_start(struct backend *backend, int64_t after, size_t max, int64_t *ids, size_t *n,
		     struct err *err)
{
	return jobs_of(backend, RHYTHM_ON_START, after, max, ids, n, err);
}
