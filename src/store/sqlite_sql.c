/*
 * The statement table. What runs in a claim, an add or an end names its index (INDEXED BY), so
 * that a history of millions of rows cannot change its plan; tests/unit/store_sqlite.c looks that
 * no statement scans a table.
 */
#include "store/sqlite_db.h"

#include <assert.h>
#include <string.h>

#define JOB_SELECT "SELECT " JOB_COLUMNS ", spec, seal"
#define JOB_LISTED JOB_SELECT ", owner, name, queue, claim_at FROM jobs"
#define JOB_ADVANCED                                                    \
	"next_due = ?4, next_start_at = ?5, nruns = ?6, nfailed = ?7, " \
	"covered_until = ?8, seal = ?9"
#define JOB_AS_SEEN " WHERE id = ?1 AND next_due = ?2 AND state = ?3"
#define RUN_SELECT  "SELECT " RUN_COLUMNS ", seal FROM runs "
#define RUN_LISTED                                                                          \
	"SELECT r.id, r.job_id, due, last_due, count, start_at, trigger, r.state, gate, "   \
	"reason, detail, attempt, priority, is_catchup, is_forced, stop_reason, stop_uid, " \
	"claimed_at, ended_at, deadline_at, tty, r.seal, j.owner, j.name, r.queue FROM runs r "
#define RUN_LISTED_JOB " LEFT JOIN jobs j ON j.id = r.job_id "
#define ATTEMPT_COLUMNS                                                                        \
	"run_id, number, claimed_at, started_at, ended_at, pid, pid_start, boot, spawner, "    \
	"reason, kind, code, is_expected, is_timeout, text, outcome_at, retry_after, cpu_us, " \
	"peak_kib, nleftovers, http_name_us, http_connect_us, http_first_us, http_total_us, "  \
	"output_bytes, output_omitted, is_split, errors_bytes, errors_omitted"

