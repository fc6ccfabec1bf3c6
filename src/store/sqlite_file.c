/* Opening the same file again. */
#include "store/sqlite_file.h"

#include "store/sqlite.h"

void
sqlite_file_init(struct sqlite_file *file, const char *path)
{
	*file = (struct sqlite_file){ .path = path, .held = HELD_NONE };
}

void
sqlite_file_fini(struct sqlite_file *file)
{
	held_drop(&file->held);
}

static bool
is_held(const struct sqlite_file *file)
{
	return file->held.fd >= 0;
}

static int
hold(struct sqlite_file *file, struct err *err)
{
	return held_take(&file->held, file->path) == 0 ? 0 : err_errno(err, "%s", file->path);
}

struct backend *
sqlite_file_open(struct sqlite_file *file, struct err *err)
{
	if (is_held(file) && !held_has_name(&file->held, file->path)) {
		err_set(err, ERR_UNAVAILABLE, SQLITE_FILE_LOST, file->path);
		return NULL;
	}
	struct backend *backend = sqlite_backend_open(file->path, err);
	if (!backend || is_held(file) || hold(file, err) == 0)
		return backend;
	backend->ops->close(backend);
	return NULL;
}
