/*
 * Opening the database. What can be wrong with the file is found out before SQLite touches it
 * (sqlite_judge.c). After that the file is locked for as long as it is open; nothing else in this
 * process may open it, since closing a second descriptor would drop the lock (reliability.md 1.1).
 */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "store/files.h"
#include "store/schema.h"
#include "store/sqlite_db.h"

/* How long another program may hold the file while we start. */
#define OPEN_WAIT_MS 2000
/*
 * A file of at most so many pages is checked page by page at every start (some 60 ms), one of at
 * most so many also for whether rows and indexes agree (40 ms; of larger ones see sqlite_patrol.c).
 */
#define CHECK_PAGES_MAX   4096
#define CHECK_INDEXES_MAX 1024

/* "Cannot read" is never "empty": a database that was there once is not made anew. */
static int
check_is_new(const char *path, struct err *err)
{
	struct mark mark;
	int found = mark_read(path, &mark, err);
	if (found < 0)
		return -1;
	if (found == 0)
		return err_set(err, ERR_UNAVAILABLE,
			       "%s: is missing or empty, but %s.mark says that it held %lld "
			       "commits: put it back, or remove the mark to start with nothing",
			       path, path, (long long)mark.commits);
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, "%s", path);
	close(fd);
	return 0;
}

static int
refuse_damaged(const struct sqlite *s, const char *verdict, struct err *err)
{
	return err_set(err, ERR_UNAVAILABLE,
		       "%s: is damaged (%s); it was left as it is, put a backup in its place",
		       s->path, verdict);
}

/* Says what SQLite said, in the words of somebody who starts a daemon. */
static int
open_fail(struct sqlite *s, struct err *err)
{
	switch (sqlite3_errcode(s->db) & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(err, ERR_UNAVAILABLE,
			       "%s: is in use by another program (a second aschedd?)", s->path);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* a table is missing */
		return refuse_damaged(s, sqlite3_errmsg(s->db), err);
	default:
		return err_set(err, ERR_UNAVAILABLE, "%s: %s (SQLite error %d)", s->path,
			       sql_words(s->db).text, sqlite3_extended_errcode(s->db));
	}
}

/* One value as text; "" when there is none. */
static int
ask(struct sqlite *s, const char *sql, char *value, size_t size, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	value[0] = '\0';
	if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return open_fail(s, err);
	int rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		snprintf(value, size, "%s", (const char *)sqlite3_column_text(stmt, 0));
	int result = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : open_fail(s, err);
	sqlite3_finalize(stmt);
	return result;
}

/* Sets a pragma and looks that it holds: SQLite ignores what it does not know or cannot do. */
static int
set_pragma(struct sqlite *s, const char *name, const char *value, const char *reads,
	   struct err *err)
{
	char sql[80], got[32];
	snprintf(sql, sizeof(sql), "PRAGMA %s = %s", name, value);
	if (ask(s, sql, got, sizeof(got), err) != 0)
		return -1;
	snprintf(sql, sizeof(sql), "PRAGMA %s", name);
	if (ask(s, sql, got, sizeof(got), err) != 0)
		return -1;
	if (strcmp(got, reads) != 0)
		return err_set(err, ERR_UNAVAILABLE, "%s: %s is '%s' instead of '%s'", s->path,
			       name, got, reads);
	return 0;
}

struct pragma {
	const char *name, *value, *reads;
};

static int
set_pragmas(struct sqlite *s, const struct pragma *pragmas, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (set_pragma(s, pragmas[i].name, pragmas[i].value, pragmas[i].reads, err) != 0)
			return -1;
	}
	return 0;
}

/* Before the file is read. */
static const struct pragma pragmas_first[] = {
	{ "locking_mode", "exclusive",
	  "exclusive" }, /* before WAL: then there is no shared memory */
	{ "trusted_schema", "off", "0" },
	{ "cell_size_check", "on", "1" },
	{ "temp_store", "memory", "2" },
	{ "cache_size", "-8192", "-8192" }, /* KiB */
};

