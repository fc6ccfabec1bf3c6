/*
 * The orchestrator: asks the store for due work, hands it to the runners at its instant, and
 * records how it ended. Pure: every call takes the time, nothing is read or waited for, and what
 * it wants from the world goes through the ports. It holds only what runs now or is about to.
 *
 * The owner (daemon, simulator) forwards: timer expiry, runner events, store answers (which come
 * through the intents themselves), and people's intents.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "engine/runner.h"
#include "engine/store.h"

struct engine;

enum run_event_kind {
	RUN_EVENT_STARTING, /* handed to its runner */
	RUN_EVENT_STARTED,
	RUN_EVENT_ENDED,   /* on record: run->state says how (waiting: it will be retried) */
	RUN_EVENT_SKIPPED, /* on record without a start: skipped, missed, lost */
};

struct run_event {
	enum run_event_kind kind;
	const struct run *run;
	const struct job *job; /* NULL when it is not known (after a restart) */
	usec_t took;           /* ended: duration of the attempt */
	usec_t late;           /* starting: behind start_at */
};

struct engine_ports {
	struct store *store;
	struct runner *exec;
	struct runner *http;
	void (*event)(void *arg, const struct run_event *event); /* for log, alerts, subscribers */
	void (*trouble)(void *arg, const char *text);            /* something for the error log */
	void (*notice)(void *arg, const char *text, const char *what); /* and for the notices */
	/*
	 * Is that process of an earlier spawner still the one it was? (pid, start ticks, boot id).
	 * The owner then watches it and calls engine_orphan_ended(). NULL: never.
	 */
	bool (*orphan_lives)(void *arg, const struct attempt *attempt);
	void *arg;
};

struct engine_config {
	int claim_batch;     /* runs and jobs a claim takes at most; 256 */
	usec_t lookahead;    /* claims this far ahead of the instant; 20 ms to 1 s */
	usec_t stop_timeout; /* how long running work may go on after engine_stop() */
	usec_t seen_at;      /* when the database was last used; 0: never, or not known */
	char boot[40];
	char spawner[40];
};

struct engine *engine_new(const struct engine_config *config, const struct engine_ports *ports);
void engine_free(struct engine *engine); /* no intent may be under way */

/*
 * Recovery: first tell what the runners still have (any number of calls, in any order), then
 * engine_recover(). Claims begin when it is through; engine_is_ready() then.
 */
void engine_replay_started(struct engine *engine, int64_t run_id, int attempt, pid_t pid,
			   int64_t pid_start, usec_t at);
void engine_recover(struct engine *engine, usec_t now);
/* Claims begin so much ahead of the instants: twice what a commit takes, 20 ms to 1 s. */
void engine_set_lookahead(struct engine *engine, usec_t lookahead);

bool engine_is_ready(const struct engine *engine);

/* The runner's events (and replayed ends). Takes the outcome's descriptors. */
void engine_run_started(struct engine *engine, int64_t run_id, int attempt, pid_t pid,
			int64_t pid_start, usec_t at);
void engine_run_ended(struct engine *engine, int64_t run_id, int attempt, struct outcome *outcome,
		      usec_t now);
void engine_orphan_ended(struct engine *engine, int64_t run_id, int attempt, usec_t now);

/* Zone files may have been replaced: looks, and recomputes what follows them. */
void engine_zones_changed(struct engine *engine, usec_t now);

/* Sends a person's intent to the store and acts on what its commit gives to do. Takes it. */
void engine_submit(struct engine *engine, struct intent *intent);

/* Does what is due. Call when engine_wake_at() has come, and after any other call above. */
void engine_tick(struct engine *engine, usec_t now);
/* When to tick next at the latest; USEC_NEVER: nothing is planned. */
usec_t engine_wake_at(const struct engine *engine);

/* The store is in trouble, or well again: then what is committed is compared with what runs. */
void engine_store_changed(struct engine *engine, enum store_state state, usec_t now);

/* The clock was set: CLOCK_REALTIME went from `from` to `now` in no time. */
void engine_clock_stepped(struct engine *engine, usec_t from, usec_t now);
/* It was at `from` before the engine was made: what was set since has its times by this clock. */
void engine_clock_was_ahead(struct engine *engine, usec_t from, usec_t now);

/*
 * While it is held it claims nothing and trims no history: the clock cannot be believed. All else
 * goes on.
 */
void engine_hold(struct engine *engine);
void engine_go_on(struct engine *engine, usec_t now);

/*
 * No new starts. Running work gets stop_timeout, then TERM, KILL, and ends as failed(shutdown).
 * With is_restart it is left alone (http runs may finish). engine_is_idle(): nothing is left
 * to wait for.
 */
void engine_stop(struct engine *engine, bool is_restart, usec_t now);
bool engine_is_idle(const struct engine *engine);

/*
 * Descriptors on the output of a running attempt: output_fd, is_split and errors_fd of *outcome,
 * the caller's. The attempt's number; 0: it does not run, and *outcome is as it was.
 */
int engine_output(struct engine *engine, int64_t run_id, struct outcome *outcome);

struct engine_stats {
	int nlive;    /* claimed or running now, in memory */
	int nintents; /* under way */
	usec_t start_late_p50, start_late_p99, start_late_max; /* of the last starts */
};
void engine_stats(const struct engine *engine, struct engine_stats *stats);

#endif
