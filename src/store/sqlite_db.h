/*
 * Inside the SQLite backend: the connection with its prepared statements, and how a statement is
 * run. Every statement is a row of the table in sqlite_sql.c, prepared once.
 *
 * The pattern: sql_use(), bind, then sql_change(), or sql_row() once or in a loop. Who got OK from
 * sql_row() and wants no further row calls sqlite3_reset().
 */
#ifndef STORE_SQLITE_DB_H
#define STORE_SQLITE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/backend.h"
#include "store/held.h"
#include "store/mark.h"

enum sql {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_SAVEPOINT,
	SQL_RELEASE,
	SQL_ROLLBACK_TO,
	SQL_LEDGER_LOAD,
	SQL_LEDGER_SAVE,
	SQL_BYTES,
	SQL_JOB_INSERT,
	SQL_JOB_UPDATE,
	SQL_JOB_LOAD,
	SQL_JOB_COUNTED,
	SQL_JOB_OWNER,
	SQL_JOB_FIND,
	SQL_JOB_FIND_ENDED,
	SQL_JOB_SET_ASIDE,
	SQL_JOB_ADVANCE,
	SQL_JOB_ADVANCE_STATE,
	SQL_JOBS_DUE,
	SQL_JOBS_NEXT_START,
	SQL_JOBS_OF_RHYTHM,
	SQL_JOBS_PAGE_SAME,
	SQL_JOBS_PAGE_LATER,
	SQL_JOBS_PAGE_ENDED,
	SQL_JOBS_PATROL,
	SQL_JOB_CLAIMABLE,
	SQL_JOB_MOVE_RUNS,
	SQL_RUN_INSERT,
	SQL_RUN_LOAD,
	SQL_RUN_UPDATE,
	SQL_RUN_DUE_BY,
	SQL_RUN_LAST_ENDED,
	SQL_RUNS_ACTIVE,
	SQL_RUNS_ACTIVE_COUNT,
	SQL_RUNS_OPEN_TIMED,
	SQL_RUNS_BACK_SLICE,
	SQL_RUNS_GIVE_BACK,
	SQL_RUNS_TIMED,
	SQL_RUNS_NEXT_TIMED,
	SQL_RUNS_OVERDUE,
	SQL_RUNS_NEXT_DEADLINE,
	SQL_RUNS_READY,
	SQL_RUNS_RUNNING,
	SQL_RUNS_PAGE,
	SQL_RUNS_PAGE_OF_JOB,
	SQL_RUNS_PAGE_RUNNING,
	SQL_ATTEMPT_INSERT,
	SQL_ATTEMPT_UPDATE,
	SQL_ATTEMPT_LOAD,
	SQL_ATTEMPT_DROP,
	SQL_OUTPUT_APPEND,
	SQL_OUTPUT_READ,
	SQL_QUEUE_LOAD,
	SQL_QUEUE_SAVE,
	SQL_QUEUE_RUNNING,
	SQL_QUEUE_WAITING,
	SQL_QUEUES_NAMES,
	SQL_QUEUE_NEXT_READY,
	SQL_REQUEST_LOAD,
	SQL_REQUEST_SAVE,
	SQL_REQUEST_COUNT,
	SQL_REQUEST_OLDEST,
	SQL_REQUEST_FORGET,
	SQL_USER_LOAD,
	SQL_USER_SAVE,
	SQL_META_LOAD,
	SQL_META_SAVE,
	SQL_PRUNE_RUNS,
	SQL_PRUNE_JOBS,
	SQL_PRUNE_OUTPUT_BYTES,
	SQL_PRUNE_OUTPUTS,
	SQL_PRUNE_ATTEMPTS,
	SQL_PRUNE_RUN,
	SQL_PRUNE_JOB,
	SQL_NSTATEMENTS,
};

/* What a user has; his row of `users` is behind while it is_changed. */
#define USERS_KNOWN 8
struct user {
	bool is_known, is_changed;
	uid_t uid;
	struct usage has;
};

/*
 * What the row of the table `ledger` counts, so that nothing has to be counted by reading it, and
 * what some users have. A rollback puts all of it back as it was.
 */
struct tally {
	int64_t commits;
	int64_t njobs;
	int64_t nruns;
	int64_t nwaiting;
	int64_t nrunning;
	int64_t output_bytes;
	struct user users[USERS_KNOWN];
	size_t nusers_met; /* the next one takes the place of the one met longest ago */
};

