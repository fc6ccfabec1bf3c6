/*
 * Holding on to one file, to see later whether its name is still its own. No other file can get its
 * inode meanwhile. The descriptor can do nothing else, and closing it drops no lock, unlike any
 * other's of a database.
 */
#ifndef STORE_HELD_H
#define STORE_HELD_H

#include <stdbool.h>

struct held {
	int fd; /* O_PATH; -1: none is held */
};

#define HELD_NONE ((struct held){ -1 })

/* Holds what has that name. 0, or -1 with errno. */
int held_take(struct held *held, const char *path);
void held_drop(struct held *held);
/* Of the one that is held: does the path lead to it? */
bool held_has_name(const struct held *held, const char *path);

#endif
