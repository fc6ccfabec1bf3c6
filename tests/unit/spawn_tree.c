/* The processes of a run beyond its main one: ended with it, counted, killed or kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fake/spawner.h"
#include "spawn/proc.h"

#define WAIT_STEPS 5000 /* of a millisecond */

static int
begin(void **state)
{
	static struct spawner_fixture fixture;
	spawner_begin(&fixture, NULL);
	assert_int_equal(spawner_hello(&fixture), 0);
	*state = &fixture;
	return 0;
}

static int
end(void **state)
{
	(void)spawner_end(*state);
	return 0;
}

static void
pause_a_little(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* The numbers that a running shell has printed, once there are n of them. */
static void
read_pids(int fd, int *pids, int n)
{
	for (int step = 0; step < WAIT_STEPS; step++) {
		char text[256] = "", *at = text;
		int found = 0;
		assert_true(pread(fd, text, sizeof(text) - 1, 0) >= 0);
		for (char *line_end; (line_end = strchr(at, '\n')) && found < n; at = line_end + 1)
			pids[found++] = (int)strtol(at, NULL, 10);
		if (found == n) {
			close(fd);
			return;
		}
		pause_a_little();
	}
	fail_msg("the run did not print %d pids", n);
}

static bool
lives(pid_t pid)
{
	struct proc proc;
	return proc_read(pid, &proc) == 0 && !proc.is_zombie;
}

static void
wait_until_dead(pid_t pid)
{
	for (int step = 0; step < WAIT_STEPS && lives(pid); step++)
		pause_a_little();
	assert_false(lives(pid));
}

static void
start_script(struct spawner_fixture *sp, int64_t run_id, const char *script, bool ends_leftovers)
{
	char run[64];
	const char *const args[] = { "/bin/sh", "-c", script, NULL };
	const char *const env[] = { run, NULL };
	snprintf(run, sizeof(run), "ASCHED_RUN=%lld", (long long)run_id);
	spawner_start(sp, run_id,
		      (struct spawner_start){
			      .args = args, .env = env, .ends_leftovers = ends_leftovers });
}

/* Prints the pids of a child in another session, of a child of that one, and of a plain one. */
#define FAMILY "setsid sh -c 'echo $$; sleep 60 & echo $!; wait' & sleep 60 & echo $!; "

static void
ending_a_run_reaches_children_in_other_sessions(void **state)
{
	struct spawner_fixture *sp = *state;
	int fd, pids[3];
	start_script(sp, 1, FAMILY "wait", false);
	spawner_expect(sp, MSG_STARTED, 1, &fd);
	read_pids(fd, pids, 3);
	spawner_signal(sp, 1, MSG_STOP_SOFT);
	spawner_expect(sp, MSG_EXITED, 1, NULL);
	for (int i = 0; i < 3; i++)
		wait_until_dead(pids[i]);
}

static void
killing_a_run_reaches_children_that_ignore_term_or_are_stopped(void **state)
{
	struct spawner_fixture *sp = *state;
	int fd, pids[2];
	start_script(sp, 1,
		     "trap '' TERM; setsid sleep 60 & echo $!; setsid sleep 60 & "
		     "kill -STOP $!; echo $!; wait",
		     false);
	spawner_expect(sp, MSG_STARTED, 1, &fd);
	read_pids(fd, pids, 2);
	spawner_signal(sp, 1, MSG_STOP_HARD);
	struct msg msg = spawner_expect(sp, MSG_EXITED, 1, NULL);
	assert_int_equal(WTERMSIG(msg.report.wait_status), SIGKILL);
	wait_until_dead(pids[0]);
	wait_until_dead(pids[1]);
}

static void
what_is_left_behind_is_counted_and_kept(void **state)
{
	struct spawner_fixture *sp = *state;
	int fd, pids[3];
	start_script(sp, 1, FAMILY "while [ $(wc -l < /proc/self/fd/2) -lt 3 ]; do :; done", false);
	struct msg msg = spawner_expect(sp, MSG_EXITED, 1, &fd);
	read_pids(fd, pids, 3);
	assert_int_equal(msg.report.nleftovers, 3);
	for (int i = 0; i < 3; i++) {
		assert_true(lives(pids[i]));
		kill(pids[i], SIGKILL);
	}
}

static void
what_is_left_behind_is_killed_when_the_job_says_so(void **state)
{
	struct spawner_fixture *sp = *state;
	int fd, pids[3];
	start_script(sp, 1, FAMILY "while [ $(wc -l < /proc/self/fd/2) -lt 3 ]; do :; done", true);
	struct msg msg = spawner_expect(sp, MSG_EXITED, 1, &fd);
	read_pids(fd, pids, 3);
	assert_int_equal(msg.report.nleftovers, 3);
	for (int i = 0; i < 3; i++)
		wait_until_dead(pids[i]);
}

static void
a_stray_counts_for_the_run_in_its_environment_only(void **state)
{
	struct spawner_fixture *sp = *state;
	int fd, pids[1];
	start_script(sp, 1, "(setsid sleep 60 & echo $!); sleep 0.2", true);
	spawner_expect(sp, MSG_STARTED, 1, &fd);
	read_pids(fd, pids, 1);
	start_script(sp, 2, "exit 0", true);
	struct msg msg = spawner_expect(sp, MSG_EXITED, 2, NULL);
	assert_int_equal(msg.report.nleftovers, 0);
	assert_true(lives(pids[0]));
	msg = spawner_expect(sp, MSG_EXITED, 1, NULL);
	assert_int_equal(msg.report.nleftovers, 1);
	wait_until_dead(pids[0]);
}

/* Between its setsid() and the end of its exec nothing tells whose it is. */
static void
a_stray_is_counted_while_it_executes_a_program(void **state)
{
	struct spawner_fixture *sp = *state;
	for (int64_t run_id = 1; run_id <= 300; run_id++) {
		start_script(sp, run_id, "setsid sleep 60 &", true);
		struct msg msg = spawner_expect(sp, MSG_EXITED, run_id, NULL);
		assert_int_equal(msg.report.nleftovers, 1);
		spawner_forget(sp, run_id);
	}
}

static void
no_zombie_is_left_of_strays(void **state)
{
	struct spawner_fixture *sp = *state;
	int fd, pids[20];
	start_script(sp, 1,
		     "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do "
		     "(setsid sleep 0.05 & echo $!); done",
		     false);
	spawner_expect(sp, MSG_EXITED, 1, &fd);
	read_pids(fd, pids, 20);
	for (int i = 0; i < 20; i++) {
		struct proc proc;
		for (int step = 0; step < WAIT_STEPS && proc_read(pids[i], &proc) == 0; step++)
			pause_a_little();
		assert_int_equal(proc_read(pids[i], &proc), -1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TREE_TEST(ending_a_run_reaches_children_in_other_sessions),
		TREE_TEST(killing_a_run_reaches_children_that_ignore_term_or_are_stopped),
		TREE_TEST(what_is_left_behind_is_counted_and_kept),
		TREE_TEST(what_is_left_behind_is_killed_when_the_job_says_so),
		TREE_TEST(a_stray_counts_for_the_run_in_its_environment_only),
		TREE_TEST(a_stray_is_counted_while_it_executes_a_program),
		TREE_TEST(no_zombie_is_left_of_strays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
