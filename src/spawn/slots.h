/*
 * The runs that the spawner has: a fixed table. A slot is taken by START and free again after
 * FORGET; until then it holds all that the daemon may ask, whatever becomes of the daemon.
 *
 * There is no queue of messages to the daemon: a slot that is ahead of what the daemon was told
 * stands in the tell list, and what is said is read from the slot when the socket has room.
 */
#ifndef SPAWN_SLOTS_H
#define SPAWN_SLOTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "spawn/msg.h"

#define SLOTS_MAX  4096
#define SLOTS_HASH 8192 /* chains of each index; a power of two */
#define SLOT_NONE  UINT16_MAX

enum slot_state {
	SLOT_FREE,
	SLOT_STARTING, /* forked; has not executed its program */
	SLOT_RUNNING,
	SLOT_EXITED,
	SLOT_FAILED, /* the start failed */
	SLOT_NSTATES,
};

/* The lists that a slot can be in, each linked through next[]. */
enum slot_list {
	SLOT_BY_RUN, /* chains of the hash of the run's id; the free slots */
	SLOT_BY_PID, /* likewise of the pid, while it is alive */
	SLOT_TO_TELL,
	SLOT_NLISTS,
};

/* A file that the run writes to. */
struct slot_output {
	int fd;       /* -1: none */
	int watch;    /* told of the next write, so not looked at until then; -1: not */
	int64_t seen; /* its size when it was last looked at */
};

enum { SLOT_OUTPUT, SLOT_ERRORS, SLOT_NOUTPUTS }; /* the errors have one when they are split off */

struct slot {
	int64_t run_id;
	int32_t attempt;
	uid_t uid;
	bool ends_leftovers;   /* kills what the main process leaves behind */
	enum slot_state state; /* by slot_set_state() only */
	enum slot_state told;  /* what this daemon knows; FREE: nothing */
	struct msg_report report;
	struct slot_output outputs[SLOT_NOUTPUTS];
	int exec_fd; /* while STARTING: its end tells that the program runs; else -1 */
	int64_t output_max;
	int64_t start_by;    /* monotonic microseconds: killed when still STARTING then */
	bool is_overdue;     /* that happened */
	bool has_cgroup;
	bool is_in_tell;
	uint16_t next[SLOT_NLISTS];
};

struct slots {
	struct slot slot[SLOTS_MAX];
	uint16_t by_run[SLOTS_HASH], by_pid[SLOTS_HASH];
	uint16_t free, tell_first, tell_last;
	uint16_t end;      /* no used slot is at or beyond it */
	int nused, nalive; /* alive: STARTING or RUNNING */
};

void slots_init(struct slots *slots);

/* A slot for the run, FREE still; NULL: the table is full. The run must not be there. */
struct slot *slots_take(struct slots *slots, int64_t run_id, int32_t attempt);
struct slot *slots_find(struct slots *slots, int64_t run_id, int32_t attempt); /* NULL: none */
struct slot *slots_find_pid(struct slots *slots, pid_t pid); /* one that is alive; NULL: none */

/* Takes a legal step (asserted) and puts the slot into the tell list. */
void slots_set_state(struct slots *slots, struct slot *slot, enum slot_state state);

/* The process of a FREE slot: report.pid from now on finds it. */
void slots_set_pid(struct slots *slots, struct slot *slot, pid_t pid);

/* Closes its descriptors and frees it. It must not be alive. */
void slots_drop(struct slots *slots, struct slot *slot);

/* The next used slot at or behind index *at, which moves on; NULL at the end. */
struct slot *slots_next(struct slots *slots, uint16_t *at);

/* Everything has to be told again, to a new daemon. */
void slots_tell_all(struct slots *slots);
struct slot *slots_to_tell(struct slots *slots); /* the first of the list; NULL: none */
void slots_told(struct slots *slots);            /* the first has been told; leaves the list */

uint16_t slots_index(const struct slots *slots, const struct slot *slot);

#endif
