/*
 * The file alone, without its log. SQLite finds a log by the database's name: with a backup put in
 * the place of a file that had one, the log of that file would be folded into the backup, and ruin
 * it. The high-water mark tells them apart: what it calls folded was in the file itself, so a file
 * that has fewer commits is not the one whose log this is. (One that has as many or more is the
 * same, or a copy page by page that is younger than the beginning of the log: that makes it whole.)
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "store/sqlite_db.h"

/* "file:" and the path, in which the characters with a meaning are shielded. */
static char *
path_uri(const char *path)
{
	struct buf uri = BUF_EMPTY;
	buf_add_text(&uri, "file:");
	for (const char *p = path; *p; p++) {
		if (strchr("%?#", *p))
			buf_printf(&uri, "%%%02x", (unsigned char)*p);
		else
			buf_add_char(&uri, *p);
	}
	buf_add_text(&uri, "?immutable=1");
	return buf_take(&uri);
}

int
sqlite_open_alone(const char *path, sqlite3 **db)
{
	char *uri = path_uri(path);
	int rc = sqlite3_open_v2(uri, db,
				 SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
					 SQLITE_OPEN_EXRESCODE,
				 NULL);
	free(uri);
	return rc;
}

/* Does the file by itself say that it is another one than the mark's, or older? */
static bool
is_another(const char *path, const struct mark *mark)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	bool result = false;
	if (sqlite_open_alone(path, &db) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, "SELECT instance <> ?1 OR commits < ?2 FROM ledger", -1, &stmt,
			       NULL) == SQLITE_OK) {
		sqlite3_bind_text(stmt, 1, mark->instance, -1, SQLITE_STATIC);
		sqlite3_bind_int64(stmt, 2, mark->folded);
		result = sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_int(stmt, 0) != 0;
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return result;
}

int
sqlite_check_log(const char *path, struct err *err)
{
	struct mark mark;
	struct stat st;
	char *log = mem_printf("%s-wal", path);
	int result = 0;
	if (stat(log, &st) == 0 && st.st_size > 0 && mark_read(path, &mark, NULL) == 0 &&
	    is_another(path, &mark))
		result = err_set(err, ERR_UNAVAILABLE,
				 "%s: is not the file that %s belongs to: remove that log, or "
				 "put its file back; if the two came together, remove %s.mark",
				 path, log, path);
	free(log);
	return result;
}
