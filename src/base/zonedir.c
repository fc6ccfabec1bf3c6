/* The system's directory of time zones. */
#include "base/zonedir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"

#define FILE_SIZE_MAX (256 * 1024)
#define NAME_SIZE_MAX 64

void
zonedir_init(struct zonedir *dir, const char *path)
{
	dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void
zonedir_fini(struct zonedir *dir)
{
	if (dir->fd >= 0)
		close(dir->fd);
	dir->fd = -1;
}

/*
 * Opens without leaving the directory, also not through a link: tzdata has links, but none that
 * leads outside except `localtime`. Kernels before 5.6 and some sandboxes know no openat2; there
 * the check of the name, and that only root writes to the directory, must do.
 */
static int
open_beneath(int dir, const char *name, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	int fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(dir, name, (int)flags | O_CLOEXEC);
	return fd;
}

/* 0 when NAME is a regular file, without opening anything else. */
static int
stat_regular(const struct zonedir *dir, const char *name, struct stat *st, struct err *err)
{
	int fd = open_beneath(dir->fd, name, O_PATH);
	int status = fd < 0 ? -1 : fstat(fd, st);
	if (fd >= 0)
		close(fd);
	if (status < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EBADF))
		return err_set(err, ERR_INVALID, "the zone \"%s\" is unknown on this machine",
			       name);
	if (status < 0 && (errno == EXDEV || errno == ELOOP))
		return err_set(err, ERR_INVALID, "the zone \"%s\" is a link that leads %s", name,
			       errno == ELOOP ? "nowhere" : "out of the zones' directory");
	if (status < 0)
		return err_errno(err, "the zone \"%s\" cannot be read", name);
	if (!S_ISREG(st->st_mode))
		return err_set(err, ERR_INVALID, "\"%s\" is not a zone but a %s", name,
			       S_ISDIR(st->st_mode) ? "folder of zones" : "special file");
	if (st->st_size > FILE_SIZE_MAX)
		return err_set(err, ERR_INVALID, "the zone \"%s\" is longer than %d KiB", name,
			       FILE_SIZE_MAX / 1024);
	return 0;
}

/* Reads until the end or the limit; -1 with errno. */
static ssize_t
read_all(int fd, char *data, size_t size)
{
	size_t len = 0;
	while (len < size) {
		ssize_t n = read(fd, data + len, size - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

int
zonedir_read(void *self, const char *name, char **data, size_t *len, struct err *err)
{
	const struct zonedir *dir = self;
	struct stat st, again;
	if (stat_regular(dir, name, &st, err) < 0)
		return -1;
	/* O_NONBLOCK: should it have become a FIFO meanwhile, the open must not hang. */
	int fd = open_beneath(dir->fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_errno(err, "the zone \"%s\" cannot be opened", name);
	int status = -1;
	char *bytes = NULL;
	if (fstat(fd, &again) < 0 || !S_ISREG(again.st_mode) || again.st_size > FILE_SIZE_MAX) {
		err_set(err, ERR_INVALID, "the zone \"%s\" changed while it was read", name);
		goto out;
	}
	size_t size = (size_t)again.st_size;
	bytes = mem_alloc(size);
	ssize_t n = read_all(fd, bytes, size);
	if (n < 0) {
		err_errno(err, "the zone \"%s\" cannot be read", name);
		goto out;
	}
	*data = bytes;
	*len = (size_t)n;
	bytes = NULL;
	status = 0;
out:
	free(bytes);
	close(fd);
	return status;
}

uint64_t
zonedir_identity(void *self, const char *name)
{
	const struct zonedir *dir = self;
	struct stat st;
	if (stat_regular(dir, name, &st, NULL) < 0)
		return 0;
	const uint64_t parts[] = { (uint64_t)st.st_dev, (uint64_t)st.st_ino, (uint64_t)st.st_size,
				   (uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec };
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a over whole words */
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		hash = (hash ^ parts[i]) * UINT64_C(0x100000001b3);
	return hash | 1;
}

/* True, and copies it, when NAME is a plain name of a zone that is here. */
static bool
take_name(const struct zonedir *dir, const char *name, char *out, size_t size)
{
	size_t len = strlen(name);
	struct stat st;
	if (len == 0 || len >= size || len > NAME_SIZE_MAX || name[0] == '/' || strstr(name, ".."))
		return false;
	if (strcmp(name, "UTC") != 0 && stat_regular(dir, name, &st, NULL) < 0)
		return false;
	snprintf(out, size, "%s", name);
	return true;
}

static bool
local_name_from_env(const struct zonedir *dir, char *out, size_t size)
{
	const char *tz = getenv("TZ");
	return tz && take_name(dir, tz + (*tz == ':'), out, size);
}

/* The last "zoneinfo/" in the link's target ends the directory's own name. */
static bool
local_name_from_link(const struct zonedir *dir, char *out, size_t size)
{
	static const char mark[] = "zoneinfo/";
	char target[PATH_MAX];
	ssize_t len = readlink("/etc/localtime", target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	char *at = strstr(target, mark);
	return at && take_name(dir, at + sizeof(mark) - 1, out, size);
}

static bool
local_name_from_file(const struct zonedir *dir, char *out, size_t size)
{
	char line[NAME_SIZE_MAX + 2];
	int fd = open("/etc/timezone", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t len = read_all(fd, line, sizeof(line) - 1);
	close(fd);
	if (len < 0)
		return false;
	line[len] = '\0';
	line[strcspn(line, " \t\r\n")] = '\0';
	return take_name(dir, line, out, size);
}

void
zonedir_local_name(void *self, char *name, size_t size)
{
	const struct zonedir *dir = self;
	if (!local_name_from_env(dir, name, size) && !local_name_from_link(dir, name, size) &&
	    !local_name_from_file(dir, name, size))
		snprintf(name, size, "UTC");
}
