/*
 * What a spawner leaves to the next program in the same process. At every planned restart of the
 * daemon the spawner executes its own file again, so that an upgrade of the package is an upgrade
 * of the spawner too: the children stay its children, their descriptors stay open, and the table
 * of runs is passed on in a sealed memory file. A new program that reads another form of it says
 * so first (--can-resume) and is not executed while there are runs it could not take over.
 */
#ifndef SPAWN_ESTATE_H
#define SPAWN_ESTATE_H

#include "spawn/spawn.h"

#define ESTATE_FORM 2 /* goes up whenever struct estate changes */

/* Makes a new one: sp->slots and sp->cards are in it. Dies when it cannot. */
void estate_make(struct spawner *sp);

/* Takes over the one in fd. Dies when it is not ours: the runs are lost, and it is said. */
void estate_take(struct spawner *sp, int fd);

/*
 * Is our file on disk another one than the program that runs? Then the daemon's is too, most
 * likely, and may speak another form of messages.
 */
bool estate_is_outdated(const struct spawner *sp);

/* Executes our file again with all that we have. Returns only if that failed. */
void estate_pass_on(struct spawner *sp);

/* Can this program take over the form that FORM names ("1:720896")? */
bool estate_can_resume(const char *form);

#endif
