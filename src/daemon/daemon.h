/*
 * The daemon proper: the second stage of aschedd, a child of asched-spawn, which gave it its
 * descriptors. Owns the loop and everything on it.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "daemon/conf.h"
#include "daemon/options.h"

/* What the spawner gave, by number in the environment (ASCHED_SPAWN_FD, ...). */
struct daemon_files {
	int spawn_fd;
	int listen_fd;
};

/* Are we the second stage? Then the descriptors, which are close-on-exec afterwards. */
bool daemon_find_files(struct daemon_files *files);

/* Exit statuses: DONE and RESTART mean something to the spawner, MISUSED to the unit. */
enum { DAEMON_DONE = 0, DAEMON_FAILED = 1, DAEMON_MISUSED = 2, DAEMON_RESTART = 75 };

/* Serves until it is told to stop; takes the configuration and the files. The exit status. */
int daemon_run(const struct options *options, struct conf *conf, const struct daemon_files *files);

#endif
