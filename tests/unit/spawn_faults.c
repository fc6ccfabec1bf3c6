/* asched-spawn when the system fails it: strace makes one call after the other fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* Runs until one fails and some succeed after it, or the other way round. */
static void
check_fault(const char *injection, enum msg_stage stage, int error, int nfailed)
{
	struct spawner_fixture sp;
	int n = 0;
	write_wrapper(injection);
	setenv("ASCHED_SPAWN", wrapper, 1);
	spawner_begin(&sp, NULL);
	unsetenv("ASCHED_SPAWN");
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
		{ "memfd_create:error=ENOMEM:when=3", STAGE_STDIN, ENOMEM, 1 },
		{ "setsid:error=EPERM", STAGE_SESSION, EPERM, NRUNS },
		{ "setpriority:error=EACCES", STAGE_PRIORITY, EACCES, NRUNS },
		{ "chdir:error=EACCES", STAGE_CWD, EACCES, NRUNS },
	};
	(void)state;
	if (system("strace -qq -o /dev/null true 2> /dev/null") != 0)
		skip(); /* strace is not installed, or may not trace here */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_fault(cases[i].injection, cases[i].stage, cases[i].error, cases[i].nfailed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_call_that_fails_is_a_failed_start_with_its_stage_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
