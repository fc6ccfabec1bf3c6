/* The world of the HTTP runner's tests. */
#include "http_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "badhttp.h"
#include "base/alloc.h"
#include "base/buf.h"

static void
on_started(void *arg, int64_t run_id, int attempt, pid_t pid, int64_t pid_start, usec_t at)
{
	struct world *world = arg;
	(void)attempt;
	assert_false(world->is_inside);
	assert_false(world->has_started[run_id]);
	assert_int_equal(world->outcomes[run_id].kind, OUTCOME_NONE);
	assert_int_equal(pid, 0);
	assert_int_equal(pid_start, 0);
	assert_true(at > 0);
	world->has_started[run_id] = true;
	world->nstarted++;
}

static void
on_ended(void *arg, int64_t run_id, int attempt, struct outcome *outcome)
{
	struct world *world = arg;
	assert_false(world->is_inside);
	assert_int_equal(world->outcomes[run_id].kind, OUTCOME_NONE);
	world->outcomes[run_id] = *outcome;
	world->runner->forget(world->runner, run_id, attempt);
	if (++world->nended == world->nwanted)
		ev_break(world->loop, EVBREAK_ONE);
}

static void
on_limit(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	(void)loop;
	(void)timer;
	(void)revents;
	fail_msg("nothing came of it within %d s", WORLD_LIMIT);
}

static void
start_server(struct world *world)
{
	int listener = badhttp_listen(0, &world->port);
	assert_true(listener >= 0);
	world->server = fork();
	assert_true(world->server >= 0);
	if (world->server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		badhttp_serve(listener);
	}
	close(listener);
}

struct world *
world_new(const struct http_config *config)
{
	struct world *world = mem_alloc(sizeof(*world));
	struct runner_events events = { on_started, on_ended, world };
	signal(SIGPIPE, SIG_IGN);
	start_server(world);
	world->loop = ev_loop_new(EVFLAG_AUTO);
	world->runner = http_runner_new(world->loop, config, &events, NULL);
	assert_non_null(world->runner);
	ev_timer_init(&world->limit, on_limit, WORLD_LIMIT, WORLD_LIMIT);
	return world;
}

void
world_free(struct world *world)
{
	http_runner_free(world->runner);
	for (size_t i = 0; i < WORLD_RUNS; i++) {
		if (world->outcomes[i].kind != OUTCOME_NONE)
			outcome_close(&world->outcomes[i]);
	}
	ev_timer_stop(world->loop, &world->limit);
	ev_loop_destroy(world->loop);
	kill(world->server, SIGKILL);
	waitpid(world->server, NULL, 0);
	free(world);
}

struct job
world_job(const struct world *world, const char *where)
{
	struct job job = { 0 };
	job.url = where[0] == '/' ? mem_printf("http://127.0.0.1:%d%s", world->port, where)
				  : mem_dup(where);
	return job;
}

void
world_job_fini(struct job *job)
{
	free(job->url);
	free(job->method);
	free(job->body);
	free(job->expect_status);
	for (size_t i = 0; i < job->headers.n; i++)
		free(job->headers.items[i]);
	free(job->headers.items);
}

int64_t
world_start(struct world *world, const struct job *job)
{
	struct run run = { .id = ++world->last_id, .attempt = 1, .due = WORLD_DUE };
	assert_true(run.id < WORLD_RUNS);
	ev_now_update(world->loop);
	world->is_inside = true;
	world->runner->start(world->runner, job, &run);
	world->is_inside = false;
	return run.id;
}

static void
run_loop(struct world *world, int flags)
{
	ev_timer_again(world->loop, &world->limit);
	ev_run(world->loop, flags);
	ev_timer_stop(world->loop, &world->limit);
}

void
world_wait_ended(struct world *world, int n)
{
	world->nwanted = n;
	if (world->nended < n)
		run_loop(world, 0);
	assert_int_equal(world->nended, n);
}

struct outcome *
world_run(struct world *world, const struct job *job)
{
	int64_t id = world_start(world, job);
	world_wait_ended(world, world->nended + 1);
	return &world->outcomes[id];
}

struct outcome *
world_get(struct world *world, const char *where)
{
	struct job job = world_job(world, where);
	struct outcome *outcome = world_run(world, &job);
	world_job_fini(&job);
	return outcome;
}

void
world_wait(struct world *world, bool (*is_over)(struct world *))
{
	while (!is_over(world))
		run_loop(world, EVRUN_ONCE);
}

bool
world_has_output(const struct outcome *outcome)
{
	return outcome->output || outcome->output_fd >= 0;
}

char *
world_output(const struct outcome *outcome)
{
	struct buf text = BUF_EMPTY;
	ssize_t n = 0;
	if (outcome->output)
		buf_add(&text, outcome->output,
			(size_t)(outcome->output_bytes - outcome->output_omitted));
	if (outcome->output_fd >= 0) {
		do {
			text.len += (size_t)n;
			n = pread(outcome->output_fd, buf_reserve(&text, 65536), 65536,
				  (off_t)text.len);
			assert_true(n >= 0);
		} while (n > 0);
		text.data[text.len] = '\0';
	}
	return buf_take(&text);
}

long
world_seen(struct world *world, const char *path)
{
	char *where = mem_printf("/seen%s", path);
	char *text = world_output(world_get(world, where));
	long n = strtol(text, NULL, 10);
	free(text);
	free(where);
	return n;
}
