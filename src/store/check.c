/* The questions of a check, and the thread that asks them. */
#include "store/check.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/schema.h"
#include "store/sqlite_db.h"

#define OPEN_WAIT_MS 2000

struct check {
	sqlite3 *db;
	struct buf problems;
	bool is_older;
	pthread_t thread;
	bool has_thread;
	atomic_bool is_done;
};

/* A row of an answer is a problem in words; only the first few are wanted. */
#define FEW " LIMIT 5"

/* It answers "ok" when there is none. */
static const char of_pages[] =
	"SELECT integrity_check FROM pragma_integrity_check(10) WHERE integrity_check <> 'ok'";

static const char *const of_rows[] = {
	"SELECT 'the ledger counts ' || name || ' ' || counted || ', there are ' || n FROM ("
	" SELECT 'jobs' AS name, njobs AS counted,"
	"  (SELECT count(*) FROM jobs WHERE state <= 1) AS n FROM ledger"
	" UNION ALL SELECT 'runs', nruns, (SELECT count(*) FROM runs) FROM ledger"
	" UNION ALL SELECT 'waiting runs', nwaiting,"
	"  (SELECT count(*) FROM runs WHERE state = 0) FROM ledger"
	" UNION ALL SELECT 'running runs', nrunning,"
	"  (SELECT count(*) FROM runs WHERE state = 1) FROM ledger"
	" UNION ALL SELECT 'bytes of output', output_bytes,"
	"  (SELECT coalesce(sum(length(data)), 0) FROM outputs) FROM ledger"
	") WHERE counted <> n",

	/* What there is less what is counted; a table is read once, not once a user. */
	"SELECT 'user ' || owner || ' is counted wrongly: ' || sum(j) || ' jobs, ' || sum(r) ||"
	" ' runs and ' || sum(b) || ' bytes too few' FROM ("
	" SELECT owner, sum(state <= 1) AS j, 0 AS r, sum(length(spec)) AS b FROM jobs"
	"  GROUP BY owner"
	" UNION ALL SELECT owner, 0, count(*), 0 FROM runs r CROSS JOIN jobs j ON j.id = r.job_id"
	"  WHERE r.state <= 1 GROUP BY owner"
	" UNION ALL SELECT owner, 0, 0, sum(length(o.data)) FROM outputs o"
	"  CROSS JOIN runs r ON r.id = o.run_id CROSS JOIN jobs j ON j.id = r.job_id GROUP BY owner"
	" UNION ALL SELECT uid, -njobs, -nruns, -bytes FROM users"
	") GROUP BY owner HAVING sum(j) <> 0 OR sum(r) <> 0 OR sum(b) <> 0" FEW,

	"SELECT 'run ' || id || ' is of job ' || job_id || ', which is not there' FROM runs"
	" WHERE job_id <> 0 AND job_id NOT IN (SELECT id FROM jobs)" FEW,

	"SELECT 'run ' || id || ' is running without an attempt' FROM runs WHERE state = 1"
	" AND NOT EXISTS (SELECT 1 FROM attempts WHERE run_id = runs.id AND number = attempt)" FEW,

	"SELECT 'attempt ' || number || ' is of run ' || run_id || ', which is not there'"
	" FROM attempts WHERE run_id NOT IN (SELECT id FROM runs)" FEW,

	"SELECT 'output is of attempt ' || attempt || ' of run ' || run_id ||"
	" ', which is not there' FROM outputs WHERE NOT EXISTS (SELECT 1 FROM attempts"
	" WHERE attempts.run_id = outputs.run_id AND number = attempt)" FEW,
};

static void
add_problem(struct check *check, const char *text)
{
	buf_add_text(&check->problems, text ? text : "");
	buf_add_char(&check->problems, '\n');
}

/* A question that cannot be answered is a problem, too. */
static void
ask(struct check *check, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(check->db, sql, -1, &stmt, NULL);
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(stmt);
		if (rc == SQLITE_ROW)
			add_problem(check, (const char *)sqlite3_column_text(stmt, 0));
	}
	if (rc != SQLITE_DONE)
		add_problem(check, sqlite3_errmsg(check->db));
	sqlite3_finalize(stmt);
}

/* What a job is to do must be readable, else it would never be due again. */
static void
ask_jobs(struct check *check)
{
	sqlite3_stmt *stmt = NULL;
	struct job job;
	struct err err;
	int left = 5;
	int rc = sqlite3_prepare_v2(
		check->db, "SELECT " JOB_COLUMNS ", spec, seal, owner, name, queue FROM jobs", -1,
		&stmt, NULL);
	while (left > 0 && rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
		if (sqlite_job_read(stmt, &job, &err) == BACKEND_OK) {
			job_fini(&job);
			continue;
		}
		add_problem(check, err.text);
		left--;
	}
	if (sqlite3_finalize(stmt) != SQLITE_OK || rc != SQLITE_OK)
		add_problem(check, sqlite3_errmsg(check->db));
}

