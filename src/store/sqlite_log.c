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
#include "store/reserve.h"
#include "store/sqlite.h"

#define COPY_PIECE 65536

static const char *
name_of(const struct sqlite *s)
{
	return sqlite3_filename_wal(sqlite3_db_filename(s->db, "main"));
}

int
sqlite_log_hold(struct sqlite *s, struct err *err)
{
	return held_take(&s->log.log, name_of(s), O_RDONLY) == 0 ? 0
								 : err_errno(err, "%s", name_of(s));
}

bool
sqlite_log_has_name(const struct sqlite *s)
{
	return held_has_name(&s->log.log, name_of(s));
}

bool
sqlite_has_name(struct sqlite *s)
{
	int has_moved = 0;
	sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
	return !has_moved;
}

void
sqlite_log_hand_over(struct backend *backend, struct held_log *to)
{
	sqlite_of(backend)->heir = to;
}

/* 0, or -1 with errno. */
static int
copy_log(int from, int to)
{
	char *piece = mem_alloc(COPY_PIECE);
	int result = 0;
	ssize_t n = 0;
	for (off_t at = 0; result == 0 && (n = pread(from, piece, COPY_PIECE, at)) > 0; at += n)
		result = write_all(to, piece, (size_t)n);
	free(piece);
	return result == 0 && n == 0 ? fsync(to) : -1;
}

/*
 * What is there is somebody's and keeps another name. They are exchanged where the file system can,
 * as a file of another user's cannot be linked (fs.protected_hardlinks).
 */
static int
give_name(const char *part, const char *name, const char *found)
{
	if (renameat2(AT_FDCWD, part, AT_FDCWD, name, RENAME_EXCHANGE) == 0)
		return rename(part, found);
	int result = errno == ENOENT ? 0 : link(name, found);
	if (result != 0 && errno == EEXIST && unlink(found) == 0)
		result = link(name, found);
	return result == 0 ? rename(part, name) : -1;
}

int
sqlite_log_put_back(struct held_log *log, const char *name, struct err *err)
{
	char *part = mem_printf("%s.part", name);
	char *found = mem_printf("%s.found", name);
	bool is_ours = log->copy.fd >= 0 && held_has_name(&log->copy, name);
	struct held copy = { open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
				  0600) };
	int result = copy.fd < 0 ? -1 : copy_log(log->log.fd, copy.fd);
	if (result == 0)
		result = is_ours ? rename(part, name) : give_name(part, name, found);
	if (result == 0) {
		held_drop(&log->copy);
		log->copy = copy;
		result = file_sync_directory(name, err);
	} else {
		err_errno(err, "%s", name);
		unlink(part); /* its room may be what others wait for */
		held_drop(&copy);
	}
	free(part);
	free(found);
	return result;
}

bool
sqlite_log_keep(struct sqlite *s)
{
	struct err err = { 0 };
	const char *name = name_of(s);
	if (!sqlite_has_name(s))
		return false; /* what stands there belongs to what stands beside it */
	if (sqlite_log_has_name(s))
		return true;
	bool is_kept = sqlite_log_put_back(&s->log, name, &err) == 0;
	if (is_kept)
		log_error("somebody removed or replaced the database's log while it was in use: a "
			  "copy of it was put back",
			  log_str("path", name));
	else
		log_error("somebody removed or replaced the database's log while it was in use, "
			  "and it cannot be put back yet",
			  log_str("path", name), log_str("error", err.text));
	return is_kept;
}

/* The reserve is for this, too: it has room for what is in the log of a daemon that has little to do. */
static bool
keep_at_all_costs(struct sqlite *s)
{
	if (sqlite_log_keep(s))
		return true;
	if (!sqlite_has_name(s))
		return false;
	reserve_give_up(s->path);
	return sqlite_log_keep(s);
}

/*
 * What was moved away is folded in where it is now, and what has the log's name is left alone. A log
 * that is nowhere but here is not folded in: should that fail half-way, it would be gone.
 */
void
sqlite_log_leave(struct sqlite *s)
{
	int stays = 1;
	if (s->log.log.fd < 0)
		return;
	bool is_kept = keep_at_all_costs(s);
	bool is_moved = !sqlite_has_name(s);
	if (is_moved && !sqlite_log_has_name(s))
		sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL, &stays);
	if (!is_kept && !is_moved && s->heir) {
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		*s->heir = s->log;
		s->log = HELD_LOG_NONE;
	}
	held_log_drop(&s->log);
}