/* When it is known to be ours: these write. */
static const struct pragma pragmas_ours[] = {
	{ "journal_mode", "wal", "wal" },
	{ "synchronous", "full", "2" }, /* a commit is on the disk when it returns */
	{ "secure_delete", "on", "1" },
	{ "journal_size_limit", "33554432", "33554432" },
};

/* A database is data, not a program: nothing in a file that was slipped in may run. */
static void
harden(sqlite3 *db)
{
	static const struct {
		int option, value;
	} options[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
		{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	};
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		sqlite3_db_config(db, options[i].option, options[i].value, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 16 * 1024 * 1024);
	sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, 64 * 1024);
	sqlite3_limit(db, SQLITE_LIMIT_VARIABLE_NUMBER, 64);
	sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
}

/* What the header could not tell, because the newest first page may be in the log. */
static int
check_contents(struct sqlite *s, struct err *err)
{
	char application[32], version[32], ntables[32], npages[32], verdict[256];
	if (ask(s, "PRAGMA application_id", application, sizeof(application), err) != 0 ||
	    ask(s, "PRAGMA user_version", version, sizeof(version), err) != 0 ||
	    ask(s, "SELECT count(*) FROM sqlite_schema", ntables, sizeof(ntables), err) != 0 ||
	    ask(s, "PRAGMA page_count", npages, sizeof(npages), err) != 0)
		return -1;
	bool is_empty = strcmp(ntables, "0") == 0;
	if (strtol(application, NULL, 10) != SCHEMA_APPLICATION_ID && !is_empty)
		return err_set(err, ERR_UNAVAILABLE, "%s: is the database of another program",
			       s->path);
	if (strtol(version, NULL, 10) > SCHEMA_VERSION)
		return sqlite_refuse_newer(s->path, (int)strtol(version, NULL, 10), err);
	if (strtol(npages, NULL, 10) > CHECK_PAGES_MAX)
		return 0;
	s->is_small = strtol(npages, NULL, 10) <= CHECK_INDEXES_MAX;
	if (ask(s, "PRAGMA quick_check(1)", verdict, sizeof(verdict), err) != 0)
		return -1;
	return strcmp(verdict, "ok") == 0 ? 0 : refuse_damaged(s, verdict, err);
}

/*
 * All that indexes say stands in the rows: they are made anew, and then nothing else may be
 * wrong.
 */
static int
check_indexes(struct sqlite *s, struct err *err)
{
	char verdict[256], then[256] = "";
	struct err why;
	if (!s->is_small)
		return 0;
	if (ask(s, "PRAGMA integrity_check(1)", verdict, sizeof(verdict), err) != 0)
		return -1;
	if (strcmp(verdict, "ok") == 0)
		return 0;
	if (sqlite_reindex(s, &why) == 0 &&
	    ask(s, "PRAGMA integrity_check(1)", then, sizeof(then), err) != 0)
		return -1;
	return strcmp(then, "ok") == 0 ? 0 : refuse_damaged(s, verdict, err);
}

static int
load_tally(struct sqlite *s, struct err *err)
{
	sqlite3_stmt *stmt = sql_use(s, SQL_LEDGER_LOAD);
	if (sql_row(s, stmt, err) != BACKEND_OK)
		return err_set(err, ERR_UNAVAILABLE, "%s: is damaged: its ledger row is missing",
			       s->path);
	s->tally = (struct tally){
		.commits = sqlite3_column_int64(stmt, 0),
		.njobs = sqlite3_column_int64(stmt, 1),
		.nruns = sqlite3_column_int64(stmt, 2),
		.nwaiting = sqlite3_column_int64(stmt, 3),
		.nrunning = sqlite3_column_int64(stmt, 4),
		.output_bytes = sqlite3_column_int64(stmt, 5),
	};
	snprintf(s->mark.instance, sizeof(s->mark.instance), "%s",
		 (const char *)sqlite3_column_text(stmt, 6));
	sqlite3_reset(stmt);
	s->mark.commits = s->tally.commits;
	s->commits_tended = s->tally.commits;
	return 0;
}

