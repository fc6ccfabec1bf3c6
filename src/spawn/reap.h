/* What has ended: runs, the daemon, and strays (processes of runs that outlived their parent). */
#ifndef SPAWN_REAP_H
#define SPAWN_REAP_H

#include "spawn/spawn.h"

void reap_all(struct spawner *sp);

#endif