static const char *const texts[SQL_NSTATEMENTS] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_SAVEPOINT] = "SAVEPOINT intent",
	[SQL_RELEASE] = "RELEASE intent",
	[SQL_ROLLBACK_TO] = "ROLLBACK TO intent",

	[SQL_LEDGER_LOAD] = "SELECT commits, njobs, nruns, nwaiting, nrunning, output_bytes, "
			    "instance FROM ledger WHERE one = 1",
	[SQL_LEDGER_SAVE] = "UPDATE ledger SET commits = ?1, njobs = ?2, nruns = ?3, "
			    "nwaiting = ?4, nrunning = ?5, output_bytes = ?6 WHERE one = 1",
	[SQL_BYTES] = "SELECT p.page_count * s.page_size "
		      "FROM pragma_page_count AS p, pragma_page_size AS s",

	/* Jobs. ?1-?12 are JOB_COLUMNS. */
	[SQL_JOB_INSERT] = "INSERT INTO jobs (" JOB_COLUMNS ", name, queue, rhythm, spec, "
			   "seal) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
			   "?12, ?13, ?14, ?15, ?16, ?17)",
	[SQL_JOB_UPDATE] = "UPDATE jobs SET owner = ?2, state = ?3, seed = ?4, created_at = ?5, "
			   "anchor_at = ?6, next_due = ?7, next_start_at = ?8, paused_at = ?9, "
			   "nfailed = ?10, nruns = ?11, covered_until = ?12, name = ?13, "
			   "queue = ?14, rhythm = ?15, spec = ?16, seal = ?17 WHERE id = ?1",
	[SQL_JOB_LOAD] = JOB_SELECT ", owner, name, queue FROM jobs WHERE id = ?1",
	[SQL_JOB_COUNTED] = "SELECT state, length(spec) FROM jobs WHERE id = ?1",
	[SQL_JOB_OWNER] = "SELECT owner FROM jobs WHERE id = ?1",
	[SQL_JOB_FIND] = "SELECT id FROM jobs INDEXED BY jobs_name "
			 "WHERE owner = ?1 AND name = ?2 AND state <= 1",
	[SQL_JOB_FIND_ENDED] = "SELECT id FROM jobs INDEXED BY jobs_former WHERE owner = ?1 AND "
			       "name = ?2 AND state >= 2 ORDER BY id DESC LIMIT 1",
	[SQL_JOB_SET_ASIDE] = "UPDATE jobs SET next_start_at = ?2, seal = ?3 "
			      "WHERE id = ?1 AND next_start_at < ?2",
	[SQL_JOB_ADVANCE] = "UPDATE jobs SET " JOB_ADVANCED JOB_AS_SEEN,
	[SQL_JOB_ADVANCE_STATE] = "UPDATE jobs SET " JOB_ADVANCED ", state = ?10" JOB_AS_SEEN,
	[SQL_JOBS_DUE] = "SELECT id FROM jobs INDEXED BY jobs_claim WHERE state <= 1 AND "
			 "state = 0 AND claim_at <= ?1 ORDER BY claim_at, id LIMIT ?2",
	[SQL_JOBS_NEXT_START] = "SELECT claim_at FROM jobs INDEXED BY jobs_claim "
				"WHERE state <= 1 ORDER BY claim_at LIMIT 1",
	[SQL_JOBS_OF_RHYTHM] = "SELECT id FROM jobs INDEXED BY jobs_rhythm WHERE state = 0 "
			       "AND rhythm > 0 AND rhythm = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
	/* (claim_at, id) > (?1, ?2) in two: for SQLite the id is no part of the index's range. */
	[SQL_JOBS_PAGE_SAME] = JOB_LISTED " INDEXED BY jobs_claim WHERE state <= 1 "
					  "AND claim_at = ?1 AND id > ?2 ORDER BY id",
	[SQL_JOBS_PAGE_LATER] = JOB_LISTED " INDEXED BY jobs_claim WHERE state <= 1 "
					   "AND claim_at > ?1 ORDER BY claim_at, id",
	[SQL_JOBS_PAGE_ENDED] = JOB_LISTED " INDEXED BY jobs_ended WHERE state >= 2 "
					   "AND id > ?1 ORDER BY id",
	[SQL_JOBS_PATROL] = JOB_LISTED " WHERE id > ?1 ORDER BY id LIMIT ?2",
	[SQL_JOB_CLAIMABLE] = "SELECT 1 FROM jobs INDEXED BY jobs_claim WHERE state <= 1 "
			      "AND claim_at = ?1 AND id = ?2",
	[SQL_JOB_MOVE_RUNS] = "UPDATE runs INDEXED BY runs_active SET queue = ?2 "
			      "WHERE job_id = ?1 AND state <= 1 AND queue <> ?2",

	/* Runs. ?1-?21 are RUN_COLUMNS. */
	[SQL_RUN_INSERT] = "INSERT INTO runs (" RUN_COLUMNS ", seal, queue) VALUES "
			   "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
			   "?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, "
			   "coalesce((SELECT queue FROM jobs WHERE id = ?2), ''))",
	[SQL_RUN_LOAD] = RUN_SELECT "WHERE id = ?1",
	[SQL_RUN_UPDATE] = "UPDATE runs SET last_due = ?4, count = ?5, start_at = ?6, state = ?8, "
			   "gate = ?9, reason = ?10, detail = ?11, attempt = ?12, priority = ?13, "
			   "is_catchup = ?14, is_forced = ?15, stop_reason = ?16, stop_uid = ?17, "
			   "claimed_at = ?18, ended_at = ?19, deadline_at = ?20, "
			   "seal = ?22 WHERE id = ?1 AND state = ?23 AND attempt = ?24",
	[SQL_RUN_DUE_BY] = RUN_SELECT "INDEXED BY runs_due WHERE job_id = ?1 AND trigger = 0 "
				      "AND due <= ?2 ORDER BY due DESC LIMIT 1",
	[SQL_RUN_LAST_ENDED] = RUN_SELECT "INDEXED BY runs_job WHERE job_id = ?1 AND state >= 2 "
					  "ORDER BY id DESC LIMIT 1",
	[SQL_RUNS_ACTIVE] = RUN_SELECT "INDEXED BY runs_active WHERE job_id = ?1 AND state <= 1 "
				       "ORDER BY due, id LIMIT ?2",
	[SQL_RUNS_ACTIVE_COUNT] = "SELECT count(*) FILTER (WHERE state = 0), "
				  "count(*) FILTER (WHERE state = 1) "
				  "FROM runs INDEXED BY runs_active "
				  "WHERE job_id = ?1 AND state <= 1",
	[SQL_RUNS_OPEN_TIMED] = "UPDATE runs INDEXED BY runs_timed SET gate = 0 "
				"WHERE state = 0 AND gate = 1 AND start_at <= ?1",
	[SQL_RUNS_BACK_SLICE] = "SELECT due FROM runs INDEXED BY runs_due WHERE job_id = ?1 "
				"AND trigger = 0 AND due > ?2 AND due < ?3 "
				"ORDER BY due DESC LIMIT ?4",
	/* Skipped, missed, or edited away; the next update of a row seals it again. */
	[SQL_RUNS_GIVE_BACK] = "UPDATE runs INDEXED BY runs_due "
			       "SET trigger = 3, detail = ?4, seal = 0 WHERE job_id = ?1 "
			       "AND trigger = 0 AND due >= ?2 AND due < ?3 "
			       "AND (state IN (5, 6) OR (state = 4 AND reason = 17))",
	[SQL_RUNS_TIMED] = RUN_SELECT "INDEXED BY runs_timed WHERE state = 0 AND gate = 1 "
				      "AND start_at >= ?1 AND (start_at > ?1 OR id > ?2) "
				      "ORDER BY start_at, id LIMIT ?3",
	[SQL_RUNS_NEXT_TIMED] = "SELECT start_at FROM runs INDEXED BY runs_timed "
				"WHERE state = 0 AND gate = 1 ORDER BY start_at LIMIT 1",
	[SQL_RUNS_OVERDUE] = RUN_SELECT "INDEXED BY runs_deadline WHERE state = 0 "
					"AND deadline_at > 0 AND deadline_at < ?1 "
					"ORDER BY deadline_at LIMIT ?2",
	[SQL_RUNS_NEXT_DEADLINE] = "SELECT deadline_at FROM runs INDEXED BY runs_deadline "
				   "WHERE state = 0 AND deadline_at > 0 "
				   "ORDER BY deadline_at LIMIT 1",
	[SQL_RUNS_READY] = RUN_SELECT "INDEXED BY runs_waiting WHERE state = 0 AND queue = ?1 "
				      "AND gate = 0 ORDER BY priority DESC, due, id LIMIT ?2",
	[SQL_RUNS_RUNNING] = RUN_SELECT "INDEXED BY runs_running WHERE state = 1 AND id > ?1 "
					"ORDER BY id LIMIT ?2",
	[SQL_RUNS_PAGE] = RUN_LISTED RUN_LISTED_JOB "WHERE r.id < ?1 ORDER BY r.id DESC",
	[SQL_RUNS_PAGE_OF_JOB] = RUN_LISTED "INDEXED BY runs_job" RUN_LISTED_JOB
					    "WHERE r.job_id = ?2 AND r.id < ?1 ORDER BY r.id DESC",
	[SQL_RUNS_PAGE_RUNNING] = RUN_LISTED "INDEXED BY runs_running" RUN_LISTED_JOB
					     "WHERE r.state = 1 AND r.id < ?1 ORDER BY r.id DESC",

	/* Attempts and output. ?1-?29 are ATTEMPT_COLUMNS. */
	[SQL_ATTEMPT_INSERT] = "INSERT INTO attempts (" ATTEMPT_COLUMNS ") VALUES "
			       "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
			       "?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, "
			       "?27, ?28, ?29)",
	[SQL_ATTEMPT_UPDATE] = "UPDATE attempts SET "
			       "started_at = iif(started_at = 0, ?4, started_at), ended_at = ?5, "
			       "pid = iif(pid = 0, ?6, pid), "
			       "pid_start = iif(pid = 0, ?7, pid_start), reason = ?10, "
			       "kind = ?11, code = ?12, is_expected = ?13, "
			       "is_timeout = ?14, text = ?15, outcome_at = ?16, "
			       "retry_after = ?17, cpu_us = ?18, peak_kib = ?19, "
			       "nleftovers = ?20, http_name_us = ?21, http_connect_us = ?22, "
			       "http_first_us = ?23, http_total_us = ?24, output_bytes = ?25, "
			       "output_omitted = ?26, is_split = ?27, errors_bytes = ?28, "
			       "errors_omitted = ?29 WHERE run_id = ?1 AND number = ?2",
	[SQL_ATTEMPT_LOAD] = "SELECT " ATTEMPT_COLUMNS " FROM attempts "
			     "WHERE run_id = ?1 AND number = ?2",
	[SQL_ATTEMPT_DROP] = "DELETE FROM attempts WHERE run_id = ?1 AND number = ?2",
	[SQL_OUTPUT_APPEND] = "INSERT INTO outputs (run_id, attempt, piece, data) "
			      "VALUES (?1, ?2, ?3, ?4)",
	[SQL_OUTPUT_READ] = "SELECT data FROM outputs "
			    "WHERE run_id = ?1 AND attempt = ?2 AND piece = ?3",

	/* Queues. */
	[SQL_QUEUE_LOAD] = "SELECT concurrency, is_paused FROM queues WHERE name = ?1",
	[SQL_QUEUE_SAVE] = "INSERT INTO queues (name, concurrency, is_paused) VALUES (?1, ?2, ?3) "
			   "ON CONFLICT (name) DO UPDATE SET concurrency = ?2, is_paused = ?3",
	[SQL_QUEUE_RUNNING] = "SELECT count(*) FROM runs INDEXED BY runs_running "
			      "WHERE state = 1 AND queue = ?1",
	[SQL_QUEUE_WAITING] = "SELECT count(*) FROM runs INDEXED BY runs_waiting "
			      "WHERE state = 0 AND queue = ?1",
	/* The next name after ?1 with settings, a waiting or a running run. */
	[SQL_QUEUES_NAMES] =
		"SELECT min(name) FROM (SELECT min(name) AS name FROM queues WHERE name > ?1 "
		"UNION ALL SELECT min(queue) FROM runs INDEXED BY runs_waiting "
		"WHERE state = 0 AND queue > ?1 "
		"UNION ALL SELECT min(queue) FROM runs INDEXED BY runs_running "
		"WHERE state = 1 AND queue > ?1)",
	[SQL_QUEUE_NEXT_READY] = "SELECT queue, gate FROM runs INDEXED BY runs_waiting "
				 "WHERE state = 0 AND queue > ?1 ORDER BY queue, gate LIMIT 1",

	/* Requests. */
	[SQL_REQUEST_LOAD] = "SELECT uid, key, hash, at, job_id, run_id, next_due FROM requests "
			     "WHERE uid = ?1 AND key = ?2",
	[SQL_REQUEST_SAVE] = "INSERT INTO requests (uid, key, hash, at, job_id, run_id, next_due) "
			     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[SQL_REQUEST_COUNT] = "SELECT count(*) FROM requests WHERE uid = ?1",
	[SQL_REQUEST_OLDEST] = "SELECT uid, key FROM requests INDEXED BY requests_at "
			       "WHERE at < ?1 ORDER BY at LIMIT 1",
	[SQL_REQUEST_FORGET] = "DELETE FROM requests WHERE uid = ?1 AND key = ?2",

	/* Users. */
	[SQL_USER_LOAD] = "SELECT njobs, nruns, bytes FROM users WHERE uid = ?1",
	[SQL_USER_SAVE] = "INSERT INTO users (uid, njobs, nruns, bytes) VALUES (?1, ?2, ?3, ?4) "
			  "ON CONFLICT (uid) DO UPDATE SET njobs = ?2, nruns = ?3, bytes = ?4",

	/* Small texts. */
	[SQL_META_LOAD] = "SELECT value FROM meta WHERE name = ?1",
	[SQL_META_SAVE] = "INSERT INTO meta (name, value) VALUES (?1, ?2) "
			  "ON CONFLICT (name) DO UPDATE SET value = ?2",

	/* Pruning. */
	[SQL_PRUNE_RUNS] = "SELECT r.id, r.ended_at, r.job_id, r.attempt, "
			   "r.id = (SELECT max(id) FROM runs) OR "
			   "(r.id = (SELECT max(n.id) FROM runs n INDEXED BY runs_job "
			   "WHERE n.job_id = r.job_id) "
			   "AND EXISTS (SELECT 1 FROM jobs WHERE id = r.job_id AND state <= 1)) "
			   "FROM runs r INDEXED BY runs_ended WHERE r.state >= 2 "
			   "AND (r.ended_at, r.id) > (?1, ?2) ORDER BY r.ended_at, r.id",
	[SQL_PRUNE_JOBS] =
		"SELECT j.id, j.created_at, j.owner, length(j.spec), j.id = (SELECT max(id) FROM jobs) OR EXISTS "
		"(SELECT 1 FROM runs INDEXED BY runs_job WHERE job_id = j.id) "
		"FROM jobs j INDEXED BY jobs_ended WHERE j.state >= 2 AND j.id > ?1 ORDER BY j.id",
	[SQL_PRUNE_OUTPUT_BYTES] = "SELECT coalesce(sum(length(data)), 0) FROM outputs "
				   "WHERE run_id = ?1",
	[SQL_PRUNE_OUTPUTS] = "DELETE FROM outputs WHERE run_id = ?1",
	[SQL_PRUNE_ATTEMPTS] = "DELETE FROM attempts WHERE run_id = ?1",
	[SQL_PRUNE_RUN] = "DELETE FROM runs WHERE id = ?1 AND state >= 2",
	[SQL_PRUNE_JOB] = "DELETE FROM jobs WHERE id = ?1 AND state >= 2",
};

