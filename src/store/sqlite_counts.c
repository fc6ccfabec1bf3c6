/*
 * DESIGN. What the rows of `ledger` and `users` count is never read again from the rows that are
 * counted; but limits and retention go by it, and one flipped bit would have the whole history
 * pruned, or a user refused for ever. To count all of it would read the whole database. So once a
 * round of the patrol it is looked whether it can be true: active runs are counted, sums have to
 * agree with parts, and nothing is more than there is room for. Only what cannot be true is counted
 * anew, which takes as long as it takes.
 */
#include <stdio.h>

#include "base/log.h"
#include "store/sqlite_db.h"

/* Active runs of each user, by the jobs that there are. */
#define RUNS_OF_USERS                                                     \
	"SELECT owner, count(*) AS n FROM runs r INDEXED BY runs_active " \
	"CROSS JOIN jobs j ON j.id = r.job_id WHERE r.state <= 1 GROUP BY owner"

#define COUNTED(index, condition) \
	"(SELECT count(*) FROM runs INDEXED BY " index " WHERE " condition ")"
#define COUNTED_WAITING COUNTED("runs_waiting", "state = 0")
#define COUNTED_RUNNING COUNTED("runs_running", "state = 1")

static const char indexes_disagree[] =
	"SELECT " COUNTED_WAITING " + " COUNTED_RUNNING " <> " COUNTED("runs_active", "state <= 1");

static const char counts_disagree[] =
	"WITH active AS (" RUNS_OF_USERS "),"
	" sums AS (SELECT coalesce(sum(njobs), 0) AS njobs, coalesce(sum(nruns), 0) AS nruns,"
	" coalesce(sum(bytes), 0) AS bytes, coalesce(min(min(njobs, nruns, bytes)), 0) AS least,"
	" coalesce(max(bytes), 0) AS most FROM users),"
	" room AS (SELECT p.page_count * s.page_size AS n"
	" FROM pragma_page_count p, pragma_page_size s)"
	"SELECT l.nwaiting <> " COUNTED_WAITING " OR l.nrunning <> " COUNTED_RUNNING
	" OR l.nruns NOT BETWEEN l.nwaiting + l.nrunning"
	" AND coalesce((SELECT max(id) FROM runs) - (SELECT min(id) FROM runs) + 1, 0)"
	" OR l.output_bytes NOT BETWEEN 0 AND room.n OR l.njobs <> sums.njobs"
	" OR sums.bytes < l.output_bytes OR sums.least < 0 OR sums.most > room.n"
	" OR sums.nruns <> (SELECT coalesce(sum(n), 0) FROM active)"
	" OR EXISTS (SELECT 1 FROM active LEFT JOIN users ON uid = owner WHERE n IS NOT nruns)"
	" FROM ledger l, sums, room";

static const char count_anew[] =
	"UPDATE ledger SET njobs = (SELECT count(*) FROM jobs WHERE state <= 1),"
	" nruns = (SELECT count(*) FROM runs),"
	" nwaiting = " COUNTED_WAITING ", nrunning = " COUNTED_RUNNING ","
	" output_bytes = (SELECT coalesce(sum(length(data)), 0) FROM outputs);"
	"DELETE FROM users;"
	"INSERT INTO users SELECT owner, sum(state <= 1), 0, sum(length(spec)) FROM jobs"
	" GROUP BY owner;"
	"UPDATE users SET nruns = n FROM (" RUNS_OF_USERS ") WHERE owner = uid;"
	"UPDATE users SET bytes = bytes + n FROM (SELECT owner, sum(length(o.data)) AS n"
	" FROM outputs o CROSS JOIN runs r ON r.id = o.run_id"
	" CROSS JOIN jobs j ON j.id = r.job_id GROUP BY owner) WHERE owner = uid";

enum backend_result
sqlite_tally_load(struct sqlite *s, struct err *err)
{
	sqlite3_stmt *stmt = sql_use(s, SQL_LEDGER_LOAD);
	enum backend_result result = sql_row(s, stmt, err);
	if (result != BACKEND_OK)
		return result;
	s->tally = (struct tally){
		/* and no user is known */
		.commits = sqlite3_column_int64(stmt, 0),
		.njobs = sqlite3_column_int64(stmt, 1),
		.nruns = sqlite3_column_int64(stmt, 2),
		.nwaiting = sqlite3_column_int64(stmt, 3),
		.nrunning = sqlite3_column_int64(stmt, 4),
		.output_bytes = sqlite3_column_int64(stmt, 5),
	};
	snprintf(s->mark.instance, sizeof(s->mark.instance), "%s",
		 (const char *)sqlite3_column_text(stmt, 6));
	sqlite3_reset(stmt);
	return BACKEND_OK;
}

/* Asked once a day: not worth a statement that is kept. Who cannot tell says no. */
static bool
is_so(struct sqlite *s, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	bool result = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
		      sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_int(stmt, 0) != 0;
	sqlite3_finalize(stmt);
	return result;
}

static enum backend_result
count_all(struct sqlite *s, struct err *err)
{
	if (sqlite3_exec(s->db, count_anew, NULL, NULL, NULL) != SQLITE_OK)
		return sql_fail(s, err);
	int64_t commits = s->tally.commits;
	enum backend_result result = sqlite_tally_load(s, err);
	s->tally.commits = commits;
	return result;
}

static void
mend(struct sqlite *s)
{
	struct backend *db = &s->backend;
	struct err err = { 0 };
	if (db->ops->begin(db, &err) != BACKEND_OK)
		return;
	enum backend_result result = count_all(s, &err);
	if (result == BACKEND_OK)
		result = db->ops->commit(db, &err);
	if (result != BACKEND_OK) {
		db->ops->rollback(db);
		return;
	}
	s->mended = "counts that could not be true";
	log_error("what the database counts could not be true and was counted anew: look for what "
		  "damaged it",
		  log_str("database", s->path));
}

bool
sqlite_indexes_fit(struct sqlite *s)
{
	return !is_so(s, indexes_disagree);
}

void
sqlite_counts_mend(struct sqlite *s)
{
	if (is_so(s, counts_disagree))
		mend(s);
}
