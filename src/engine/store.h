/*
 * Port: the ledger, asynchronously. An intent is one atomic request: what is asked, room for the
 * answer, and whom to tell. It is submitted on the loop thread, applied in a transaction by the
 * store's own thread (or by a fake), and answered on the loop thread after the commit's fsync.
 * What an intent does to the rows is store/ledger.h.
 */
#ifndef ENGINE_STORE_H
#define ENGINE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/field.h"
#include "model/job.h"
#include "model/run.h"

enum intent_kind {
	/* Changes asked by people. */
	/* job: owner and defaults (taken); changes: all that was asked -> job_id, name, next_due */
	INTENT_JOB_ADD,
	INTENT_JOB_SET,    /* ref, changes -> as add */
	INTENT_JOB_CANCEL, /* ref, how -> job_id; how: also its running run */
	INTENT_JOB_PAUSE,  /* ref */
	INTENT_JOB_RESUME, /* ref -> next_due */
	INTENT_JOB_RUN,    /* ref, is_forced, tty -> run_id */
	INTENT_RUN_CANCEL, /* run_id, how */
	INTENT_RUN_RETRY,  /* run_id -> run_id of the new run */
	INTENT_QUEUE_SET,  /* queue */
	/* The engine's own. */
	INTENT_CLAIM,   /* until, limit -> work; runs: new rows of instants that are not run */
	INTENT_STARTED, /* run_id, attempt, pid, pid_start, at */
	/* run_id, attempt, outcome (its files are read), at, pid, pid_start, reason (it was asked to
	   end for) -> run */
	INTENT_ENDED,
	INTENT_UNFINISHED, /* cursor, limit -> starts: every running run with its attempt */
	/* run_id, attempt, is_forced (a clock set back has left it far ahead): provably not started:
	   wait again, or end */
	INTENT_REQUEUE,
	INTENT_STOPPING, /* run_id, attempt, reason: a time-out or shutdown is about to end it */
	INTENT_BOOT,     /* at: the instant of this boot; on-start jobs run once a boot */
	/*
	 * Both go through the recurring jobs in batches: offset is the last id of the batch before
	 * (0: begin), in the answer where to go on (-1: done), count: jobs recomputed so far.
	 */
	INTENT_CLOCK_STEP, /* the clock was set, from at to until; since */
	/*
	 * look whether zone files were replaced (is_forced: they were) -> name: which;
	 * offset, count
	 */
	INTENT_ZONES,
	/* retention, at: the time by which something is old; one slice -> count; 0: nothing left */
	INTENT_PRUNE,
	INTENT_BACKUP, /* path */
	INTENT_CHECK,  /* of the whole database -> output: what is wrong, a line each */
	/* Questions. */
	INTENT_JOB_GET,  /* ref -> jobs[0] */
	INTENT_JOB_LIST, /* filter, cursor, limit -> jobs, cursor */
	INTENT_RUN_LIST, /* filter, ref (none: all jobs), cursor, limit -> runs, cursor */
	INTENT_RUN_GET,  /* run_id -> runs[0], attempts */
	/*
	 * run_id, attempt (0: last), of_errors, offset, limit; of what runs, outcome -> output, and
	 * offset: of its first byte, further than asked when that was not kept
	 */
	INTENT_RUN_OUTPUT,
	/* ref, at, until -> jobs[0], runs[0]: the last in that time, or none; queues[0] if it waits */
	INTENT_WHY,
	INTENT_QUEUE_LIST, /* -> queues */
	INTENT_STATS,      /* -> stats */
	INTENT_NKINDS,
};

/* Who asks. */
struct requester {
	uid_t uid;
	bool is_operator; /* root or a configured operator: may see and change everything */
};

/* A job by id, or by name among the unfinished jobs of an owner. */
struct job_ref {
	int64_t id; /* > 0: by id */
	char *name; /* owned; NULL when by id */
	uid_t owner;
};

struct list_filter {
	bool has_owner;
	uid_t owner;
	bool with_ended;  /* finished jobs and tombstones too */
	bool only_failed; /* jobs whose last run failed; runs that failed */
	bool only_running;
	char *name_glob; /* fnmatch(3); owned */
	char *queue;     /* owned */
	int64_t job_id;  /* of runs: of this job; 0: of all */
};

/* A job as `list` shows it. */
struct job_item {
	struct job job;
	bool has_last;
	struct run last;             /* the newest terminal run */
	struct attempt last_attempt; /* its last; number 0: none */
	int nrunning;
	int nwaiting;
};

struct run_item {
	struct run run;
	char *job_name; /* owned; may be NULL */
	uid_t owner;
	struct attempt last; /* number 0: none yet */
};

struct queue {
	char name[JOB_NAME_MAX + 1];
	int concurrency;
	bool is_paused;
	int64_t nwaiting, nrunning;
};

struct store_stats {
	int64_t njobs, nrunning, nwaiting, nruns;
	int64_t database_bytes;
};

/* What one user has stored. */
struct usage {
	int64_t njobs; /* unfinished ones */
	int64_t nruns; /* that wait or run */
	int64_t bytes; /* of definitions, and of output */
};

/* How much of it a user may have; 0: no limit. */
struct limits {
	int64_t jobs, runs, bytes;
};

