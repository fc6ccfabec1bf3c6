/*
 * SQLite writes its log in two small pieces a page, each a call of the kernel. Here they are
 * gathered until something is done to the file that could tell the difference, which for a commit
 * is its sync: then they go out as one. SQLite takes them for written and may go on after a failure
 * that it hears of in another call, with the same transaction. So bytes that could not be written
 * stay, and stand before everything else until they are: there is no hole, and no sync without them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/sqlite_db.h"

#define GATHERED_MAX (128 * 1024) /* some 30 pages, a commit's worth */

/* Stands in the place of the file's methods, and goes when it is closed. */
struct log {
	sqlite3_io_methods methods; /* first: what file->pMethods points at */
	const sqlite3_io_methods *real;
	sqlite3_int64 at; /* where the gathered bytes belong */
	int len;
	char bytes[GATHERED_MAX];
};

static struct log *
log_of(sqlite3_file *file)
{
	return (struct log *)(uintptr_t)file->pMethods; /* ours, which is not const */
}

static int
put_out(sqlite3_file *file)
{
	struct log *log = log_of(file);
	int rc = log->len ? log->real->xWrite(file, log->bytes, log->len, log->at) : SQLITE_OK;
	if (rc == SQLITE_OK)
		log->len = 0;
	return rc;
}

static int
gather(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	struct log *log = log_of(file);
	if (at != log->at + log->len || len > GATHERED_MAX - log->len) {
		int rc = put_out(file);
		if (rc != SQLITE_OK || len > GATHERED_MAX)
			return rc != SQLITE_OK ? rc : log->real->xWrite(file, data, len, at);
		log->at = at;
	}
	memcpy(log->bytes + log->len, data, (size_t)len);
	log->len += len;
	return SQLITE_OK;
}

static int
read_all(sqlite3_file *file, void *data, int len, sqlite3_int64 at)
{
	int rc = put_out(file);
	return rc != SQLITE_OK ? rc : log_of(file)->real->xRead(file, data, len, at);
}

static int
sync_all(sqlite3_file *file, int flags)
{
	int rc = put_out(file);
	return rc != SQLITE_OK ? rc : log_of(file)->real->xSync(file, flags);
}

static int
truncate_all(sqlite3_file *file, sqlite3_int64 size)
{
	int rc = put_out(file);
	return rc != SQLITE_OK ? rc : log_of(file)->real->xTruncate(file, size);
}

static int
size_of_all(sqlite3_file *file, sqlite3_int64 *size)
{
	int rc = put_out(file);
	return rc != SQLITE_OK ? rc : log_of(file)->real->xFileSize(file, size);
}

static int
close_all(sqlite3_file *file)
{
	struct log *log = log_of(file);
	int rc = put_out(file);
	file->pMethods = log->real;
	free(log);
	int closed = file->pMethods->xClose(file);
	return rc != SQLITE_OK ? rc : closed;
}

void
sqlite_log_gather(struct sqlite *s)
{
	sqlite3_file *file = NULL;
	int rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
	if (rc != SQLITE_OK || !file || !file->pMethods)
		return; /* it works without */
	struct log *log = mem_alloc(sizeof(*log));
	log->real = file->pMethods;
	log->methods = *log->real;
	log->methods.xWrite = gather;
	log->methods.xRead = read_all;
	log->methods.xSync = sync_all;
	log->methods.xTruncate = truncate_all;
	log->methods.xFileSize = size_of_all;
	log->methods.xClose = close_all;
	file->pMethods = &log->methods;
}
