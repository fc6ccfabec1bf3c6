/* Files of users. */
#include "spawn/user_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/variable.h"
#include "spawn/msg.h"

#define ENV_FILE_MAX 65536

static int
fail(int error)
{
	errno = error;
	return -1;
}

/* A regular file of at most so many bytes. A child's descriptors need no closing when it fails. */
static int
open_regular(const char *path, int flags, off_t most, struct stat *file)
{
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
	if (fd < 0 || fstat(fd, file) < 0)
		return -1;
	if (!S_ISREG(file->st_mode))
		return fail(EINVAL);
	return file->st_size > most ? fail(EFBIG) : fd;
}

static int
put_line(char *line)
{
	size_t len = variable_name(line);
	if (line[strspn(line, " \t\r")] == '\0' || line[0] == '#')
		return 0;
	if (len == 0 || variable_is_reserved(line))
		return fail(len == 0 ? EINVAL : EPERM);
	line[len] = '\0';
	char *value = line + len + 1;
	value[strcspn(value, "\r")] = '\0';
	size_t n = strlen(value);
	if (n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n - 1] == value[0]) {
		value[n - 1] = '\0';
		value++;
	}
	return setenv(line, value, 1);
}

int
user_file_put_env(const char *path)
{
	struct stat file;
	char text[ENV_FILE_MAX + 1], *rest = text;
	int fd = open_regular(path, O_RDONLY, ENV_FILE_MAX, &file);
	if (fd < 0)
		return -1;
	if (read(fd, text, (size_t)file.st_size) != file.st_size)
		return fail(EIO);
	text[file.st_size] = '\0';
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (put_line(line) < 0)
			return -1;
	}
	return close(fd);
}

int
user_file_open_output(const char *path)
{
	struct stat file;
	int fd = open_regular(path, O_WRONLY | O_APPEND | O_CREAT, INT64_MAX, &file);
	return fd < 0 || fcntl(fd, F_SETFL, O_APPEND) < 0 ? -1 : fd;
}

int
user_file_open_tty(int number, uid_t uid)
{
	char path[32];
	struct stat file;
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &file) < 0 || !isatty(fd))
		return -1;
	if (!S_ISCHR(file.st_mode) || file.st_uid != uid)
		return fail(EPERM);
	return ioctl(fd, TIOCSCTTY, 0) < 0 ? -1 : fd;
}

/* Exactly so many bytes: a file that became shorter meanwhile is no whole one. */
int
user_file_give(const char *path, int to)
{
	struct stat file = { 0 };
	int from = path[0] ? open_regular(path, O_RDONLY, MSG_FILE_MAX, &file) : to;
	uint64_t left = (uint64_t)file.st_size;
	if (from < 0 || write(to, &left, sizeof(left)) != sizeof(left))
		return -1;
	while (left > 0) {
		ssize_t n = sendfile(to, from, NULL, left);
		if (n <= 0)
			return n < 0 ? -1 : fail(EIO);
		left -= (uint64_t)n;
	}
	return from == to ? 0 : close(from);
}
