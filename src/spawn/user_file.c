/* Files of users. */
#include "spawn/user_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
user_file_open(const char *path, int64_t most, int64_t *size)
{
	struct stat file;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -1;
	int error = fstat(fd, &file) < 0     ? errno
		    : !S_ISREG(file.st_mode) ? EINVAL
		    : file.st_size > most    ? EFBIG
					     : 0;
	*size = file.st_size;
	if (error == 0)
		return fd;
	close(fd);
	errno = error;
	return -1;
}

static int
write_whole(int to, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(to, bytes, len);
		if (n < 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Exactly so many: a file that became shorter meanwhile is no whole one. */
static int
copy(int from, int to, int64_t size)
{
	char bytes[16384];
	int rc = 0;
	while (size > 0 && rc == 0) {
		size_t want = size < (int64_t)sizeof(bytes) ? (size_t)size : sizeof(bytes);
		ssize_t n = read(from, bytes, want);
		if (n == 0)
			errno = EIO;
		rc = n > 0 ? write_whole(to, bytes, (size_t)n) : -1;
		size -= n;
	}
	explicit_bzero(bytes, sizeof(bytes));
	return rc;
}

int
user_file_give(const char *path, int64_t most, int to)
{
	int64_t size = 0;
	int fd = -1;
	if (path[0] && (fd = user_file_open(path, most, &size)) < 0)
		return -1;
	uint64_t length = (uint64_t)size;
	int rc = write_whole(to, (const char *)&length, sizeof(length));
	if (rc == 0)
		rc = copy(fd, to, size);
	if (fd >= 0)
		close(fd);
	return rc;
}