static void
ask_runs(struct check *check)
{
	sqlite3_stmt *stmt = NULL;
	struct run run;
	int left = 5;
	int rc = sqlite3_prepare_v2(check->db, "SELECT " RUN_COLUMNS ", seal FROM runs", -1, &stmt,
				    NULL);
	while (left > 0 && rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
		sqlite_run_read(stmt, &run);
		if (!run.is_damaged)
			continue;
		buf_printf(&check->problems, "run %lld: its record is damaged\n",
			   (long long)run.id);
		left--;
	}
	if (sqlite3_finalize(stmt) != SQLITE_OK || rc != SQLITE_OK)
		add_problem(check, sqlite3_errmsg(check->db));
}

/* Has it other tables than these questions are about? One that cannot be read is asked all. */
static bool
is_older(sqlite3 *db)
{
	sqlite3_stmt *stmt = NULL;
	bool is_row = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL) == SQLITE_OK &&
		      sqlite3_step(stmt) == SQLITE_ROW;
	int version = is_row ? sqlite3_column_int(stmt, 0) : SCHEMA_VERSION;
	sqlite3_finalize(stmt);
	return version < SCHEMA_VERSION;
}

static void
ask_rows(struct check *check)
{
	for (size_t i = 0; i < sizeof(of_rows) / sizeof(of_rows[0]); i++)
		ask(check, of_rows[i]);
	ask_jobs(check);
	ask_runs(check);
}

void
check_run(struct check *check)
{
	check->is_older = is_older(check->db);
	ask(check, of_pages);
	if (!check->is_older)
		ask_rows(check);
	atomic_store(&check->is_done, true);
}

/* The newest commits are in the log beside the file: then it has to be opened as a daemon does. */
static int
open_with_log(struct check *check, const char *path)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	int rc = sqlite3_open_v2(path, &check->db, flags, NULL);
	if (rc != SQLITE_OK)
		return rc;
	sqlite3_db_config(check->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_busy_timeout(check->db, OPEN_WAIT_MS);
	return sqlite3_exec(check->db, "PRAGMA locking_mode = exclusive; BEGIN IMMEDIATE; COMMIT",
			    NULL, NULL, NULL);
}

static int
fail(const struct check *check, const char *path, struct err *err)
{
	if ((sqlite3_errcode(check->db) & 0xff) == SQLITE_BUSY)
		return err_set(err, ERR_UNAVAILABLE,
			       "%s: is in use; while a daemon serves ask it: asched check", path);
	return err_set(err, ERR_UNAVAILABLE, "%s: %s", path, sqlite3_errmsg(check->db));
}

struct check *
check_open(const char *path, struct err *err)
{
	enum file_kind kind = sqlite_judge(path, err);
	if (kind == FILE_NEW)
		err_set(err, ERR_UNAVAILABLE, "%s: is missing or empty", path);
	if (kind != FILE_OURS)
		return NULL;
	struct check *check = mem_alloc(sizeof(*check));
	char *log = mem_printf("%s-wal", path);
	int rc = access(log, F_OK) == 0 ? open_with_log(check, path)
					: sqlite_open_alone(path, &check->db);
	free(log);
	if (rc == SQLITE_OK)
		return check;
	fail(check, path, err);
	check_free(check);
	return NULL;
}

static void *
run_thread(void *arg)
{
	check_run(arg);
	return NULL;
}

int
check_start(struct check *check, struct err *err)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int error = pthread_create(&check->thread, NULL, run_thread, check);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	check->has_thread = error == 0;
	return error == 0 ? 0 : err_set(err, ERR_UNAVAILABLE, "check: %s", strerror(error));
}

bool
check_is_done(struct check *check)
{
	return atomic_load(&check->is_done);
}

const struct buf *
check_problems(const struct check *check)
{
	return &check->problems;
}

bool
check_is_older(const struct check *check)
{
	return check->is_older;
}

void
check_free(struct check *check)
{
	if (!check)
		return;
	/* Each question is broken off for itself. */
	while (check->has_thread && !check_is_done(check)) {
		sqlite3_interrupt(check->db);
		usleep(1000);
	}
	if (check->has_thread)
		pthread_join(check->thread, NULL);
	sqlite3_close(check->db);
	buf_fini(&check->problems);
	free(check);
}
