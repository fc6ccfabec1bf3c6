/*
 * What each user has stored, counted as it changes, so that a limit is looked up and not counted:
 * the row of the table `users` changes in the transaction of what it counts. Jobs are counted in
 * the tally as long as they are of one user: a batch of adds writes his row once.
 */
#include "store/sqlite_db.h"

/* There is none for the owner of no job: the clock's own rows. */
static enum backend_result
change(struct sqlite *s, sqlite3_stmt *stmt, struct err *err)
{
	return sql_change(s, stmt, err) == BACKEND_ERROR ? BACKEND_ERROR : BACKEND_OK;
}

enum backend_result
sqlite_users_save(struct sqlite *s, struct err *err)
{
	struct usage *more = &s->tally.more;
	if (more->njobs == 0 && more->nruns == 0 && more->bytes == 0)
		return BACKEND_OK;
	sqlite3_stmt *stmt = sql_use(s, SQL_USER_ADD);
	sqlite3_bind_int64(stmt, 1, s->tally.user);
	sqlite3_bind_int64(stmt, 2, more->njobs);
	sqlite3_bind_int64(stmt, 3, more->nruns);
	sqlite3_bind_int64(stmt, 4, more->bytes);
	*more = (struct usage){ 0 };
	return change(s, stmt, err);
}

enum backend_result
sqlite_user_add(struct sqlite *s, uid_t uid, const struct usage *more, struct err *err)
{
	struct tally *tally = &s->tally;
	if (tally->user != uid && sqlite_users_save(s, err) != BACKEND_OK)
		return BACKEND_ERROR;
	tally->user = uid;
	tally->more.njobs += more->njobs;
	tally->more.nruns += more->nruns;
	tally->more.bytes += more->bytes;
	return BACKEND_OK;
}

/* Adds n to a count of whoever owns the job or run with that id. His row has to be there. */
static enum backend_result
add_to_owner(struct sqlite *s, enum sql number, int64_t id, int64_t n, struct err *err)
{
	if (n == 0)
		return BACKEND_OK;
	if (sqlite_users_save(s, err) != BACKEND_OK)
		return BACKEND_ERROR;
	sqlite3_stmt *stmt = sql_use(s, number);
	sqlite3_bind_int64(stmt, 1, id);
	sqlite3_bind_int64(stmt, 2, n);
	return change(s, stmt, err);
}

enum backend_result
sqlite_user_add_runs(struct sqlite *s, int64_t job_id, int n, struct err *err)
{
	return add_to_owner(s, SQL_USER_ADD_RUNS, job_id, n, err);
}

enum backend_result
sqlite_user_add_output(struct sqlite *s, int64_t run_id, int64_t bytes, struct err *err)
{
	return add_to_owner(s, SQL_USER_ADD_OUTPUT, run_id, bytes, err);
}

enum backend_result
sqlite_user_drop_job(struct sqlite *s, int64_t job_id, struct err *err)
{
	if (sqlite_users_save(s, err) != BACKEND_OK)
		return BACKEND_ERROR;
	sqlite3_stmt *stmt = sql_use(s, SQL_USER_DROP_JOB);
	sqlite3_bind_int64(stmt, 1, job_id);
	return change(s, stmt, err);
}

enum backend_result
sqlite_usage_load(struct backend *backend, uid_t uid, struct usage *usage, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	*usage = s->tally.user == uid ? s->tally.more : (struct usage){ 0 };
	sqlite3_stmt *stmt = sql_use(s, SQL_USER_LOAD);
	sqlite3_bind_int64(stmt, 1, uid);
	enum backend_result result = sql_row(s, stmt, err);
	if (result != BACKEND_OK)
		return result == BACKEND_NONE ? BACKEND_OK : result;
	usage->njobs += sqlite3_column_int64(stmt, 0);
	usage->nruns += sqlite3_column_int64(stmt, 1);
	usage->bytes += sqlite3_column_int64(stmt, 2);
	sqlite3_reset(stmt);
	return BACKEND_OK;
}
