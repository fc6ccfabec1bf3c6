/* The schema's steps. A step that was released is never edited: what changes is a new step. */
#include "store/schema.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "model/run.h"
#include "store/files.h"
#include "store/seal.h"
#include "store/spec.h"
#include "store/sqlite_db.h"

#define SEALED_MAX 32 /* numbers of a row that has a seal */

/* Numbers that stand in the rows and in the conditions of the indexes: they never change. */
_Static_assert(JOB_ACTIVE == 0 && JOB_PAUSED == 1 && JOB_FINISHED == 2 && JOB_CANCELLED == 3,
	       "jobs.state");
_Static_assert(RUN_WAITING == 0 && RUN_RUNNING == 1 && RUN_SUCCEEDED == 2 && RUN_FAILED == 3 &&
		       RUN_CANCELLED == 4 && RUN_SKIPPED == 5 && RUN_MISSED == 6 && RUN_LOST == 7,
	       "runs.state");
_Static_assert(TRIGGER_SCHEDULE == 0 && TRIGGER_MANUAL == 1 && TRIGGER_AFTER == 2 &&
		       TRIGGER_CLOCK == 3,
	       "runs.trigger");
_Static_assert(REASON_EDITED == 17, "runs.reason");
_Static_assert(GATE_OPEN == 0 && GATE_TIME == 1 && GATE_JOB == 2, "runs.gate");

/*
 * Instants are microseconds since 1970, INT64_MAX is never. `spec` holds what a user can set
 * (model/job.h, job_pack()); the columns beside it are what is searched by. `node` and `fence`
 * are for several daemons on one database; a SQLite database has one daemon.
 */
