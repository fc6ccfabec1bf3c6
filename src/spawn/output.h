/*
 * Where a run's stdout and stderr go, together or each for itself: a file without a name, appended to, owned by the run's
 * user so that it can be opened again through /dev/stdout.
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

/* A file that holds the text, at its beginning, for stdin; -1 with errno. */
int output_stdin(const char *text, size_t len);

/* Looks at the outputs' sizes; whether one grew. Punches their middle out when it is due. */
bool output_look(struct slot *slot);

/*
 * Watching instead of looking, for outputs that do not grow: a run that is silent for hours
 * costs no wake-up. output_rest() is true when the kernel will tell of the next write to any;
 * output_woken() ends that for those that were written to, true when there was one.
 */
bool output_rest(struct spawner *sp, struct slot *slot);
bool output_rests(const struct slot *slot);
bool output_woken(struct spawner *sp);

/* The run has ended: the last look. */
void output_end(struct spawner *sp, struct slot *slot);

#endif
