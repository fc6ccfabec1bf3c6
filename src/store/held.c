/* Files by their inodes. */
#include "store/held.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int
held_take(struct held *held, const char *path, int how)
{
	held->fd = open(path, how | O_NOFOLLOW | O_CLOEXEC);
	return held->fd < 0 ? -1 : 0;
}

void
held_drop(struct held *held)
{
	if (held->fd >= 0)
		close(held->fd);
	*held = HELD_NONE;
}

void
held_log_drop(struct held_log *log)
{
	held_drop(&log->log);
	held_drop(&log->copy);
}

bool
held_has_name(const struct held *held, const char *path)
{
	struct stat mine, named;
	return fstat(held->fd, &mine) == 0 && lstat(path, &named) == 0 &&
	       mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}
