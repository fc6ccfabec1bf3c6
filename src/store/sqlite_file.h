/*
 * The file that a daemon works on for all its life. SQLite finds the log by the name of the
 * database: opened again with another file under that name, the log of the first one would be
 * folded into it, and ruin it. So it is opened again only while the name is that very file's; and
 * not before a log that was lost, and had no room on the disk, has its name again.
 */
#ifndef STORE_SQLITE_FILE_H
#define STORE_SQLITE_FILE_H

#include "base/err.h"
#include "store/held.h"

struct backend;

/* What is told as long as the name is not the file's; with the path. */
#define SQLITE_FILE_LOST \
	"%s: somebody removed or replaced it while it was in use: put it back, or restart the daemon"

struct sqlite_file {
	const char *path;         /* borrowed */
	struct held held;         /* once it was opened */
	struct held_log lost_log; /* nowhere else is what it holds */
};

void sqlite_file_init(struct sqlite_file *file, const char *path);
void sqlite_file_fini(struct sqlite_file *file);
/* sqlite_backend_open(); from the first success on another file with the name is refused. */
struct backend *sqlite_file_open(struct sqlite_file *file, struct err *err);

#endif
