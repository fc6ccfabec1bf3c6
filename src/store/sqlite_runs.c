/* Runs as rows, and what a claim asks about them. */
#include "store/sqlite_db.h"

#include <assert.h>

#include "store/seal.h"
#include "store/sqlite_row.h"

/* RUN_COLUMNS. */
static const struct column columns[] = {
	COLUMN(run, id),          COLUMN(run, job_id),      COLUMN(run, due),
	COLUMN(run, last_due),    COLUMN(run, count),       COLUMN(run, start_at),
	COLUMN(run, trigger),     COLUMN(run, state),       COLUMN(run, gate),
	COLUMN(run, reason),      COLUMN(run, detail),      COLUMN(run, attempt),
	COLUMN(run, priority),    COLUMN(run, is_catchup),  COLUMN(run, is_forced),
	COLUMN(run, stop_reason), COLUMN(run, stop_uid),    COLUMN(run, claimed_at),
	COLUMN(run, ended_at),    COLUMN(run, deadline_at), COLUMN(run, tty),
};
_Static_assert(NCOLUMNS(columns) == NRUN_COLUMNS, "RUN_COLUMNS");

void
sqlite_run_read(sqlite3_stmt *stmt, struct run *run)
{
	row_read(stmt, 0, columns, NCOLUMNS(columns), run);
	run->is_damaged = false;
	int64_t seal = sqlite3_column_int64(stmt, RUN_SEAL);
	run->is_damaged = seal != 0 && seal != seal_run(run);
}

/* RUN_COLUMNS and seal. */
static void
bind_run(sqlite3_stmt *stmt, const struct run *run)
{
	row_bind(stmt, 1, columns, NCOLUMNS(columns), run);
	sqlite3_bind_int64(stmt, NRUN_COLUMNS + 1, seal_run(run));
}

static bool
is_active(enum run_state state)
{
	return state == RUN_WAITING || state == RUN_RUNNING;
}

static void
tally_state(struct sqlite *s, enum run_state state, int change)
{
	if (state == RUN_WAITING)
		s->tally.nwaiting += change;
	else if (state == RUN_RUNNING)
		s->tally.nrunning += change;
}

/* So many more runs of the job wait or run. */
static enum backend_result
count_active(struct sqlite *s, int64_t job_id, int n, struct err *err)
{
	if (n == 0)
		return BACKEND_OK;
	return sqlite_owner_add(s, job_id, &(struct usage){ .nruns = n }, err);
}

enum backend_result
sqlite_run_insert(struct backend *backend, struct run *run, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_RUN_INSERT);
	bind_run(stmt, run);
	sqlite3_bind_null(stmt, 1); /* the next id */
	enum backend_result result = sql_change(s, stmt, err);
	if (result != BACKEND_OK)
		return result;
	run->id = sqlite3_last_insert_rowid(s->db);
	s->tally.nruns++;
	tally_state(s, run->state, 1);
	return count_active(s, run->job_id, is_active(run->state), err);
}

enum backend_result
sqlite_run_update(struct backend *backend, const struct run *run, enum run_state seen, int attempt,
		  struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_RUN_UPDATE);
	bind_run(stmt, run);
	sqlite3_bind_int(stmt, NRUN_COLUMNS + 2, (int)seen);
	sqlite3_bind_int(stmt, NRUN_COLUMNS + 3, attempt);
	enum backend_result result = sql_change(s, stmt, err);
	if (result == BACKEND_OK) {
		tally_state(s, seen, -1);
		tally_state(s, run->state, 1);
		result = count_active(s, run->job_id, is_active(run->state) - is_active(seen), err);
	}
	return result;
}

/* Runs a question for one run. */
static enum backend_result
read_one(struct sqlite *s, sqlite3_stmt *stmt, struct run *run, struct err *err)
{
	enum backend_result result = sql_row(s, stmt, err);
	if (result != BACKEND_OK)
		return result;
	sqlite_run_read(stmt, run);
	sqlite3_reset(stmt);
	return BACKEND_OK;
}

/* Runs a question for at most max runs. */
static enum backend_result
read_many(struct sqlite *s, sqlite3_stmt *stmt, size_t max, struct run *runs, size_t *n,
	  struct err *err)
{
	*n = 0;
	while (*n < max) {
		enum backend_result result = sql_row(s, stmt, err);
		if (result == BACKEND_NONE)
			return BACKEND_OK;
		if (result == BACKEND_ERROR)
			return result;
		sqlite_run_read(stmt, &runs[(*n)++]);
	}
	sqlite3_reset(stmt);
	return BACKEND_OK;
}

enum backend_result
sqlite_run_load(struct backend *backend, int64_t id, struct run *run, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_RUN_LOAD);
	sqlite3_bind_int64(stmt, 1, id);
	return read_one(s, stmt, run, err);
}

