/*
 * The first stage of aschedd: makes the places, takes the lock, binds the socket, and becomes
 * asched-spawn, which starts aschedd again as the daemon proper (daemon/daemon.h).
 */
#ifndef DAEMON_LAUNCH_H
#define DAEMON_LAUNCH_H

#include "daemon/conf.h"
#include "daemon/options.h"

/* Does not return when all is well: -1 with *err. */
int launch(const struct options *options, const struct conf *conf, struct err *err);

#endif
