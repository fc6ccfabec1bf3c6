/* Small files. */
#include "spawn/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

ssize_t
file_read(int dir, const char *name, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n = -1;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	text[0] = '\0';
	if (fd < 0)
		return -1;
	while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	int error = errno;
	close(fd);
	errno = error;
	text[len] = '\0';
	return n < 0 && len == 0 ? -1 : (ssize_t)len;
}

int
file_write(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = write(fd, text, strlen(text));
	int error = errno;
	close(fd);
	errno = error;
	return n < 0 ? -1 : 0;
}
