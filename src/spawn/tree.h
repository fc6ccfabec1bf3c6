/*
 * The processes of runs beyond their main ones: how they are found, ended and counted.
 *
 * A run's processes are its main one, those of its session and of its group, and whatever
 * descends from them or is in a session or group that one of these leads. Once the run is asked to
 * end, these stay its own whatever becomes of their parents. A process that got out of all that
 * before is a stray: it became our child (we are the subreaper), and belongs to the run whose number
 * stands in its environment.
 */
#ifndef SPAWN_TREE_H
#define SPAWN_TREE_H

#include "spawn/proc.h"
#include "spawn/slots.h"

#define TREE_MAX 16384 /* processes of the machine that are looked at */

/* One that was of a run's tree since the run was asked to end; by its start it is known again. */
struct tree_member {
	pid_t pid;
	int32_t attempt;
	int64_t start, run_id;
	int owner; /* index of the run's slot, which may be another's by now */
};

struct tree {
	DIR *processes;     /* /proc */
	int children_fd;    /* proc_open_children() */
	int64_t read_at;    /* monotonic: the round in which the list was read */
	int64_t rest_until; /* until then reading it again can wait, so that it is not all we do */
	bool has_strays;    /* they have owners, too */
	bool is_whole;      /* who is not in the list is not there */
	int n;
	struct proc list[TREE_MAX]; /* owner: index of the run's slot */
	int nliving[SLOTS_MAX];     /* how many in the list each run has */
};

struct spawner;

/* Does what the slots say (slot->stop) to runs with all their processes but strays. */
void tree_stop(struct spawner *sp);

/* Do we have no child but main processes and the daemon? Then no ended run has left anything. */
bool tree_is_all_known(const struct spawner *sp);

/* Brings nliving up to date, without strays; of living runs only if it has to. */
void tree_look(struct spawner *sp);

/*
 * The main process has ended and is not reaped, so that its pid, group and session are nobody
 * else's: how many others are left, strays included. With slot->ends_leftovers they are killed.
 */
int tree_leftovers(struct spawner *sp, const struct slot *slot);

#endif
