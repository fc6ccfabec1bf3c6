/* How asched-spawn ends: told to, with its daemon, without it; and what it tells the manager. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fake/spawner.h"
#include "spawn/proc.h"

#define STUBBORN "trap '' TERM; echo ready; while :; do sleep 0.1; done"

static const char *const short_timeout[] = { "--stop-timeout-us", "300000", NULL };

static bool
lives(pid_t pid)
{
	struct proc proc;
	return proc_read(pid, &proc) == 0 && !proc.is_zombie;
}

/* Starts a run that ignores TERM and has come to that; its pid. */
static pid_t
start_stubborn(struct spawner_fixture *sp, int64_t run_id)
{
	int fd;
	spawner_shell(sp, run_id, STUBBORN);
	struct msg msg = spawner_expect(sp, MSG_STARTED, run_id, &fd);
	while (lseek(fd, 0, SEEK_END) == 0)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	close(fd);
	return msg.report.pid;
}

static int
wait_for_end(struct spawner_fixture *sp)
{
	int status = -1;
	assert_int_equal(waitpid(sp->pid, &status, 0), sp->pid);
	sp->pid = fork(); /* for spawner_end() */
	if (sp->pid == 0)
		_exit(0);
	return status;
}

static void
begin(struct spawner_fixture *sp)
{
	spawner_begin(sp, short_timeout);
	assert_int_equal(spawner_hello(sp), 0);
}

static void
without_a_daemon_the_stop_timeout_is_kept_by_the_spawner_alone(void **state)
{
	struct spawner_fixture sp;
	(void)state;
	begin(&sp);
	pid_t pid = start_stubborn(&sp, 1);
	for (int i = 0; i < 3; i++) { /* so that it waits before the next start */
		spawner_kill_daemon(&sp);
		if (i < 2)
			spawner_meet_daemon(&sp);
	}
	kill(sp.pid, SIGTERM);
	assert_int_equal(wait_for_end(&sp), 0);
	assert_false(lives(pid));
	spawner_end(&sp);
}

static void
when_the_daemon_is_done_the_runs_are_ended(void **state)
{
	struct spawner_fixture sp;
	(void)state;
	begin(&sp);
	pid_t pid = start_stubborn(&sp, 1);
	spawner_end_daemon(&sp, 0);
	assert_int_equal(wait_for_end(&sp), 0);
	assert_false(lives(pid));
	spawner_end(&sp);
}

static void
runs_are_left_alone_when_the_daemon_wants_it(void **state)
{
	struct spawner_fixture sp;
	(void)state;
	begin(&sp);
	pid_t pid = start_stubborn(&sp, 1);
	spawner_send(&sp, (struct msg){ .kind = MSG_STOP, .stop = MSG_STOP_NONE });
	spawner_end_daemon(&sp, 0);
	assert_int_equal(wait_for_end(&sp), 0);
	assert_true(lives(pid));
	kill(pid, SIGKILL);
	spawner_end(&sp);
}

static void
a_second_term_does_not_wait(void **state)
{
	struct spawner_fixture sp;
	(void)state;
	spawner_begin(&sp, NULL); /* the stop timeout is 30 s */
	assert_int_equal(spawner_hello(&sp), 0);
	pid_t pid = start_stubborn(&sp, 1);
	int64_t began = time(NULL);
	kill(sp.pid, SIGTERM);
	spawner_expect(&sp, MSG_SIGNAL_RECEIVED, 0, NULL);
	spawner_kill_daemon(&sp);
	do { /* the first ones may come before it has seen the daemon's end */
		kill(sp.pid, SIGTERM);
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	} while (lives(sp.pid));
	assert_int_equal(wait_for_end(&sp), 0);
	assert_false(lives(pid));
	assert_true(time(NULL) - began < 10);
	spawner_end(&sp);
}

static void
a_daemon_that_fails_before_it_was_ready_is_not_started_again(void **state)
{
	struct spawner_fixture sp;
	(void)state;
	begin(&sp);
	spawner_end_daemon(&sp, 2);
	int status = wait_for_end(&sp);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 2);
	spawner_end(&sp);
}

static void
a_daemon_that_fails_later_is_started_again(void **state)
{
	struct spawner_fixture sp;
	(void)state;
	begin(&sp);
	spawner_send(&sp, (struct msg){ .kind = MSG_NOTIFY, .notify = MSG_NOTIFY_READY });
	spawner_end_daemon(&sp, 2);
	spawner_meet_daemon(&sp);
	assert_int_equal(spawner_hello(&sp), 0);
	spawner_end(&sp);
}

static void
the_service_manager_is_told_in_fixed_words(void **state)
{
	static const struct {
		enum msg_notify notify;
		const char *word;
	} cases[] = {
		{ MSG_NOTIFY_READY, "READY=1\n" },
		{ MSG_NOTIFY_RELOADING, "RELOADING=1\n" },
		{ MSG_NOTIFY_STOPPING, "STOPPING=1\n" },
		{ MSG_NOTIFY_WATCHDOG, "WATCHDOG=1\n" },
	};
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "@" };
	struct spawner_fixture sp;
	(void)state;
	snprintf(at.sun_path, sizeof(at.sun_path), "@spawn-stop-test-%d", (int)getpid());
	setenv("NOTIFY_SOCKET", at.sun_path, 1);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(at.sun_path));
	at.sun_path[0] = '\0';
	int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(manager, (struct sockaddr *)&at, len), 0);
	begin(&sp);
	unsetenv("NOTIFY_SOCKET");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[128] = "";
		struct pollfd ready = { .fd = manager, .events = POLLIN };
		spawner_send(&sp, (struct msg){ .kind = MSG_NOTIFY, .notify = cases[i].notify });
		assert_int_equal(poll(&ready, 1, 10000), 1);
		assert_true(recv(manager, text, sizeof(text) - 1, 0) > 0);
		assert_memory_equal(text, cases[i].word, strlen(cases[i].word));
	}
	close(manager);
	spawner_end(&sp);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_daemon_the_stop_timeout_is_kept_by_the_spawner_alone),
		cmocka_unit_test(when_the_daemon_is_done_the_runs_are_ended),
		cmocka_unit_test(runs_are_left_alone_when_the_daemon_wants_it),
		cmocka_unit_test(a_second_term_does_not_wait),
		cmocka_unit_test(a_daemon_that_fails_before_it_was_ready_is_not_started_again),
		cmocka_unit_test(a_daemon_that_fails_later_is_started_again),
		cmocka_unit_test(the_service_manager_is_told_in_fixed_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
