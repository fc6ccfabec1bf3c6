/* Synced renames. */
#include "store/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/failpoint.h"
#include "base/write.h"

int
file_sync_directory(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	char *dir = slash ? mem_dup_bytes(path, len ? len : 1) : mem_dup(".");
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = 0;
	if (fd < 0 || fsync(fd) != 0)
		result = err_errno(err, "%s: sync", dir);
	if (fd >= 0)
		close(fd);
	free(dir);
	return result;
}

static int
sync_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int result = 0;
	if (fd < 0 || fsync(fd) != 0)
		result = err_errno(err, "%s: sync", path);
	if (fd >= 0)
		close(fd);
	return result;
}

int
file_put_in_place(const char *from, const char *to, struct err *err)
{
	if (sync_file(from, err) != 0)
		return -1;
	failpoint("place", "file");
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) != 0)
		return err_errno(err, "%s", to);
	return file_sync_directory(to, err);
}

int
file_replace(const char *path, const void *data, size_t len, struct err *err)
{
	char *part = mem_printf("%s.part", path);
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int result = 0;
	if (fd < 0 || write_all(fd, data, len) != 0 || fsync(fd) != 0)
		result = err_errno(err, "%s", path);
	failpoint("replace", "file");
	if (result == 0 && rename(part, path) != 0)
		result = err_errno(err, "%s", path);
	if (fd >= 0)
		close(fd);
	if (result == 0)
		result = file_sync_directory(path, err);
	free(part);
	return result;
}
