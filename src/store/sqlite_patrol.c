/*
 * DESIGN. Rows have checksums (store/seal.h, store/spec.h), indexes have none: a job that its index
 * has at another time, or not at all, would not be claimed, and nothing would tell. So every job is
 * looked at, some at a time, after the database was opened and once a day: is its row whole, and is
 * it where a claim looks for it? A job that is damaged is set aside, because the time that it
 * stands at cannot be believed. All that an index says stands in the rows, so one that does not
 * agree with them is made anew: once in a round, because what does not agree even then will not.
 */
#include "store/sqlite_db.h"

#include "base/log.h"

#define PATROL_STEP  (250 * USEC_PER_MSEC) /* between looks of some 3 ms */
#define PATROL_EVERY USEC_PER_DAY
#define REINDEX_MAX  10 /* while the database is open: what comes back then is no index's fault */
/*
 * Indexes as long as the history are left as they are in a larger database: nothing hangs on them.
 */
#define REINDEX_ALL_BYTES (16 << 20)

static const char live_indexes[] =
	"REINDEX jobs; REINDEX runs_active; REINDEX runs_waiting; REINDEX runs_timed;"
	"REINDEX runs_running; REINDEX runs_deadline;";

int
sqlite_reindex(struct sqlite *s, struct err *err)
{
	int64_t bytes = 0;
	s->patrol.is_suspect = false;
	if (s->patrol.nreindexed >= REINDEX_MAX)
		return err_set(err, ERR_UNAVAILABLE, "they were made anew %d times", REINDEX_MAX);
	s->patrol.nreindexed++;
	if (sql_number(s, sql_use(s, SQL_BYTES), &bytes, err) != BACKEND_OK)
		return -1;
	const char *sql = bytes > REINDEX_ALL_BYTES ? live_indexes : "REINDEX";
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return sql_fail(s, err), -1;
	log_error("indexes of the database did not agree with their rows and were made anew: look "
		  "for what damaged it",
		  log_str("database", s->path));
	return 0;
}

/* A failure is said. */
static void
reindex(struct sqlite *s)
{
	struct err err = { 0 };
	s->patrol.has_tried = true;
	s->patrol.has_failed = sqlite_reindex(s, &err) != 0;
	if (s->patrol.has_failed)
		log_error("the indexes of the database are damaged: put a backup in its place",
			  log_str("database", s->path), log_str("cause", err.text));
}

/* What there is to say of a job. */
struct look {
	int64_t id;
	usec_t claim_at;
	bool is_unfinished;
	bool is_damaged; /* its row or its definition, and it is not set aside */
};

static void
look_at_row(sqlite3_stmt *stmt, struct look *look)
{
	struct job job;
	struct err err;
	look->is_damaged = sqlite_job_read(stmt, &job, &err) != BACKEND_OK;
	if (look->is_damaged)
		sqlite_job_read_rest(stmt, &job);
	look->id = job.id;
	look->claim_at = sqlite3_column_int64(stmt, JOB_CLAIM_AT);
	look->is_unfinished = job.state <= JOB_PAUSED;
	look->is_damaged &= job.next_start_at < USEC_NEVER;
	job_fini(&job);
}

/* The jobs that come next; fewer than PATROL_JOBS: these are the last. */
static size_t
look_at_some(struct sqlite *s, struct look *looks)
{
	size_t n = 0;
	sqlite3_stmt *stmt = sql_use(s, SQL_JOBS_PATROL);
	sqlite3_bind_int64(stmt, 1, s->patrol.after);
	sqlite3_bind_int64(stmt, 2, PATROL_JOBS);
	while (n < PATROL_JOBS && sql_row(s, stmt, NULL) == BACKEND_OK)
		look_at_row(stmt, &looks[n++]);
	sqlite3_reset(stmt);
	return n;
}

static bool
is_where_claims_look(struct sqlite *s, const struct look *look)
{
	int64_t found;
	sqlite3_stmt *stmt = sql_use(s, SQL_JOB_CLAIMABLE);
	sqlite3_bind_int64(stmt, 1, look->claim_at);
	sqlite3_bind_int64(stmt, 2, look->id);
	return sql_number(s, stmt, &found, NULL) != BACKEND_NONE;
}

static bool
agree(struct sqlite *s, const struct look *looks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (looks[i].is_damaged && !looks[i].is_unfinished)
			return false; /* no ended job has a time: claims may look for it still */
		if (looks[i].is_unfinished && !is_where_claims_look(s, &looks[i]))
			return false;
	}
	return true;
}

static void
set_aside(struct sqlite *s, int64_t id)
{
	struct backend *db = &s->backend;
	struct err err = { 0 };
	if (db->ops->begin(db, &err) != BACKEND_OK)
		return;
	enum backend_result result = sqlite_job_set_aside(db, id, &err);
	if (result == BACKEND_OK)
		result = db->ops->commit(db, &err);
	if (result == BACKEND_OK)
		log_error(SET_ASIDE_WORDS, log_int("job", id),
			  log_str("cause", "its record is damaged"));
	else
		db->ops->rollback(db);
}

static void
set_damaged_aside(struct sqlite *s, const struct look *looks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (looks[i].is_damaged)
			set_aside(s, looks[i].id);
	}
}

/* Looks at the next jobs. False: these were the last. */
static bool
patrol(struct sqlite *s)
{
	struct look looks[PATROL_JOBS];
	size_t n = look_at_some(s, looks);
	bool has_more = n == PATROL_JOBS;
	s->patrol.is_suspect |= !agree(s, looks, n);
	set_damaged_aside(s, looks, n);
	if (s->patrol.is_suspect && !s->patrol.has_tried) {
		reindex(s);
		set_damaged_aside(s, looks, n); /* where an index was in the way */
	}
	s->patrol.is_suspect = false; /* it was tried: who stumbles again says so again */
	s->patrol.after = has_more ? looks[n - 1].id : 0;
	return has_more;
}

usec_t
sqlite_patrol(struct sqlite *s, usec_t now)
{
	struct patrol *p = &s->patrol;
	if (p->at > now + PATROL_EVERY) /* the clock was set back */
		p->at = now;
	if (now < p->at && !(p->is_suspect && !p->has_tried))
		return p->at - now;
	if (now >= p->at && p->after == 0) /* a new round */
		p->has_tried = p->has_failed = false;
	bool has_more = patrol(s);
	if (!has_more) /* what failed is not tried again before the next */
		p->has_tried = p->has_failed;
	p->at = now + (has_more ? PATROL_STEP : PATROL_EVERY);
	return p->at - now;
}
