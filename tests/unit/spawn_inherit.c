/* What a run inherits: everything is as documented, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/ioprio.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fake/spawner.h"
#include "spawn/proc.h"

#define FIELD_MAX 32
#define NOBODY    65534

static const char *
inherited_program(const struct spawner_fixture *fixture, char path[SPAWNER_PATH_MAX])
{
	const char *name = getenv("FAKE_INHERITED");
	spawner_copy_program(fixture, name ? name : "tests/fake/inherited", "inherited", path);
	return path;
}

static void
raise_oom_adjustment(void)
{
	int oom = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(oom, "500", 3), 3);
	close(oom);
}

/* Everything around the spawner is as odd as it gets, and none of it may get through. */
static void
make_odd_surroundings(void)
{
	sigset_t all;
	sigfillset(&all);
	for (int signo = 1; signo < 32; signo++)
		(void)signal(signo, signo == SIGCHLD ? SIG_DFL : SIG_IGN);
	sigprocmask(SIG_BLOCK, &all, NULL);
	umask(0333);
	prctl(PR_SET_TIMERSLACK, 123456789);
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ 0 });
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, 3 << 13); /* the idle class */
	int null = open("/dev/null", O_RDWR);
	for (int fd = 20; fd < 120; fd++)
		dup2(null, fd);
	setenv("LD_LIBRARY_PATH", "/odd", 1);
	setenv("http_proxy", "odd", 1);
	setenv("ODD", "odd", 1);
	assert_int_equal(setpriority(PRIO_PROCESS, 0, 5), 0);
	raise_oom_adjustment();
}

static void
restore_surroundings(void)
{
	sigset_t none;
	cpu_set_t all;
	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
	sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){ 0 });
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, 0);
	sigemptyset(&none);
	for (int signo = 1; signo < 32; signo++)
		(void)signal(signo, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(022);
	for (int fd = 20; fd < 120; fd++)
		close(fd);
}

static char *
add_line(char *at, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int n = vsprintf(at, fmt, args);
	va_end(args);
	return at + n;
}

/* What the program prints for this user in a run with these settings. */
static void
write_golden(char *at, const struct passwd *user, const char *cwd)
{
	gid_t groups[64];
	cpu_set_t processors;
	int ngroups = 64;
	struct rlimit files;
	bool is_root = geteuid() == 0; /* else what is odd about these two stays */
	getrlimit(RLIMIT_NOFILE, &files);
	sched_getaffinity(0, sizeof(processors), &processors);
	if (user->pw_uid == getuid())
		ngroups = getgroups(64, groups);
	else
		getgrouplist(user->pw_name, user->pw_gid, groups, &ngroups);
	at = add_line(at, "fd 0\nfd 1 append\nfd 2 append\nterminal no\n");
	at = add_line(at, "uid %d %d %d\n", user->pw_uid, user->pw_uid, user->pw_uid);
	at = add_line(at, "gid %d %d %d\ngroups", user->pw_gid, user->pw_gid, user->pw_gid);
	for (int i = 0; i < ngroups; i++)
		at = add_line(at, " %d", (int)groups[i]);
	at = add_line(at, "\nroot again no\nown session yes\numask 0027\ncwd %s\n", cwd);
	at = add_line(at, "nice %d\nioprio 0\nscheduler 0\nprocessors %d\n", is_root ? 0 : 5,
		      CPU_COUNT(&processors));
	at = add_line(at, "timer slack 50000\nopen files %ld\n", (long)files.rlim_cur);
	at = add_line(at, "oom adjustment %d\nreaper 0\nno new privileges 0\n", is_root ? 0 : 500);
	at = add_line(at, "argument one two\nargument \nargument %%'\"$x\\\n");
	at = add_line(at, "env HOME=%s\nenv LOGNAME=%s\nenv USER=%s\nenv SHELL=%s\n", user->pw_dir,
		      user->pw_name, user->pw_name, user->pw_shell);
	at = add_line(at, "env PATH=%s\nenv ASCHED_JOB=j\nenv ASCHED_RUN=1\nenv ASCHED_ATTEMPT=2\n"
		      "env ASCHED_DUE=2026-11-20T10:00:00+01:00\nenv A=b=c\n",
		      user->pw_uid == 0 ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
					  "/sbin:/bin"
					: "/usr/local/bin:/usr/bin:/bin");
}

