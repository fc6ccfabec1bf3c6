/*
 * How many runs of /bin/true a second: bare posix_spawn, a bare loop with the same child set-up
 * (the spawner's own child, output file and exec pipe), and asched-spawn as its daemon sees it.
 * All with the same number in flight. Usage: spawn [RUNS [IN_FLIGHT]]
 * Prints `posix_spawn`, `same_set_up` and `spawner`, each with its number a second.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake/spawner.h"
#include "spawn/child.h"
#include "spawn/ticks.h"

#define RUNS_STANDARD      5000
#define IN_FLIGHT_STANDARD 64
#define PROGRAM            "/bin/true"

static const char *const args[] = { PROGRAM, NULL };
static const char *const env[] = { "ASCHED_JOB=bench", "ASCHED_RUN=1", "ASCHED_ATTEMPT=1",
				   "ASCHED_DUE=2026-01-01T00:00:00Z", NULL };

static pid_t
start_posix_spawn(int output_dir, int pipe_end[static 1])
{
	pid_t pid;
	(void)output_dir;
	*pipe_end = -1;
	return posix_spawn(&pid, PROGRAM, NULL, NULL, (char **)(uintptr_t)args,
			   (char **)(uintptr_t)env) == 0
		       ? pid
		       : -1;
}

/* As the spawner gets it: cwd, no files, args and env. */
static const char payload[] = "/\0\0\0" PROGRAM "\0ASCHED_JOB=bench\0ASCHED_RUN=1\0"
			      "ASCHED_ATTEMPT=1\0ASCHED_DUE=2026-01-01T00:00:00Z";

/* Once the child runs, nobody looks at its card: they can share one. */
static pid_t
start_same_set_up(int output_dir, int pipe_end[static 1])
{
	static struct card card;
	const struct msg msg = {
		.kind = MSG_START,
		.nbytes = sizeof(payload),
		.start = { .uid = getuid(), .nargs = 1, .nenv = 4, .umask = 022 },
	};
	const struct normal normal = { .nofile = { 1024, 1024 } };
	int ends[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int output = openat(output_dir, ".", O_TMPFILE | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
	if (output < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	const struct child_plan plan = {
		.msg = &msg,
		.payload = payload,
		.null_fd = null,
		.output_fd = output,
		.errors_fd = output,
		.exec_fd = ends[1],
		.cgroup_fd = -1,
		.normal = &normal,
		.card = &card,
	};
	pid_t pid = fork();
	if (pid == 0)
		child_run(&plan);
	close(null);
	close(output);
	close(ends[1]);
	*pipe_end = ends[0];
	return pid;
}

/* Keeps in_flight of them running until nruns have ended; runs a second. */
static double
measure_bare(pid_t (*start)(int, int *), int nruns, int in_flight)
{
	static int ends[65536];
	char dir[] = "/tmp/spawn-bench-XXXXXX"; /* like the spawner's: ext4 places files by it */
	assert_non_null(mkdtemp(dir));
	int output_dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int64_t began = ticks_monotonic_us();
	for (int nstarted = 0, nended = 0; nended < nruns;) {
		while (nstarted < nruns && nstarted - nended < in_flight) {
			int end;
			pid_t pid = start(output_dir, &end);
			assert_true(pid > 0);
			ends[pid % 65536] = end;
			nstarted++;
		}
		pid_t pid = waitpid(-1, NULL, 0);
		assert_true(pid > 0);
		char byte;
		if (ends[pid % 65536] >= 0) {
			assert_int_equal(read(ends[pid % 65536], &byte, 1), 0);
			close(ends[pid % 65536]);
		}
		nended++;
	}
	close(output_dir);
	rmdir(dir);
	return nruns * 1e6 / (double)(ticks_monotonic_us() - began);
}

static double
measure_spawner(int nruns, int in_flight)
{
	struct spawner_fixture sp;
	const struct spawner_start start = { .args = args, .env = env };
	spawner_begin(&sp, NULL);
	spawner_hello(&sp);
	int64_t began = ticks_monotonic_us();
	for (int nstarted = 0, nended = 0; nended < nruns;) {
		while (nstarted < nruns && nstarted - nended < in_flight)
			spawner_start(&sp, ++nstarted, start);
		struct msg msg = spawner_next(&sp, NULL);
		if (msg.kind == MSG_STARTED)
			continue;
		assert_int_equal(msg.kind, MSG_EXITED);
		spawner_forget(&sp, msg.run_id);
		nended++;
	}
	double rate = nruns * 1e6 / (double)(ticks_monotonic_us() - began);
	spawner_end(&sp);
	return rate;
}

int
main(int argc, char **argv)
{
	int nruns = argc > 1 ? (int)strtol(argv[1], NULL, 10) : RUNS_STANDARD;
	int in_flight = argc > 2 ? (int)strtol(argv[2], NULL, 10) : IN_FLIGHT_STANDARD;
	double bare = measure_bare(start_posix_spawn, nruns, in_flight);
	double same = measure_bare(start_same_set_up, nruns, in_flight);
	double ours = measure_spawner(nruns, in_flight);
	printf("posix_spawn %.0f\nsame_set_up %.0f\nspawner %.0f\n", bare, same, ours);
	return 0;
}