/* Whose a job is never changes: of those looked at of late it need not be asked. */
#define OWNERS_KNOWN 64
struct owner {
	int64_t job_id; /* 0: none */
	uid_t uid;
};

/* Keys that a user has stored; what is not in the cache is counted in the table. */
#define REQUEST_COUNTS 64
struct request_count {
	bool is_known;
	uid_t uid;
	int64_t n;
};

/* Where the next slice of pruning goes on. */
struct prune_cursor {
	usec_t ended_at;
	int64_t run_id;
	int64_t job_id;
};

/* The look at all jobs (sqlite_patrol.c). */
struct patrol {
	usec_t at;       /* when it goes on */
	int64_t after;   /* this job */
	bool is_suspect; /* an index did not agree with its rows */
	bool has_tried;  /* to make them anew, in this round */
	bool has_failed; /* that */
	int nreindexed;
};

/* A copy that is being made, and then checked. */
struct sqlite_backup {
	char *part; /* NULL: none is under way */
	char *path; /* what it becomes; NULL: nothing, it is to be checked only */
	sqlite3 *db;
	sqlite3_backup *copy;
	struct check *check; /* NULL: not yet */
};

struct sqlite {
	struct backend backend; /* first */
	sqlite3 *db;
	char *path;
	struct held_log log;   /* the file that the log is written to */
	struct held_log *heir; /* sqlite_log_hand_over(); NULL: there is none */
	sqlite3_stmt *statements[SQL_NSTATEMENTS];
	bool is_small;    /* all of it can be looked at when it is opened */
	bool is_settled;  /* what is committed is on the disk: the mark may name it */
	bool is_in_doubt; /* a commit failed: it is to be closed, and opened again */
	struct tally tally;
	struct tally at_begin;
	struct tally at_savepoint;
	int64_t changes_at_begin;
	struct request_count request_counts[REQUEST_COUNTS];
	struct owner owners[OWNERS_KNOWN];
	struct prune_cursor prune;
	struct buf spec;   /* for spec_pack() */
	int wal_pages;     /* in the log after the last commit */
	int wal_pages_max; /* when to fold it in next */
	int64_t commits_tended;
	usec_t busy_at; /* the last commit was seen, or the log folded in */
	struct patrol patrol;
	struct mark mark; /* as last written */
	char *warning;    /* NULL: none */
	struct sqlite_backup backup;
};

static inline struct sqlite *
sqlite_of(struct backend *backend)
{
	return (struct sqlite *)backend;
}

extern const struct backend_ops sqlite_ops;

/* Prepares all statements. 0, or -1: the database says why. */
int sql_prepare(struct sqlite *s);
void sql_finalize(struct sqlite *s);
/* The text of a statement, for tests that look at its plan. */
const char *sql_text(enum sql number);

sqlite3_stmt *sql_use(struct sqlite *s, enum sql number);
/* What went wrong last: SQLite's words, and the system's cause if it has one (sqlite_words.c). */
struct sql_words {
	char text[256];
};
struct sql_words sql_words(sqlite3 *db);
/* BACKEND_ERROR with these words. */
enum backend_result sql_fail(struct sqlite *s, struct err *err);
/* Runs a change. NONE: no row was changed, or a unique key stood against it. */
enum backend_result sql_change(struct sqlite *s, sqlite3_stmt *stmt, struct err *err);
/* The next row of a question; NONE: there are no more, and the statement is reset. */
enum backend_result sql_row(struct sqlite *s, sqlite3_stmt *stmt, struct err *err);
/* Runs a question that gives one number. */
enum backend_result sql_number(struct sqlite *s, sqlite3_stmt *stmt, int64_t *n, struct err *err);
/* Runs a question that gives ids, at most max. */
enum backend_result sql_ids(struct sqlite *s, sqlite3_stmt *stmt, size_t max, int64_t *ids,
			    size_t *n, struct err *err);
/* NULL is bound for NULL. Borrowed until the statement is reset. */
void sql_bind_text(sqlite3_stmt *stmt, int number, const char *text);

/* The column lists, in the order of the column tables beside their reading. */
#define JOB_COLUMNS                                                                           \
	"id, owner, state, seed, created_at, anchor_at, next_due, next_start_at, paused_at, " \
	"nfailed, nruns, covered_until"
#define NJOB_COLUMNS 12
/* What follows them where a job is loaded or listed. */
enum { JOB_SPEC = NJOB_COLUMNS, JOB_SEAL, JOB_OWNER, JOB_NAME, JOB_QUEUE, JOB_CLAIM_AT };
#define RUN_COLUMNS                                                                               \
	"id, job_id, due, last_due, count, start_at, trigger, state, gate, reason, detail, "      \
	"attempt, priority, is_catchup, is_forced, stop_reason, stop_uid, claimed_at, ended_at, " \
	"deadline_at, tty"