static const char step_1[] =
	"CREATE TABLE ledger ("
	" one INTEGER PRIMARY KEY CHECK (one = 1),"
	" instance TEXT NOT NULL,"   /* drawn when the database was made */
	" commits INTEGER NOT NULL," /* transactions that changed something */
	" njobs INTEGER NOT NULL,"   /* unfinished ones */
	" nruns INTEGER NOT NULL,"
	" nwaiting INTEGER NOT NULL,"
	" nrunning INTEGER NOT NULL,"
	" output_bytes INTEGER NOT NULL"
	") STRICT;"

	"CREATE TABLE jobs ("
	" id INTEGER PRIMARY KEY CHECK (id > 0),"
	" owner INTEGER NOT NULL CHECK (owner BETWEEN 0 AND 4294967295),"
	" name TEXT,"
	" queue TEXT NOT NULL,"
	" state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),"
	" rhythm INTEGER NOT NULL CHECK (rhythm BETWEEN 0 AND 2)," /* recurring 1, on start 2 */
	" seed INTEGER NOT NULL,"
	" created_at INTEGER NOT NULL,"
	" anchor_at INTEGER NOT NULL,"
	" next_due INTEGER NOT NULL,"
	" next_start_at INTEGER NOT NULL,"
	" paused_at INTEGER NOT NULL,"
	" nfailed INTEGER NOT NULL,"
	" nruns INTEGER NOT NULL,"
	" spec BLOB NOT NULL,"
	/* When a claim has to look at it: paused jobs are never due, and are last in lists. */
	" claim_at INTEGER GENERATED ALWAYS AS"
	"  (CASE state WHEN 0 THEN next_start_at ELSE 9223372036854775807 END) VIRTUAL"
	") STRICT;"
	"CREATE UNIQUE INDEX jobs_name ON jobs (owner, name) WHERE state <= 1;"
	"CREATE INDEX jobs_claim ON jobs (claim_at) WHERE state <= 1;"
	"CREATE INDEX jobs_rhythm ON jobs (rhythm) WHERE state = 0 AND rhythm > 0;"
	"CREATE INDEX jobs_ended ON jobs (id) WHERE state >= 2;"
	"CREATE INDEX jobs_former ON jobs (owner, name, id) WHERE state >= 2 AND name IS NOT NULL;"

	"CREATE TABLE runs ("
	" id INTEGER PRIMARY KEY CHECK (id > 0),"
	" job_id INTEGER NOT NULL," /* 0: the clock's own rows */
	" due INTEGER NOT NULL,"
	" last_due INTEGER NOT NULL,"
	" count INTEGER NOT NULL,"
	" start_at INTEGER NOT NULL,"
	" trigger INTEGER NOT NULL CHECK (trigger BETWEEN 0 AND 3),"
	" state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 7),"
	" gate INTEGER NOT NULL CHECK (gate BETWEEN 0 AND 2),"
	" reason INTEGER NOT NULL,"
	" detail TEXT NOT NULL,"
	" attempt INTEGER NOT NULL,"
	" priority INTEGER NOT NULL,"
	" is_catchup INTEGER NOT NULL CHECK (is_catchup IN (0, 1)),"
	" is_forced INTEGER NOT NULL CHECK (is_forced IN (0, 1)),"
	" stop_reason INTEGER NOT NULL,"
	" stop_uid INTEGER NOT NULL,"
	" claimed_at INTEGER NOT NULL,"
	" ended_at INTEGER NOT NULL,"
	" queue TEXT NOT NULL," /* its job's, while it is waiting or running */
	" node TEXT NOT NULL DEFAULT '',"
	" fence INTEGER NOT NULL DEFAULT 0,"
	" CHECK (last_due >= due AND count >= 1)"
	") STRICT;"
	/* An instant of a schedule is claimed once: the law that all else rests on. */
	"CREATE UNIQUE INDEX runs_due ON runs (job_id, due) WHERE trigger = 0;"
	"CREATE INDEX runs_job ON runs (job_id);"
	"CREATE INDEX runs_active ON runs (job_id, due) WHERE state <= 1;"
	/* `state` makes it enough to read the index when runs are counted. */
	"CREATE INDEX runs_waiting ON runs (queue, gate, priority DESC, due, id, state)"
	" WHERE state = 0;"
	"CREATE INDEX runs_timed ON runs (start_at) WHERE state = 0 AND gate = 1;"
	"CREATE INDEX runs_running ON runs (queue, state) WHERE state = 1;"
	"CREATE INDEX runs_ended ON runs (ended_at) WHERE state >= 2;"

	"CREATE TABLE attempts ("
	" run_id INTEGER NOT NULL,"
	" number INTEGER NOT NULL CHECK (number > 0),"
	" claimed_at INTEGER NOT NULL,"
	" started_at INTEGER NOT NULL,"
	" ended_at INTEGER NOT NULL,"
	" pid INTEGER NOT NULL,"
	" pid_start INTEGER NOT NULL,"
	" boot TEXT NOT NULL,"
	" spawner TEXT NOT NULL,"
	" reason INTEGER NOT NULL,"
	" kind INTEGER NOT NULL,"
	" code INTEGER NOT NULL,"
	" is_expected INTEGER NOT NULL,"
	" is_timeout INTEGER NOT NULL,"
	" text TEXT NOT NULL,"
	" outcome_at INTEGER NOT NULL,"
	" retry_after INTEGER NOT NULL,"
	" cpu_us INTEGER NOT NULL,"
	" peak_kib INTEGER NOT NULL,"
	" nleftovers INTEGER NOT NULL,"
	" http_name_us INTEGER NOT NULL,"
	" http_connect_us INTEGER NOT NULL,"
	" http_first_us INTEGER NOT NULL,"
	" http_total_us INTEGER NOT NULL,"
	" output_bytes INTEGER NOT NULL,"
	" output_omitted INTEGER NOT NULL,"
	" PRIMARY KEY (run_id, number)"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE outputs ("
	" run_id INTEGER NOT NULL,"
	" attempt INTEGER NOT NULL,"
	" piece INTEGER NOT NULL CHECK (piece >= 0),"
	" data BLOB NOT NULL CHECK (length(data) <= 65536),"
	" PRIMARY KEY (run_id, attempt, piece)"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE queues ("
	" name TEXT PRIMARY KEY,"
	" concurrency INTEGER NOT NULL CHECK (concurrency >= 0),"
	" is_paused INTEGER NOT NULL CHECK (is_paused IN (0, 1))"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE requests ("
	" uid INTEGER NOT NULL,"
	" key TEXT NOT NULL,"
	" hash INTEGER NOT NULL,"
	" at INTEGER NOT NULL,"
	" job_id INTEGER NOT NULL,"
	" run_id INTEGER NOT NULL,"
	" next_due INTEGER NOT NULL,"
	" PRIMARY KEY (uid, key)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX requests_at ON requests (at);"

	"CREATE TABLE meta ("
	" name TEXT PRIMARY KEY,"
	" value TEXT NOT NULL"
	") STRICT, WITHOUT ROWID;"

	"INSERT INTO ledger VALUES (1, lower(hex(randomblob(16))), 0, 0, 0, 0, 0, 0);";

/* What went to stderr, when it was kept apart. */
static const char step_2[] =
	"ALTER TABLE attempts ADD COLUMN is_split INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE attempts ADD COLUMN errors_bytes INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE attempts ADD COLUMN errors_omitted INTEGER NOT NULL DEFAULT 0;";

/* How far a job's instants have rows. Not known of the old: what is not to come may have one. */
static const char step_3[] = "ALTER TABLE jobs ADD COLUMN covered_until INTEGER NOT NULL DEFAULT 0;"
			     "UPDATE jobs SET covered_until = next_due;";

/* What each user has: for the limits, kept up to date with the rows that it counts. */
static const char step_4[] =
	"CREATE TABLE users ("
	" uid INTEGER PRIMARY KEY,"
	" njobs INTEGER NOT NULL," /* unfinished ones */
	" nruns INTEGER NOT NULL," /* waiting and running ones */
	" bytes INTEGER NOT NULL"  /* of definitions and of output */
	") STRICT;"
	"INSERT INTO users SELECT owner, sum(state <= 1), 0, sum(length(spec)) FROM jobs"
	" GROUP BY owner;"
	"UPDATE users SET nruns = n FROM (SELECT owner, count(*) AS n"
	" FROM runs r INDEXED BY runs_active CROSS JOIN jobs j ON j.id = r.job_id"
	" WHERE r.state <= 1 GROUP BY owner) WHERE owner = uid;"
	"UPDATE users SET bytes = bytes + n FROM (SELECT owner, sum(length(o.data)) AS n"
	" FROM outputs o CROSS JOIN runs r ON r.id = o.run_id"
	" CROSS JOIN jobs j ON j.id = r.job_id GROUP BY owner) WHERE owner = uid;";

/* When a waiting run is too late, and checksums of the definitions (store/spec.h). */
static const char step_5[] =
	"ALTER TABLE runs ADD COLUMN deadline_at INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX runs_deadline ON runs (deadline_at) WHERE state = 0 AND deadline_at > 0;"
	"UPDATE runs SET deadline_at = deadline_of(start_at,"
	" (SELECT spec FROM jobs WHERE jobs.id = job_id)) WHERE state = 0 AND attempt = 0;"
	"UPDATE users SET bytes = bytes - n FROM"
	" (SELECT owner, sum(length(spec)) AS n FROM jobs GROUP BY owner) WHERE owner = uid;"
	"UPDATE jobs SET spec = sealed(spec);"
	"UPDATE users SET bytes = bytes + n FROM"
	" (SELECT owner, sum(length(spec)) AS n FROM jobs GROUP BY owner) WHERE owner = uid;";

/* The terminal of a run that somebody started to talk to. */
static const char step_6[] = "ALTER TABLE runs ADD COLUMN tty INTEGER NOT NULL DEFAULT 0;";

/* Checksums of rows (store/seal.h); runs that have ended keep none. */
static const char step_7[] =
	"ALTER TABLE jobs ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;"
	"UPDATE jobs SET seal = seal_of(owner, state, seed, created_at, anchor_at, next_due,"
	" next_start_at, paused_at, nfailed, nruns, covered_until);"
	"ALTER TABLE runs ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;"
	"UPDATE runs INDEXED BY runs_active SET seal = seal_of(job_id, due, last_due, count,"
	" start_at, trigger, state, reason, attempt, priority, is_catchup, is_forced, stop_reason,"
	" stop_uid, claimed_at, ended_at, deadline_at, tty) WHERE state <= 1;";

static const char *const steps[] = { step_1, step_2, step_3, step_4, step_5, step_6, step_7 };

_Static_assert(sizeof(steps) / sizeof(steps[0]) == SCHEMA_VERSION, "a step for each version");

static int
read_version(sqlite3 *db, const char *path, int *version, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL);
	if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		*version = sqlite3_column_int(stmt, 0);
	rc = sqlite3_finalize(stmt);
	if (rc == SQLITE_OK)
		return 0;
	return err_set(err, ERR_UNAVAILABLE, "%s: %s", path, sql_words(db).text);
}

static int
apply_step(sqlite3 *db, const char *path, const char *step, int number, struct err *err)
{
	char *sql = mem_printf("BEGIN IMMEDIATE; %s PRAGMA application_id = %d; "
			       "PRAGMA user_version = %d; COMMIT",
			       step, SCHEMA_APPLICATION_ID, number);
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	free(sql);
	if (rc == SQLITE_OK)
		return 0;
	err_set(err, ERR_UNAVAILABLE, "%s: migration to format %d: %s", path, number,
		sql_words(db).text);
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

/* VACUUM INTO writes a whole, consistent copy; it gets its name only when it is on the disk. */
static int
copy_old(sqlite3 *db, const char *path, int version, struct err *err)
{
	char *to = mem_printf("%s.v%d", path, version);
	char *part = mem_printf("%s.part", to);
	char *sql = sqlite3_mprintf("VACUUM INTO %Q", part);
	int result = 0;
	if (access(to, F_OK) == 0)
		goto out;
	unlink(part);
	if (!sql || sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		result = err_set(err, ERR_UNAVAILABLE, "copy to %s before the migration: %s", to,
				 sql_words(db).text);
	else
		result = file_put_in_place(part, to, err);
	if (result != 0)
		unlink(part);
out:
	sqlite3_free(sql);
	free(part);
	free(to);
	return result;
}

int
schema_migrate(sqlite3 *db, const char *path, const char *const *list, int n, struct err *err)
{
	int have = 0;
	if (read_version(db, path, &have, err) != 0)
		return -1;
	if (have > 0 && have < n && copy_old(db, path, have, err) != 0)
		return -1;
	for (int number = have + 1; number <= n; number++) {
		if (apply_step(db, path, list[number - 1], number, err) != 0)
			return -1;
	}
	return 0;
}

/* deadline_of(start_at, spec): run_deadline() for a spec without a checksum; 0 if it is no good. */
static void
deadline_of(sqlite3_context *context, int n, sqlite3_value **values)
{
	struct job job;
	struct err err;
	usec_t at = 0;
	assert(n == 2);
	job_init(&job);
	const void *spec = sqlite3_value_blob(values[1]);
	if (spec && job_unpack(&job, spec, (size_t)sqlite3_value_bytes(values[1]), &err) == 0)
		at = run_deadline(&job, sqlite3_value_int64(values[0]));
	job_fini(&job);
	sqlite3_result_int64(context, at);
}

/* sealed(spec): with its checksum. */
static void
sealed(sqlite3_context *context, int n, sqlite3_value **values)
{
	struct buf spec = BUF_EMPTY;
	assert(n == 1);
	buf_add(&spec, sqlite3_value_blob(values[0]), (size_t)sqlite3_value_bytes(values[0]));
	spec_seal(&spec);
	sqlite3_result_blob64(context, spec.data, spec.len, SQLITE_TRANSIENT);
	buf_fini(&spec);
}

/* seal_of(number, ...) */
static void
seal_of_numbers(sqlite3_context *context, int n, sqlite3_value **values)
{
	int64_t numbers[SEALED_MAX];
	assert(n <= SEALED_MAX);
	for (int i = 0; i < n; i++)
		numbers[i] = sqlite3_value_int64(values[i]);
	sqlite3_result_int64(context, seal_of(numbers, (size_t)n));
}

/* What the steps use beside SQL. */
static int
add_functions(sqlite3 *db, const char *path, struct err *err)
{
	static const struct {
		const char *name;
		int nvalues;
		void (*call)(sqlite3_context *, int, sqlite3_value **);
	} functions[] = {
		{ "deadline_of", 2, deadline_of },
		{ "sealed", 1, sealed },
		{ "seal_of", -1, seal_of_numbers },
	};
	int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		if (sqlite3_create_function(db, functions[i].name, functions[i].nvalues, flags,
					    NULL, functions[i].call, NULL, NULL) != SQLITE_OK)
			return err_set(err, ERR_UNAVAILABLE, "%s: %s", path, sql_words(db).text);
	}
	return 0;
}

int
schema_prepare(sqlite3 *db, const char *path, struct err *err)
{
	if (add_functions(db, path, err) != 0)
		return -1;
	return schema_migrate(db, path, steps, SCHEMA_VERSION, err);
}
