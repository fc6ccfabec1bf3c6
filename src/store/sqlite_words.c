/* SQLite's words for an error. */
#include "store/sqlite_db.h"

#include <stdio.h>
#include <string.h>

/* The errno of the last call on the file that failed; 0: none did. */
static int
last_errno(sqlite3 *db, int which)
{
	sqlite3_file *file = NULL;
	int number = 0;
	if (sqlite3_file_control(db, "main", which, &file) == SQLITE_OK && file && file->pMethods)
		file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
	return number;
}

/*
 * "disk I/O error" may be a quota or a cable: the system knows. What sqlite3_system_errno() says
 * after a commit is not of that commit, so the files come first.
 */
static int
system_cause(sqlite3 *db)
{
	int code = sqlite3_errcode(db) & 0xff, number;
	if (code != SQLITE_IOERR && code != SQLITE_CANTOPEN)
		return 0;
	number = last_errno(db, SQLITE_FCNTL_JOURNAL_POINTER);
	if (!number)
		number = last_errno(db, SQLITE_FCNTL_FILE_POINTER);
	return number ? number : sqlite3_system_errno(db);
}

struct sql_words
sql_words(sqlite3 *db)
{
	struct sql_words words;
	int cause = system_cause(db);
	snprintf(words.text, sizeof(words.text), "%s%s%s", sqlite3_errmsg(db), cause ? ": " : "",
		 cause ? strerror(cause) : "");
	return words;
}
