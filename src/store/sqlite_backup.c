/*
 * A copy of the living database, a slice of pages at a time; what is committed meanwhile goes into
 * the copy too, because it is written through the same connection. The copy gets its name when it
 * is whole and synced. (Copying the file itself would give an older or an empty database.)
 */
#include "store/sqlite_db.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/files.h"

/* 256 KiB a step: well below a millisecond or two. */
#define BACKUP_PAGES 64

static char *
part_path(const struct sqlite *s)
{
	return mem_printf("%s.part", s->backup_path);
}

/* Ends it; what was not put in place is removed. */
void
sqlite_backup_abort(struct sqlite *s)
{
	if (!s->backup_path)
		return;
	char *part = part_path(s);
	sqlite3_backup_finish(s->backup_copy);
	sqlite3_close(s->backup_db);
	unlink(part);
	free(part);
	free(s->backup_path);
	s->backup_copy = NULL;
	s->backup_db = NULL;
	s->backup_path = NULL;
}

static enum backend_result
fail(struct sqlite *s, struct err *err, const char *why)
{
	err_set(err, ERR_UNAVAILABLE, "backup to %s: %s", s->backup_path, why);
	sqlite_backup_abort(s);
	return BACKEND_ERROR;
}

enum backend_result
sqlite_backup_begin(struct backend *backend, const char *path, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	if (s->backup_path) {
		err_set(err, ERR_BUSY, "a backup is under way");
		return BACKEND_ERROR;
	}
	if (access(path, F_OK) == 0) {
		err_invalid(err, "path", "%s: exists already", path);
		return BACKEND_ERROR;
	}
	s->backup_path = mem_dup(path);
	char *part = part_path(s);
	unlink(part);
	int rc = sqlite3_open_v2(part, &s->backup_db,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
				 NULL);
	free(part);
	if (rc != SQLITE_OK)
		return fail(s, err, sqlite3_errmsg(s->backup_db));
	s->backup_copy = sqlite3_backup_init(s->backup_db, "main", s->db, "main");
	if (!s->backup_copy)
		return fail(s, err, sqlite3_errmsg(s->backup_db));
	return BACKEND_OK;
}

static enum backend_result
finish(struct sqlite *s, struct err *err)
{
	int rc = sqlite3_backup_finish(s->backup_copy);
	s->backup_copy = NULL;
	if (rc != SQLITE_OK)
		return fail(s, err, sqlite3_errstr(rc));
	rc = sqlite3_close(s->backup_db);
	s->backup_db = NULL;
	if (rc != SQLITE_OK)
		return fail(s, err, sqlite3_errstr(rc));
	char *part = part_path(s);
	int placed = file_put_in_place(part, s->backup_path, err);
	free(part);
	sqlite_backup_abort(s);
	return placed == 0 ? BACKEND_NONE : BACKEND_ERROR;
}

enum backend_result
sqlite_backup_step(struct backend *backend, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	int rc = sqlite3_backup_step(s->backup_copy, BACKUP_PAGES);
	if (rc == SQLITE_OK)
		return BACKEND_OK;
	if (rc == SQLITE_DONE)
		return finish(s, err);
	return fail(s, err, sqlite3_errstr(rc));
}
