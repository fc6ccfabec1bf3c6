/*
 * A copy of the living database, a slice of pages at a time; what is committed meanwhile goes into
 * the copy too, because it is written through the same connection. (Copying the file itself would
 * give an older or an empty database.) The whole copy is checked on a thread of its own while the
 * store works on. Then it gets its name; or, if only the check was asked for, is removed: the
 * database has one connection, and a check there would hold up the claims for as long as it takes.
 */
#include "store/sqlite_db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/failpoint.h"
#include "store/check.h"
#include "store/files.h"

/* 256 KiB a step: well below a millisecond or two. */
#define BACKUP_PAGES 64

/* Where the copy is made: beside where it shall be, or beside the database. */
static char *
part_path(const struct sqlite *s, const char *path)
{
	return path ? mem_printf("%s.part", path) : mem_printf("%s.check", s->path);
}

/* Ends it; what was not put in place is removed. */
void
sqlite_backup_abort(struct sqlite *s)
{
	struct sqlite_backup *backup = &s->backup;
	if (!backup->part)
		return;
	check_free(backup->check);
	sqlite3_backup_finish(backup->copy);
	sqlite3_close(backup->db);
	unlink(backup->part);
	free(backup->part);
	free(backup->path);
	*backup = (struct sqlite_backup){ 0 };
}

static enum backend_result
fail(struct sqlite *s, struct err *err, const char *why)
{
	if (s->backup.path)
		err_set(err, ERR_UNAVAILABLE, "backup to %s: %s", s->backup.path, why);
	else
		err_set(err, ERR_UNAVAILABLE, "copy to be checked: %s: %s", s->backup.part, why);
	sqlite_backup_abort(s);
	return BACKEND_ERROR;
}

/* Is the path to blame, and not the disk? */
static enum err_code
blame(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	case EISDIR:
	case ELOOP:
	case ENAMETOOLONG:
	case ENOENT:
	case ENOTDIR:
		return ERR_INVALID;
	default:
		return ERR_UNAVAILABLE;
	}
}

/* SQLite would not say why it cannot. */
static int
make_file(const char *path)
{
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -1 : close(fd);
}

enum backend_result
sqlite_backup_begin(struct backend *backend, const char *path, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	struct sqlite_backup *to = &s->backup;
	if (to->part) {
		err_set(err, ERR_BUSY, "a backup is under way");
		return BACKEND_ERROR;
	}
	if (path && access(path, F_OK) == 0) {
		err_invalid(err, "path", "%s: exists already", path);
		return BACKEND_ERROR;
	}
	to->path = mem_dup(path);
	to->part = part_path(s, path);
	if (make_file(to->part) < 0) {
		int error = errno;
		fail(s, err, strerror(error));
		err->code = path ? blame(error) : ERR_UNAVAILABLE;
		return BACKEND_ERROR;
	}
	if (sqlite3_open_v2(to->part, &to->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		return fail(s, err, sqlite3_errmsg(to->db));
	to->copy = sqlite3_backup_init(to->db, "main", s->db, "main");
	if (!to->copy)
		return fail(s, err, sqlite3_errmsg(to->db));
	return BACKEND_OK;
}

static enum backend_result
begin_check(struct sqlite *s, struct err *err)
{
	struct sqlite_backup *backup = &s->backup;
	struct err why = { 0 };
	int rc = sqlite3_backup_finish(backup->copy);
	backup->copy = NULL;
	if (rc != SQLITE_OK)
		return fail(s, err, sqlite3_errstr(rc));
	rc = sqlite3_close(backup->db);
	backup->db = NULL;
	if (rc != SQLITE_OK)
		return fail(s, err, sqlite3_errstr(rc));
	backup->check = check_open(backup->part, &why);
	if (!backup->check || check_start(backup->check, &why) != 0)
		return fail(s, err, why.text);
	return BACKEND_OK;
}

static enum backend_result
finish(struct sqlite *s, struct buf *problems, struct err *err)
{
	struct sqlite_backup *backup = &s->backup;
	const struct buf *found = check_problems(backup->check);
	buf_add(problems, found->data, found->len);
	if (backup->path && found->len > 0)
		return fail(s, err, "the database is damaged, see asched check; it was not copied");
	int placed = backup->path ? file_put_in_place(backup->part, backup->path, err) : 0;
	sqlite_backup_abort(s);
	return placed == 0 ? BACKEND_NONE : BACKEND_ERROR;
}

enum backend_result
sqlite_backup_step(struct backend *backend, struct buf *problems, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	if (s->backup.check && !check_is_done(s->backup.check))
		return BACKEND_OK;
	if (s->backup.check)
		return finish(s, problems, err);
	failpoint("backup", "step");
	int rc = sqlite3_backup_step(s->backup.copy, BACKUP_PAGES);
	if (rc == SQLITE_OK)
		return BACKEND_OK;
	return rc == SQLITE_DONE ? begin_check(s, err) : fail(s, err, sqlite3_errstr(rc));
}
