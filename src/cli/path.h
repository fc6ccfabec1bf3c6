/* Paths as the daemon has to be told them: it has another working directory. */
#ifndef CLI_PATH_H
#define CLI_PATH_H

/* The path from the root (allocated). One that is empty, or from nowhere, stays as it is. */
char *path_absolute(const char *path);

#endif
