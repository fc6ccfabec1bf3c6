/* From a START message to a child that executes its program, or a slot that says why not. */
#ifndef SPAWN_START_H
#define SPAWN_START_H

#include "spawn/spawn.h"

#define START_LIMIT_US (30 * INT64_C(1000000)) /* from fork to exec; look-ups may hang */

/* Starts the run, or sets its slot FAILED. One that the spawner has already is left alone. */
void start_run(struct spawner *sp, const struct msg *msg, const char *payload);

/* The child's exec_fd has come to its end: it executes its program, or could not. */
void start_settle(struct spawner *sp, struct slot *slot);

/* Kills a child that has not got to its program in time. */
void start_check(struct spawner *sp, struct slot *slot);

#endif
