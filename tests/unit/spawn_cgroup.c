/*
 * Runs in cgroups. Limits and figures are tested against a folder that stands for the delegated
 * directory; that nothing gets away, against the kernel where it lets us make cgroups.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fake/spawner.h"
#include "spawn/proc.h"

#define CGROUP2_MAGIC 0x63677270
#define WAIT_STEPS    5000 /* of a millisecond */

static char root[64];

static void
write_file(const char *name, const char *text)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/%s", root, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void
assert_file(const char *name, const char *expected)
{
	char path[160], text[64] = "";
	snprintf(path, sizeof(path), "%s/%s", root, name);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	(void)!fgets(text, sizeof(text), file);
	fclose(file);
	assert_string_equal(text, expected);
}

static void
make_dir(const char *name)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/%s", root, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

/* The files that the kernel would put there. */
static void
make_folder(void)
{
	static const char *const files[] = { "cgroup.procs", "cgroup.kill", "memory.max",
					     "pids.max", "cpu.max" };
	char name[64];
	strcpy(root, "/tmp/spawn-cgroup-XXXXXX");
	assert_non_null(mkdtemp(root));
	make_dir("spawner");
	make_dir("run-1-1");
	write_file("spawner/cgroup.procs", "");
	write_file("cgroup.subtree_control", "");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(name, sizeof(name), "run-1-1/%s", files[i]);
		write_file(name, "");
	}
	write_file("run-1-1/cpu.stat", "usage_usec 123456\nuser_usec 1\nsystem_usec 2\n");
	write_file("run-1-1/memory.peak", "7340032\n");
}

static void
limits_and_figures_go_through_the_cgroup(void **state)
{
	struct spawner_fixture sp;
	const char *const options[] = { "--cgroup", root, NULL };
	char command[96];
	(void)state;
	make_folder();
	spawner_begin(&sp, options);
	assert_int_equal(spawner_hello(&sp), 0);
	struct msg msg = spawner_run(
		&sp, 1,
		(struct spawner_start){ .memory_max = 512 << 20, .pids_max = 20, .cpu_max = 150 },
		NULL);
	assert_int_equal(msg.kind, MSG_EXITED);
	assert_int_equal(msg.report.cpu_us, 123456);
	assert_int_equal(msg.report.peak_kib, 7168);
	assert_file("spawner/cgroup.procs", "0");
	assert_file("run-1-1/cgroup.procs", "0");
	assert_file("run-1-1/memory.max", "536870912");
	assert_file("run-1-1/pids.max", "20");
	assert_file("run-1-1/cpu.max", "150000 100000");
	/* A folder without these files is one without controllers. */
	msg = spawner_run(&sp, 2, (struct spawner_start){ .memory_max = 512 << 20 }, NULL);
	assert_int_equal(msg.kind, MSG_START_FAILED);
	assert_int_equal(msg.report.stage, STAGE_CGROUP);
	assert_int_equal(msg.report.error, ENOTSUP);
	spawner_end(&sp);
	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

static void
wait_until_gone(const char *name)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (int step = 0; step < WAIT_STEPS && access(path, F_OK) == 0; step++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	assert_int_equal(access(path, F_OK), -1);
}

static void
what_an_earlier_spawner_left_is_removed_but_not_what_a_run_has(void **state)
{
	static const char *const kept[] = { "run-2-1", "run-x", "run-", "other" };
	struct spawner_fixture sp;
	const char *const options[] = { "--cgroup", root, NULL };
	char command[96], path[160];
	(void)state;
	make_folder();
	make_dir("run-9-1");
	for (size_t i = 1; i < 4; i++)
		make_dir(kept[i]);
	spawner_begin(&sp, options);
	assert_int_equal(spawner_hello(&sp), 0);
	spawner_start(&sp, 2, (struct spawner_start){ .pids_max = 20 });
	spawner_expect(&sp, MSG_START_FAILED, 2, NULL); /* and is not forgotten */
	wait_until_gone("run-9-1");
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", root, kept[i]);
		assert_int_equal(access(path, F_OK), 0);
	}
	spawner_end(&sp);
	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

static void
a_limit_without_cgroups_fails_the_start(void **state)
{
	struct spawner_fixture sp;
	(void)state;
	spawner_begin(&sp, NULL);
	assert_int_equal(spawner_hello(&sp), 0);
	struct msg msg = spawner_run(&sp, 1, (struct spawner_start){ .pids_max = 20 }, NULL);
	assert_int_equal(msg.kind, MSG_START_FAILED);
	assert_int_equal(msg.report.stage, STAGE_CGROUP);
	assert_int_equal(msg.report.error, ENOTSUP);
	spawner_end(&sp);
}

/* A directory of the kernel's own; false: there is none that we may use. */
static bool
make_real(void)
{
	static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct statfs fs;
	for (size_t i = 0; i < 2; i++) {
		if (statfs(mounts[i], &fs) < 0 || fs.f_type != CGROUP2_MAGIC)
			continue;
		snprintf(root, sizeof(root), "%s/asched-test-%d", mounts[i], (int)getpid());
		if (mkdir(root, 0755) == 0)
			return true;
	}
	return false;
}

static void
wait_until_dead(pid_t pid)
{
	struct proc proc;
	for (int step = 0; step < WAIT_STEPS && proc_read(pid, &proc) == 0 && !proc.is_zombie;
	     step++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	assert_true(proc_read(pid, &proc) < 0 || proc.is_zombie);
}

static void
nothing_gets_away_from_a_cgroup(void **state)
{
	struct spawner_fixture sp;
	const char *const options[] = { "--cgroup", root, NULL };
	const char *const hide[] = { "/bin/sh", "-c",
				     "(env -i setsid sleep 60 & echo $!); while [ $(wc -l < "
				     "/proc/self/fd/2) -lt 1 ]; do :; done; eval \"$MORE\"",
				     NULL };
	const char *const stay[] = { "MORE=sleep 60", NULL };
	char *text, path[160];
	(void)state;
	if (geteuid() != 0 || !make_real()) {
		print_message("skipped: there are no cgroups of version 2 that we may make\n");
		skip();
	}
	spawner_begin(&sp, options);
	assert_int_equal(spawner_hello(&sp), 0);
	struct msg msg = spawner_run(
		&sp, 1, (struct spawner_start){ .args = hide, .ends_leftovers = true }, &text);
	assert_int_equal(msg.kind, MSG_EXITED);
	assert_int_equal(msg.report.nleftovers, 1);
	wait_until_dead((pid_t)strtol(text, NULL, 10));
	free(text);
	int fd;
	spawner_start(&sp, 2, (struct spawner_start){ .args = hide, .env = stay });
	spawner_expect(&sp, MSG_STARTED, 2, &fd);
	while (lseek(fd, 0, SEEK_END) == 0)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	text = spawner_read_output(fd);
	spawner_signal(&sp, 2, MSG_STOP_HARD);
	spawner_expect(&sp, MSG_EXITED, 2, NULL);
	wait_until_dead((pid_t)strtol(text, NULL, 10));
	free(text);
	spawner_forget(&sp, 2);
	spawner_end(&sp);
	static const char *const names[] = { "run-1-1", "run-2-1", "spawner", "" };
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", root, names[i]);
		(void)rmdir(path);
	}
	assert_int_equal(access(root, F_OK), -1);
}

static void
what_ignores_term_there_is_killed_when_the_main_process_obeyed(void **state)
{
	struct spawner_fixture sp;
	const char *const options[] = { "--cgroup", root, NULL };
	char path[160], text[16] = "";
	int fd;
	(void)state;
	if (geteuid() != 0 || !make_real()) {
		print_message("skipped: there are no cgroups of version 2 that we may make\n");
		skip();
	}
	spawner_begin(&sp, options);
	assert_int_equal(spawner_hello(&sp), 0);
	spawner_shell(&sp, 1, "trap '' TERM; sleep 60 & trap 'exit 3' TERM; echo $!; wait");
	spawner_expect(&sp, MSG_STARTED, 1, &fd);
	while (!strchr(text, '\n'))
		assert_true(pread(fd, text, sizeof(text) - 1, 0) >= 0);
	close(fd);
	spawner_signal(&sp, 1, MSG_STOP_SOFT);
	struct pollfd link = { .fd = sp.link, .events = POLLIN };
	assert_int_equal(poll(&link, 1, 300), 0);
	spawner_signal(&sp, 1, MSG_STOP_HARD);
	struct msg msg = spawner_expect(&sp, MSG_EXITED, 1, NULL);
	assert_int_equal(WEXITSTATUS(msg.report.wait_status), 3);
	assert_int_equal(msg.report.nleftovers, 0);
	wait_until_dead((pid_t)strtol(text, NULL, 10));
	spawner_forget(&sp, 1);
	spawner_end(&sp);
	static const char *const names[] = { "run-1-1", "spawner", "" };
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", root, names[i]);
		(void)rmdir(path);
	}
	assert_int_equal(access(root, F_OK), -1);
}

