/* Becoming another user, for good. */
#ifndef SPAWN_IDS_H
#define SPAWN_IDS_H

#include <sys/types.h>

/*
 * Sets all user and group ids of a process with root's rights, reads them back and proves that
 * there is no way back to root. The groups have been set. 0, or -1 with errno.
 */
int ids_set(uid_t uid, gid_t gid);

#endif