const char *
sql_text(enum sql number)
{
	return texts[number];
}

int
sql_prepare(struct sqlite *s)
{
	for (int i = 0; i < SQL_NSTATEMENTS; i++) {
		if (sqlite3_prepare_v3(s->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &s->statements[i], NULL) != SQLITE_OK)
			return -1;
	}
	return 0;
}

void
sql_finalize(struct sqlite *s)
{
	for (int i = 0; i < SQL_NSTATEMENTS; i++) {
		sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
}

sqlite3_stmt *
sql_use(struct sqlite *s, enum sql number)
{
	assert(!sqlite3_stmt_busy(s->statements[number]));
	return s->statements[number];
}

enum backend_result
sql_fail(struct sqlite *s, struct err *err)
{
	int code = sqlite3_extended_errcode(s->db);
	s->patrol.is_suspect |= code == SQLITE_CORRUPT_INDEX;
	err_set(err, ERR_UNAVAILABLE, "database: %s (SQLite error %d)", sql_words(s->db).text,
		code);
	return BACKEND_ERROR;
}

enum backend_result
sql_change(struct sqlite *s, sqlite3_stmt *stmt, struct err *err)
{
	int rc = sqlite3_step(stmt);
	enum backend_result result = BACKEND_OK;
	if (rc == SQLITE_DONE)
		result = sqlite3_changes(s->db) > 0 ? BACKEND_OK : BACKEND_NONE;
	else if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY)
		result = BACKEND_NONE;
	else
		result = sql_fail(s, err);
	sqlite3_reset(stmt);
	return result;
}

