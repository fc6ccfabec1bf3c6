/* Directories for tests. */
#include "fake/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"

char *
scratch_new(void)
{
	char *dir = mem_dup("scratch-XXXXXX");
	if (!mkdtemp(dir)) {
		perror(dir);
		exit(1);
	}
	char *path = realpath(dir, NULL);
	free(dir);
	return path;
}

void
scratch_free(char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	while (dir && (entry = readdir(dir))) {
		if (unlinkat(dirfd(dir), entry->d_name, 0) != 0)
			unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
	free(path);
}

char *
scratch_path(const char *dir, const char *name)
{
	return mem_printf("%s/%s", dir, name);
}
