/* The conversation with the daemon: its requests are executed, what it is owed is sent. */
#ifndef SPAWN_LINK_H
#define SPAWN_LINK_H

#include "spawn/spawn.h"

void link_open(struct spawner *sp, int fd); /* takes fd */

/* Executes some of what the daemon asked. */
void link_read(struct spawner *sp);

/* The daemon is dead: executes all that it asked, and closes. */
void link_drain(struct spawner *sp);

/* Sends what the daemon is owed, as far as there is room; asks the loop for more when not. */
void link_flush(struct spawner *sp);

/* The daemon shall know of the signal. */
void link_signal(struct spawner *sp, int signo);

#endif