enum backend_result
sql_row(struct sqlite *s, sqlite3_stmt *stmt, struct err *err)
{
	int rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		return BACKEND_OK;
	enum backend_result result = rc == SQLITE_DONE ? BACKEND_NONE : sql_fail(s, err);
	sqlite3_reset(stmt);
	return result;
}

enum backend_result
sql_number(struct sqlite *s, sqlite3_stmt *stmt, int64_t *n, struct err *err)
{
	enum backend_result result = sql_row(s, stmt, err);
	if (result != BACKEND_OK)
		return result;
	*n = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	return BACKEND_OK;
}

enum backend_result
sql_ids(struct sqlite *s, sqlite3_stmt *stmt, size_t max, int64_t *ids, size_t *n, struct err *err)
{
	*n = 0;
	while (*n < max) {
		enum backend_result result = sql_row(s, stmt, err);
		if (result == BACKEND_NONE)
			return BACKEND_OK;
		if (result == BACKEND_ERROR)
			return result;
		ids[(*n)++] = sqlite3_column_int64(stmt, 0);
	}
	sqlite3_reset(stmt);
	return BACKEND_OK;
}

void
sql_bind_text(sqlite3_stmt *stmt, int number, const char *text)
{
	if (text)
		sqlite3_bind_text(stmt, number, text, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(stmt, number);
}
