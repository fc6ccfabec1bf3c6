/* Ending a run: everything that belongs to it. */
#ifndef SPAWN_TREE_H
#define SPAWN_TREE_H

#include "spawn/slots.h"

/* Asks or forces the run to end. Does nothing to one that has ended. */
void tree_stop(const struct slot *slot, enum msg_stop how);

#endif
