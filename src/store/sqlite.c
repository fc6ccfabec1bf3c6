/* The SQLite backend's table of operations, and its transactions. */
#include "store/reserve.h"
#include "store/sqlite_db.h"
#include "store/sqlite_file.h"

/* Runs a statement that has no rows: OK or an error. */
static enum backend_result
run(struct sqlite *s, enum sql number, struct err *err)
{
	enum backend_result result = sql_row(s, sql_use(s, number), err);
	return result == BACKEND_ERROR ? BACKEND_ERROR : BACKEND_OK;
}

static enum backend_result
begin(struct backend *backend, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	s->at_begin = s->tally;
	s->changes_at_begin = sqlite3_total_changes64(s->db);
	if (!s->is_in_doubt)
		return run(s, SQL_BEGIN, err);
	err_set(err, ERR_UNAVAILABLE, "%s: its last commit failed", s->path);
	return BACKEND_ERROR;
}

static enum backend_result
save_tally(struct sqlite *s, struct err *err)
{
	struct tally *tally = &s->tally;
	tally->commits++;
	sqlite3_stmt *stmt = sql_use(s, SQL_LEDGER_SAVE);
	sqlite3_bind_int64(stmt, 1, tally->commits);
	sqlite3_bind_int64(stmt, 2, tally->njobs);
	sqlite3_bind_int64(stmt, 3, tally->nruns);
	sqlite3_bind_int64(stmt, 4, tally->nwaiting);
	sqlite3_bind_int64(stmt, 5, tally->nrunning);
	sqlite3_bind_int64(stmt, 6, tally->output_bytes);
	return sql_change(s, stmt, err);
}

/*
 * What is written into a file that somebody removed or replaced is gone with us, and the disk never
 * says so: SQLite looks without a WAL only.
 */
static enum backend_result
check_place(struct sqlite *s, struct err *err)
{
	if (sqlite_has_name(s))
		return BACKEND_OK;
	err_set(err, ERR_UNAVAILABLE, SQLITE_FILE_LOST, s->path);
	return BACKEND_ERROR;
}

/* It is committed, but where? In doubt the owner opens the database again, and sees. */
static enum backend_result
check_places(struct sqlite *s, struct err *err)
{
	if (sqlite_log_has_name(s))
		return check_place(s, err);
	err_set(err, ERR_UNAVAILABLE, "%s-wal: somebody removed or replaced it while it was in use",
		s->path);
	return BACKEND_ERROR;
}

static enum backend_result
commit(struct backend *backend, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	if (sqlite_users_save(s, err) != BACKEND_OK)
		return BACKEND_NONE;
	bool is_changed = sqlite3_total_changes64(s->db) != s->changes_at_begin;
	if (is_changed && (check_place(s, err) != BACKEND_OK || save_tally(s, err) != BACKEND_OK))
		return BACKEND_NONE;
	enum backend_result result = run(s, SQL_COMMIT, err);
	if (is_changed && result == BACKEND_OK)
		result = check_places(s, err);
	s->is_in_doubt = result == BACKEND_ERROR;
	return result;
}

static void
rollback(struct backend *backend)
{
	struct sqlite *s = sqlite_of(backend);
	/* Some errors roll back by themselves. */
	if (!sqlite3_get_autocommit(s->db))
		run(s, SQL_ROLLBACK, NULL);
	s->tally = s->at_begin;
	sqlite_requests_uncount(s);
	sqlite_owners_forget(s);
}

static enum backend_result
savepoint(struct backend *backend, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	s->at_savepoint = s->tally;
	return run(s, SQL_SAVEPOINT, err);
}

static enum backend_result
release(struct backend *backend, struct err *err)
{
	return run(sqlite_of(backend), SQL_RELEASE, err);
}

