/*
 * The reserve: a file beside the database (PATH.reserve) that holds room on the disk. When the disk
 * is full it is given up, so that what runs can still be recorded when it ends (reliability.md
 * R-36); and while there is no room to have it again, nothing is started and no job is added.
 */
#ifndef STORE_RESERVE_H
#define STORE_RESERVE_H

#include <stdbool.h>

/* Some 40 commits of one run's end each, or one with all the output that is kept as a rule. */
#define RESERVE_BYTES (1024 * 1024)

/*
 * Makes sure that it is there. False: there is no room for it, or not as much again beside it; then
 * it is given up. (If something else is in the way, that is logged, and one does without it.)
 */
bool reserve_keep(const char *database);
void reserve_give_up(const char *database);

#endif
