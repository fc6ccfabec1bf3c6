/* What the files of the daemon share; daemon.c makes and ends it. */
#ifndef DAEMON_STATE_H
#define DAEMON_STATE_H

#include <ev.h>

#include "base/zonedir.h"
#include "control/control.h"
#include "daemon/clock.h"
#include "daemon/conf.h"
#include "daemon/machine.h"
#include "daemon/options.h"
#include "daemon/orphans.h"
#include "daemon/replay.h"
#include "daemon/settle.h"
#include "store/thread.h"

#define DAEMON_TROUBLE_MAX 256

struct daemon {
	const struct options *options;
	struct conf conf;
	struct ev_loop *loop;
	struct clock *clock;
	struct zonedir zonedir;
	struct zones *zones;
	struct zone_watch *zone_watch;         /* NULL: the system gives none */
	struct runner *exec, *http, *requests; /* http is in front of requests */
	struct store_thread *store;
	struct engine *engine; /* NULL until the spawner has told what it has */
	struct control *control;
	struct replay replay;
	struct orphans orphans;
	struct settle settle; /* claims are held until the clock can be believed */
	int listen_fd;        /* -1: control has it */
	ev_io answers;        /* of the store */
	ev_prepare settles;   /* before each wait: the engine does what is due */
	ev_timer watchdog;    /* for the service manager, when it wants that */
	ev_timer gives_up;    /* the spawner is gone: there is not much time */
	ev_signal signals[4];
	usec_t started_at, started_elapsed;
	usec_t adapted_elapsed; /* when the look-ahead was last fitted to the disk */
	bool is_ready;
	bool is_stopping;
	int exit_status;
	char node[MACHINE_NODE_MAX];
	char trouble[DAEMON_TROUBLE_MAX]; /* the last one, "" when there was none */
	usec_t trouble_at;
};

/* Begins to stop; the loop ends when the engine has nothing to wait for. */
void daemon_stop(struct daemon *daemon, int exit_status);

/* Builds a new configuration and uses it, or keeps the old one: -1 with *err. */
int daemon_reload(struct daemon *daemon, struct err *err);

/* Tells the store the concurrency of the configured queues. */
void daemon_set_queues(struct daemon *daemon);

/* What the engine wants from us, and who tells it of runs, the clock, the store and orphans. */
void daemon_fill_engine_ports(struct daemon *daemon, struct engine_ports *ports);
struct runner_events daemon_runner_events(struct daemon *daemon);
struct clock_events daemon_clock_events(struct daemon *daemon);
void daemon_store_changed(void *arg, enum store_state state, const char *detail);
/* Around the opening of the store: reads when it was last used; holds the claims if need be. */
void daemon_judge_clock(struct daemon *daemon);
void daemon_wait_for_clock(struct daemon *daemon);
void daemon_orphan_ended(void *arg, int64_t run_id, int attempt);

/* What control wants from us. */
void daemon_fill_ports(struct daemon *daemon, struct control_ports *ports);

/* Sets up the log as the configuration says. */
void daemon_start_log(const struct conf *conf);

#endif