/*
 * A run that was made `running` in this commit: the engine has to start it at start_at. The job is
 * here by value: memory of its own would be allocated by the store's thread and freed by the
 * loop's, one for each run, and each then waits for the other's lock in malloc.
 */
struct start {
	struct run run;
	struct job job; /* zeroed when it was taken */
	struct attempt attempt;
};

/*
 * A running run that has to be stopped. With only_unstarted it is left alone when it was handed
 * to its runner already; else the engine answers with INTENT_REQUEUE.
 */
struct stop {
	int64_t run_id;
	int attempt;
	enum stop_how how;
	bool only_unstarted;
	enum run_reason reason;
};

/* What a commit gives the engine to do. Owned by the intent. */
struct work {
	struct start *starts;
	size_t nstarts;
	struct stop *stops;
	size_t nstops;
	usec_t wake_at; /* when to claim next; NEVER: not before something changes; -1: not told */
	usec_t wake_by; /* one thing more is due then, what was told before still holds; -1: no */
	bool is_full;   /* the limit was reached, slots are left: claim again at once */
};

/* One change of a field by its name: sets it, adds to a list, or clears it (text NULL). */
struct change {
	const struct field *field; /* of FIELD_SCHEDULE, kind tells how to read text */
	enum schedule_kind kind;
	char *text; /* owned; NULL: back to the default. A list is cleared before its first item */
	size_t len;
};

#define INTENT_KEY_MAX 128

/* A clock that is set back by more than this gives back what lies ahead again; by less, it waits. */
#define CLOCK_BACK_MIN USEC_PER_MIN

struct intent {
	enum intent_kind kind;
	usec_t now; /* the loop's time when it was submitted */
	struct requester who;
	char key[INTENT_KEY_MAX + 1]; /* idempotency key of the requester; "": none */
	/* of method and parameters: the same key must mean the same */
	uint64_t key_hash;

	/* What is asked; which of these count stands at the kind. */
	struct job_ref ref;
	struct job *job;        /* owned */
	struct change *changes; /* owned */
	size_t nchanges;
	int64_t run_id;
	int attempt;
	bool is_forced;
	bool without_output; /* of ended: the disk has no room for it */
	int tty;             /* of the run, see there */
	bool of_errors;      /* of RUN_OUTPUT: what went to stderr, when it was kept apart */
	bool with_running;   /* of JOB_CANCEL: stop its running run too */
	enum stop_how how;
	enum run_reason reason;
	usec_t at;    /* an instant asked about, or the started-at */
	usec_t until; /* claims: everything with next_start_at <= until */
	usec_t since; /* of CLOCK_STEP and REQUEUE: the least that the clock was set to since */
	int64_t limit;
	int64_t offset;
	char *cursor; /* owned; NULL: from the beginning. In the answer: NULL: that was all */
	struct list_filter filter;
	pid_t pid;
	int64_t pid_start;
	struct outcome outcome; /* its descriptors are owned */
	struct queue queue; /* of QUEUE_SET; concurrency 0: as it was. The answer: as it is now */
	bool keeps_paused;  /* of QUEUE_SET: queue.is_paused is not asked for */
	char *path;         /* owned */

	/*
	 * Too much for one transaction: a part is done, and the store applies it again in the
	 * next one, until it is done and answered.
	 */
	bool goes_on;
	/* The ledger's own: how far the part came that the commit after so many has made. */
	struct {
		int64_t ncommits, job_id;
		usec_t until;
	} part;

	/* The answer. err.code ERR_NONE: it is committed. */
	struct err err;
	int64_t job_id;
	int64_t new_run_id;
	int64_t count;
	char *name; /* owned */
	usec_t next_due;
	struct work work;
	struct job_item *jobs; /* owned, njobs */
	size_t njobs;
	struct run run;        /* as it is now; id 0: not told */
	struct run_item *runs; /* owned, nruns */
	size_t nruns;
	struct attempt *attempts; /* owned, nattempts */
	size_t nattempts;
	struct queue *queues; /* owned, nqueues */
	size_t nqueues;
	struct store_stats stats;
	struct buf output;
	bool output_is_split;   /* stderr was kept apart */
	int64_t output_total;   /* bytes the attempt wrote */
	int64_t output_omitted; /* of these, not kept */
	int64_t output_gap_at;  /* where these were; output_total when there are none */

	/*
	 * Both are called once on the loop thread, first `before` (the engine's, which takes the
	 * work), then `done` (the asker's); then the intent is freed. See intent_answer().
	 */
	void (*before)(struct intent *intent, void *arg);
	void *before_arg;
	void (*done)(struct intent *intent, void *arg);
	void *arg;
	struct intent *next; /* the store's queue */
};

struct intent *intent_new(enum intent_kind kind, usec_t now);
void intent_free(struct intent *intent); /* with everything it owns */
/* The store calls it on the loop thread when the answer is known. Frees the intent. */
void intent_answer(struct intent *intent);
bool intent_is_change(enum intent_kind kind);
const char *intent_name(enum intent_kind kind); /* "job-add", for logs and fault points */

/* Healthy, or why not: told to the owner of a store whenever it changes. */
enum store_state {
	STORE_OK,
	STORE_DEGRADED, /* refuses changes and claims; heals by itself */
};

struct store {
	/* Takes the intent. Its done() is called later, never from inside. */
	void (*submit)(struct store *store, struct intent *intent);
};

#endif
