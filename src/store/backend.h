/*
 * What a database has to do for the ledger: a small synchronous interface of rows, used by one
 * thread at a time. Every call belongs to the transaction that begin() opened, and every change
 * of state is conditional on the state that was seen. A fault leaves the transaction to be rolled
 * back.
 *
 * Results: BACKEND_OK; BACKEND_NONE (no such row, or the condition did not hold); BACKEND_ERROR
 * with *err set (ERR_UNAVAILABLE with the database's words). Text given in rows is copied.
 * Ids of jobs and runs are never given twice.
 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include <stddef.h>

#include "engine/store.h"

enum backend_result { BACKEND_OK, BACKEND_NONE, BACKEND_ERROR };

/* Limits of one page scan: a filter that matches little must not hold the thread. */
#define BACKEND_SCAN_MAX 10000
/* Bytes of a piece of output. */
#define BACKEND_PIECE_MAX 65536
/* The queue of a job that names none, and what a queue without settings may run at once. */
#define QUEUE_STANDARD    "default"
#define QUEUE_CONCURRENCY 64

/* The stored answer to a request with a key. */
struct request_row {
	uid_t uid;
	char key[INTENT_KEY_MAX + 1];
	uint64_t hash; /* the ledger's: of the request, and of what follows */
	usec_t at;
	int64_t job_id, run_id;
	usec_t next_due;
};

/* Rows of a job by the schedule, due behind `after` and before `until`, which moves down. */
struct back_slice {
	int64_t job_id;
	usec_t after, until;
	const char *detail;
	size_t max; /* rows to look at */
	size_t n;   /* that were looked at */
};

/* What a log says of a job that is set aside. */
#define SET_ASIDE_WORDS "a job is set aside: put a backup of the database in its place"

struct backend;

struct backend_ops {
	const char *name; /* "sqlite" */

	enum backend_result (*begin)(struct backend *, struct err *);
	/*
	 * On an error the outcome is unknown: the owner closes, reopens and reconciles. NONE, with
	 * *err: it came to no commit, nothing has changed.
	 */
	enum backend_result (*commit)(struct backend *, struct err *);
	void (*rollback)(struct backend *);
	/* One level deep: an intent that fails inside a group leaves the others alone. */
	enum backend_result (*savepoint)(struct backend *, struct err *);
	enum backend_result (*release)(struct backend *, struct err *);
	/* Error: the whole transaction is gone with it, as after a full disk. */
	enum backend_result (*rollback_to)(struct backend *);
	/* The number of commits with changes that the database holds. */
	int64_t (*ncommits)(const struct backend *);
	/*
	 * Outside a transaction, after every opening and before the first commit: makes sure that
	 * what can be read is on the disk, whatever the syncs before had said.
	 */
	enum backend_result (*settle)(struct backend *, struct err *);
	/*
	 * Outside a transaction: housekeeping in small steps (the log of a database is folded in,
	 * the high-water mark written). Returns after which time it wants to be called again,
	 * USEC_NEVER: only after the next commit. Logs its own trouble.
	 */
	usec_t (*tend)(struct backend *, usec_t now);

	/*
	 * Jobs. insert gives job->id; NONE: the name is taken, of update also: no such job.
	 * load init()s *job, the caller fini()s it on OK.
	 */
	enum backend_result (*job_insert)(struct backend *, struct job *, struct err *);
	enum backend_result (*job_update)(struct backend *, const struct job *, struct err *);
	enum backend_result (*job_load)(struct backend *, int64_t id, struct job *, struct err *);
	/*
	 * What can be read of a damaged job: the system's record, name and queue. It is_damaged,
	 * and must not go to update.
	 */
	enum backend_result (*job_load_rest)(struct backend *, int64_t id, struct job *,
					     struct err *);
	/*
	 * A job of which load says ERROR with ERR_SYSTEM (its row is damaged; a failing disk is
	 * ERR_UNAVAILABLE) is never due again, so that it holds up no other. NONE:
	 * it was so already. Its definition stays as it is.
	 */
	enum backend_result (*job_set_aside)(struct backend *, int64_t id, struct err *);
	/* The unfinished (active or paused) job of that owner and name. */
	enum backend_result (*job_find)(struct backend *, uid_t owner, const char *name,
					int64_t *id, struct err *);
	/* The newest ended (finished or cancelled) job of that owner and name. */
	enum backend_result (*job_find_ended)(struct backend *, uid_t owner, const char *name,
					      int64_t *id, struct err *);
	/*
	 * Moves the schedule on, if next_due and state are still what was seen: next_due,
	 * next_start_at, nruns, nfailed, covered_until and state from *job; everything else stays.
	 */
	enum backend_result (*job_advance)(struct backend *, const struct job *, usec_t seen_due,
					   enum job_state seen, struct err *);
	/* Ids of active jobs with next_start_at <= until, ordered by it, then id; at most max. */
	enum backend_result (*jobs_due)(struct backend *, usec_t until, size_t max, int64_t *ids,
					size_t *n, struct err *);
	/* The least next_start_at of all active jobs; USEC_NEVER when there is none. */
	enum backend_result (*jobs_next_start)(struct backend *, usec_t *at, struct err *);
	/* Active recurring jobs with id > after, ascending: for clock steps and zone changes. */
	enum backend_result (*jobs_recurring)(struct backend *, int64_t after, size_t max,
					      int64_t *ids, size_t *n, struct err *);
	/*
	 * A page of the unfinished jobs by (next_start_at, id), paused ones last, then, if the
	 * filter wants them, the ended ones by id; the cursor is opaque text of the backend.
	 * Fills intent->jobs and ->cursor from ->filter, ->cursor, ->limit.
	 */
	enum backend_result (*jobs_page)(struct backend *, struct intent *, struct err *);

