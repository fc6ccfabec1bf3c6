/* A run that was asked to end: what its main process leaves behind has its time, then is killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fake/spawner.h"
#include "spawn/proc.h"

#define WAIT_STEPS 5000 /* of a millisecond */

/* A main process that obeys, and a child of its session that does not; prints the child's pid. */
#define STUBBORN_CHILD "trap '' TERM; sleep 60 & trap 'exit 3' TERM; echo $!; wait"

/* Likewise, with a child that has a session of its own. */
#define OWN_SESSION                                                \
	"trap '' TERM; setsid sh -c 'echo $$; sleep 60; sleep 60' & " \
	"trap 'exit 3' TERM; wait"

static char self[4096]; /* this program */

static int
begin_with(void **state, const char *const *options)
{
	static struct spawner_fixture fixture;
	spawner_begin(&fixture, options);
	assert_int_equal(spawner_hello(&fixture), 0);
	*state = &fixture;
	return 0;
}

static int
begin(void **state)
{
	return begin_with(state, NULL);
}

static int
begin_impatient(void **state)
{
	static const char *const options[] = { "--stop-timeout-us", "300000", NULL };
	return begin_with(state, options);
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

static bool
lives(pid_t pid)
{
	struct proc proc;
	return proc_read(pid, &proc) == 0 && !proc.is_zombie;
}

static bool
is_zombie(pid_t pid)
{
	struct proc proc;
	return proc_read(pid, &proc) == 0 && proc.is_zombie;
}

static void
wait_until(bool (*holds)(pid_t pid), pid_t pid)
{
	for (int step = 0; step < WAIT_STEPS && !holds(pid); step++)
		pause_a_little();
	assert_true(holds(pid));
}

static bool
is_dead(pid_t pid)
{
	return !lives(pid);
}

static bool
is_reaped(pid_t pid)
{
	struct proc proc;
	return proc_read(pid, &proc) < 0;
}

static bool
leads_a_session(pid_t pid)
{
	return getsid(pid) == pid;
}

static bool
is_stopped(pid_t pid)
{
	char path[64], text[256] = "";
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return strstr(text, ") T ") != NULL;
}

struct started {
	pid_t main, other; /* and the first number that it prints */
	int fd;
};

static struct started
start(struct spawner_fixture *sp, int64_t run_id, const char *script)
{
	char run[64], text[64] = "";
	const char *const args[] = { "/bin/sh", "-c", script, self, NULL };
	const char *const env[] = { run, NULL };
	struct started started;
	snprintf(run, sizeof(run), "ASCHED_RUN=%lld", (long long)run_id);
	spawner_start(sp, run_id, (struct spawner_start){ .args = args, .env = env });
	started.main = spawner_expect(sp, MSG_STARTED, run_id, &started.fd).report.pid;
	for (int step = 0; step < WAIT_STEPS && !strchr(text, '\n'); step++) {
		pause_a_little();
		assert_true(pread(started.fd, text, sizeof(text) - 1, 0) >= 0);
	}
	started.other = (pid_t)strtol(text, NULL, 10);
	assert_true(started.other > 0);
	return started;
}

/* Asks it to end, and its main process does. */
static void
ask(struct spawner_fixture *sp, int64_t run_id, pid_t main)
{
	spawner_signal(sp, run_id, MSG_STOP_SOFT);
	wait_until(is_zombie, main);
}

static struct msg
kill_and_expect(struct spawner_fixture *sp, int64_t run_id)
{
	spawner_signal(sp, run_id, MSG_STOP_HARD);
	return spawner_expect(sp, MSG_EXITED, run_id, NULL);
}

static void
assert_silent(struct spawner_fixture *sp, int ms)
{
	struct pollfd link = { .fd = sp->link, .events = POLLIN };
	assert_int_equal(poll(&link, 1, ms), 0);
}

static void
it_goes_on_until_what_ignores_term_is_killed(void **state)
{
	struct spawner_fixture *sp = *state;
	struct started run = start(sp, 1, STUBBORN_CHILD);
	ask(sp, 1, run.main);
	assert_silent(sp, 1300);
	assert_true(lives(run.other));
	assert_true(is_zombie(run.main)); /* so that its pid is nobody else's */
	struct msg msg = kill_and_expect(sp, 1);
	assert_false(lives(run.other));
	assert_int_equal(msg.report.nleftovers, 0);
	assert_int_equal(WEXITSTATUS(msg.report.wait_status), 3);
	assert_true(msg.report.ended_at - msg.report.started_at > 1300000);
	assert_true(is_reaped(run.main));
	close(run.fd);
}

/* Nobody that can be seen is not the same as nobody. */
static void
it_goes_on_while_nobody_can_be_looked_at(void **state)
{
	struct spawner_fixture *sp = *state;
	struct started run = start(sp, 1, STUBBORN_CHILD);
	struct rlimit limit, none;
	assert_int_equal(prlimit(sp->pid, RLIMIT_NOFILE, NULL, &limit), 0);
	none = (struct rlimit){ 1, limit.rlim_max };
	assert_int_equal(prlimit(sp->pid, RLIMIT_NOFILE, &none, NULL), 0);
	ask(sp, 1, run.main);
	assert_silent(sp, 1300);
	assert_true(lives(run.other));
	assert_true(is_zombie(run.main));
	assert_int_equal(prlimit(sp->pid, RLIMIT_NOFILE, &limit, NULL), 0);
	(void)kill_and_expect(sp, 1);
	assert_false(lives(run.other));
}

static void
what_cleans_up_has_its_time(void **state)
{
	struct spawner_fixture *sp = *state;
	struct started run = start(sp, 1,
				   "(trap 'sleep 0.3; echo clean; exit' TERM; sh -c 'echo $PPID'; "
				   "while :; do sleep 0.01; done) & trap 'exit 5' TERM; wait");
	ask(sp, 1, run.main);
	struct msg msg = spawner_expect(sp, MSG_EXITED, 1, NULL);
	assert_int_equal(msg.report.nleftovers, 0);
	assert_int_equal(WEXITSTATUS(msg.report.wait_status), 5);
	char *text = spawner_read_output(run.fd);
	assert_non_null(strstr(text, "clean"));
	assert_int_equal(msg.report.output_bytes[MSG_STDOUT], strlen(text));
	free(text);
}

static void
killed_at_once_it_leaves_nothing_either(void **state)
{
	struct spawner_fixture *sp = *state;
	for (int64_t run_id = 1; run_id <= 20; run_id++) {
		struct started run = start(sp, run_id, STUBBORN_CHILD);
		struct msg msg = kill_and_expect(sp, run_id);
		assert_int_equal(msg.report.nleftovers, 0);
		assert_false(lives(run.other));
		close(run.fd);
	}
}

static void
what_is_stopped_obeys_or_is_killed(void **state)
{
	struct spawner_fixture *sp = *state;
	struct started one = start(sp, 1, "sleep 60 & kill -STOP $!; echo $!; wait");
	struct started two = start(sp, 2, STUBBORN_CHILD);
	wait_until(is_stopped, one.other);
	spawner_signal(sp, 1, MSG_STOP_SOFT);
	struct msg msg = spawner_expect(sp, MSG_EXITED, 1, NULL);
	assert_int_equal(msg.report.nleftovers, 0);
	assert_false(lives(one.other));
	ask(sp, 2, two.main);
	kill(two.other, SIGSTOP);
	msg = kill_and_expect(sp, 2);
	assert_int_equal(msg.report.nleftovers, 0);
	assert_false(lives(two.other));
	close(one.fd);
	close(two.fd);
}

/* It was let go, or nobody knows any more whose it is: what leftovers= says holds for it. */
static void
what_had_left_the_session_and_its_parent_is_counted_and_not_waited_for(void **state)
{
	struct spawner_fixture *sp = *state;
	struct started run = start(sp, 1, "(setsid sleep 60 & echo $!); sleep 60");
	wait_until(leads_a_session, run.other);
	spawner_signal(sp, 1, MSG_STOP_SOFT);
	struct msg msg = spawner_expect(sp, MSG_EXITED, 1, NULL);
	assert_int_equal(msg.report.nleftovers, 1);
	assert_true(lives(run.other));
	kill(run.other, SIGKILL);
	close(run.fd);
}

static void
who_leaves_the_session_when_it_was_asked_is_killed_all_the_same(void **state)
{
	struct spawner_fixture *sp = *state;
	struct started run =
		start(sp, 1,
		      "(trap '' TERM; sh -c 'echo $PPID'; while kill -0 $$ && ! grep "
		      "-q 'State:.Z' /proc/$$/status; do :; done; exec setsid sleep 60) "
		      "2> /dev/null & wait");
	ask(sp, 1, run.main);
	wait_until(leads_a_session, run.other);
	assert_silent(sp, 1300);
	struct msg msg = kill_and_expect(sp, 1);
	assert_int_equal(msg.report.nleftovers, 0);
	assert_true(is_dead(run.other));
	close(run.fd);
}

/* As Python starts a child with start_new_session. */
static void
what_had_a_session_of_its_own_is_killed_though_its_parent_obeys(void **state)
{
	struct spawner_fixture *sp = *state;
	struct started run = start(sp, 1, OWN_SESSION);
	ask(sp, 1, run.main);
	assert_silent(sp, 1300);
	assert_true(lives(run.other));
	struct msg msg = kill_and_expect(sp, 1);
	assert_int_equal(msg.report.nleftovers, 0);
	assert_true(is_dead(run.other));
	close(run.fd);
}

static void
others_end_and_are_reaped_beside_many_that_linger(void **state)
{
	struct spawner_fixture *sp = *state;
	enum { NLINGER = 30 };
	struct started runs[NLINGER];
	for (int i = 0; i < NLINGER; i++)
		runs[i] = start(sp, i + 1, STUBBORN_CHILD);
	for (int i = 0; i < NLINGER; i++)
		spawner_signal(sp, i + 1, MSG_STOP_SOFT);
	for (int i = 0; i < NLINGER; i++)
		wait_until(is_zombie, runs[i].main);
	for (int64_t run_id = 100; run_id < 150; run_id++) {
		struct msg msg = spawner_run(sp, run_id, (struct spawner_start){ 0 }, NULL);
		assert_int_equal(msg.kind, MSG_EXITED);
		assert_int_equal(msg.report.nleftovers, 0);
	}
	struct started stray = start(sp, 200, "(setsid sleep 60 & echo $!); sleep 60");
	kill(stray.other, SIGKILL);
	wait_until(is_reaped, stray.other);
	kill(stray.main, SIGKILL);
	spawner_expect(sp, MSG_EXITED, 200, NULL);
	kill(runs[0].other, SIGKILL);
	struct msg msg = spawner_expect(sp, MSG_EXITED, 1, NULL);
	assert_int_equal(msg.report.nleftovers, 0);
	for (int i = 1; i < NLINGER; i++) {
		assert_true(is_zombie(runs[i].main));
		spawner_signal(sp, i + 1, MSG_STOP_HARD);
	}
	for (int i = 1; i < NLINGER; i++) {
		msg = spawner_next(sp, NULL);
		assert_int_equal(msg.kind, MSG_EXITED);
		assert_int_equal(msg.report.nleftovers, 0);
	}
	for (int i = 0; i < NLINGER; i++) {
		assert_false(lives(runs[i].other));
		close(runs[i].fd);
	}
	close(stray.fd);
}

static void
daemons_and_spawners_that_come_meanwhile_go_on_with_it(void **state)
{
	struct spawner_fixture *sp = *state;
	struct started one = start(sp, 1, STUBBORN_CHILD), two = start(sp, 2, OWN_SESSION);
	ask(sp, 1, one.main);
	ask(sp, 2, two.main);
	spawner_kill_daemon(sp);
	spawner_meet_daemon(sp);
	assert_int_equal(spawner_hello(sp), 2);
	spawner_end_daemon(sp, 75); /* the spawner executes itself */
	spawner_meet_daemon(sp);
	spawner_send(sp, (struct msg){ .kind = MSG_HELLO });
	spawner_expect(sp, MSG_STARTED, 1, NULL);
	spawner_expect(sp, MSG_REPLAY_END, 0, NULL);
	/* And again, while what the first one lingers for ends. */
	kill(sp->pid, SIGSTOP);
	kill(one.other, SIGKILL);
	wait_until(is_dead, one.other);
	spawner_end_daemon(sp, 75);
	kill(sp->pid, SIGCONT);
	spawner_meet_daemon(sp);
	spawner_send(sp, (struct msg){ .kind = MSG_HELLO });
	struct msg msg = spawner_expect(sp, MSG_EXITED, 1, NULL);
	assert_int_equal(msg.report.nleftovers, 0);
	msg = kill_and_expect(sp, 2);
	assert_int_equal(msg.report.nleftovers, 0);
	assert_false(lives(two.other));
	close(one.fd);
	close(two.fd);
}

/* As with main processes: within the stop-timeout, then it is killed. */
static void
the_end_of_the_service_ends_it_in_time(void **state)
{
	struct spawner_fixture *sp = *state;
	int status;
	struct started one = start(sp, 1, STUBBORN_CHILD), two = start(sp, 2, STUBBORN_CHILD);
	ask(sp, 1, one.main);
	int64_t began = time(NULL);
	spawner_end_daemon(sp, 0);
	assert_int_equal(waitpid(sp->pid, &status, 0), sp->pid);
	assert_int_equal(status, 0);
	assert_true(time(NULL) - began <= 4);
	assert_false(lives(one.other));
	assert_false(lives(two.other));
	assert_true(is_reaped(one.main));
	sp->pid = fork(); /* for spawner_end() */
	if (sp->pid == 0)
		_exit(0);
	close(one.fd);
	close(two.fd);
}

static void *
wait_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* Of such a process /proc says that it is a zombie. */
static void
a_process_whose_first_thread_has_ended_is_one_that_lives(void **state)
{
	struct spawner_fixture *sp = *state;
	struct started run = start(sp, 1, "setsid \"$0\" headless & echo $!; sleep 60");
	char path[64], text[256] = "";
	do {
		pause_a_little();
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)run.other);
		int fd = open(path, O_RDONLY);
		assert_true(read(fd, text, sizeof(text) - 1) > 0);
		close(fd);
	} while (!strstr(text, ") Z "));
	struct msg msg = kill_and_expect(sp, 1);
	assert_int_equal(msg.report.nleftovers, 0);
	wait_until(is_reaped, run.other);
	close(run.fd);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define LINGER_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		LINGER_TEST(it_goes_on_until_what_ignores_term_is_killed),
		LINGER_TEST(it_goes_on_while_nobody_can_be_looked_at),
		LINGER_TEST(what_cleans_up_has_its_time),
		LINGER_TEST(killed_at_once_it_leaves_nothing_either),
		LINGER_TEST(what_is_stopped_obeys_or_is_killed),
		LINGER_TEST(what_had_left_the_session_and_its_parent_is_counted_and_not_waited_for),
		LINGER_TEST(who_leaves_the_session_when_it_was_asked_is_killed_all_the_same),
		LINGER_TEST(what_had_a_session_of_its_own_is_killed_though_its_parent_obeys),
		LINGER_TEST(others_end_and_are_reaped_beside_many_that_linger),
		LINGER_TEST(daemons_and_spawners_that_come_meanwhile_go_on_with_it),
		cmocka_unit_test_setup_teardown(the_end_of_the_service_ends_it_in_time,
						begin_impatient, end),
		LINGER_TEST(a_process_whose_first_thread_has_ended_is_one_that_lives),
	};
	pthread_t thread;
	if (argc > 1 && strcmp(argv[1], "headless") == 0 &&
	    pthread_create(&thread, NULL, wait_for_ever, NULL) == 0)
		pthread_exit(NULL);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 99;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
