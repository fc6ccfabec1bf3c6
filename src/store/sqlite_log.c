/*
 * DESIGN. Until it is folded in, the log is the only place of what was committed. When somebody
 * removes it, or puts another file in its place, SQLite goes on writing to the one that it has, and
 * with the process all of that is gone, or worse: what the next start finds under the log's name is
 * folded into the database, an older copy of the log over newer pages. So after each commit, before
 * anybody is told of it, one looks whether the log still has its name. If not, the database is
 * closed and opened again; but before that a copy of the log gets the name, in one step. (To fold
 * the log in instead would be no help: killed half-way, there is none to do it again from.)
 */
#include "store/sqlite_db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/write.h"
#include "store/files.h"

#define COPY_PIECE 65536

static const char *
name_of(const struct sqlite *s)
{
	return sqlite3_filename_wal(sqlite3_db_filename(s->db, "main"));
}

int
sqlite_log_hold(struct sqlite *s, struct err *err)
{
	return held_take(&s->log, name_of(s)) == 0 ? 0 : err_errno(err, "%s", name_of(s));
}

bool
sqlite_log_has_name(const struct sqlite *s)
{
	return held_has_name(&s->log, name_of(s));
}

bool
sqlite_has_name(struct sqlite *s)
{
	int has_moved = 0;
	sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
	return !has_moved;
}

/* As SQLite has it, whatever its name is. 0, or -1 with errno. */
static int
copy_log(struct sqlite *s, int fd)
{
	char *piece = mem_alloc(COPY_PIECE);
	sqlite3_file *log = NULL;
	sqlite3_int64 size = 0;
	int rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	if (rc == SQLITE_OK)
		rc = log->pMethods->xFileSize(log, &size);
	int result = 0;
	for (sqlite3_int64 at = 0; rc == SQLITE_OK && result == 0 && at < size; at += COPY_PIECE) {
		int len = size - at < COPY_PIECE ? (int)(size - at) : COPY_PIECE;
		rc = log->pMethods->xRead(log, piece, len, at);
		if (rc == SQLITE_OK)
			result = write_all(fd, piece, (size_t)len);
	}
	free(piece);
	if (rc != SQLITE_OK)
		errno = EIO;
	return rc == SQLITE_OK && result == 0 ? fsync(fd) : -1;
}

/* What is there is somebody's: it keeps another name. */
static int
give_name(const char *part, const char *name, const char *found)
{
	unlink(found);
	if (link(name, found) != 0 && errno != ENOENT)
		return -1;
	return rename(part, name);
}

static int
put_back(struct sqlite *s, const char *name, struct err *err)
{
	char *part = mem_printf("%s.part", name);
	char *found = mem_printf("%s.found", name);
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int result = fd < 0 ? -1 : copy_log(s, fd);
	if (result == 0)
		result = give_name(part, name, found);
	if (result != 0)
		err_errno(err, "%s", name);
	else
		result = file_sync_directory(name, err);
	if (fd >= 0)
		close(fd);
	free(part);
	free(found);
	return result;
}

void
sqlite_log_keep(struct sqlite *s)
{
	struct err err = { 0 };
	const char *name = name_of(s);
	if (sqlite_log_has_name(s))
		return;
	if (put_back(s, name, &err) == 0)
		log_error("somebody removed or replaced the database's log while it was in use: a "
			  "copy of it was put back",
			  log_str("path", name));
	else
		log_error("somebody removed or replaced the database's log while it was in use, "
			  "and it cannot be put back",
			  log_str("path", name), log_str("error", err.text));
}

void
sqlite_log_leave(struct sqlite *s)
{
	int stays = 1;
	if (s->log.fd < 0)
		return;
	if (sqlite_has_name(s))
		sqlite_log_keep(s);
	else if (!sqlite_log_has_name(s))
		sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL, &stays);
	held_drop(&s->log);
}
