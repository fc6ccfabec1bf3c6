/*
 * Files of a user's, opened by a child that is that user. Regular ones only: a FIFO or a device
 * would make the child wait, or never end. 0 or a descriptor, or -1 with errno; EINVAL: it is
 * something else, EFBIG: it is too long.
 */
#ifndef SPAWN_USER_FILE_H
#define SPAWN_USER_FILE_H

#include <sys/types.h>

/*
 * Puts every line NAME=VALUE of the file into the environment; blank lines and those that begin
 * with '#' are nothing, and one pair of quotes around the value is taken off. EINVAL: a line is
 * something else; EPERM: a name that jobs may not have (variable_is_reserved()); EFBIG: more than
 * 64 KiB.
 */
int user_file_put_env(const char *path);

/* Opens the file for a run's output, at its end. */
int user_file_open_output(const char *path);

/*
 * The user's own terminal /dev/pts/N, which becomes that of our session. Without the right to
 * steal (TIOCSCTTY's argument) it cannot be one at which somebody works: that has a session.
 */
int user_file_open_tty(int number, uid_t uid);

/* Writes the length (uint64_t) of the file and its bytes; of "", that there are none. */
int user_file_give(const char *path, int to);

#endif
