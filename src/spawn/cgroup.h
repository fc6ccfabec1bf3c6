/*
 * One cgroup (version 2) a run, where a directory of them was delegated to us: then a run's
 * processes cannot get away, its limits hold for all of them together, and what it used is known
 * as a whole. Elsewhere there is none, and a run that asks for such a limit does not start.
 */
#ifndef SPAWN_CGROUP_H
#define SPAWN_CGROUP_H

#include "spawn/spawn.h"

/*
 * Finds the directory: `path`, or (NULL) our own cgroup if the service manager marked it as
 * delegated. Moves us into a child of it, as the kernel wants. sp->cgroup_fd -1: there is none.
 */
void cgroup_open(struct spawner *sp, const char *path);

/* Makes the run's, with its limits. 0, or -1 with errno; ENOTSUP: limits, but no cgroups. */
int cgroup_make(struct spawner *sp, struct slot *slot, const struct msg_start *start);

/* A descriptor of a run's cgroup.procs, for its child to write "0" to; -1 with errno. */
int cgroup_door(const struct spawner *sp, const struct slot *slot);

void cgroup_kill(const struct spawner *sp, const struct slot *slot);

/* The main process has ended: CPU time, peak memory and leftovers go into the report. */
void cgroup_end(const struct spawner *sp, struct slot *slot);

/* Removes it, unless there are still processes in it. */
void cgroup_drop(const struct spawner *sp, struct slot *slot);

#endif
