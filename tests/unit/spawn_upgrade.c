/* asched-spawn replaced by a newer file of its own while runs go on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake/spawner.h"

struct upgrade {
	struct spawner_fixture sp;
	char dir[32], program[64], log[64];
};

static void
copy_program(const char *from, const char *to)
{
	char command[512];
	snprintf(command, sizeof(command), "cp -f %s %s.new && mv %s.new %s", from, to, to, to);
	assert_int_equal(system(command), 0);
}

/* The program runs from a place of its own, where it can be replaced. */
static int
begin(void **state)
{
	static struct upgrade upgrade;
	const char *program = getenv("ASCHED_SPAWN");
	strcpy(upgrade.dir, "/tmp/spawn-upgrade-XXXXXX");
	assert_non_null(mkdtemp(upgrade.dir));
	snprintf(upgrade.program, sizeof(upgrade.program), "%s/asched-spawn", upgrade.dir);
	copy_program(program ? program : "./asched-spawn", upgrade.program);
	setenv("ASCHED_SPAWN", upgrade.program, 1);
	snprintf(upgrade.log, sizeof(upgrade.log), "%s/log", upgrade.dir);
	int errors = dup(STDERR_FILENO), log = open(upgrade.log, O_RDWR | O_CREAT | O_APPEND, 0600);
	dup2(log, STDERR_FILENO);
	spawner_begin(&upgrade.sp, NULL);
	dup2(errors, STDERR_FILENO);
	close(errors);
	close(log);
	unsetenv("ASCHED_SPAWN");
	assert_int_equal(spawner_hello(&upgrade.sp), 0);
	*state = &upgrade;
	return 0;
}

static int
end(void **state)
{
	struct upgrade *upgrade = *state;
	(void)spawner_end(&upgrade->sp);
	unlink(upgrade->program);
	unlink(upgrade->log);
	return rmdir(upgrade->dir);
}

/* Of a process that is not dumpable only root sees it. */
static void
assert_runs_the_new_file(const struct upgrade *upgrade)
{
	char path[64], file[128];
	if (geteuid() != 0) {
		print_message("skipped: only root sees which file the spawner runs\n");
		return;
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)upgrade->sp.pid);
	ssize_t n = readlink(path, file, sizeof(file) - 1);
	assert_true(n > 0);
	file[n] = '\0';
	assert_string_equal(file, upgrade->program); /* not "... (deleted)" */
}

static bool
has_resumed(const struct upgrade *upgrade)
{
	char path[64], text[512] = "";
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)upgrade->sp.pid);
	int fd = open(path, O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return strcmp(text + strlen(text) + 1, "--resume") == 0;
}

static void
a_planned_restart_brings_in_the_new_file_and_loses_nothing(void **state)
{
	struct upgrade *upgrade = *state;
	struct spawner_fixture *sp = &upgrade->sp;
	char *text;
	static const char *const args[] = {
		"/bin/sh", "-c", "echo before; sleep 1; echo error >&2; echo after; exit 6", NULL
	};
	int fds[MSG_NOUTPUTS];
	spawner_start(sp, 1, (struct spawner_start){ .args = args, .splits_output = true });
	spawner_expect(sp, MSG_STARTED, 1, NULL);
	spawner_shell(sp, 2, "exit 8");
	spawner_expect(sp, MSG_EXITED, 2, NULL);
	copy_program(upgrade->program, upgrade->program); /* another inode of that name */
	for (int i = 0; i < 3; i++) {
		spawner_end_daemon(sp, 75);
		spawner_meet_daemon(sp);
		assert_int_equal(spawner_hello(sp), 2);
		assert_true(has_resumed(upgrade));
	}
	assert_runs_the_new_file(upgrade);
	spawner_end_daemon(sp, 75);
	spawner_meet_daemon(sp);
	spawner_send(sp, (struct msg){ .kind = MSG_HELLO });
	struct msg msg = spawner_next(sp, NULL);
	assert_int_equal(msg.kind, MSG_WELCOME);
	assert_int_equal(msg.welcome.epoch, 5);
	do
		msg = spawner_receive(sp, fds);
	while (msg.run_id != 1);
	if (msg.kind == MSG_STARTED)
		msg = spawner_expect(sp, MSG_EXITED, 1, NULL);
	assert_int_equal(WEXITSTATUS(msg.report.wait_status), 6);
	text = spawner_read_output(fds[MSG_STDOUT]);
	assert_string_equal(text, "before\nafter\n");
	free(text);
	text = spawner_read_output(fds[MSG_STDERR]);
	assert_string_equal(text, "error\n");
	free(text);
	spawner_forget(sp, 1);
	spawner_forget(sp, 2);
	msg = spawner_run(sp, 3, (struct spawner_start){ 0 }, NULL);
	assert_int_equal(msg.kind, MSG_EXITED);
}

static void
a_daemon_that_dies_after_an_upgrade_gets_the_spawner_of_its_age(void **state)
{
	struct upgrade *upgrade = *state;
	struct spawner_fixture *sp = &upgrade->sp;
	spawner_shell(sp, 1, "sleep 60");
	spawner_expect(sp, MSG_STARTED, 1, NULL);
	spawner_kill_daemon(sp);
	spawner_meet_daemon(sp);
	assert_int_equal(spawner_hello(sp), 1);
	assert_false(has_resumed(upgrade));
	copy_program(upgrade->program, upgrade->program);
	spawner_kill_daemon(sp);
	spawner_meet_daemon(sp);
	assert_int_equal(spawner_hello(sp), 1);
	assert_true(has_resumed(upgrade));
}

