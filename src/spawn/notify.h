/* Speaks to the service manager as sd_notify(3) does, in fixed words. */
#ifndef SPAWN_NOTIFY_H
#define SPAWN_NOTIFY_H

#include "spawn/msg.h"

/* Does nothing when NOTIFY_SOCKET is not set; never waits. */
void notify_send(enum msg_notify what);

#endif
