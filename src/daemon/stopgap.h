/* Serves the store's port on the loop itself, until the store has its thread. */
#ifndef DAEMON_STOPGAP_H
#define DAEMON_STOPGAP_H

#include <ev.h>
#include "engine/store.h"
#include "when/zones.h"
struct store_thread;
struct store_thread_config {
	const char *path;
	struct zones *zones;
	char boot[40], spawner[40];
	uint64_t machine, draws;
	size_t output_max;
	usec_t retain;
	int64_t retain_runs, retain_bytes;
	usec_t (*now)(void);
	usec_t (*elapsed)(void);
	void (*changed)(void *arg, enum store_state, const char *detail);
	void *arg;
};
struct store_thread_metrics {
	enum store_state state;
	const char *detail;
	usec_t commit_p50, commit_p99, commit_max;
};
struct store_thread *store_thread_open(struct ev_loop *, const struct store_thread_config *,
				       struct err *);
struct store *store_thread_port(struct store_thread *);
void store_thread_measure(struct store_thread *, struct store_thread_metrics *);
void store_thread_close(struct store_thread *);
#endif
