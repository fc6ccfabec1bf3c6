/* Small files of the kernel's, read and written in one piece without allocating. */
#ifndef SPAWN_FILE_H
#define SPAWN_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* What is in it, as text, up to size - 1 bytes; how many, or -1 with errno and "". */
ssize_t file_read(int dir, const char *name, char *text, size_t size);

int file_write(int dir, const char *name, const char *text); /* 0, or -1 with errno */

#endif
