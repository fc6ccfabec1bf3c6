/*
 * Where a run's stdout and stderr go, together or each for itself: a file without a name,
 * appended to, owned by the run's user so that it can be opened again through /dev/stdout.
 *
 * The first and the last half of output_max are kept. What lies between them is punched out
 * while the file grows, so a run that writes without end costs bounded space; readers take the
 * head from the beginning and the tail from the end, and get zeros for the rest.
 */
#ifndef SPAWN_OUTPUT_H
#define SPAWN_OUTPUT_H

#include <stdbool.h>

#include "spawn/spawn.h"

/* A new file of that user; -1 with errno. ENOSPC also below the reserve of free space. */
int output_open(struct spawner *sp, uid_t uid);

/*
 * Looks at the sizes of the run's outputs, and punches their middle out when it is due. Those
 * that have not grown are not looked at again until the kernel tells of the next write: a run
 * that is silent for hours costs no wake-up. But what lies beyond the cap can be filled again
 * through a mapping, of which the kernel tells nothing. How soon to look again; INT64_MAX: never.
 */
int64_t output_look(struct spawner *sp, struct slot *slot);

/* The kernel has told of writes: true when any output is to be looked at again. */
bool output_woken(struct spawner *sp);

/* The run has ended: the last look at what it wrote. */
void output_end(struct slot *slot);

#endif
