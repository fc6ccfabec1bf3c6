/*
 * Housekeeping between transactions: the log is folded into the database here and never inside a
 * commit that somebody waits for, and the high-water mark follows the commits.
 */
#include "store/sqlite_db.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/failpoint.h"
#include "base/log.h"

/* Pages in the log: so many are folded in at once, so many when nothing else is to be done. */
#define WAL_PAGES_BUSY 4096
#define WAL_PAGES_IDLE 256
/* A log that cannot be folded in and grows beyond this is an error that someone must look at. */
#define WAL_PAGES_ALARM (64 * WAL_PAGES_BUSY)

/* After so long with nothing to do nothing is left in it: who removes it then takes nothing along. */
#define FOLD_ALL_AFTER USEC_PER_MIN

#define MARK_INTERVAL USEC_PER_SEC

#define REWRITE_PIECE 65536

static int
committed(void *arg, sqlite3 *db, const char *name, int npages)
{
	struct sqlite *s = arg;
	(void)db;
	(void)name;
	s->wal_pages = npages;
	return SQLITE_OK;
}

void
sqlite_care_begin(struct sqlite *s)
{
	s->wal_pages_max = WAL_PAGES_BUSY;
	sqlite3_wal_hook(s->db, committed, s); /* in the place of the automatic checkpoint */
}

static enum log_level
trouble_level(const struct sqlite *s)
{
	return s->wal_pages > WAL_PAGES_ALARM ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;
}

static void
write_mark(struct sqlite *s, usec_t now)
{
	struct mark mark = s->mark;
	struct err err = { 0 };
	mark.commits = s->tally.commits;
	mark.seen_at = now;
	if (mark_write(s->path, &mark, &err) != 0)
		log_warning("the high-water mark cannot be written", log_str("error", err.text));
	s->mark = mark;
}

/* The mark must know before the log begins anew, which it does with the next commit. */
static void
fold_in(struct sqlite *s, usec_t now)
{
	int npages = 0, nfolded = 0;
	if (!sqlite_log_keep(s))
		return;
	failpoint("fold-in", "begin");
	int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &npages,
					   &nfolded);
	failpoint("fold-in", "end");
	if (rc == SQLITE_OK) {
		s->wal_pages = 0;
		s->wal_pages_max = WAL_PAGES_BUSY;
		if (s->is_settled && nfolded == npages) {
			s->mark.folded = s->tally.commits;
			write_mark(s, now);
		}
		return;
	}
	s->wal_pages_max = s->wal_pages + WAL_PAGES_BUSY;
	log_at(trouble_level(s), "the database's log cannot be folded in",
	       log_str("error", sqlite3_errmsg(s->db)), log_int("pages", s->wal_pages));
}

/* How long until the log is folded in as a whole: it is not when something comes meanwhile. */
static usec_t
fold_wait(struct sqlite *s, usec_t now)
{
	if (s->wal_pages == 0)
		return USEC_NEVER;
	if (now < s->busy_at) /* the clock was set back */
		s->busy_at = now;
	return s->busy_at + FOLD_ALL_AFTER - now;
}

static void
tend_log(struct sqlite *s, usec_t now, bool is_idle)
{
	if (!is_idle)
		s->busy_at = now;
	int npages_max = is_idle ? WAL_PAGES_IDLE : s->wal_pages_max;
	if (s->wal_pages < npages_max && fold_wait(s, now) > 0)
		return;
	fold_in(s, now);
	s->busy_at = now; /* should it have failed */
}

static usec_t
least(usec_t a, usec_t b)
{
	return a < b ? a : b;
}

usec_t
sqlite_tend(struct backend *backend, usec_t now)
{
	struct sqlite *s = sqlite_of(backend);
	bool is_idle = s->commits_tended == s->tally.commits;
	s->commits_tended = s->tally.commits;
	tend_log(s, now, is_idle);
	if (s->is_settled && s->mark.commits != s->tally.commits &&
	    (now >= s->mark.seen_at + MARK_INTERVAL || now < s->mark.seen_at))
		write_mark(s, now);
	bool is_tidy = s->mark.commits == s->tally.commits && is_idle;
	usec_t wait = least(sqlite_patrol(s, now), fold_wait(s, now));
	return is_tidy ? wait : least(wait, MARK_INTERVAL);
}

void
sqlite_care_end(struct sqlite *s)
{
	if (s->is_settled && s->mark.commits != s->tally.commits)
		write_mark(s, s->mark.seen_at);
}

/* Writes the file over itself and syncs it. */
static int
rewrite(sqlite3_file *file)
{
	char *piece = mem_alloc(REWRITE_PIECE);
	sqlite3_int64 size = 0;
	int rc = file->pMethods->xFileSize(file, &size);
	for (sqlite3_int64 at = 0; rc == SQLITE_OK && at < size; at += REWRITE_PIECE) {
		int len = size - at < REWRITE_PIECE ? (int)(size - at) : REWRITE_PIECE;
		rc = file->pMethods->xRead(file, piece, len, at);
		if (rc == SQLITE_OK)
			rc = file->pMethods->xWrite(file, piece, len, at);
	}
	free(piece);
	return rc == SQLITE_OK ? file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) : rc;
}

/*
 * What is read from the log may be in the kernel's memory only: a sync that failed may have
 * marked its pages clean (reliability.md 1.2), and no later sync would write them. Then all that
 * follows would hang on frames that a power cut takes away. So the log is written anew. (Folding
 * it in instead would leave a moment in which the file is newer than the log on the disk.)
 */
enum backend_result
sqlite_settle(struct backend *backend, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_file *log = NULL;
	int rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	if (rc == SQLITE_OK && log && log->pMethods)
		rc = rewrite(log);
	s->is_settled = rc == SQLITE_OK;
	if (s->is_settled)
		return BACKEND_OK;
	err_set(err, ERR_UNAVAILABLE, "database: %s (SQLite error %d)", sqlite3_errstr(rc), rc);
	return BACKEND_ERROR;
}
