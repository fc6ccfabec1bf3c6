/*
 * The store: a thread that owns the database, behind the engine's port. All functions here are
 * for the loop thread and return at once, but for open and close.
 *
 * The thread takes all that is queued as one group (what the engine asks goes first), applies and
 * commits it, and hands the answers to the loop; while one group syncs the next one gathers.
 * Within the engine's intents, and within the others, the order of submission is kept; but pages of
 * lists go last, few at a time, and no more while the loop still has some to take.
 */
#ifndef STORE_THREAD_H
#define STORE_THREAD_H

#include "engine/store.h"
#include "when/zones.h"

struct backend;
struct store_thread;

/* Intents of people that may be queued: what comes beyond is answered ERR_BUSY. */
#define STORE_QUEUE_MAX 65536

struct store_thread_config {
	const char *path;    /* of the database */
	struct zones *zones; /* borrowed */
	char boot[40];       /* as in struct ledger, like all up to limits */
	char spawner[40];
	uint64_t machine;
	uint64_t draws;
	size_t output_max;
	usec_t retain;
	int64_t retain_runs;
	int64_t retain_bytes;
	struct limits limits;
	usec_t (*now)(void);     /* the clock; called on the thread */
	usec_t (*elapsed)(void); /* never set; called on the thread */
	/*
	 * Called by store_thread_process(): the store is in trouble, and why (the answers of what
	 * failed come after it), or well again. Each trouble is told, however short it was.
	 */
	void (*changed)(void *arg, enum store_state state, const char *detail);
	void *arg;
	/* Opens the backend, on the thread; NULL: SQLite at `path`. For tests. */
	struct backend *(*open)(void *open_arg, struct err *err);
	void *open_arg;
};

/* Opens the database and starts the thread. NULL with *err for a person. Copies the strings. */
struct store_thread *store_thread_open(const struct store_thread_config *config, struct err *err);
/*
 * Does what is queued, closes the database, and answers what is under way. The callbacks may
 * submit again; after a few rounds such intents are answered no more, but freed.
 */
void store_thread_close(struct store_thread *thread);

struct store *store_thread_port(struct store_thread *thread);

/* Readable when there is something for store_thread_process(). */
int store_thread_fd(const struct store_thread *thread);
/* Tells changes of state and answers the intents that are done. */
void store_thread_process(struct store_thread *thread);

struct store_thread_metrics {
	enum store_state state;
	const char *detail; /* why it is in trouble, or what an operator must know; "" if nothing.
	                       Valid until the next call of a function here */
	size_t nqueued;     /* intents that wait for their commit or are in it */
	int64_t ngroups;    /* commits and groups of questions since the start */
	usec_t commit_p50;  /* of the last groups, from taking them to having them on the disk */
	usec_t commit_p99;
	usec_t commit_max; /* since the start */
};
void store_thread_measure(struct store_thread *thread, struct store_thread_metrics *metrics);

#endif
