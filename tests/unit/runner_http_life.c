/* The HTTP runner: the life of its transfers, and what they hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "../fake/http_world.h"

static int
set_up(void **state)
{
	struct http_config config = HTTP_CONFIG_STANDARD;
	config.output_max = 100000;
	config.active_max = 50;
	*state = world_new(&config);
	return 0;
}

static int
tear_down(void **state)
{
	world_free(*state);
	return 0;
}

static bool
all_have_started(struct world *world)
{
	return world->nstarted == (int)world->last_id;
}

static void
a_stopped_request_ends_as_stopped(void **state)
{
	struct world *world = *state;
	struct job job = world_job(world, "/hang");
	int64_t running = world_start(world, &job);
	world_wait(world, all_have_started);
	int64_t waiting = world_start(world, &job);
	world->is_inside = true;
	world->runner->stop(world->runner, running, 2, STOP_SOFT); /* no such attempt */
	world->runner->stop(world->runner, running, 1, STOP_SOFT);
	world->runner->stop(world->runner, running, 1, STOP_HARD);
	world->runner->stop(world->runner, waiting, 1, STOP_HARD);
	world->runner->stop(world->runner, 99, 1, STOP_HARD);
	world->is_inside = false;
	assert_int_equal(world->nended, 0);
	world_wait_ended(world, 2);
	assert_string_equal(world->outcomes[running].text, "stopped");
	assert_int_equal(world->outcomes[running].kind, OUTCOME_NETWORK);
	assert_false(world->outcomes[running].is_timeout);
	assert_string_equal(world->outcomes[waiting].text, "stopped");
	assert_false(world->has_started[waiting]);
	world_job_fini(&job);
}

static void
an_attempt_is_not_begun_again(void **state)
{
	struct world *world = *state;
	struct job job = world_job(world, "/delay/50");
	int64_t id = world_start(world, &job);
	struct run run = { .id = id, .attempt = 1, .due = WORLD_DUE };
	world->runner->start(world->runner, &job, &run);
	world_wait(world, all_have_started);
	world->runner->start(world->runner, &job, &run);
	world_wait_ended(world, 1);
	assert_int_equal(world_seen(world, "/delay/50"), 1);
	world_job_fini(&job);
}

static bool
has_output(struct world *world)
{
	int fd = world->runner->output(world->runner, 1, 1);
	if (fd < 0)
		return false;
	off_t size = lseek(fd, 0, SEEK_END);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	return size >= 3;
}

static void
the_output_of_a_running_request_can_be_read(void **state)
{
	struct world *world = *state;
	struct job job = world_job(world, "/drip");
	int64_t id = world_start(world, &job);
	assert_int_equal(world->runner->output(world->runner, id, 1), -1);
	world_wait(world, has_output);
	world->runner->stop(world->runner, id, 1, STOP_SOFT);
	world_wait_ended(world, 1);
	assert_int_equal(world->runner->output(world->runner, id, 1), -1);
	char *output = world_output(&world->outcomes[id]);
	assert_memory_equal(output, "...", 3);
	free(output);
	world_job_fini(&job);
}

/* /once swallows the second request of a connection; libcurl then sends it again, if it may. */
static void
only_what_may_be_repeated_uses_a_kept_connection(void **state)
{
	static const char *const bodies[] = { "x", NULL, NULL, "x" };
	static const int requests[] = { 1, 1, 2, 1 };
	int nsent = 0;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct job job = world_job(*state, "/once");
		job.body = mem_dup(bodies[i]);
		assert_int_equal(world_run(*state, &job)->kind, OUTCOME_HTTP);
		nsent += requests[i];
		world_job_fini(&job);
	}
	assert_int_equal(world_seen(*state, "/once"), nsent);
}

static void
sockets_are_closed_on_exec(void **state)
{
	struct world *world = *state;
	struct job job = world_job(world, "/hang");
	int nfound = 0;
	job.timeout = 100 * USEC_PER_MSEC;
	world_start(world, &job);
	world_wait(world, all_have_started);
	while (nfound == 0 && world->nended == 0) {
		ev_run(world->loop, EVRUN_ONCE);
		for (int fd = 3; fd < 256; fd++) {
			struct sockaddr_in peer = { 0 };
			socklen_t len = sizeof(peer);
			if (getpeername(fd, (struct sockaddr *)&peer, &len) < 0 ||
			    peer.sin_family != AF_INET || ntohs(peer.sin_port) != world->port)
				continue;
			nfound++;
			assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		}
	}
	assert_true(nfound > 0);
	world_wait_ended(world, 1);
	world_job_fini(&job);
}

static int
count_descriptors(void)
{
	int n = 0;
	DIR *dir = opendir("/proc/self/fd");
	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void
two_thousand_requests_pass_through_few_descriptors(void **state)
{
	struct world *world = *state;
	struct rlimit before, few = { 512, 512 };
	struct job job = world_job(world, "/status/200");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (int i = 0; i < 2000; i++)
		world_start(world, &job);
	world_wait_ended(world, 2000);
	for (int64_t id = 1; id <= world->last_id; id++)
		assert_int_equal(world->outcomes[id].kind, OUTCOME_HTTP);
	assert_true(count_descriptors() < 200);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(world_seen(world, "/status/200"), 2000);
	world_job_fini(&job);
}

static void
a_runner_can_be_freed_with_work_in_every_state(void **state)
{
	int before = count_descriptors();
	struct http_config config = HTTP_CONFIG_STANDARD;
	config.active_max = 2;
	struct world *world = world_new(&config);
	struct job job = world_job(world, "/drip");
	(void)state;
	for (int i = 0; i < 3; i++)
		world_start(world, &job);
	world_wait(world, has_output);
	world->runner->stop(world->runner, 1, 1, STOP_SOFT);
	world_job_fini(&job);
	world_free(world);
	assert_int_equal(count_descriptors(), before);
}

#define http_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		http_test(a_stopped_request_ends_as_stopped),
		http_test(an_attempt_is_not_begun_again),
		http_test(the_output_of_a_running_request_can_be_read),
		http_test(only_what_may_be_repeated_uses_a_kept_connection),
		http_test(sockets_are_closed_on_exec),
		http_test(two_thousand_requests_pass_through_few_descriptors),
		cmocka_unit_test(a_runner_can_be_freed_with_work_in_every_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
