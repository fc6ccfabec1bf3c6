/* Attempts and their output. */
#include "store/sqlite_db.h"

#include "store/sqlite_row.h"

/* ATTEMPT_COLUMNS, see sqlite_sql.c. */
static const struct column columns[] = {
	COLUMN(attempt, run_id),
	COLUMN(attempt, number),
	COLUMN(attempt, claimed_at),
	COLUMN(attempt, started_at),
	COLUMN(attempt, ended_at),
	COLUMN(attempt, pid),
	COLUMN(attempt, pid_start),
	COLUMN(attempt, boot),
	COLUMN(attempt, spawner),
	COLUMN(attempt, reason),
	COLUMN(attempt, outcome.kind),
	COLUMN(attempt, outcome.code),
	COLUMN(attempt, outcome.is_expected),
	COLUMN(attempt, outcome.is_timeout),
	COLUMN(attempt, outcome.text),
	COLUMN(attempt, outcome.ended_at),
	COLUMN(attempt, outcome.retry_after),
	COLUMN(attempt, outcome.cpu_us),
	COLUMN(attempt, outcome.peak_kib),
	COLUMN(attempt, outcome.nleftovers),
	COLUMN(attempt, outcome.http_us[0]),
	COLUMN(attempt, outcome.http_us[1]),
	COLUMN(attempt, outcome.http_us[2]),
	COLUMN(attempt, outcome.http_us[3]),
	COLUMN(attempt, outcome.output_bytes),
	COLUMN(attempt, outcome.output_omitted),
	COLUMN(attempt, outcome.is_split),
	COLUMN(attempt, outcome.errors_bytes),
	COLUMN(attempt, outcome.errors_omitted),
};

enum backend_result
sqlite_attempt_insert(struct backend *backend, const struct attempt *attempt, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_ATTEMPT_INSERT);
	row_bind(stmt, 1, columns, NCOLUMNS(columns), attempt);
	return sql_change(s, stmt, err);
}

enum backend_result
sqlite_attempt_update(struct backend *backend, const struct attempt *attempt, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_ATTEMPT_UPDATE);
	row_bind(stmt, 1, columns, NCOLUMNS(columns), attempt);
	return sql_change(s, stmt, err);
}

enum backend_result
sqlite_attempt_load(struct backend *backend, int64_t run_id, int number, struct attempt *attempt,
		    struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_ATTEMPT_LOAD);
	sqlite3_bind_int64(stmt, 1, run_id);
	sqlite3_bind_int(stmt, 2, number);
	enum backend_result result = sql_row(s, stmt, err);
	if (result != BACKEND_OK)
		return result;
	*attempt = (struct attempt){ .outcome.output_fd = -1 };
	row_read(stmt, 0, columns, NCOLUMNS(columns), attempt);
	sqlite3_reset(stmt);
	return BACKEND_OK;
}

enum backend_result
sqlite_attempt_drop(struct backend *backend, int64_t run_id, int number, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_ATTEMPT_DROP);
	sqlite3_bind_int64(stmt, 1, run_id);
	sqlite3_bind_int(stmt, 2, number);
	return sql_change(s, stmt, err);
}

enum backend_result
sqlite_output_append(struct backend *backend, const struct run *run, int piece, const void *data,
		     size_t len, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_OUTPUT_APPEND);
	sqlite3_bind_int64(stmt, 1, run->id);
	sqlite3_bind_int(stmt, 2, run->attempt);
	sqlite3_bind_int(stmt, 3, piece);
	sqlite3_bind_blob64(stmt, 4, len ? data : "", len, SQLITE_STATIC);
	enum backend_result result = sql_change(s, stmt, err);
	if (result != BACKEND_OK)
		return result;
	s->tally.output_bytes += (int64_t)len;
	return sqlite_owner_add(s, run->job_id, &(struct usage){ .bytes = (int64_t)len }, err);
}

enum backend_result
sqlite_output_read(struct backend *backend, int64_t run_id, int attempt, int piece, struct buf *out,
		   struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_OUTPUT_READ);
	sqlite3_bind_int64(stmt, 1, run_id);
	sqlite3_bind_int(stmt, 2, attempt);
	sqlite3_bind_int(stmt, 3, piece);
	enum backend_result result = sql_row(s, stmt, err);
	if (result != BACKEND_OK)
		return result;
	buf_add(out, sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0));
	sqlite3_reset(stmt);
	return BACKEND_OK;
}
