/*
 * Prints what a process was given by its parent, one fact a line: for the golden test of what a
 * run inherits. Facts that differ from machine to machine are printed as what they should be.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void
print_files(void)
{
	for (int fd = 0; fd < 1024; fd++) {
		int flags = fcntl(fd, F_GETFL);
		if (flags >= 0)
			printf("fd %d%s%s\n", fd, flags & O_APPEND ? " append" : "",
			       isatty(fd) ? " tty" : "");
		else if (write(fd, "x", 1) >= 0 || errno != EBADF)
			printf("fd %d can be written\n", fd);
	}
	int tty = open("/dev/tty", O_RDWR);
	printf("terminal %s\n", tty < 0 ? "no" : "yes");
}

static void
print_signals(void)
{
	sigset_t mask;
	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (int signo = 1; signo <= SIGRTMAX; signo++) {
		struct sigaction action;
		if (sigaction(signo, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
			printf("signal %d not default\n", signo);
		if (sigismember(&mask, signo) == 1)
			printf("signal %d blocked\n", signo);
	}
}

static void
print_ids(void)
{
	uid_t r, e, s;
	gid_t gr, ge, gs, groups[64];
	getresuid(&r, &e, &s);
	getresgid(&gr, &ge, &gs);
	int n = getgroups(64, groups);
	printf("uid %d %d %d\ngid %d %d %d\ngroups", (int)r, (int)e, (int)s, (int)gr, (int)ge,
	       (int)gs);
	for (int i = 0; i < n; i++)
		printf(" %d", (int)groups[i]);
	printf("\nroot again %s\n", r != 0 && (setuid(0) == 0 || setgid(0) == 0) ? "yes" : "no");
}

static void
print_process(void)
{
	char text[4096] = "";
	struct rlimit files;
	mode_t mask = umask(0);
	umask(mask);
	getrlimit(RLIMIT_NOFILE, &files);
	printf("own session %s\n", getsid(0) == getpid() && getpgrp() == getpid() ? "yes" : "no");
	printf("umask %04o\ncwd %s\n", (unsigned)mask, getcwd(text, sizeof(text)));
	printf("nice %d\nioprio %ld\n", getpriority(PRIO_PROCESS, 0),
	       syscall(SYS_ioprio_get, 1, 0));
	cpu_set_t processors;
	sched_getaffinity(0, sizeof(processors), &processors);
	printf("scheduler %d\nprocessors %d\n", sched_getscheduler(0), CPU_COUNT(&processors));
	printf("timer slack %d\n", prctl(PR_GET_TIMERSLACK));
	printf("open files %ld\n", (long)files.rlim_cur);
	int fd = open("/proc/self/oom_score_adj", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	printf("oom adjustment %ld\n", n > 0 ? strtol(text, NULL, 10) : -1L);
	int is_reaper = -1;
	prctl(PR_GET_CHILD_SUBREAPER, &is_reaper);
	printf("reaper %d\nno new privileges %d\n", is_reaper,
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

int
main(int argc, char **argv)
{
	print_files();
	print_signals();
	print_ids();
	print_process();
	for (int i = 1; i < argc; i++)
		printf("argument %s\n", argv[i]);
	for (char **at = environ; *at; at++)
		printf("env %s\n", *at);
	return 0;
}