#define NRUN_COLUMNS 21
/* What follows them where a run is loaded, and where it is listed. */
enum { RUN_SEAL = NRUN_COLUMNS, RUN_OWNER, RUN_NAME, RUN_QUEUE };

/* sqlite_jobs.c */
enum backend_result sqlite_job_insert(struct backend *, struct job *, struct err *);
enum backend_result sqlite_job_update(struct backend *, const struct job *, struct err *);
enum backend_result sqlite_job_load(struct backend *, int64_t, struct job *, struct err *);
enum backend_result sqlite_job_find(struct backend *, uid_t, const char *, int64_t *, struct err *);
enum backend_result sqlite_job_find_ended(struct backend *, uid_t, const char *, int64_t *,
					  struct err *);
enum backend_result sqlite_job_load_rest(struct backend *, int64_t, struct job *, struct err *);
enum backend_result sqlite_job_set_aside(struct backend *, int64_t, struct err *);
enum backend_result sqlite_job_advance(struct backend *, const struct job *, usec_t, enum job_state,
				       struct err *);
enum backend_result sqlite_jobs_due(struct backend *, usec_t, size_t, int64_t *, size_t *,
				    struct err *);
enum backend_result sqlite_jobs_next_start(struct backend *, usec_t *, struct err *);
enum backend_result sqlite_jobs_recurring(struct backend *, int64_t, size_t, int64_t *, size_t *,
					  struct err *);
enum backend_result sqlite_jobs_on_start(struct backend *, int64_t, size_t, int64_t *, size_t *,
					 struct err *);
/* job_load_rest() of a row up to JOB_QUEUE; init()s the job. */
void sqlite_job_read_rest(sqlite3_stmt *, struct job *);
/* Reads a job from a row up to JOB_QUEUE; init()s it. A damaged spec is an error. */
enum backend_result sqlite_job_read(sqlite3_stmt *, struct job *, struct err *);

/* sqlite_runs.c */
enum backend_result sqlite_run_insert(struct backend *, struct run *, struct err *);
enum backend_result sqlite_run_load(struct backend *, int64_t, struct run *, struct err *);
enum backend_result sqlite_run_update(struct backend *, const struct run *, enum run_state, int,
				      struct err *);
enum backend_result sqlite_runs_active(struct backend *, int64_t, size_t, struct run *, size_t *,
				       struct err *);
enum backend_result sqlite_runs_open_timed(struct backend *, usec_t, struct err *);
enum backend_result sqlite_runs_give_back(struct backend *, struct back_slice *, struct err *);
enum backend_result sqlite_runs_timed(struct backend *, const struct run *, size_t, struct run *,
				      size_t *, struct err *);
enum backend_result sqlite_runs_next_timed(struct backend *, usec_t *, struct err *);
enum backend_result sqlite_runs_overdue(struct backend *, usec_t, size_t, struct run *, size_t *,
					struct err *);
enum backend_result sqlite_runs_next_deadline(struct backend *, usec_t *, struct err *);
enum backend_result sqlite_runs_ready(struct backend *, const char *, size_t, struct run *,
				      size_t *, struct err *);
enum backend_result sqlite_runs_running(struct backend *, int64_t, size_t, struct run *, size_t *,
					struct err *);
enum backend_result sqlite_run_due_by(struct backend *, int64_t, usec_t, struct run *,
				      struct err *);
/* From a row of RUN_COLUMNS and seal. */
void sqlite_run_read(sqlite3_stmt *, struct run *);

/* sqlite_pages.c */
enum backend_result sqlite_jobs_page(struct backend *, struct intent *, struct err *);
enum backend_result sqlite_runs_page(struct backend *, struct intent *, struct err *);
enum backend_result sqlite_job_summary(struct backend *, struct job_item *, struct err *);

/* sqlite_attempts.c */
enum backend_result sqlite_attempt_insert(struct backend *, const struct attempt *, struct err *);
enum backend_result sqlite_attempt_update(struct backend *, const struct attempt *, struct err *);
enum backend_result sqlite_attempt_load(struct backend *, int64_t, int, struct attempt *,
					struct err *);
enum backend_result sqlite_attempt_drop(struct backend *, int64_t, int, struct err *);
enum backend_result sqlite_output_append(struct backend *, const struct run *, int, const void *,
					 size_t, struct err *);
