/*
 * Holding on to one file, to see later whether its name is still its own. No other file can get its
 * inode meanwhile, and what it holds stays as long as it is held, also without a name.
 */
#ifndef STORE_HELD_H
#define STORE_HELD_H

#include <stdbool.h>

struct held {
	int fd; /* -1: none is held */
};

#define HELD_NONE ((struct held){ -1 })

/* A database's log, and the copy of it that has its name, if one had to be put there. */
struct held_log {
	struct held log, copy;
};

#define HELD_LOG_NONE ((struct held_log){ HELD_NONE, HELD_NONE })

/*
 * Holds what has that name, with O_PATH or O_RDONLY. O_PATH for a database: to close any other
 * descriptor of it drops SQLite's locks (POSIX, fcntl). 0, or -1 with errno.
 */
int held_take(struct held *held, const char *path, int how);
void held_drop(struct held *held);
void held_log_drop(struct held_log *log);
/* Of the one that is held: does the path lead to it? */
bool held_has_name(const struct held *held, const char *path);

#endif