static enum backend_result
rollback_to(struct backend *backend)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite_requests_uncount(s);
	sqlite_owners_forget(s);
	s->tally = s->at_savepoint;
	if (sqlite3_get_autocommit(s->db) || run(s, SQL_ROLLBACK_TO, NULL) != BACKEND_OK)
		return BACKEND_ERROR;
	return run(s, SQL_RELEASE, NULL);
}

static int64_t
ncommits(const struct backend *backend)
{
	return ((const struct sqlite *)backend)->tally.commits;
}

static enum backend_result
stats(struct backend *backend, struct store_stats *stats, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	stats->njobs = s->tally.njobs;
	stats->nruns = s->tally.nruns;
	stats->nwaiting = s->tally.nwaiting;
	stats->nrunning = s->tally.nrunning;
	return sql_number(s, sql_use(s, SQL_BYTES), &stats->database_bytes, err);
}

static const char *
warning(const struct backend *backend)
{
	return ((const struct sqlite *)backend)->warning;
}

static bool
reserve_keep_of(struct backend *backend)
{
	return reserve_keep(sqlite_of(backend)->path);
}

static void
reserve_give_up_of(struct backend *backend)
{
	reserve_give_up(sqlite_of(backend)->path);
}

const struct backend_ops sqlite_ops = {
	.name = "sqlite",
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.savepoint = savepoint,
	.release = release,
	.rollback_to = rollback_to,
	.ncommits = ncommits,
	.settle = sqlite_settle,
	.tend = sqlite_tend,
	.job_insert = sqlite_job_insert,
	.job_update = sqlite_job_update,
	.job_load = sqlite_job_load,
	.job_load_rest = sqlite_job_load_rest,
	.job_find = sqlite_job_find,
	.job_find_ended = sqlite_job_find_ended,
	.job_set_aside = sqlite_job_set_aside,
	.job_advance = sqlite_job_advance,
	.jobs_due = sqlite_jobs_due,
	.jobs_next_start = sqlite_jobs_next_start,
	.jobs_recurring = sqlite_jobs_recurring,
	.jobs_page = sqlite_jobs_page,
	.job_summary = sqlite_job_summary,
	.run_insert = sqlite_run_insert,
	.run_load = sqlite_run_load,
	.run_update = sqlite_run_update,
	.runs_active = sqlite_runs_active,
	.runs_open_timed = sqlite_runs_open_timed,
	.runs_give_back = sqlite_runs_give_back,
	.runs_timed = sqlite_runs_timed,
	.runs_next_timed = sqlite_runs_next_timed,
	.runs_overdue = sqlite_runs_overdue,
	.runs_next_deadline = sqlite_runs_next_deadline,
	.runs_ready = sqlite_runs_ready,
	.runs_running = sqlite_runs_running,
	.run_due_by = sqlite_run_due_by,
	.runs_page = sqlite_runs_page,
	.attempt_insert = sqlite_attempt_insert,
	.attempt_update = sqlite_attempt_update,
	.attempt_drop = sqlite_attempt_drop,
	.attempt_load = sqlite_attempt_load,
	.output_append = sqlite_output_append,
	.output_read = sqlite_output_read,
	.queue_load = sqlite_queue_load,
	.queue_save = sqlite_queue_save,
	.queues_list = sqlite_queues_list,
	.queues_ready = sqlite_queues_ready,
	.request_load = sqlite_request_load,
	.request_save = sqlite_request_save,
	.request_count = sqlite_request_count,
	.requests_forget = sqlite_requests_forget,
	.prune = sqlite_prune,
	.usage_load = sqlite_usage_load,
	.stats = stats,
	.backup_begin = sqlite_backup_begin,
	.backup_step = sqlite_backup_step,
	.meta_load = sqlite_meta_load,
	.meta_save = sqlite_meta_save,
	.jobs_on_start = sqlite_jobs_on_start,
	.reserve_keep = reserve_keep_of,
	.reserve_give_up = reserve_give_up_of,
	.warning = warning,
	.close = sqlite_close,
};