static void
check_golden(struct spawner_fixture *sp, const struct passwd *user)
{
	char program[SPAWNER_PATH_MAX], golden[8192], *text;
	const char *const args[] = { inherited_program(sp, program), "one two", "",
				     "%'\"$x\\", NULL };
	const char *const env[] = { "ASCHED_JOB=j",
				    "ASCHED_RUN=1",
				    "ASCHED_ATTEMPT=2",
				    "ASCHED_DUE=2026-11-20T10:00:00+01:00",
				    "A=b=c",
				    NULL };
	struct msg msg = spawner_run(sp, 1,
				     (struct spawner_start){ .args = args,
							     .env = env,
							     .cwd = "/usr",
							     .umask = 027,
							     .uid = user->pw_uid },
				     &text);
	assert_int_equal(msg.kind, MSG_EXITED);
	write_golden(golden, user, "/usr");
	assert_string_equal(text, golden);
	free(text);
}

static void
a_run_inherits_exactly_what_is_documented(void **state)
{
	struct spawner_fixture sp;
	(void)state;
	make_odd_surroundings();
	spawner_begin(&sp, NULL);
	restore_surroundings();
	assert_int_equal(spawner_hello(&sp), 0);
	check_golden(&sp, getpwuid(getuid()));
	spawner_end(&sp);
}

/* As a user's systemd starts services: with an adjustment that the user cannot take back. */
static void
a_users_own_runs_start_with_the_oom_adjustment_that_the_user_has(void **state)
{
	struct spawner_fixture sp, place = { .dir = "/tmp/spawn-oom-XXXXXX" };
	char spawner[SPAWNER_PATH_MAX], daemon[SPAWNER_PATH_MAX], *text;
	const char *program = getenv("ASCHED_SPAWN"), *fake = getenv("FAKE_DAEMON");
	static const char *const args[] = { "/bin/cat", "/proc/self/oom_score_adj", NULL };
	bool is_root = geteuid() == 0;
	(void)state;
	assert_non_null(mkdtemp(place.dir));
	assert_int_equal(chmod(place.dir, 0755), 0);
	spawner_copy_program(&place, program ? program : "./asched-spawn", "spawn", spawner);
	spawner_copy_program(&place, fake ? fake : "tests/fake/fake_daemon", "daemon", daemon);
	setenv("ASCHED_SPAWN", spawner, 1);
	setenv("FAKE_DAEMON", daemon, 1);
	raise_oom_adjustment();
	if (is_root)
		assert_int_equal(setresuid(NOBODY, NOBODY, 0), 0);
	spawner_begin(&sp, NULL);
	assert_int_equal(spawner_hello(&sp), 0);
	struct msg msg = spawner_run(&sp, 1, (struct spawner_start){ .args = args }, &text);
	assert_int_equal(msg.kind, MSG_EXITED);
	assert_string_equal(text, "500\n");
	free(text);
	spawner_end(&sp);
	if (is_root)
		assert_int_equal(setresuid(0, 0, 0), 0);
	unsetenv("ASCHED_SPAWN");
	unsetenv("FAKE_DAEMON");
	unlink(spawner);
	unlink(daemon);
	assert_int_equal(rmdir(place.dir), 0);
}

