/*
 * What each user has stored, counted as it changes, so that a limit is looked up and not counted.
 * The counts of the users of late are in the tally: their rows of the table `users` are written
 * in the commit of what was counted, once for all of its runs.
 */
#include "store/sqlite_db.h"

static enum backend_result
save(struct sqlite *s, struct user *user, struct err *err)
{
	if (!user->is_changed)
		return BACKEND_OK;
	sqlite3_stmt *stmt = sql_use(s, SQL_USER_SAVE);
	sqlite3_bind_int64(stmt, 1, user->uid);
	sqlite3_bind_int64(stmt, 2, user->has.njobs);
	sqlite3_bind_int64(stmt, 3, user->has.nruns);
	sqlite3_bind_int64(stmt, 4, user->has.bytes);
	user->is_changed = false;
	return sql_change(s, stmt, err);
}

enum backend_result
sqlite_users_save(struct sqlite *s, struct err *err)
{
	for (size_t i = 0; i < USERS_KNOWN; i++) {
		if (save(s, &s->tally.users[i], err) == BACKEND_ERROR)
			return BACKEND_ERROR;
	}
	return BACKEND_OK;
}

static enum backend_result
load(struct sqlite *s, uid_t uid, struct user *user, struct err *err)
{
	sqlite3_stmt *stmt = sql_use(s, SQL_USER_LOAD);
	sqlite3_bind_int64(stmt, 1, uid);
	enum backend_result result = sql_row(s, stmt, err);
	if (result == BACKEND_ERROR)
		return result;
	*user = (struct user){ .is_known = true, .uid = uid };
	if (result == BACKEND_OK) {
		user->has.njobs = sqlite3_column_int64(stmt, 0);
		user->has.nruns = sqlite3_column_int64(stmt, 1);
		user->has.bytes = sqlite3_column_int64(stmt, 2);
		sqlite3_reset(stmt);
	}
	return BACKEND_OK;
}

/* NULL with *err. Valid until the next look-up. */
static struct user *
find(struct sqlite *s, uid_t uid, struct err *err)
{
	struct tally *tally = &s->tally;
	for (size_t i = 0; i < USERS_KNOWN; i++) {
		if (tally->users[i].is_known && tally->users[i].uid == uid)
			return &tally->users[i];
	}
	struct user *oldest = &tally->users[tally->nusers_met++ % USERS_KNOWN];
	if (save(s, oldest, err) == BACKEND_ERROR || load(s, uid, oldest, err) == BACKEND_ERROR)
		return NULL;
	return oldest;
}

enum backend_result
sqlite_user_add(struct sqlite *s, uid_t uid, const struct usage *more, struct err *err)
{
	struct user *user = find(s, uid, err);
	if (!user)
		return BACKEND_ERROR;
	user->has.njobs += more->njobs;
	user->has.nruns += more->nruns;
	user->has.bytes += more->bytes;
	user->is_changed = true;
	return BACKEND_OK;
}

static struct owner *
owner_slot(struct sqlite *s, int64_t job_id)
{
	return &s->owners[(uint64_t)job_id % OWNERS_KNOWN];
}

void
sqlite_owner_met(struct sqlite *s, int64_t job_id, uid_t uid)
{
	*owner_slot(s, job_id) = (struct owner){ job_id, uid };
}

void
sqlite_owners_forget(struct sqlite *s)
{
	for (size_t i = 0; i < OWNERS_KNOWN; i++)
		s->owners[i] = (struct owner){ 0 };
}

enum backend_result
sqlite_owner_add(struct sqlite *s, int64_t job_id, const struct usage *more, struct err *err)
{
	struct owner *owner = owner_slot(s, job_id);
	if (owner->job_id != job_id) {
		int64_t uid;
		sqlite3_stmt *stmt = sql_use(s, SQL_JOB_OWNER);
		sqlite3_bind_int64(stmt, 1, job_id);
		enum backend_result result = sql_number(s, stmt, &uid, err);
		if (result != BACKEND_OK) /* of no job: the clock's own rows */
			return result == BACKEND_NONE ? BACKEND_OK : BACKEND_ERROR;
		sqlite_owner_met(s, job_id, (uid_t)uid);
	}
	return sqlite_user_add(s, owner->uid, more, err);
}

enum backend_result
sqlite_usage_load(struct backend *backend, uid_t uid, struct usage *usage, struct err *err)
{
	const struct user *user = find(sqlite_of(backend), uid, err);
	if (!user)
		return BACKEND_ERROR;
	*usage = user->has;
	return BACKEND_OK;
}
