/* Directories for tests. */
#include "fake/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"

#define MEMORY_DIR "/dev/shm"

static char *
make(const char *parent)
{
	char *dir = mem_printf("%s/scratch-XXXXXX", parent);
	if (!mkdtemp(dir)) {
		perror(dir);
		exit(1);
	}
	char *path = realpath(dir, NULL);
	free(dir);
	return path;
}

char *
scratch_new(void)
{
	return make(".");
}

char *
scratch_new_fast(void)
{
	return make(access(MEMORY_DIR, W_OK | X_OK) == 0 ? MEMORY_DIR : ".");
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