static void
the_spawner_has_descriptors_for_a_start_with_split_output_in_every_slot(void **state)
{
	struct spawner_fixture sp;
	struct rlimit before, few, of_spawner;
	const rlim_t wanted = 3 * MSG_RUNS_MAX; /* output, errors, exec pipe */
	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	if (before.rlim_max <= wanted) {
		print_message("skipped: nobody here may open %d files\n", (int)wanted);
		skip();
	}
	few = (struct rlimit){ 1024, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	spawner_begin(&sp, NULL);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(prlimit(sp.pid, RLIMIT_NOFILE, NULL, &of_spawner), 0);
	assert_true(of_spawner.rlim_cur > wanted);
	spawner_end(&sp);
}

/* Only root can be somebody else. */
static bool
is_root(void)
{
	if (geteuid() != 0)
		print_message("skipped: only root can start what belongs to others\n");
	return geteuid() == 0;
}

/* A spawner for all users whose policy file has this text. */
static void
begin_for_all(struct spawner_fixture *sp, const char *policy)
{
	const char *const options[] = { "--uid", "33",       "--gid",
					"33",    "--policy", "/tmp/spawn-policy-test",
					NULL };
	FILE *file = fopen(options[5], "w");
	assert_non_null(file);
	fputs(policy, file);
	fclose(file);
	assert_int_equal(chmod(options[5], 0644), 0);
	spawner_begin(sp, options);
	unlink(options[5]);
	assert_int_equal(spawner_hello(sp), 0);
}

static void
a_run_of_another_user_has_that_users_ids_and_names(void **state)
{
	struct spawner_fixture sp;
	(void)state;
	if (!is_root())
		skip();
	make_odd_surroundings();
	begin_for_all(&sp, "allow 1-100\n");
	restore_surroundings();
	check_golden(&sp, getpwnam("games"));
	spawner_end(&sp);
}

static void
the_policy_decides_whose_runs_are_started(void **state)
{
	struct spawner_fixture sp;
	static const struct {
		uid_t uid;
		enum msg_stage stage;
		int error;
	} cases[] = {
		{ 2, STAGE_POLICY, EPERM },     /* a system user that nobody allowed */
		{ 33, STAGE_POLICY, EPERM },    /* the daemon */
		{ 65534, STAGE_POLICY, EPERM }, /* overflow */
		{ UINT32_MAX, STAGE_POLICY, EPERM },
		{ 1999, STAGE_POLICY, EPERM }, /* denied by the file */
		{ 54321, STAGE_USER, ENOENT }, /* allowed, and not there */
	};
	(void)state;
	if (!is_root())
		skip();
	begin_for_all(&sp, "# comment\nallow 1\n deny 1900-2000 # some\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct msg msg = spawner_run(&sp, (int64_t)i + 1,
					     (struct spawner_start){ .uid = cases[i].uid }, NULL);
		assert_int_equal(msg.kind, MSG_START_FAILED);
		assert_int_equal(msg.report.stage, cases[i].stage);
		assert_int_equal(msg.report.error, cases[i].error);
	}
	struct msg msg = spawner_run(&sp, 99, (struct spawner_start){ .uid = 1 }, NULL);
	assert_int_equal(msg.kind, MSG_EXITED);
	spawner_end(&sp);
}

static void
root_is_refused_where_all_users_are_served(void **state)
{
	struct spawner_fixture sp;
	(void)state;
	if (!is_root())
		skip();
	begin_for_all(&sp, "");
	struct msg msg = spawner_run(&sp, 1, (struct spawner_start){ .uid = 0 }, NULL);
	assert_int_equal(msg.kind, MSG_START_FAILED);
	assert_int_equal(msg.report.stage, STAGE_POLICY);
	spawner_end(&sp);
}

static void
another_users_run_is_refused_where_one_user_is_served(void **state)
{
	struct spawner_fixture sp;
	(void)state;
	spawner_begin(&sp, NULL);
	assert_int_equal(spawner_hello(&sp), 0);
	struct msg msg = spawner_run(&sp, 1, (struct spawner_start){ .uid = getuid() + 1 }, NULL);
	assert_int_equal(msg.kind, MSG_START_FAILED);
	assert_int_equal(msg.report.stage, STAGE_POLICY);
	spawner_end(&sp);
}

/* One fact of /proc/PID/status. */
static void
read_status(pid_t pid, const char *name, char value[FIELD_MAX])
{
	char path[64], line[256];
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	value[0] = '\0';
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, strlen(name)) == 0)
			sscanf(line + strlen(name), ": %31s", value);
	}
	fclose(file);
}

