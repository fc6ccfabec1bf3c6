/* The daemon's confinement: each case tries one thing in a confined process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/confine.h"
#include "unit/skip.h"

#define DONE 0

/* Each returns 0, or -1 with errno. */
static long
execute(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static long
execute_at(void)
{
	static char *const args[] = { NULL };
	return syscall(SYS_execveat, AT_FDCWD, "/bin/true", args, args, 0);
}

static long
fork_process(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	return pid;
}

static long
clone_new(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	return pid;
}

static long
clone_third(void)
{
	uint64_t args[8] = { [4] = SIGCHLD };
	long pid = syscall(SYS_clone3, args, sizeof(args));
	if (pid == 0)
		_exit(0);
	return pid;
}

static long
trace_parent(void)
{
	return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL);
}

static long
signal_parent(void)
{
	return kill(getppid(), 0);
}

static long
signal_thread_of_parent(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static long
signal_any_thread(void)
{
	return syscall(SYS_tkill, getppid(), 0);
}

static long
signal_own_thread(void)
{
	return syscall(SYS_tgkill, getpid(), gettid(), 0);
}

static long
limit_parent(void)
{
	struct rlimit limit;
	return prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit);
}

static long
limit_itself(void)
{
	struct rlimit limit;
	return prlimit(getpid(), RLIMIT_NOFILE, NULL, &limit) || getrlimit(RLIMIT_NOFILE, &limit) ||
			       setrlimit(RLIMIT_NOFILE, &limit)
		       ? -1
		       : 0;
}

static long
become_root(void)
{
	return syscall(SYS_setresuid, 0, 0, 0);
}

static long
mount_something(void)
{
	return mount("none", "/mnt", "tmpfs", 0, NULL);
}

static long
make_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static long
load_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}

static long
set_up_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL);
}

static long
set_clock(void)
{
	return syscall(SYS_clock_settime, 0, NULL);
}

static long
call_the_unknown(void)
{
	return syscall(4000);
}

static long
open_packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static long
open_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static long
open_internet_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static void *
do_nothing(void *arg)
{
	return arg;
}

static long
start_thread(void)
{
	pthread_t thread;
	errno = pthread_create(&thread, NULL, do_nothing, NULL);
	return errno ? -1 : pthread_join(thread, NULL);
}

static long
be_dumpable(void)
{
	errno = EACCES;
	return prctl(PR_GET_DUMPABLE) == 0 ? -1 : 0;
}

static long
open_shadow(void)
{
	return open("/etc/shadow", O_RDONLY);
}

static long
read_elsewhere(void)
{
	return open("elsewhere/file", O_RDONLY);
}

static long
read_where_a_name_leads(void)
{
	return open("name", O_RDONLY);
}

static long
list_elsewhere(void)
{
	return open("elsewhere", O_RDONLY | O_DIRECTORY);
}

static long
read_readable(void)
{
	return open("readable/file", O_RDONLY);
}

static long
write_readable(void)
{
	return open("readable/file", O_WRONLY);
}

static long
make_in_readable(void)
{
	return open("readable/new", O_WRONLY | O_CREAT, 0600);
}

static long
truncate_readable(void)
{
	return truncate("readable/file", 0);
}

static long
replace_in_state(void)
{
	int fd = open("state/new", O_RDWR | O_CREAT | O_TRUNC, 0600);
	return fd < 0 || write(fd, "x", 1) != 1 || rename("state/new", "state/file") != 0
		       ? -1
		       : unlink("state/file");
}

static long
link_out_of_state(void)
{
	return rename("state/file", "elsewhere/moved");
}

struct attempt {
	const char *what;
	long (*try)(void);
	int error; /* DONE: it works */
};

