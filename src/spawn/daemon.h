/* The daemon proper as a child: starting it, and starting it again. */
#ifndef SPAWN_DAEMON_H
#define SPAWN_DAEMON_H

#include "spawn/spawn.h"

#define DAEMON_EXIT_RESTART 75 /* EX_TEMPFAIL: a planned restart */

/*
 * Opens the daemon's file: a spawner that stays when an upgrade has replaced both goes on with the
 * daemon that it was made with, as a newer one may speak another form of messages and change the
 * database.
 */
void daemon_open(struct spawner *sp);

void daemon_start(struct spawner *sp);

/* It has been reaped. Its last requests are executed; then it is started again, or not. */
void daemon_ended(struct spawner *sp, int wait_status);

/* Does what is due: a restart, or killing one that does not end. */
void daemon_tick(struct spawner *sp);

/* The spawner was told to end: the daemon has to, in time, and then everything does. */
void daemon_terminate(struct spawner *sp);

#endif
