/*
 * The daemon's places in the file system, made by the first stage: the directories, the lock
 * that keeps a second daemon away, and the listening socket. Both descriptors are inherited
 * through exec, by the spawner and every daemon that it starts.
 */
#ifndef DAEMON_PLACE_H
#define DAEMON_PLACE_H

#include <sys/types.h>

#include "base/err.h"
#include "base/usec.h"

#define PLACE_LOCK_WAIT (5 * USEC_PER_SEC) /* an old spawner may need that to go */

/* The directory that a path is in; "." when it names none. The caller frees it. */
char *place_parent(const char *path);

/*
 * Makes the directory with that mode, and those above it that are missing. If it was made now, it
 * belongs to uid:gid afterwards (-1: the caller), who can pass through those above. 0, or -1 with
 * *err.
 */
int place_make_directory(const char *path, mode_t mode, uid_t uid, gid_t gid, struct err *err);

/* Can only root change which files are in the directory? 0, or -1 with *err about the socket. */
int place_check_roots(const char *path, struct err *err);

/*
 * Locks `<database>.lock` for as long as a copy of the descriptor is open (an OFD lock), waiting
 * for it at most `wait`, and writes the process id into it. The descriptor, or -1 with *err
 * (ERR_BUSY: another daemon has it).
 */
int place_lock(const char *database, usec_t wait, struct err *err);

/*
 * A listening stream socket at path, which may be longer than sun_path, with that mode. What
 * stands there is replaced if it is a socket that nobody listens on. Descriptor, or -1 with *err.
 */
int place_listen(const char *path, mode_t mode, struct err *err);

#endif
