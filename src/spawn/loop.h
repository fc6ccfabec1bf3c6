/* The event loop: one epoll, one signalfd, deadlines computed from the state. */
#ifndef SPAWN_LOOP_H
#define SPAWN_LOOP_H

#include "spawn/spawn.h"
#include "spawn/ticks.h"

#define LOOP_LOOK_US (TICKS_US_PER_SEC / 10) /* between looks at what starts, or writes */

enum loop_source {
	LOOP_SIGNAL,
	LOOP_LINK,
	LOOP_OUTPUT,
	LOOP_EXEC, /* a child's exec_fd; the index is its slot's */
};

/* 0, or -1: it is said, and nothing will be heard of that descriptor. */
int loop_watch(struct spawner *sp, int fd, enum loop_source source, int index);
/*
 * Before closing what was watched: the kernel forgets a file only when nobody has it open, and
 * a child that is on its way to exec still does.
 */
void loop_unwatch(struct spawner *sp, int fd);
void loop_want_write(struct spawner *sp, bool is_wanted); /* of the link */

/* Something has begun that is to be looked at now and then: a start, or an output. */
void loop_look_soon(struct spawner *sp);

/* Runs are to be stopped: with others, if many are. */
void loop_stop_soon(struct spawner *sp);

/* There is no daemon any more and none will come: ends the runs so, then the loop. */
void loop_stop(struct spawner *sp, enum msg_stop how);

/* Starts the daemon and runs until the phase is DONE. */
void loop_run(struct spawner *sp);

#endif