static void
the_daemon_of_all_users_has_no_capability_now_or_later(void **state)
{
	struct spawner_fixture sp;
	static const char *const sets[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" };
	char value[FIELD_MAX];
	(void)state;
	if (!is_root())
		skip();
	begin_for_all(&sp, "");
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		read_status(sp.daemon_pid, sets[i], value);
		assert_string_equal(value, "0000000000000000");
	}
	read_status(sp.daemon_pid, "Uid", value);
	assert_string_equal(value, "33");
	read_status(sp.daemon_pid, "NoNewPrivs", value);
	assert_string_equal(value, "1");
	spawner_end(&sp);
}

static void
a_run_may_open_its_own_output_again(void **state)
{
	struct spawner_fixture sp;
	static const char *const args[] = { "/bin/sh", "-c", "echo a; echo b >> /dev/stdout",
					    NULL };
	char *text;
	(void)state;
	if (!is_root())
		skip();
	begin_for_all(&sp, "allow 1");
	spawner_run(&sp, 1, (struct spawner_start){ .args = args, .uid = 1 }, &text);
	assert_string_equal(text, "a\nb\n");
	free(text);
	spawner_end(&sp);
}

/* Somebody of whom no process is there now: what counts for his limit is ours. */
static const struct passwd *
find_idle_user(void)
{
	static struct proc all[16384];
	DIR *processes = opendir("/proc");
	bool is_whole;
	int n = proc_list(processes, all, 16384, &is_whole);
	closedir(processes);
	setpwent();
	for (const struct passwd *user; (user = getpwent());) {
		bool is_idle = user->pw_uid > 0 && user->pw_uid < 100 && user->pw_uid != 33;
		char path[64];
		struct stat dir;
		for (int i = 0; is_idle && i < n; i++) {
			snprintf(path, sizeof(path), "/proc/%d", (int)all[i].pid);
			is_idle = stat(path, &dir) < 0 || dir.st_uid != user->pw_uid;
		}
		if (is_idle)
			return user;
	}
	return NULL;
}

static void
a_user_at_his_limit_of_processes_gets_a_failed_start_and_not_root(void **state)
{
	struct spawner_fixture sp;
	struct rlimit before, one = { 1, 1 };
	(void)state;
	if (!is_root())
		skip();
	const struct passwd *user = find_idle_user();
	assert_non_null(user);
	getrlimit(RLIMIT_NPROC, &before);
	one.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NPROC, &one), 0);
	begin_for_all(&sp, "allow 1-99");
	setrlimit(RLIMIT_NPROC, &before);
	static const char *const sleeper[] = { "/bin/sleep", "60", NULL };
	for (int64_t run_id = 1; run_id <= 2; run_id++) { /* the kernel looks before it counts */
		spawner_start(&sp, run_id,
			      (struct spawner_start){ .args = sleeper, .uid = user->pw_uid });
		spawner_expect(&sp, MSG_STARTED, run_id, NULL);
	}
	spawner_start(&sp, 3, (struct spawner_start){ .args = sleeper, .uid = user->pw_uid });
	struct msg msg = spawner_expect(&sp, MSG_START_FAILED, 3, NULL);
	assert_int_equal(msg.report.stage, STAGE_EXEC);
	assert_int_equal(msg.report.error, EAGAIN);
	spawner_end(&sp);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_inherits_exactly_what_is_documented),
		cmocka_unit_test(
			the_spawner_has_descriptors_for_a_start_with_split_output_in_every_slot),
		cmocka_unit_test(a_run_of_another_user_has_that_users_ids_and_names),
		cmocka_unit_test(the_policy_decides_whose_runs_are_started),
		cmocka_unit_test(root_is_refused_where_all_users_are_served),
		cmocka_unit_test(another_users_run_is_refused_where_one_user_is_served),
		cmocka_unit_test(the_daemon_of_all_users_has_no_capability_now_or_later),
		cmocka_unit_test(a_run_may_open_its_own_output_again),
		cmocka_unit_test(a_user_at_his_limit_of_processes_gets_a_failed_start_and_not_root),
		cmocka_unit_test(a_users_own_runs_start_with_the_oom_adjustment_that_the_user_has),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
