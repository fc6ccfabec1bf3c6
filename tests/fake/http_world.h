/*
 * What a test of the HTTP runner needs: a loop, a runner on it, badhttp as a child process, and a
 * record of the events. Fails the test when something takes longer than WORLD_LIMIT.
 */
#ifndef TESTS_FAKE_HTTP_WORLD_H
#define TESTS_FAKE_HTTP_WORLD_H

#include <ev.h>
#include <stdbool.h>
#include <sys/types.h>

#include "runner/http.h"

#define WORLD_LIMIT   20   /* seconds that a test may wait for anything */
#define WORLD_RUNS    4096 /* ids of runs are below */
#define WORLD_DUE     (INT64_C(1795165200) * USEC_PER_SEC + 250000)
#define WORLD_DUE_RFC "2026-11-20T09:00:00.250000Z"

struct world {
	struct ev_loop *loop;
	struct runner *runner;
	pid_t server; /* 0: none */
	int port;
	int64_t last_id;
	int nstarted, nended, nwanted;
	bool is_inside; /* a call into the runner is on the stack */
	struct ev_timer limit;
	bool has_started[WORLD_RUNS];
	struct outcome outcomes[WORLD_RUNS]; /* by run; kind NONE: not ended */
};

struct world *world_new(const struct http_config *config);
void world_free(struct world *world);

/* A job for a path of the server, or for a whole URL. */
struct job world_job(const struct world *world, const char *where);
void world_job_fini(struct job *job);

/* Starts a first attempt; gives its run's id. */
int64_t world_start(struct world *world, const struct job *job);
/* Runs the loop until n runs in all have ended. */
void world_wait_ended(struct world *world, int n);
/* Starts, waits, and gives what became of it. */
struct outcome *world_run(struct world *world, const struct job *job);
struct outcome *world_get(struct world *world, const char *where);
/* Runs the loop for as long as `is_over` is false. */
void world_wait(struct world *world, bool (*is_over)(struct world *world));

/* The text of an output; the caller frees it. "" when there is none. */
char *world_output(const struct outcome *outcome);
bool world_has_output(const struct outcome *outcome);
/* How many requests for the path the server has seen. */
long world_seen(struct world *world, const char *path);

#endif