enum backend_result sqlite_output_read(struct backend *, int64_t, int, int, struct buf *,
				       struct err *);

/* sqlite_queues.c */
enum backend_result sqlite_queue_load(struct backend *, const char *, struct queue *, struct err *);
enum backend_result sqlite_queue_save(struct backend *, const struct queue *, struct err *);
enum backend_result sqlite_queues_list(struct backend *, struct queue **, size_t *, struct err *);
enum backend_result sqlite_queues_ready(struct backend *, const char *, size_t,
					char (*)[JOB_NAME_MAX + 1], size_t *, struct err *);

/* sqlite_meta.c */
enum backend_result sqlite_meta_load(struct backend *, const char *, struct buf *, struct err *);
enum backend_result sqlite_meta_save(struct backend *, const char *, const char *, struct err *);

/* sqlite_requests.c */
enum backend_result sqlite_request_load(struct backend *, uid_t, const char *, struct request_row *,
					struct err *);
enum backend_result sqlite_request_save(struct backend *, const struct request_row *, struct err *);
enum backend_result sqlite_request_count(struct backend *, uid_t, int64_t *, struct err *);
enum backend_result sqlite_requests_forget(struct backend *, usec_t, size_t, int64_t *,
					   struct err *);
void sqlite_requests_uncount(struct sqlite *); /* the cached counts are no longer sure */

/* sqlite_users.c */
enum backend_result sqlite_usage_load(struct backend *, uid_t, struct usage *, struct err *);
enum backend_result sqlite_user_add(struct sqlite *, uid_t, const struct usage *, struct err *);
enum backend_result sqlite_users_save(struct sqlite *, struct err *); /* before the commit */
/* Adds to what the job's owner has. */
enum backend_result sqlite_owner_add(struct sqlite *, int64_t job_id, const struct usage *,
				     struct err *);
void sqlite_owner_met(struct sqlite *, int64_t job_id, uid_t); /* it is that user's */
void sqlite_owners_forget(struct sqlite *); /* a rollback may have taken jobs back */

/* sqlite_prune.c */
enum backend_result sqlite_prune(struct backend *, usec_t, int64_t, int64_t, size_t, int64_t *,
				 struct err *);

/* sqlite_patrol.c */
#define PATROL_JOBS 200                            /* that it looks at at once */
usec_t sqlite_patrol(struct sqlite *, usec_t now); /* how long until it goes on */
/* Makes the indexes anew from the rows. 0, or -1 with *err: it cannot. */
int sqlite_reindex(struct sqlite *, struct err *);

/* sqlite_backup.c */
enum backend_result sqlite_backup_begin(struct backend *, const char *, struct err *);
enum backend_result sqlite_backup_step(struct backend *, struct buf *, struct err *);
void sqlite_backup_abort(struct sqlite *);

/* sqlite_memory.c: before SQLite is used at all. */
void sqlite_use_memory(void);

/* sqlite_judge.c: whose file it is, looked at without SQLite. REFUSED: with *err. */
enum file_kind { FILE_OURS, FILE_NEW, FILE_REFUSED };
enum file_kind sqlite_judge(const char *path, struct err *err);
int sqlite_refuse_newer(const char *path, int version, struct err *err); /* -1 */

/*
 * sqlite_alone.c: SQLite's result; close *db in any case. And: is a log that is there the
 * file's?
 */
int sqlite_open_alone(const char *path, sqlite3 **db);
int sqlite_check_log(const char *path, struct err *err); /* -1: it is another's */

/* sqlite_log.c */
int sqlite_log_hold(struct sqlite *, struct err *); /* once it is open; -1: it cannot */
bool sqlite_log_has_name(const struct sqlite *);    /* is the log still the one with its name? */
bool sqlite_has_name(struct sqlite *);              /* and the database's file? */
/* Makes sure that what has the log's name is the log: now it can be folded in. False: it cannot. */
bool sqlite_log_keep(struct sqlite *);
/* Before the database is closed, with which SQLite removes what has the log's name. */
void sqlite_log_leave(struct sqlite *);

/* sqlite_open.c */
void sqlite_close(struct backend *);

/* sqlite_care.c */
void sqlite_care_begin(struct sqlite *); /* after the database was opened */
void sqlite_care_end(struct sqlite *);   /* before it is closed */
enum backend_result sqlite_settle(struct backend *, struct err *);
usec_t sqlite_tend(struct backend *, usec_t);

#endif
