/*
 * Ledgers for `make bench`, handled without a daemon. Facts are printed as `NAME VALUE`.
 *
 *	ledger copy FROM TO BATCH   the jobs of FROM into the empty ledger TO, row by row, BATCH a
 *	                            transaction, durable as the daemon's; prints `per_second`
 *	ledger jobs DB N            makes its one job N jobs, due over the next year
 *	ledger history DB N         gives its jobs N runs that succeeded
 *	ledger runs DB              prints `runs`, `succeeded`, `seconds` from the first due instant
 *	                            to the last end, and the lateness `late_min_us late_p50_us
 *	                            late_p99_us`
 *	ledger timeouts DB US       prints how late runs that may last US were ended: `late_max_us`
 *	ledger versions             of the libraries, as a line for people
 */
#include <curl/curl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/run.h"

#define SQL_MAX     65536
#define INDEXES_MAX 32

static _Noreturn void
die(sqlite3 *db, const char *what)
{
	fprintf(stderr, "ledger: %s: %s\n", what, sqlite3_errmsg(db));
	exit(EXIT_FAILURE);
}

static double
seconds(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void
run_sql(sqlite3 *db, const char *format, ...)
{
	char sql[SQL_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(sql, sizeof(sql), format, args);
	va_end(args);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		die(db, sql);
}

static sqlite3_stmt *
prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		die(db, sql);
	return stmt;
}

static sqlite3 *
open_ledger(const char *path)
{
	sqlite3 *db;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		die(db, path);
	return db;
}

static void
print_number(sqlite3 *db, const char *name, const char *sql)
{
	sqlite3_stmt *stmt = prepare(db, sql);
	if (sqlite3_step(stmt) != SQLITE_ROW || sqlite3_column_type(stmt, 0) == SQLITE_NULL)
		die(db, sql);
	printf("%s %s\n", name, (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
}

/* Runs a question whose answer is a statement, and prepares that. Tables have columns we do not know. */
static sqlite3_stmt *
prepare_made(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *question = prepare(db, sql);
	if (sqlite3_step(question) != SQLITE_ROW)
		die(db, sql);
	sqlite3_stmt *stmt = prepare(db, (const char *)sqlite3_column_text(question, 0));
	sqlite3_finalize(question);
	return stmt;
}

static void
run_made(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = prepare_made(db, sql);
	if (sqlite3_step(stmt) != SQLITE_DONE)
		die(db, sql);
	sqlite3_finalize(stmt);
}

/* All columns of a row are bound, so that SQLite does what it does for the daemon. */
static void
copy(const char *from_path, const char *to_path, int batch)
{
	sqlite3 *from = open_ledger(from_path), *to = open_ledger(to_path);
	int n = 0;
	run_sql(to, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
		    "PRAGMA synchronous=FULL; BEGIN IMMEDIATE; COMMIT");
	sqlite3_stmt *row = prepare(from, "SELECT * FROM jobs ORDER BY id");
	sqlite3_stmt *put = prepare_made(
		to, "SELECT format('INSERT INTO jobs (%s) VALUES (%s)', group_concat(name),"
		    " group_concat('?')) FROM pragma_table_info('jobs')");
	sqlite3_stmt *begin = prepare(to, "BEGIN IMMEDIATE"), *commit = prepare(to, "COMMIT");
	double began = seconds();
	for (bool is_more = sqlite3_step(row) == SQLITE_ROW; is_more; n++) {
		if (n % batch == 0)
			sqlite3_step(begin);
		for (int i = 0; i < sqlite3_bind_parameter_count(put); i++)
			sqlite3_bind_value(put, i + 1, sqlite3_column_value(row, i));
		if (sqlite3_step(put) != SQLITE_DONE)
			die(to, "insert");
		sqlite3_reset(put);
		sqlite3_reset(begin);
		is_more = sqlite3_step(row) == SQLITE_ROW;
		if ((!is_more || (n + 1) % batch == 0) && sqlite3_step(commit) != SQLITE_DONE)
			die(to, "commit");
		sqlite3_reset(commit);
	}
	printf("per_second %.0f\n", n / (seconds() - began));
	sqlite3_finalize(row);
	sqlite3_finalize(put);
	sqlite3_finalize(begin);
	sqlite3_finalize(commit);
	sqlite3_close(from);
	sqlite3_close(to);
}

static void
multiply_jobs(sqlite3 *db, int64_t n)
{
	run_sql(db, "PRAGMA synchronous=OFF; PRAGMA cache_size=-500000; BEGIN;"
		    "UPDATE jobs SET name = 'job-1'");
	sqlite3_stmt *multiply = prepare_made(
		db, "SELECT format('WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i"
		    " WHERE n < ? - 1) INSERT INTO jobs (%s) SELECT %s FROM i, jobs WHERE jobs.id = 1',"
		    " group_concat(name), group_concat(CASE name WHEN 'id' THEN 'id + n'"
		    " WHEN 'name' THEN '''job-'' || (id + n)' WHEN 'seed' THEN 'seed + n'"
		    " WHEN 'next_due' THEN 'next_due + n * 31000000'"
		    " WHEN 'next_start_at' THEN 'next_start_at + n * 31000000' ELSE name END))"
		    " FROM pragma_table_info('jobs')");
	sqlite3_bind_int64(multiply, 1, n);
	if (sqlite3_step(multiply) != SQLITE_DONE)
		die(db, "jobs");
	sqlite3_finalize(multiply);
	run_sql(db, "UPDATE ledger SET njobs = %" PRId64 "; COMMIT; PRAGMA wal_checkpoint(TRUNCATE)",
		n);
}

/* Dropped indexes come back sorted at once, which is many times faster than row by row. */
static int
drop_indexes(sqlite3 *db, char **sqls)
{
	char *names[INDEXES_MAX];
	int n = 0;
	sqlite3_stmt *stmt = prepare(db, "SELECT name, sql FROM sqlite_schema WHERE type = 'index'"
					 " AND tbl_name = 'runs' AND sql IS NOT NULL");
	for (; sqlite3_step(stmt) == SQLITE_ROW && n < INDEXES_MAX; n++) {
		names[n] = strdup((const char *)sqlite3_column_text(stmt, 0));
		sqls[n] = strdup((const char *)sqlite3_column_text(stmt, 1));
	}
	sqlite3_finalize(stmt);
	for (int i = 0; i < n; i++) {
		run_sql(db, "DROP INDEX %s", names[i]);
		free(names[i]);
	}
	return n;
}

/* A run a second until a minute ago, of the jobs in turn. */
static void
write_history(sqlite3 *db, int64_t n)
{
	char *sqls[INDEXES_MAX];
	run_sql(db, "PRAGMA synchronous=OFF; PRAGMA cache_size=-500000; PRAGMA temp_store=MEMORY");
	int nindexes = drop_indexes(db, sqls);
	run_sql(db,
		"CREATE TEMP TABLE base AS SELECT max(id) AS njobs,"
		" (unixepoch() - 60 - %" PRId64 ") * 1000000 AS at FROM jobs;"
		"CREATE TEMP TABLE i AS WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i"
		" WHERE n < %" PRId64 ") SELECT n FROM i",
		n, n);
	run_made(db, "SELECT format('INSERT INTO runs (%s) SELECT %s FROM i, base', group_concat(name),"
		     " group_concat(CASE name WHEN 'id' THEN 'n' WHEN 'job_id' THEN '1 + n % njobs'"
		     " WHEN 'due' THEN 'at + n * 1000000' WHEN 'last_due' THEN 'at + n * 1000000'"
		     " WHEN 'start_at' THEN 'at + n * 1000000' WHEN 'count' THEN '1' WHEN 'state' THEN '2'"
		     " WHEN 'attempt' THEN '1' WHEN 'priority' THEN '5'"
		     " WHEN 'claimed_at' THEN 'at + n * 1000000 - 20000'"
		     " WHEN 'ended_at' THEN 'at + n * 1000000 + 1500' ELSE iif(type = 'TEXT', '''''', '0')"
		     " END)) FROM pragma_table_info('runs')");
	run_made(db, "SELECT format('INSERT INTO attempts (%s) SELECT %s FROM runs ORDER BY id',"
		     " group_concat(name), group_concat(CASE name WHEN 'run_id' THEN 'id'"
		     " WHEN 'number' THEN '1' WHEN 'claimed_at' THEN name"
		     " WHEN 'started_at' THEN 'due + 500' WHEN 'ended_at' THEN name"
		     " WHEN 'outcome_at' THEN 'ended_at' WHEN 'pid' THEN '1000' WHEN 'kind' THEN '1'"
		     " WHEN 'boot' THEN 'hex(zeroblob(18))' WHEN 'spawner' THEN 'hex(zeroblob(16))'"
		     " ELSE iif(type = 'TEXT', '''''', '0') END)) FROM pragma_table_info('attempts')");
	run_sql(db, "UPDATE ledger SET nruns = %" PRId64, n);
	for (int i = 0; i < nindexes; i++) {
		run_sql(db, "%s", sqls[i]);
		free(sqls[i]);
	}
	run_sql(db, "PRAGMA wal_checkpoint(TRUNCATE)");
}

static void
print_runs(sqlite3 *db)
{
	static const char late[] =
		"SELECT attempts.started_at - runs.start_at FROM runs JOIN attempts ON"
		" attempts.run_id = runs.id ORDER BY 1 LIMIT 1"
		" OFFSET (SELECT count(*) * %d / 100 FROM runs)";
	char sql[sizeof(late) + 16];
	print_number(db, "runs", "SELECT count(*) FROM runs");
	print_number(db, "succeeded", "SELECT count(*) FROM runs WHERE state = 2");
	print_number(db, "seconds", "SELECT (max(ended_at) - min(due)) / 1e6 FROM runs");
	snprintf(sql, sizeof(sql), late, 0);
	print_number(db, "late_min_us", sql);
	snprintf(sql, sizeof(sql), late, 50);
	print_number(db, "late_p50_us", sql);
	snprintf(sql, sizeof(sql), late, 99);
	print_number(db, "late_p99_us", sql);
}

int
main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	if (strcmp(verb, "versions") == 0) {
		printf("SQLite %s, %s\n", sqlite3_libversion(), curl_version());
		return EXIT_SUCCESS;
	}
	if (argc == 5 && strcmp(verb, "copy") == 0) {
		copy(argv[2], argv[3], (int)strtol(argv[4], NULL, 10));
		return EXIT_SUCCESS;
	}
	sqlite3 *db = argc > 2 ? open_ledger(argv[2]) : NULL;
	int64_t n = argc > 3 ? strtoll(argv[3], NULL, 10) : 0;
	if (n > 0 && strcmp(verb, "jobs") == 0)
		multiply_jobs(db, n);
	else if (n > 0 && strcmp(verb, "history") == 0)
		write_history(db, n);
	else if (db && strcmp(verb, "runs") == 0)
		print_runs(db);
	else if (n > 0 && strcmp(verb, "timeouts") == 0) {
		char sql[256];
		snprintf(sql, sizeof(sql),
			 "SELECT max(outcome_at - started_at) - %" PRId64
			 " FROM attempts WHERE reason = %d",
			 n, REASON_TIMEOUT);
		print_number(db, "late_max_us", sql);
	} else {
		fputs("usage: ledger copy|jobs|history|runs|timeouts ...\n", stderr);
		return EXIT_FAILURE;
	}
	sqlite3_close(db);
	return EXIT_SUCCESS;
}