/* Compares with the high-water mark, and says loudly what is missing. */
static void
compare_mark(struct sqlite *s)
{
	struct mark mark;
	struct err err = { 0 };
	int found = mark_read(s->path, &mark, &err);
	if (found < 0)
		s->warning = mem_printf("the high-water mark cannot be read: %s", err.text);
	else if (found == 0 && strcmp(mark.instance, s->mark.instance) != 0)
		s->warning = mem_printf("this is another database than the one used last: the mark "
					"names %.8s, the file is %.8s",
					mark.instance, s->mark.instance);
	else if (found == 0 && mark.commits > s->tally.commits)
		s->warning =
			mem_printf("%lld acknowledged commits are missing: the mark says %lld, "
				   "the database has %lld; it is damaged or an old copy",
				   (long long)(mark.commits - s->tally.commits),
				   (long long)mark.commits, (long long)s->tally.commits);
	else if (found == 0)
		s->mark = mark;
	if (s->warning)
		log_error("the database lost something", log_str("database", s->path),
			  log_str("detail", s->warning));
}

/* A new database is whole in its own file, on the disk and marked before anything is promised. */
static int
settle_new(struct sqlite *s, struct err *err)
{
	if (sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) !=
	    SQLITE_OK)
		return open_fail(s, err);
	if (file_sync_directory(s->path, err) != 0)
		return -1;
	return mark_write(s->path, &s->mark, err);
}

static int
open_database(struct sqlite *s, bool is_new, struct err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK)
		return open_fail(s, err);
	harden(s->db);
	sqlite3_busy_timeout(s->db, OPEN_WAIT_MS);
	if (set_pragmas(s, pragmas_first, sizeof(pragmas_first) / sizeof(pragmas_first[0]), err) !=
		    0 ||
	    check_contents(s, err) != 0 ||
	    set_pragmas(s, pragmas_ours, sizeof(pragmas_ours) / sizeof(pragmas_ours[0]), err) !=
		    0 ||
	    schema_prepare(s->db, s->path, err) != 0)
		return -1;
	failpoint("open", "prepared");
	sqlite3_busy_timeout(s->db, 0);
	sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0); /* the copy before a migration needed one */
	sqlite_care_begin(s);
	if (sql_prepare(s) != 0)
		return open_fail(s, err);
	if (check_indexes(s, err) != 0 || load_tally(s, err) != 0 || sqlite_log_hold(s, err) != 0)
		return -1;
	if (is_new)
		return settle_new(s, err);
	compare_mark(s);
	return 0;
}

void
sqlite_close(struct backend *backend)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite_backup_abort(s);
	if (s->statements[0])
		sqlite_care_end(s);
	sql_finalize(s);
	sqlite_log_leave(s);
	sqlite3_close(s->db);
	buf_fini(&s->spec);
	free(s->warning);
	free(s->path);
	free(s);
}

struct backend *
sqlite_backend_open(const char *path, struct err *err)
{
	sqlite_use_memory(); /* only the first call counts */
	enum file_kind kind = sqlite_judge(path, err);
	if (kind == FILE_REFUSED || (kind == FILE_NEW && check_is_new(path, err) != 0))
		return NULL;
	if (sqlite_check_log(path, err) != 0)
		return NULL;
	struct sqlite *s = mem_alloc(sizeof(*s));
	s->backend.ops = &sqlite_ops;
	s->log = HELD_LOG_NONE;
	s->path = mem_dup(path);
	if (open_database(s, kind == FILE_NEW, err) == 0)
		return &s->backend;
	sqlite_close(&s->backend);
	return NULL;
}