	/* has_last, last, nrunning, nwaiting of the job item->job.id. */
	enum backend_result (*job_summary)(struct backend *, struct job_item *, struct err *);

	/* Runs. insert gives run->id; NONE: (job, due, schedule) exists already. */
	enum backend_result (*run_insert)(struct backend *, struct run *, struct err *);
	enum backend_result (*run_load)(struct backend *, int64_t id, struct run *, struct err *);
	/* Writes all but the identity, if the state is still `seen` and the attempt `attempt`. */
	enum backend_result (*run_update)(struct backend *, const struct run *, enum run_state seen,
					  int attempt, struct err *);
	/*
	 * The row of the job by the schedule with the greatest due at or before `at`, terminal or
	 * not: it covers `at` if its last_due is not before.
	 */
	enum backend_result (*run_due_by)(struct backend *, int64_t job_id, usec_t at, struct run *,
					  struct err *);
	/* Waiting and running runs of a job, oldest due first; at most max. */
	enum backend_result (*runs_active)(struct backend *, int64_t job_id, size_t max,
					   struct run *runs, size_t *n, struct err *);
	/* Opens GATE_TIME of waiting runs with start_at <= until. NONE: there were none. */
	enum backend_result (*runs_open_timed)(struct backend *, usec_t until, struct err *);
	/*
	 * Looks at the next rows of the slice, the latest due first: those that are skipped, missed
	 * or edited away stand for no instant any more: trigger clock, with that detail. NONE:
	 * there are no more to look at.
	 */
	enum backend_result (*runs_give_back)(struct backend *, struct back_slice *, struct err *);
	/* Waiting runs with GATE_TIME behind (start_at, id), in that order; at most max. */
	enum backend_result (*runs_timed)(struct backend *, const struct run *behind, size_t max,
					  struct run *runs, size_t *n, struct err *);
	/* The least start_at of waiting runs with GATE_TIME; NEVER: none. */
	enum backend_result (*runs_next_timed)(struct backend *, usec_t *at, struct err *);
	/* Waiting runs with a deadline_at before `now`, the oldest first. */
	enum backend_result (*runs_overdue)(struct backend *, usec_t now, size_t max,
					    struct run *runs, size_t *n, struct err *);
	/* The least deadline_at of waiting runs that have one; NEVER: none. */
	enum backend_result (*runs_next_deadline)(struct backend *, usec_t *at, struct err *);
	/* Waiting runs with an open gate of a queue, by priority (9 first), due, id. */
	enum backend_result (*runs_ready)(struct backend *, const char *queue, size_t max,
					  struct run *runs, size_t *n, struct err *);
	/* Running runs with id > after, ascending, at most max: for recovery. */
	enum backend_result (*runs_running)(struct backend *, int64_t after, size_t max,
					    struct run *runs, size_t *n, struct err *);
	/* A page newest first; fills intent->runs and ->cursor. A run of no job (TRIGGER_CLOCK) has
	   job_id 0 and is listed to operators: filter.has_owner leaves it out. */
	enum backend_result (*runs_page)(struct backend *, struct intent *, struct err *);

