/* The conversation with the daemon: its requests are executed, what it is owed is sent. */
#ifndef SPAWN_LINK_H
#define SPAWN_LINK_H

#include "spawn/spawn.h"

void link_open(struct spawner *sp, int fd); /* takes fd */

/* Executes some of what the daemon asked; all that is there when it is gone (link_drain). */
void link_read(struct spawner *sp);
void link_drain(struct spawner *sp);
void link_close(struct spawner *sp);

/* Sends what the daemon is owed, as far as there is room; asks the loop for more when not. */
void link_flush(struct spawner *sp);

/* The daemon shall know of the signal. */
void link_signal(struct spawner *sp, int signo);

/* A start that got no slot. */
void link_refuse(struct spawner *sp, const struct msg *msg, enum msg_stage stage, int error);

#endif