static void
the_cgroup_of_a_forgotten_run_goes_with_the_last_process(void **state)
{
	struct spawner_fixture sp;
	const char *const options[] = { "--cgroup", root, NULL };
	const char *const leave[] = { "/bin/sh", "-c", "sleep 60 > /dev/null & echo $!", NULL };
	char *text, path[160];
	(void)state;
	if (geteuid() != 0 || !make_real()) {
		print_message("skipped: there are no cgroups of version 2 that we may make\n");
		skip();
	}
	spawner_begin(&sp, options);
	assert_int_equal(spawner_hello(&sp), 0);
	struct msg msg = spawner_run(&sp, 1, (struct spawner_start){ .args = leave }, &text);
	assert_int_equal(msg.report.nleftovers, 1);
	pid_t pid = (pid_t)strtol(text, NULL, 10);
	free(text);
	assert_true(pid > 0);
	/* The answer to a later request tells that this one was forgotten. */
	spawner_run(&sp, 2, (struct spawner_start){ 0 }, NULL);
	snprintf(path, sizeof(path), "%s/run-1-1", root);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	wait_until_gone("run-1-1");
	spawner_end(&sp);
	snprintf(path, sizeof(path), "%s/spawner", root);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(root), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_and_figures_go_through_the_cgroup),
		cmocka_unit_test(a_limit_without_cgroups_fails_the_start),
		cmocka_unit_test(what_an_earlier_spawner_left_is_removed_but_not_what_a_run_has),
		cmocka_unit_test(the_cgroup_of_a_forgotten_run_goes_with_the_last_process),
		cmocka_unit_test(nothing_gets_away_from_a_cgroup),
		cmocka_unit_test(what_ignores_term_there_is_killed_when_the_main_process_obeyed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