static const struct attempt calls[] = {
	{ "execve", execute, EPERM },
	{ "execveat", execute_at, EPERM },
	{ "fork", fork_process, EPERM },
	{ "clone", clone_new, EPERM },
	{ "clone3", clone_third, ENOSYS },
	{ "ptrace", trace_parent, EPERM },
	{ "kill", signal_parent, EPERM },
	{ "tgkill", signal_thread_of_parent, EPERM },
	{ "tkill", signal_any_thread, EPERM },
	{ "tgkill of a thread of its own", signal_own_thread, DONE },
	{ "prlimit", limit_parent, EPERM },
	{ "prlimit of its own", limit_itself, DONE },
	{ "setresuid", become_root, EPERM },
	{ "mount", mount_something, EPERM },
	{ "unshare", make_namespace, EPERM },
	{ "bpf", load_bpf, EPERM },
	{ "io_uring", set_up_uring, EPERM },
	{ "clock_settime", set_clock, EPERM },
	{ "a call of tomorrow", call_the_unknown, ENOSYS },
	{ "a packet socket", open_packet_socket, EAFNOSUPPORT },
	{ "a Unix socket", open_unix_socket, DONE },
	{ "an internet socket", open_internet_socket, DONE },
	{ "a thread", start_thread, DONE },
	{ "a core dump", be_dumpable, EACCES },
};

static const struct attempt files[] = {
	{ "opening /etc/shadow", open_shadow, EACCES },
	{ "reading elsewhere", read_elsewhere, EACCES },
	{ "reading where a name leads", read_where_a_name_leads, DONE },
	{ "listing elsewhere", list_elsewhere, EACCES },
	{ "reading what is readable", read_readable, DONE },
	{ "writing to what is readable", write_readable, EACCES },
	{ "making a file in what is readable", make_in_readable, EACCES },
	{ "truncating what is readable", truncate_readable, EACCES },
	{ "moving out of the state", link_out_of_state, EACCES },
	{ "replacing a file of the state", replace_in_state, DONE },
};

static int
landlock_version(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* The error that it got in a confined child; -1: the child did not come to an end. */
static int
try_confined(const struct attempt *attempt, const struct confine_places *places)
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		confine(places);
		_exit(attempt->try() < 0 ? errno : DONE);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
check(const struct attempt *attempts, size_t n, const struct confine_places *places)
{
	int nwrong = 0;
	for (size_t i = 0; i < n; i++) {
		int error = try_confined(&attempts[i], places);
		if (error == attempts[i].error)
			continue;
		nwrong++;
		print_error("%s: \"%s\", not \"%s\"\n", attempts[i].what, strerror(error),
			    strerror(attempts[i].error));
	}
	assert_int_equal(nwrong, 0);
}

static void
what_no_scheduler_needs_fails_and_does_not_kill(void **state)
{
	(void)state;
	if (prctl(PR_GET_SECCOMP) < 0)
		skip_because("this kernel has no seccomp");
	check(calls, sizeof(calls) / sizeof(calls[0]), NULL);
}

static void
an_assertion_that_fails_ends_a_confined_daemon(void **state)
{
	int status;
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		signal(SIGABRT, SIG_DFL);
		confine(NULL);
		abort();
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void
make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "text", 4), 4);
	close(fd);
}

static void
only_the_files_that_are_named_are_in_reach(void **state)
{
	char dir[] = "/tmp/asched-confine.XXXXXX";
	struct confine_places places = { .n = 0 };
	(void)state;
	if (landlock_version() < 3)
		skip_because("this kernel's Landlock cannot forbid truncation");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(mkdir("state", 0700) | mkdir("readable", 0700) | mkdir("elsewhere", 0700),
			 0);
	make_file("state/file");
	make_file("readable/file");
	make_file("elsewhere/file");
	make_file("elsewhere/named");
	assert_int_equal(symlink("elsewhere/named", "name"), 0);
	confine_add(&places, "state", true);
	confine_add(&places, "readable", false);
	confine_add(&places, "name", false);
	confine_add(&places, "nowhere", true);
	confine_add(&places, NULL, true);
	check(files, sizeof(files) / sizeof(files[0]), &places);
	unlink("readable/file");
	unlink("elsewhere/file");
	unlink("elsewhere/named");
	unlink("name");
	assert_int_equal(rmdir("state") | rmdir("readable") | rmdir("elsewhere"), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(dir), 0);
}

static usec_t
no_time(void)
{
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_no_scheduler_needs_fails_and_does_not_kill),
		cmocka_unit_test(an_assertion_that_fails_ends_a_confined_daemon),
		cmocka_unit_test(only_the_files_that_are_named_are_in_reach),
	};
	log_init(LOG_LEVEL_WARNING, LOG_FORMAT_TEXT, no_time);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