enum backend_result
sqlite_run_due_by(struct backend *backend, int64_t job_id, usec_t at, struct run *run,
		  struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_RUN_DUE_BY);
	sqlite3_bind_int64(stmt, 1, job_id);
	sqlite3_bind_int64(stmt, 2, at);
	return read_one(s, stmt, run, err);
}

enum backend_result
sqlite_runs_active(struct backend *backend, int64_t job_id, size_t max, struct run *runs, size_t *n,
		   struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_RUNS_ACTIVE);
	sqlite3_bind_int64(stmt, 1, job_id);
	sqlite3_bind_int64(stmt, 2, (int64_t)max);
	return read_many(s, stmt, max, runs, n, err);
}

enum backend_result
sqlite_runs_open_timed(struct backend *backend, usec_t until, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_RUNS_OPEN_TIMED);
	sqlite3_bind_int64(stmt, 1, until);
	return sql_change(s, stmt, err);
}

/* How many rows the slice has, at most max, and when the first of them is due. NONE, or ERROR. */
static enum backend_result
measure_slice(struct sqlite *s, struct back_slice *slice, usec_t *from, struct err *err)
{
	sqlite3_stmt *stmt = sql_use(s, SQL_RUNS_BACK_SLICE);
	sqlite3_bind_int64(stmt, 1, slice->job_id);
	sqlite3_bind_int64(stmt, 2, slice->after);
	sqlite3_bind_int64(stmt, 3, slice->until);
	sqlite3_bind_int64(stmt, 4, (int64_t)slice->max);
	enum backend_result result;
	for (slice->n = 0; (result = sql_row(s, stmt, err)) == BACKEND_OK; slice->n++)
		*from = sqlite3_column_int64(stmt, 0);
	return result;
}

enum backend_result
sqlite_runs_give_back(struct backend *backend, struct back_slice *slice, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	usec_t from = slice->until;
	enum backend_result result = measure_slice(s, slice, &from, err);
	if (result == BACKEND_ERROR || slice->n == 0)
		return result;
	sqlite3_stmt *stmt = sql_use(s, SQL_RUNS_GIVE_BACK);
	sqlite3_bind_int64(stmt, 1, slice->job_id);
	sqlite3_bind_int64(stmt, 2, from);
	sqlite3_bind_int64(stmt, 3, slice->until);
	sql_bind_text(stmt, 4, slice->detail);
	if (sql_change(s, stmt, err) == BACKEND_ERROR)
		return BACKEND_ERROR;
	slice->until = from;
	return slice->n < slice->max ? BACKEND_NONE : BACKEND_OK;
}

enum backend_result
sqlite_runs_timed(struct backend *backend, const struct run *behind, size_t max, struct run *runs,
		  size_t *n, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_RUNS_TIMED);
	sqlite3_bind_int64(stmt, 1, behind->start_at);
	sqlite3_bind_int64(stmt, 2, behind->id);
	sqlite3_bind_int64(stmt, 3, (int64_t)max);
	return read_many(s, stmt, max, runs, n, err);
}

static enum backend_result
next_of(struct backend *backend, enum sql number, usec_t *at, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	*at = USEC_NEVER;
	enum backend_result result = sql_number(s, sql_use(s, number), at, err);
	return result == BACKEND_ERROR ? BACKEND_ERROR : BACKEND_OK;
}

enum backend_result
sqlite_runs_next_timed(struct backend *backend, usec_t *at, struct err *err)
{
	return next_of(backend, SQL_RUNS_NEXT_TIMED, at, err);
}

enum backend_result
sqlite_runs_next_deadline(struct backend *backend, usec_t *at, struct err *err)
{
	return next_of(backend, SQL_RUNS_NEXT_DEADLINE, at, err);
}

enum backend_result
sqlite_runs_overdue(struct backend *backend, usec_t now, size_t max, struct run *runs, size_t *n,
		    struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_RUNS_OVERDUE);
	sqlite3_bind_int64(stmt, 1, now);
	sqlite3_bind_int64(stmt, 2, (int64_t)max);
	return read_many(s, stmt, max, runs, n, err);
}

enum backend_result
sqlite_runs_ready(struct backend *backend, const char *queue, size_t max, struct run *runs,
		  size_t *n, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_RUNS_READY);
	sql_bind_text(stmt, 1, queue);
	sqlite3_bind_int64(stmt, 2, (int64_t)max);
	return read_many(s, stmt, max, runs, n, err);
}

enum backend_result
sqlite_runs_running(struct backend *backend, int64_t after, size_t max, struct run *runs, size_t *n,
		    struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_RUNS_RUNNING);
	sqlite3_bind_int64(stmt, 1, after);
	sqlite3_bind_int64(stmt, 2, (int64_t)max);
	return read_many(s, stmt, max, runs, n, err);
}
