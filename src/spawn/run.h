/* One run: from a START message to its slot's end, whatever happens between. */
#ifndef SPAWN_RUN_H
#define SPAWN_RUN_H

#include <sys/resource.h>

#include "spawn/spawn.h"

#define RUN_START_LIMIT_US (30 * INT64_C(1000000)) /* from fork to exec; look-ups may hang */

/* Starts the run, which is not there yet, or sets its slot FAILED. False: there is no slot. */
bool run_start(struct spawner *sp, const struct msg *msg, const char *payload);

/* The child's exec_fd has come to its end: it executes its program, or could not. */
void run_settle(struct spawner *sp, struct slot *slot);

/* Looks at it: how soon again, as its output grows or it starts yet; INT64_MAX: never. */
int64_t run_look(struct spawner *sp, struct slot *slot);

/* Stops it soon, if it is alive; this does so to all for which that was asked. */
void run_stop(struct spawner *sp, struct slot *slot, enum msg_stop how);
void run_stop_now(struct spawner *sp);

/*
 * Its main process has ended and is reaped here, at last: until then its pid is its own. If it was
 * asked to end it lingers first: until nothing is left of it but strays, or it has been killed.
 */
void run_end(struct spawner *sp, struct slot *slot);

/* Ends those that lingered for long enough. When to look at the rest again; 0: there is none. */
int64_t run_look_at_lingering(struct spawner *sp);

/* The end is on record: the slot is free again, if it has come to its end. */
void run_forget(struct spawner *sp, struct slot *slot);

#endif
