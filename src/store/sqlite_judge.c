/*
 * What can be wrong with a file is found out by its kind and its header before SQLite touches it,
 * because opening alone may already change a file (a log is folded in, a journal rolled back), and
 * what we refuse is left as it was.
 */
#include "store/sqlite_db.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/schema.h"

/* The file's header: "Database File Format" 1.3 of the SQLite documentation. */
#define HEADER_SIZE           100
#define HEADER_MAGIC          "SQLite format 3"
#define HEADER_NPAGES         28
#define HEADER_USER_VERSION   60
#define HEADER_APPLICATION_ID 68

static uint32_t
read_be32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

int
sqlite_refuse_newer(const char *path, int version, struct err *err)
{
	return err_set(err, ERR_UNAVAILABLE,
		       "%s: was written by a newer asched (format %d, this one reads up to %d)",
		       path, version, SCHEMA_VERSION);
}

static enum file_kind
refuse(const char *path, const char *why, struct err *err)
{
	err_set(err, ERR_UNAVAILABLE, "%s: %s", path, why);
	return FILE_REFUSED;
}

static enum file_kind
judge_header(const char *path, const unsigned char header[HEADER_SIZE], struct err *err)
{
	if (memcmp(header, HEADER_MAGIC, sizeof(HEADER_MAGIC)) != 0)
		return refuse(path, "is not a database, or its first page is damaged", err);
	uint32_t application = read_be32(header + HEADER_APPLICATION_ID);
	uint32_t version = read_be32(header + HEADER_USER_VERSION);
	/* One page without a name: a start that was interrupted while it made the file. */
	bool is_unnamed = application == 0 && read_be32(header + HEADER_NPAGES) <= 1;
	if (application != SCHEMA_APPLICATION_ID && !is_unnamed)
		return refuse(path, "is the database of another program", err);
	if (version > SCHEMA_VERSION) {
		sqlite_refuse_newer(path, (int)version, err);
		return FILE_REFUSED;
	}
	return FILE_OURS;
}

static enum file_kind
judge_file(const char *path, int fd, struct err *err)
{
	struct stat st;
	unsigned char header[HEADER_SIZE];
	if (fstat(fd, &st) != 0) {
		err_errno(err, "%s", path);
		return FILE_REFUSED;
	}
	if (S_ISDIR(st.st_mode))
		return refuse(path, "is a directory", err);
	if (!S_ISREG(st.st_mode))
		return refuse(path, "is not a regular file", err);
	if (st.st_size == 0)
		return FILE_NEW;
	if (pread(fd, header, sizeof(header), 0) != (ssize_t)sizeof(header))
		return refuse(path, "is not a database: it is too short", err);
	return judge_header(path, header, err);
}

enum file_kind
sqlite_judge(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return FILE_NEW;
	if (fd < 0 && errno == ELOOP)
		return refuse(path, "is a symbolic link", err);
	if (fd < 0) {
		err_errno(err, "%s", path);
		return FILE_REFUSED;
	}
	enum file_kind kind = judge_file(path, fd, err);
	close(fd);
	if (kind == FILE_OURS && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0) {
		err_errno(err, "%s: cannot be written", path);
		return FILE_REFUSED;
	}
	return kind;
}
