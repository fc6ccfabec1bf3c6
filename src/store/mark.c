/* Reading and writing the high-water mark: one line of text. */
#include "store/mark.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/files.h"

#define MARK_LINE_MAX 256

static char *
mark_path(const char *database)
{
	return mem_printf("%s.mark", database);
}

int
mark_read(const char *database, struct mark *mark, struct err *err)
{
	char *path = mark_path(database);
	char line[MARK_LINE_MAX] = "";
	int result = 0;
	mark->folded = 0; /* at first nobody noted it */
	FILE *file = fopen(path, "re");
	if (!file && errno == ENOENT)
		result = 1;
	else if (!file || (!fgets(line, sizeof(line), file) && ferror(file)))
		result = err_errno(err, "%s", path);
	else if (sscanf(line, "asched-mark 1 %39s %" SCNd64 " %" SCNd64 " %" SCNd64, mark->instance,
			&mark->commits, &mark->seen_at, &mark->folded) < 3)
		result = err_set(err, ERR_UNAVAILABLE, "%s: is not a high-water mark", path);
	if (file)
		fclose(file);
	free(path);
	return result;
}

int
mark_write(const char *database, const struct mark *mark, struct err *err)
{
	char *path = mark_path(database);
	char line[MARK_LINE_MAX];
	int len = snprintf(line, sizeof(line),
			   "asched-mark 1 %s %" PRId64 " %" PRId64 " %" PRId64 "\n", mark->instance,
			   mark->commits, mark->seen_at, mark->folded);
	int result = file_replace(path, line, (size_t)len, err);
	free(path);
	return result;
}
