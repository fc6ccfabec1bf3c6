/*
 * The processes of runs beyond their main ones: how they are found, ended and counted.
 *
 * A run's processes are those of its session and of its group, and whatever descends from them.
 * A process that left the session and lost its parent is a stray: it became our child (we are
 * the subreaper), and belongs to the run whose number stands in its environment.
 */
#ifndef SPAWN_TREE_H
#define SPAWN_TREE_H

#include "spawn/proc.h"
#include "spawn/slots.h"

#define TREE_MAX 16384 /* processes of the machine that are looked at */

struct tree {
	DIR *processes;  /* /proc */
	int children_fd; /* proc_open_children() */
	int64_t seen_at; /* monotonic: when the list was read */
	int nlooks_again;
	int n;
	struct proc list[TREE_MAX];
};

/* Asks or forces a run to end with all its processes; slot NULL: all runs that live. */
void tree_stop(struct tree *tree, struct slots *slots, const struct slot *slot, enum msg_stop how,
	       int64_t now);

/*
 * The main process has just been reaped: how many others are left. With slot->ends_leftovers
 * they are killed. daemon_pid is the child of ours that is no run's; 0: there is none.
 */
int tree_leftovers(struct tree *tree, struct slots *slots, const struct slot *slot,
		   pid_t daemon_pid);

#endif
