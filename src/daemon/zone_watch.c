/* Watching the zone files. */
#include "daemon/zone_watch.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/alloc.h"

/* What a package manager or an administrator does to a file that is in use: mostly a rename. */
#define CHANGES   (IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE)
#define PATH_SIZE 512
#define DEPTH_MAX 3 /* America/Argentina/Ushuaia */

struct zone_watch {
	struct ev_loop *loop;
	ev_io io;
	int etc; /* the watch of /etc: only two names there are ours */
	void (*changed)(void *arg);
	void *arg;
};

static void
watch_folders(int fd, const char *path, int depth)
{
	char below[PATH_SIZE];
	if (inotify_add_watch(fd, path, CHANGES | IN_ONLYDIR) < 0 || depth == DEPTH_MAX)
		return;
	DIR *dir = opendir(path);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		int n = snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' && n < PATH_SIZE)
			watch_folders(fd, below, depth + 1);
	}
	if (dir)
		closedir(dir);
}

static bool
is_ours(const struct zone_watch *watch, const struct inotify_event *event)
{
	if (event->wd != watch->etc)
		return true;
	return event->len &&
	       (strcmp(event->name, "localtime") == 0 || strcmp(event->name, "timezone") == 0);
}

static void
on_events(struct ev_loop *loop, ev_io *io, int revents)
{
	_Alignas(struct inotify_event) char events[4096];
	struct zone_watch *watch = io->data;
	bool has_ours = false;
	ssize_t n;
	(void)loop;
	(void)revents;
	while ((n = read(io->fd, events, sizeof(events))) > 0) {
		const struct inotify_event *event;
		for (const char *p = events; p < events + n; p += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)(const void *)p;
			has_ours |= is_ours(watch, event);
		}
	}
	if (has_ours)
		watch->changed(watch->arg);
}

struct zone_watch *
zone_watch_new(struct ev_loop *loop, const char *zoneinfo, void (*changed)(void *arg), void *arg)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd < 0)
		return NULL;
	struct zone_watch *watch = mem_alloc(sizeof(*watch));
	*watch = (struct zone_watch){ .loop = loop, .changed = changed, .arg = arg };
	watch_folders(fd, zoneinfo, 0);
	watch->etc = inotify_add_watch(fd, "/etc", CHANGES | IN_ONLYDIR);
	ev_io_init(&watch->io, on_events, fd, EV_READ);
	watch->io.data = watch;
	ev_io_start(loop, &watch->io);
	return watch;
}

void
zone_watch_free(struct zone_watch *watch)
{
	if (!watch)
		return;
	ev_io_stop(watch->loop, &watch->io);
	close(watch->io.fd);
	free(watch);
}
