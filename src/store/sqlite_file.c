/* Holding on to one file (closing such a descriptor drops no lock, unlike any other's). */
#include "store/sqlite_file.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite.h"

void
sqlite_file_init(struct sqlite_file *file, const char *path)
{
	*file = (struct sqlite_file){ .path = path, .held = -1 };
}

void
sqlite_file_fini(struct sqlite_file *file)
{
	if (file->held >= 0)
		close(file->held);
	file->held = -1;
}

static bool
has_its_name(const struct sqlite_file *file)
{
	struct stat held, named;
	return fstat(file->held, &held) == 0 && lstat(file->path, &named) == 0 &&
	       held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

static int
hold(struct sqlite_file *file, struct err *err)
{
	file->held = open(file->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return file->held < 0 ? err_errno(err, "%s", file->path) : 0;
}

struct backend *
sqlite_file_open(struct sqlite_file *file, struct err *err)
{
	if (file->held >= 0 && !has_its_name(file)) {
		err_set(err, ERR_UNAVAILABLE, SQLITE_FILE_LOST, file->path);
		return NULL;
	}
	struct backend *backend = sqlite_backend_open(file->path, err);
	if (!backend || file->held >= 0 || hold(file, err) == 0)
		return backend;
	backend->ops->close(backend);
	return NULL;
}
