/* Paths from the root. */
#include "cli/path.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"

char *
path_absolute(const char *path)
{
	char *dir = path[0] && path[0] != '/' ? getcwd(NULL, 0) : NULL;
	char *whole = dir ? mem_printf("%s/%s", dir, path) : mem_dup(path);
	free(dir);
	return whole;
}
