/*
 * One cgroup (version 2) a run, where a directory of them was delegated to us: then a run's
 * processes cannot get away, its limits hold for all of them together, and what it used is known
 * as a whole. Elsewhere there is none, and a run that asks for such a limit does not start.
 *
 * cgroup_fd is the directory of the runs' cgroups, -1 where there are none. Then, and for a run
 * that has none, nothing happens.
 */
#ifndef SPAWN_CGROUP_H
#define SPAWN_CGROUP_H

#include "spawn/slots.h"

/*
 * Opens `path`, or (NULL) our own cgroup if the service manager marked it as delegated. Moves us
 * into a child of it, as the kernel wants. -1: there is none.
 */
int cgroup_open(const char *path);

/*
 * A child makes its cgroup, with the limits of its START, and moves into it. 0, or -1 with errno;
 * ENOTSUP: limits, but no cgroups.
 */
int cgroup_enter(int cgroup_fd, const struct msg *start);

void cgroup_kill(int cgroup_fd, const struct slot *slot);

/*
 * The main process has ended: how many others are left; -1: the run has no cgroup. With
 * slot->ends_leftovers they are killed.
 */
int cgroup_leftovers(int cgroup_fd, const struct slot *slot);

/* CPU time and peak memory of the run as a whole go into the report. */
void cgroup_figures(int cgroup_fd, struct slot *slot);

/* Removes it, unless there are still processes in it. */
void cgroup_drop(int cgroup_fd, const struct slot *slot);

/* Removes those that no slot owns and that are empty by now: a run that was forgotten left
   processes in them, or an earlier spawner did. */
void cgroup_sweep(int cgroup_fd, struct slots *slots);

#endif
