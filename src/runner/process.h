/*
 * The exec runner: the daemon's side of the conversation with asched-spawn (spawn/msg.h), on the
 * loop. It keeps one record of every run that the spawner has, and never waits: what the socket
 * has no room for waits in a queue, which is bounded for starts.
 */
#ifndef RUNNER_PROCESS_H
#define RUNNER_PROCESS_H

#include <ev.h>

#include "engine/runner.h"
#include "runner/files.h"
#include "when/zones.h"

/* What the spawner has to say besides what becomes of runs. None may free the runner. */
struct process_events {
	/*
	 * Everything the spawner had has been told through runner_events; `instance` of the
	 * spawner and `boot` of the machine stay valid as long as the runner.
	 */
	void (*replayed)(void *arg, const char *instance, const char *boot);
	/* SIGTERM, SIGHUP or SIGUSR2 was sent to the spawner. */
	void (*signal_received)(void *arg, int signo);
	/* The spawner is dead, or talks nonsense: nothing is started or heard of any more. */
	void (*spawner_gone)(void *arg);
	void *arg;
};

struct process_config {
	struct zones *zones; /* borrowed */
	int64_t output_max;  /* bytes of each output that are kept */
	bool is_shared;      /* several users have runs: none may have all places (shares.h) */
};

enum process_notice { PROCESS_READY, PROCESS_RELOADING, PROCESS_STOPPING, PROCESS_WATCHDOG };

/*
 * Takes fd, the end of the socket that the spawner gave (ASCHED_SPAWN_FD); copies the rest. Says
 * HELLO; the answers come from the loop.
 */
struct runner *process_runner_new(struct ev_loop *loop, int fd, const struct process_config *config,
				  const struct runner_events *runner_events,
				  const struct process_events *process_events);
void process_runner_free(struct runner *runner);

/* Files are read by children of the spawner, too. Valid as long as the runner. */
struct file_source *process_runner_files(struct runner *runner);

/* For the service manager, which listens to the spawner. */
void process_runner_notify(struct runner *runner, enum process_notice notice);

/*
 * What becomes of what runs when this process exits with status 0: is_kept leaves it alone,
 * else it is ended with TERM, then KILL. Sent before returning if there is any room.
 */
void process_runner_keep_runs(struct runner *runner, bool is_kept);

#endif
