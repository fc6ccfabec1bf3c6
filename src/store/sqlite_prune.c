/*
 * Retention: what ended longest ago goes first, found by the index of ended runs, in slices. Two
 * rows always stay: the newest run of an unfinished job (what it did last must be known), and the
 * newest of each table (so that its id is not given again). A cursor remembers where the last
 * slice ended, so that what stays is not looked at again and again; a pass that came to its end
 * starts anew.
 */
#include "store/sqlite_db.h"

/* The columns of SQL_PRUNE_RUNS. */
enum { RUN_ID, RUN_ENDED_AT, RUN_JOB_ID, RUN_ATTEMPT, RUN_STAYS };
/* The columns of SQL_PRUNE_JOBS. */
enum { JOB_ID, JOB_CREATED_AT, JOB_OF, JOB_BYTES, JOB_STAYS };

struct retention {
	usec_t before;     /* 0: no limit by age */
	int64_t keep;      /* runs; 0: no limit */
	int64_t bytes_max; /* of output; 0: no limit */
};

static bool
is_too_much(const struct tally *tally, const struct retention *keep, usec_t ended_at)
{
	return ended_at < keep->before || (keep->keep > 0 && tally->nruns > keep->keep) ||
	       (keep->bytes_max > 0 && tally->output_bytes > keep->bytes_max);
}

static enum backend_result
change_by_id(struct sqlite *s, enum sql number, int64_t id, struct err *err)
{
	sqlite3_stmt *stmt = sql_use(s, number);
	sqlite3_bind_int64(stmt, 1, id);
	return sql_change(s, stmt, err);
}

static enum backend_result
remove_run(struct sqlite *s, const int64_t column[RUN_STAYS], struct err *err)
{
	int64_t id = column[RUN_ID];
	int64_t bytes = 0;
	if (column[RUN_ATTEMPT] > 0) {
		sqlite3_stmt *stmt = sql_use(s, SQL_PRUNE_OUTPUT_BYTES);
		sqlite3_bind_int64(stmt, 1, id);
		if (sql_number(s, stmt, &bytes, err) == BACKEND_ERROR ||
		    sqlite_owner_add(s, column[RUN_JOB_ID], &(struct usage){ .bytes = -bytes },
				     err) == BACKEND_ERROR ||
		    change_by_id(s, SQL_PRUNE_OUTPUTS, id, err) == BACKEND_ERROR ||
		    change_by_id(s, SQL_PRUNE_ATTEMPTS, id, err) == BACKEND_ERROR)
			return BACKEND_ERROR;
	}
	enum backend_result result = change_by_id(s, SQL_PRUNE_RUN, id, err);
	if (result == BACKEND_OK) {
		s->tally.nruns--;
		s->tally.output_bytes -= bytes;
	}
	return result;
}

/* The next ended run behind the cursor. */
static enum backend_result
next_run(struct sqlite *s, int64_t column[RUN_STAYS + 1], struct err *err)
{
	sqlite3_stmt *stmt = sql_use(s, SQL_PRUNE_RUNS);
	sqlite3_bind_int64(stmt, 1, s->prune.ended_at);
	sqlite3_bind_int64(stmt, 2, s->prune.run_id);
	enum backend_result result = sql_row(s, stmt, err);
	if (result != BACKEND_OK)
		return result;
	for (int i = 0; i <= RUN_STAYS; i++)
		column[i] = sqlite3_column_int64(stmt, i);
	sqlite3_reset(stmt);
	return BACKEND_OK;
}

/* NONE: this pass over the runs has come to its end. */
static enum backend_result
prune_runs(struct sqlite *s, const struct retention *keep, size_t max, int64_t *n, struct err *err)
{
	for (int i = 0; i < BACKEND_SCAN_MAX && *n < (int64_t)max; i++) {
		int64_t column[RUN_STAYS + 1];
		enum backend_result result = next_run(s, column, err);
		if (result != BACKEND_OK)
			return result;
		if (!is_too_much(&s->tally, keep, column[RUN_ENDED_AT]))
			return BACKEND_NONE;
		s->prune.ended_at = column[RUN_ENDED_AT];
		s->prune.run_id = column[RUN_ID];
		if (column[RUN_STAYS])
			continue;
		result = remove_run(s, column, err);
		if (result == BACKEND_ERROR)
			return result;
		*n += result == BACKEND_OK;
	}
	return BACKEND_OK;
}

/* The next ended job behind the cursor. */
static enum backend_result
next_job(struct sqlite *s, int64_t column[JOB_STAYS + 1], struct err *err)
{
	sqlite3_stmt *stmt = sql_use(s, SQL_PRUNE_JOBS);
	sqlite3_bind_int64(stmt, 1, s->prune.job_id);
	enum backend_result result = sql_row(s, stmt, err);
	if (result != BACKEND_OK)
		return result;
	for (int i = 0; i <= JOB_STAYS; i++)
		column[i] = sqlite3_column_int64(stmt, i);
	sqlite3_reset(stmt);
	return BACKEND_OK;
}

/* NONE: this pass over the ended jobs has come to its end. */
static enum backend_result
prune_jobs(struct sqlite *s, usec_t before, size_t max, int64_t *n, struct err *err)
{
	for (int i = 0; i < BACKEND_SCAN_MAX && *n < (int64_t)max; i++) {
		int64_t column[JOB_STAYS + 1];
		enum backend_result result = next_job(s, column, err);
		if (result != BACKEND_OK)
			return result;
		s->prune.job_id = column[JOB_ID];
		if (column[JOB_STAYS] || (before > 0 && column[JOB_CREATED_AT] >= before))
			continue;
		if (sqlite_user_add(s, (uid_t)column[JOB_OF],
				    &(struct usage){ .bytes = -column[JOB_BYTES] },
				    err) == BACKEND_ERROR ||
		    change_by_id(s, SQL_PRUNE_JOB, column[JOB_ID], err) == BACKEND_ERROR)
			return BACKEND_ERROR;
		(*n)++;
	}
	return BACKEND_OK;
}

enum backend_result
sqlite_prune(struct backend *backend, usec_t before, int64_t keep, int64_t bytes_max, size_t max,
	     int64_t *n, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	const struct retention retention = { before, keep, bytes_max };
	*n = 0;
	if (before == 0 && keep == 0 && bytes_max == 0)
		return BACKEND_OK;
	enum backend_result result = prune_runs(s, &retention, max, n, err);
	if (result == BACKEND_NONE) {
		s->prune.ended_at = 0;
		s->prune.run_id = 0;
		result = prune_jobs(s, before, max, n, err);
		if (result == BACKEND_NONE)
			s->prune.job_id = 0;
	}
	return result == BACKEND_ERROR ? BACKEND_ERROR : BACKEND_OK;
}
