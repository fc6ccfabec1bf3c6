/*
 * Answers kept for repeated requests. How many a user has is asked at every request with a key:
 * counted once, then kept up to date, and counted anew after anything that makes it unsure.
 */
#include "store/sqlite_db.h"

#include <string.h>

#include "store/sqlite_row.h"

static const struct column columns[] = {
	COLUMN(request_row, uid),      COLUMN(request_row, key),    COLUMN(request_row, hash),
	COLUMN(request_row, at),       COLUMN(request_row, job_id), COLUMN(request_row, run_id),
	COLUMN(request_row, next_due),
};

static struct request_count *
cached(struct sqlite *s, uid_t uid)
{
	return &s->request_counts[uid % REQUEST_COUNTS];
}

void
sqlite_requests_uncount(struct sqlite *s)
{
	memset(s->request_counts, 0, sizeof(s->request_counts));
}

enum backend_result
sqlite_request_load(struct backend *backend, uid_t uid, const char *key, struct request_row *row,
		    struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_REQUEST_LOAD);
	sqlite3_bind_int64(stmt, 1, uid);
	sql_bind_text(stmt, 2, key);
	enum backend_result result = sql_row(s, stmt, err);
	if (result != BACKEND_OK)
		return result;
	row_read(stmt, 0, columns, NCOLUMNS(columns), row);
	sqlite3_reset(stmt);
	return BACKEND_OK;
}

enum backend_result
sqlite_request_save(struct backend *backend, const struct request_row *row, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_REQUEST_SAVE);
	row_bind(stmt, 1, columns, NCOLUMNS(columns), row);
	enum backend_result result = sql_change(s, stmt, err);
	struct request_count *known = cached(s, row->uid);
	if (result == BACKEND_OK && known->is_known && known->uid == row->uid)
		known->n++;
	return result;
}

enum backend_result
sqlite_request_count(struct backend *backend, uid_t uid, int64_t *n, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	struct request_count *known = cached(s, uid);
	if (known->is_known && known->uid == uid) {
		*n = known->n;
		return BACKEND_OK;
	}
	sqlite3_stmt *stmt = sql_use(s, SQL_REQUEST_COUNT);
	sqlite3_bind_int64(stmt, 1, uid);
	enum backend_result result = sql_number(s, stmt, n, err);
	if (result == BACKEND_OK)
		*known = (struct request_count){ .is_known = true, .uid = uid, .n = *n };
	return result;
}

static enum backend_result
forget(struct sqlite *s, const struct request_row *row, struct err *err)
{
	sqlite3_stmt *stmt = sql_use(s, SQL_REQUEST_FORGET);
	sqlite3_bind_int64(stmt, 1, row->uid);
	sql_bind_text(stmt, 2, row->key);
	return sql_change(s, stmt, err);
}

/* The first old one; its key columns only. */
static enum backend_result
find_old(struct sqlite *s, usec_t before, struct request_row *row, struct err *err)
{
	sqlite3_stmt *stmt = sql_use(s, SQL_REQUEST_OLDEST);
	sqlite3_bind_int64(stmt, 1, before);
	enum backend_result result = sql_row(s, stmt, err);
	if (result != BACKEND_OK)
		return result;
	row_read(stmt, 0, columns, 2, row); /* uid, key */
	sqlite3_reset(stmt);
	return BACKEND_OK;
}

enum backend_result
sqlite_requests_forget(struct backend *backend, usec_t before, size_t max, int64_t *n,
		       struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	enum backend_result result = BACKEND_OK;
	for (*n = 0; *n < (int64_t)max && result == BACKEND_OK; *n += result == BACKEND_OK) {
		struct request_row row;
		result = find_old(s, before, &row, err);
		if (result == BACKEND_OK)
			result = forget(s, &row, err);
	}
	if (*n > 0)
		sqlite_requests_uncount(s);
	return result == BACKEND_ERROR ? BACKEND_ERROR : BACKEND_OK;
}
