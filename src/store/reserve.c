/* A file that only takes room. */
#include "store/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"

static char *
reserve_path(const char *database)
{
	return mem_printf("%s.reserve", database);
}

/* 0, or the errno. */
static int
allocate(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	int error = posix_fallocate(fd, 0, RESERVE_BYTES);
	close(fd);
	if (error != 0)
		unlink(path);
	return error;
}

static bool
has_room(const char *database, uint64_t bytes)
{
	struct statvfs vfs;
	return statvfs(database, &vfs) != 0 || (uint64_t)vfs.f_bavail * vfs.f_frsize >= bytes;
}

bool
reserve_keep(const char *database)
{
	struct stat st;
	char *path = reserve_path(database);
	bool is_there = lstat(path, &st) == 0 && st.st_size >= RESERVE_BYTES;
	/* As much again beside it, else the next commits would need it at once. */
	bool has_both = has_room(database, is_there ? RESERVE_BYTES : 2 * RESERVE_BYTES);
	int error = is_there || !has_both ? 0 : allocate(path);
	bool is_full = !has_both || error == ENOSPC || error == EDQUOT;
	if (is_full)
		unlink(path);
	else if (error != 0)
		log_warning("there is no reserve for a full disk", log_str("path", path),
			    log_str("cause", strerror(error)));
	free(path);
	return !is_full;
}

void
reserve_give_up(const char *database)
{
	char *path = reserve_path(database);
	unlink(path);
	free(path);
}