static void
the_instance_stays_the_same_over_a_planned_restart(void **state)
{
	struct spawner_fixture *sp = &((struct upgrade *)*state)->sp;
	struct msg first, second;
	spawner_send(sp, (struct msg){ .kind = MSG_HELLO });
	first = spawner_expect(sp, MSG_WELCOME, 0, NULL);
	spawner_end_daemon(sp, 75);
	spawner_meet_daemon(sp);
	spawner_send(sp, (struct msg){ .kind = MSG_HELLO });
	second = spawner_expect(sp, MSG_WELCOME, 0, NULL);
	assert_string_equal(first.welcome.instance, second.welcome.instance);
	assert_string_equal(first.welcome.boot, second.welcome.boot);
}

/* Nor is the daemon that came with it: the two that know each other go on. */
static void
a_file_that_cannot_go_on_is_not_executed(void **state)
{
	struct upgrade *upgrade = *state;
	struct spawner_fixture *sp = &upgrade->sp;
	static const char *const others[] = { "/bin/false", "/etc/passwd" };
	char daemon[SPAWNER_PATH_MAX];
	snprintf(daemon, sizeof(daemon), "%s/fake_daemon", sp->dir);
	spawner_shell(sp, 1, "sleep 60");
	spawner_expect(sp, MSG_STARTED, 1, NULL);
	for (size_t i = 0; i < 2; i++) {
		copy_program(others[i], upgrade->program);
		copy_program("/bin/false", daemon);
		spawner_end_daemon(sp, 75);
		spawner_meet_daemon(sp);
		assert_int_equal(spawner_hello(sp), 1);
		assert_false(has_resumed(upgrade));
		spawner_kill_daemon(sp);
		spawner_meet_daemon(sp);
		assert_int_equal(spawner_hello(sp), 1);
		struct msg msg = spawner_run(sp, 2, (struct spawner_start){ 0 }, NULL);
		assert_int_equal(msg.kind, MSG_EXITED);
	}
	spawner_signal(sp, 1, MSG_STOP_HARD);
	spawner_expect(sp, MSG_EXITED, 1, NULL);
}

/* Only aschedd's file was replaced, and not by one of our version. */
static void
a_daemon_of_another_version_is_said_to_be_and_ours_goes_on(void **state)
{
	struct upgrade *upgrade = *state;
	struct spawner_fixture *sp = &upgrade->sp;
	const struct msg hello = { .version = MSG_VERSION + 1, .kind = MSG_HELLO };
	char daemon[SPAWNER_PATH_MAX], words[64];
	snprintf(daemon, sizeof(daemon), "%s/fake_daemon", sp->dir);
	/* Once ready, they are started again however they end: killed, or when we leave them. */
	spawner_send(sp, (struct msg){ .kind = MSG_NOTIFY, .notify = MSG_NOTIFY_READY });
	spawner_shell(sp, 1, "sleep 60");
	spawner_expect(sp, MSG_STARTED, 1, NULL);
	spawner_kill_daemon(sp);
	spawner_meet_daemon(sp);
	copy_program("/bin/false", daemon);
	assert_int_equal(msg_send(sp->link, &hello, NULL, NULL), 0);
	for (int i = 0; i < 2; i++) { /* and once more when that one dies */
		spawner_meet_daemon(sp);
		assert_int_equal(spawner_hello(sp), 1);
		spawner_kill_daemon(sp);
	}
	char *log = spawner_read_output(open(upgrade->log, O_RDONLY));
	snprintf(words, sizeof(words), "speaks version %u of our messages", MSG_VERSION + 1);
	assert_non_null(strstr(log, words));
	free(log);
}

static void
runs_after_an_upgrade_inherit_no_descriptor_of_runs_before(void **state)
{
	struct spawner_fixture *sp = &((struct upgrade *)*state)->sp;
	static const char *const args[] = { "/bin/sh", "-c", "echo /proc/$$/fd/*", NULL };
	char *text, expected[128];
	spawner_shell(sp, 1, "sleep 60");
	spawner_expect(sp, MSG_STARTED, 1, NULL);
	spawner_end_daemon(sp, 75);
	spawner_meet_daemon(sp);
	assert_int_equal(spawner_hello(sp), 1);
	struct msg msg = spawner_run(sp, 2, (struct spawner_start){ .args = args }, &text);
	int pid = msg.report.pid;
	snprintf(expected, sizeof(expected), "/proc/%d/fd/0 /proc/%d/fd/1 /proc/%d/fd/2", pid, pid,
		 pid);
	assert_memory_equal(text, expected, strlen(expected)); /* then the one that lists them */
	assert_null(strstr(text, "/fd/4"));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define UPGRADE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		UPGRADE_TEST(a_planned_restart_brings_in_the_new_file_and_loses_nothing),
		UPGRADE_TEST(a_daemon_that_dies_after_an_upgrade_gets_the_spawner_of_its_age),
		UPGRADE_TEST(the_instance_stays_the_same_over_a_planned_restart),
		UPGRADE_TEST(a_file_that_cannot_go_on_is_not_executed),
		UPGRADE_TEST(a_daemon_of_another_version_is_said_to_be_and_ours_goes_on),
		UPGRADE_TEST(runs_after_an_upgrade_inherit_no_descriptor_of_runs_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
