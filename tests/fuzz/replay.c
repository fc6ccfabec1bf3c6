/* Runs a fuzz target over files and over the files of folders. Usage: NAME PATH... */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_SIZE 4096

/* The bytes stand in a block of exactly their size, so that a step too far is seen. */
static int
replay_file(const char *path, long size)
{
	FILE *file = fopen(path, "re");
	uint8_t *data = malloc(size ? (size_t)size : 1);
	if (!file || !data || fread(data, 1, (size_t)size, file) != (size_t)size) {
		perror(path);
		exit(1);
	}
	fclose(file);
	LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	return 1;
}

static int
replay(const char *path)
{
	char inner[PATH_SIZE];
	struct stat st;
	struct dirent *entry;
	int n = 0;
	if (stat(path, &st) < 0) {
		perror(path);
		exit(1);
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path, (long)st.st_size);
	DIR *dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			n += replay(inner);
	}
	if (dir)
		closedir(dir);
	return n;
}

int
main(int argc, char **argv)
{
	int n = 0;
	for (int i = 1; i < argc; i++)
		n += replay(argv[i]);
	printf("%d inputs\n", n);
	return n == 0;
}
