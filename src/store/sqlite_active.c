/*
 * DESIGN. What a run waits for is in no checksum, because it changes with every step (`gate`), or is
 * its job's (`queue`), and indexes have none at all. So it is looked whether it can be true: a run
 * waits for a time, for a slot, or behind another one of its job that will let it go. One that waits
 * for nothing would do so for ever, and nothing would tell.
 */
#include "base/log.h"
#include "model/plan.h"
#include "store/sqlite_db.h"

/* What such a question gives of the job; 0: nothing. Who cannot tell says nothing. */
static int64_t
find(struct sqlite *s, enum sql number, int64_t job_id)
{
	int64_t found;
	sqlite3_stmt *stmt = sql_use(s, number);
	sqlite3_bind_int64(stmt, 1, job_id);
	return sql_number(s, stmt, &found, NULL) == BACKEND_OK ? found : 0;
}

bool
sqlite_active_is_found(struct sqlite *s, int64_t job_id)
{
	return !find(s, SQL_JOB_RUN_UNFOUND, job_id);
}

/* It waits for its time: when that has come, for a slot. */
static enum backend_result
let_go(struct sqlite *s, int64_t run_id, struct err *err)
{
	struct run run;
	enum backend_result result = sqlite_run_load(&s->backend, run_id, &run, err);
	if (result != BACKEND_OK)
		return result;
	run.gate = GATE_TIME;
	return sqlite_run_update(&s->backend, &run, RUN_WAITING, run.attempt, err);
}

static enum backend_result
bring_home(struct sqlite *s, int64_t job_id, struct err *err)
{
	struct job job;
	enum backend_result result = sqlite_job_load(&s->backend, job_id, &job, err);
	if (result != BACKEND_OK)
		return result;
	result = sqlite_job_move_runs(s, &job, err);
	job_fini(&job);
	return result;
}

/* The first that is found wrong, in a transaction. False: nothing is, or it cannot be mended now. */
static bool
mend_one(struct sqlite *s, int64_t job_id)
{
	struct backend *db = &s->backend;
	struct err err = { 0 };
	bool is_astray = find(s, SQL_JOB_RUN_ASTRAY, job_id) != 0;
	int64_t run_id = is_astray ? 0 : find(s, SQL_JOB_RUN_STUCK, job_id);
	if ((!is_astray && !run_id) || db->ops->begin(db, &err) != BACKEND_OK)
		return false;
	enum backend_result result =
		is_astray ? bring_home(s, job_id, &err) : let_go(s, run_id, &err);
	if (result == BACKEND_OK)
		result = db->ops->commit(db, &err);
	if (result != BACKEND_OK) {
		db->ops->rollback(db);
		return false;
	}
	log_error(is_astray ? "runs were in another queue than their job, and are brought back: "
			      "look for what damaged the database"
			    : "a run waited for nothing, and is let go: look for what damaged the "
			      "database",
		  log_int("job", job_id));
	return true;
}

void
sqlite_active_mend(struct sqlite *s, int64_t job_id)
{
	for (int i = 0; i < PLAN_ACTIVE_MAX && mend_one(s, job_id); i++)
		s->mended = "runs that waited for nothing";
}
