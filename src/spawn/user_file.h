/* Files of a user's, read by a child that is that user. */
#ifndef SPAWN_USER_FILE_H
#define SPAWN_USER_FILE_H

#include <stdint.h>

/*
 * Opens a regular file for reading and tells its size: a FIFO or a device would make the child
 * wait, or never end. -1 with errno; EINVAL: it is something else, EFBIG: more than `most` bytes.
 */
int user_file_open(const char *path, int64_t most, int64_t *size);

/* Writes the length (uint64_t) of the file and its bytes; of "", that there are none. 0, or -1. */
int user_file_give(const char *path, int64_t most, int to);

#endif
