/*
 * Notices that zone files were replaced, or that the machine got another zone, without looking:
 * inotify(7) on the zone directory, on the folders in it, and on where /etc/localtime stands.
 * Loop thread only.
 */
#ifndef DAEMON_ZONE_WATCH_H
#define DAEMON_ZONE_WATCH_H

#include <ev.h>

struct zone_watch;

/*
 * Calls changed(arg) when something may have changed; several times for one upgrade. NULL when
 * the system has no inotify to give: then nothing is noticed here.
 */
struct zone_watch *zone_watch_new(struct ev_loop *loop, const char *zoneinfo,
				  void (*changed)(void *arg), void *arg);
void zone_watch_free(struct zone_watch *watch);

#endif
