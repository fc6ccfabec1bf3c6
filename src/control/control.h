/*
 * The control side of the daemon: whoever connects to its socket is served here, by what the
 * owner passes in. On the loop's thread.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <ev.h>

#include "engine/engine.h"
#include "when/zones.h"

/* Latencies in microseconds. */
struct control_ranks {
	usec_t p50, p99, max;
};

/* What the owner knows for daemon.status; texts are borrowed until the next turn of the loop. */
struct control_status {
	pid_t pid, spawner_pid;
	usec_t started_at, uptime;
	enum store_state store_state;
	const char *store_detail;
	const char *held_up_by;   /* why nothing is started now; "": nothing is in the way */
	const char *last_trouble; /* "" when there was none */
	usec_t last_trouble_at;
	int64_t nqueued;   /* requests that wait for the store or are being committed */
	int64_t nlog_lost; /* log lines that found their sink full */
	struct control_ranks loop_lag, commit;
	int64_t rss_kib;
	const char *node;
};

struct control_ports {
	struct engine *engine;
	struct zones *zones;
	usec_t (*now)(void);
	bool (*may_connect)(void *arg, uid_t uid);
	bool (*is_operator)(void *arg, uid_t uid); /* root, too, unless the daemon is one user's */
	/* May that user's jobs run as other users? Root's, where all users are served. */
	bool (*may_name_users)(void *arg, uid_t uid);
	/* What a job has that was not told otherwise; NULL: nothing. */
	const struct job *(*defaults)(void *arg);
	void (*status)(void *arg, struct control_status *out);
	int (*reload)(void *arg,
		      struct err *err); /* builds a new configuration, or keeps the old */
	void (*restart)(void *arg);     /* replaces the daemon; running work goes on */
	void *arg;
};

struct control_config {
	int listen_fd; /* taken */
	int64_t max_connections;
	int64_t max_connections_per_user;
	int64_t max_requests_per_user; /* in a second, but for operators; 0: no limit */
};

struct control;

struct control *control_new(struct ev_loop *loop, const struct control_config *config,
			    const struct control_ports *ports);
/* No intent may be under way. */
void control_free(struct control *control);

void control_start(struct control *control); /* serves from now on; clients wait until then */
void control_stop(struct control *control);  /* accepts nobody any more */

/* Sends the answers that are ready, as far as that needs no waiting: before an exit. */
void control_flush(struct control *control);

/* Tells the subscribers who may know of it. */
void control_publish(struct control *control, const struct run_event *event);

#endif
