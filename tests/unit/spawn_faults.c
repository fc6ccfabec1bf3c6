/* asched-spawn when the system fails it: strace makes one call after the other fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake/spawner.h"

#define NRUNS 8

static char wrapper[64];

/* A program that is asched-spawn below strace with this injection. */
static void
write_wrapper(const char *injection)
{
	const char *program = getenv("ASCHED_SPAWN");
	char path[4096];
	strcpy(wrapper, "/tmp/spawn-faults-XXXXXX");
	int fd = mkstemp(wrapper);
	assert_true(fd >= 0);
	assert_non_null(realpath(program ? program : "./asched-spawn", path));
	dprintf(fd,
		"#!/bin/sh\nexec strace -D -f -qq -o /dev/null -e trace=%.*s -e inject=%s %s \"$@\"\n",
		(int)strcspn(injection, ":"), injection, injection, path);
	assert_int_equal(fchmod(fd, 0755), 0);
	close(fd);
}

static bool
has_strace(void)
{
	return system("strace -qq -o /dev/null true 2> /dev/null") == 0;
}

static void
begin_with_fault(struct spawner_fixture *sp, const char *injection)
{
	write_wrapper(injection);
	setenv("ASCHED_SPAWN", wrapper, 1);
	spawner_begin(sp, NULL);
	unsetenv("ASCHED_SPAWN");
}

/* Runs until one fails and some succeed after it, or the other way round. */
static void
check_fault(const char *injection, enum msg_stage stage, int error, int nfailed)
{
	struct spawner_fixture sp;
	int n = 0;
	begin_with_fault(&sp, injection);
	assert_int_equal(spawner_hello(&sp), 0);
	for (int64_t run_id = 1; run_id <= NRUNS; run_id++) {
		struct msg msg = spawner_run(
			&sp, run_id, (struct spawner_start){ .nice = 5, .stdin_text = "x" }, NULL);
		if (msg.kind == MSG_EXITED)
			continue;
		assert_int_equal(msg.kind, MSG_START_FAILED);
		assert_int_equal(msg.report.stage, stage);
		assert_int_equal(msg.report.error, error);
		n++;
	}
	assert_int_equal(n, nfailed);
	spawner_end(&sp);
	unlink(wrapper);
}

static void
a_call_that_fails_is_a_failed_start_with_its_stage_and_nothing_else(void **state)
{
	static const struct {
		const char *injection; /* `when` counts the calls of each process by itself */
		enum msg_stage stage;
		int error, nfailed;
	} cases[] = {
		{ "clone,clone3:error=EAGAIN:when=2..4", STAGE_FORK, EAGAIN, 3 },
		{ "pipe2:error=EMFILE:when=2..3", STAGE_FILES, EMFILE, 2 },
		{ "pwrite64:error=ENOSPC", STAGE_STDIN, ENOSPC, NRUNS },
		{ "setsid:error=EPERM", STAGE_SESSION, EPERM, NRUNS },
		{ "setpriority:error=EACCES", STAGE_PRIORITY, EACCES, NRUNS },
		{ "chdir:error=EACCES", STAGE_CWD, EACCES, NRUNS },
	};
	(void)state;
	if (!has_strace()) {
		print_message("skipped: strace is not installed, or may not trace here\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_fault(cases[i].injection, cases[i].stage, cases[i].error, cases[i].nfailed);
}

/* The spawner watches its signals, the outputs and the daemon's link; then each start. */
static void
what_cannot_be_watched_is_looked_at(void **state)
{
	struct spawner_fixture sp;
	struct msg msg;
	(void)state;
	if (!has_strace()) {
		print_message("skipped: strace is not installed, or may not trace here\n");
		skip();
	}
	begin_with_fault(&sp, "epoll_ctl:error=ENOSPC:when=4");
	assert_int_equal(spawner_hello(&sp), 0);
	spawner_shell(&sp, 1, "sleep 60");
	spawner_expect(&sp, MSG_STARTED, 1, NULL);
	spawner_end(&sp);
	unlink(wrapper);
	begin_with_fault(&sp, "epoll_ctl:error=ENOSPC:when=3");
	struct pollfd link = { .fd = sp.link, .events = POLLIN };
	assert_int_equal(poll(&link, 1, 10000), 1);
	assert_int_equal(msg_recv(sp.link, &msg, NULL, 0, NULL), 0);
	spawner_kill_daemon(&sp); /* the real one ends then */
	spawner_meet_daemon(&sp);
	assert_int_equal(spawner_hello(&sp), 0);
	spawner_end(&sp);
	unlink(wrapper);
}

#define POLICY "/tmp/spawn-faults-policy"

static bool
is_traced(pid_t pid)
{
	char path[64], line[256];
	int tracer = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "TracerPid: %d", &tracer);
	fclose(file);
	return tracer != 0;
}

/* From now on: the daemon that is there has its ids already. */
static pid_t
inject_into(pid_t pid, const char *injection)
{
	char target[16], inject[128];
	snprintf(target, sizeof(target), "%d", (int)pid);
	snprintf(inject, sizeof(inject), "inject=%s", injection);
	pid_t strace = fork();
	if (strace == 0) {
		execlp("strace", "strace", "-f", "-qq", "-o", "/dev/null", "-e", inject, "-p",
		       target, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 1000 && !is_traced(pid); i++)
		usleep(10000);
	assert_true(is_traced(pid));
	return strace;
}

static void
check_ids(const char *injection, enum msg_stage stage)
{
	static const char *const options[] = { "--uid",    "33",   "--gid", "33",
					       "--policy", POLICY, NULL };
	struct spawner_fixture sp;
	FILE *file = fopen(POLICY, "w");
	fputs("allow 1-100\n", file);
	fclose(file);
	assert_int_equal(chmod(POLICY, 0644), 0);
	spawner_begin(&sp, options);
	unlink(POLICY);
	assert_int_equal(spawner_hello(&sp), 0);
	pid_t strace = inject_into(sp.pid, injection);
	struct msg msg = spawner_run(&sp, 1, (struct spawner_start){ .uid = 2 }, NULL);
	assert_int_equal(msg.kind, MSG_START_FAILED);
	assert_int_equal(msg.report.stage, stage);
	assert_int_not_equal(msg.report.error, 0);
	kill(strace, SIGTERM);
	waitpid(strace, NULL, 0);
	msg = spawner_run(&sp, 2, (struct spawner_start){ .uid = 2 }, NULL);
	assert_int_equal(msg.kind, MSG_EXITED);
	spawner_end(&sp);
}

/* Root that cannot become somebody else runs nothing. */
static void
a_change_of_ids_that_fails_is_a_failed_start_and_never_a_run_of_roots(void **state)
{
	static const struct {
		const char *injection;
		enum msg_stage stage;
	} cases[] = {
		{ "setgroups:error=EPERM", STAGE_GROUPS },
		{ "setresgid:error=EAGAIN", STAGE_IDS },
		{ "setresuid:error=EAGAIN", STAGE_IDS },
		{ "setresuid:retval=0", STAGE_IDS }, /* says so and does not */
	};
	(void)state;
	if (geteuid() != 0 || !has_strace()) {
		print_message("skipped: needs root and strace\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_ids(cases[i].injection, cases[i].stage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_call_that_fails_is_a_failed_start_with_its_stage_and_nothing_else),
		cmocka_unit_test(what_cannot_be_watched_is_looked_at),
		cmocka_unit_test(
			a_change_of_ids_that_fails_is_a_failed_start_and_never_a_run_of_roots),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
