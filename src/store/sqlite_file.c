/* Opening the same file again. */
#include "store/sqlite_file.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "store/sqlite.h"

void
sqlite_file_init(struct sqlite_file *file, const char *path)
{
	*file = (struct sqlite_file){ .path = path, .held = HELD_NONE, .lost_log = HELD_LOG_NONE };
}

static bool
is_held(const struct sqlite_file *file)
{
	return file->held.fd >= 0;
}

/* Or was not opened yet. */
static bool
has_its_name(const struct sqlite_file *file)
{
	return !is_held(file) || held_has_name(&file->held, file->path);
}

static int
put_log_back(struct sqlite_file *file, const char *suffix, struct err *err)
{
	if (file->lost_log.log.fd < 0)
		return 0;
	char *name = mem_printf("%s%s", file->path, suffix);
	int result = sqlite_log_put_back(&file->lost_log, name, err);
	free(name);
	if (result == 0)
		held_log_drop(&file->lost_log);
	return result;
}

/* Beside another database it would be taken for that one's. */
void
sqlite_file_fini(struct sqlite_file *file)
{
	struct err err;
	bool is_lost = file->lost_log.log.fd >= 0, has_name = has_its_name(file);
	if (put_log_back(file, has_name ? "-wal" : "-wal.lost", &err) != 0)
		log_error("what was changed of late is lost with the log of the database, which "
			  "somebody removed or replaced while it was in use",
			  log_str("path", file->path), log_str("error", err.text));
	else if (is_lost && !has_name)
		log_error("another file is in the place of the database: what was changed of late "
			  "stands beside it in a log whose name ends in -wal.lost",
			  log_str("path", file->path));
	held_log_drop(&file->lost_log);
	held_drop(&file->held);
}

static int
hold(struct sqlite_file *file, struct err *err)
{
	return held_take(&file->held, file->path, O_PATH) == 0 ? 0
							       : err_errno(err, "%s", file->path);
}

struct backend *
sqlite_file_open(struct sqlite_file *file, struct err *err)
{
	if (!has_its_name(file)) {
		err_set(err, ERR_UNAVAILABLE, SQLITE_FILE_LOST, file->path);
		return NULL;
	}
	if (put_log_back(file, "-wal", err) != 0)
		return NULL;
	struct backend *backend = sqlite_backend_open(file->path, err);
	if (!backend)
		return NULL;
	sqlite_log_hand_over(backend, &file->lost_log);
	if (is_held(file) || hold(file, err) == 0)
		return backend;
	backend->ops->close(backend);
	return NULL;
}