	/*
	 * Attempts. update is by (run_id, number); what the row has of the claim (claimed_at, boot,
	 * spawner) and of the start (started_at, pid and pid_start) it keeps.
	 */
	enum backend_result (*attempt_insert)(struct backend *, const struct attempt *,
					      struct err *);
	enum backend_result (*attempt_update)(struct backend *, const struct attempt *,
					      struct err *);
	/* The attempt never was: only of one that is provably not started. */
	enum backend_result (*attempt_drop)(struct backend *, int64_t run_id, int number,
					    struct err *);
	enum backend_result (*attempt_load)(struct backend *, int64_t run_id, int number,
					    struct attempt *, struct err *);

	/* Output: pieces of at most 64 KiB by number; appended to the run's attempt. */
	enum backend_result (*output_append)(struct backend *, const struct run *, int piece,
					     const void *data, size_t len, struct err *);
	enum backend_result (*output_read)(struct backend *, int64_t run_id, int attempt, int piece,
					   struct buf *out, struct err *);

	/* Queues: concurrency and counts. A queue without a row has the standard settings. */
	enum backend_result (*queue_load)(struct backend *, const char *name, struct queue *,
					  struct err *);
	enum backend_result (*queue_save)(struct backend *, const struct queue *, struct err *);
	/* Every queue that has a row or a waiting or running run; gives an array to free(). */
	enum backend_result (*queues_list)(struct backend *, struct queue **, size_t *n,
					   struct err *);
	/* Names, behind `after` in their order, of queues with a waiting run whose gate is open. */
	enum backend_result (*queues_ready)(struct backend *, const char *after, size_t max,
					    char (*names)[JOB_NAME_MAX + 1], size_t *n,
					    struct err *);

	/* Idempotency: one row a (uid, key); forget what is older than `before`, at most max. */
	enum backend_result (*request_load)(struct backend *, uid_t, const char *key,
					    struct request_row *, struct err *);
	enum backend_result (*request_save)(struct backend *, const struct request_row *,
					    struct err *);
	enum backend_result (*request_count)(struct backend *, uid_t, int64_t *n, struct err *);
	enum backend_result (*requests_forget)(struct backend *, usec_t before, size_t max,
					       int64_t *n, struct err *);

	/*
	 * Retention, one slice of at most `max` runs: terminal runs that ended before `before`,
	 * or beyond the newest `keep` (0: no limit) in all, oldest first, with attempts and
	 * output; then tombstones and finished jobs without runs. Never the newest run of an
	 * unfinished job. *n: rows removed.
	 */
	enum backend_result (*prune)(struct backend *, usec_t before, int64_t keep,
				     int64_t bytes_max, size_t max, int64_t *n, struct err *);
	/* What that user has; zeros when there is nothing. */
	enum backend_result (*usage_load)(struct backend *, uid_t, struct usage *, struct err *);
	enum backend_result (*stats)(struct backend *, struct store_stats *, struct err *);
	/*
	 * Outside a transaction, one backup at a time: a consistent copy at path (not existing),
	 * made in steps between which transactions may run; the copy contains them. It is checked,
	 * and what is wrong with it is added to *problems, a line each. step: OK: call again; NONE:
	 * complete, synced and in its place. An error ends it: a damaged copy is none. With path
	 * NULL it is for the check alone, problems are no error, and no copy stays.
	 */
	enum backend_result (*backup_begin)(struct backend *, const char *path, struct err *);
	enum backend_result (*backup_step)(struct backend *, struct buf *problems, struct err *err);

	/* Small texts by name, such as the boot id last seen. NONE: not there. */
	enum backend_result (*meta_load)(struct backend *, const char *name, struct buf *out,
					 struct err *);
	enum backend_result (*meta_save)(struct backend *, const char *name, const char *text,
					 struct err *);
	/* Active jobs of kind SCHEDULE_ON_START with id > after, ascending; an index answers it. */
	enum backend_result (*jobs_on_start)(struct backend *, int64_t after, size_t max,
					     int64_t *ids, size_t *n, struct err *);

	/*
	 * Room that is held for when the disk is full: keep makes sure of it (false: there is not
	 * enough), give_up lets what is written next have it.
	 */
	bool (*reserve_keep)(struct backend *);
	void (*reserve_give_up)(struct backend *);

	/* What an operator must know although the database can be used; NULL: all is well. */
	const char *(*warning)(const struct backend *);
	void (*close)(struct backend *); /* frees it */
};

struct backend {
	const struct backend_ops *ops;
};

#endif
