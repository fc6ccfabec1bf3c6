/*
 * The runs that the spawner has: a fixed table, zero at first. A slot is taken by START and free
 * again after FORGET; until then it holds all that the daemon may ask, whatever becomes of the
 * daemon.
 *
 * There is no queue of messages to the daemon: a slot that is ahead of what the daemon was told
 * is marked, and what is said is read from the slot when the socket has room.
 */
#ifndef SPAWN_SLOTS_H
#define SPAWN_SLOTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "spawn/msg.h"

#define SLOTS_MAX MSG_RUNS_MAX

enum slot_state {
	SLOT_FREE,
	SLOT_STARTING, /* forked; has not executed its program */
	SLOT_RUNNING,
	SLOT_LINGERING, /* asked to end; its main process has, and is not reaped as others have not */
	SLOT_EXITED,
	SLOT_FAILED, /* the start failed */
	SLOT_NSTATES,
};

struct slot {
	int64_t run_id;
	int32_t attempt;
	uid_t uid;
	bool ends_leftovers;   /* kills what the main process leaves behind */
	enum slot_state state; /* by slots_set_state() only */
	bool is_told;          /* this daemon knows of it, and has its outputs */
	struct msg_report report;
	int outputs[MSG_NOUTPUTS]; /* descriptors; -1: none */
	int watches[MSG_NOUTPUTS]; /* we are told of the next write and need not look; -1: not */
	int exec_fd; /* while STARTING: its end tells that the program runs; else -1 */
	int64_t output_max;
	int64_t start_by; /* monotonic microseconds: killed when still STARTING then */
	int64_t end_by;   /* monotonic: it does not linger on then; INT64_MAX before it is killed */
	bool is_asked;    /* to end: with all its processes */
	enum msg_stop stop; /* is to be done to it soon */
};

/* The three beside the slots are what is searched: dense, so that this costs next to nothing. */
struct slots {
	int64_t run_ids[SLOTS_MAX]; /* 0: the slot is free */
	int64_t pids[SLOTS_MAX];    /* of main processes that are ours to reap; 0: none */
	char is_untold[SLOTS_MAX];  /* the daemon has to be told of it */
	int end;                    /* no used slot is at or beyond it */
	int tell_from;              /* where the next of these is searched first */
	int nalive;                 /* STARTING, RUNNING or LINGERING */
	int nlingering;
	struct slot slot[SLOTS_MAX];
};

/* A slot for the run, FREE still; NULL: the table is full. The run must not be there. */
struct slot *slots_take(struct slots *slots, int64_t run_id, int32_t attempt);
struct slot *slots_find(struct slots *slots, int64_t run_id, int32_t attempt); /* NULL: none */
struct slot *slots_find_pid(struct slots *slots, pid_t pid); /* one that is alive; NULL: none */

/* STARTING, RUNNING or LINGERING: its pid is its own, and as a group and session. */
bool slots_is_alive(const struct slot *slot);

/* Takes a legal step (asserted); what the daemon does not know of it has to be told. */
void slots_set_state(struct slots *slots, struct slot *slot, enum slot_state state);

/* Closes its descriptors and frees it. It must not be alive. */
void slots_drop(struct slots *slots, struct slot *slot);

/* The next used slot at or behind index *at, which moves on; NULL at the end. */
struct slot *slots_next(struct slots *slots, int *at);

/* Everything has to be told again, to a new daemon. */
void slots_tell_all(struct slots *slots);
struct slot *slots_to_tell(struct slots *slots); /* one of these, in turn; NULL: none */
void slots_told(struct slots *slots, struct slot *slot);

int slots_index(const struct slots *slots, const struct slot *slot);

#endif
