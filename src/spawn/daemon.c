/*
 * The daemon as a child. What it gets: descriptors 0-2, its end of the link, the listening
 * socket and the lock, at fixed numbers; an environment of names that it knows; with has_ids,
 * its own ids and no capability, now or later.
 */
#include "spawn/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spawn/estate.h"
#include "spawn/ids.h"
#include "spawn/link.h"
#include "spawn/loop.h"
#include "spawn/say.h"
#include "spawn/ticks.h"

#define DELAY_FIRST_US (TICKS_US_PER_SEC / 10)
#define DELAY_MAX_US   (30 * TICKS_US_PER_SEC)
#define LIFE_GOOD_US   (60 * TICKS_US_PER_SEC) /* lived so long: the next failure is a first */
#define END_GRACE_US   (15 * TICKS_US_PER_SEC) /* beyond stop_timeout, to record what ended */
#define ENV_MAX        256

enum { FD_LINK = 3, FD_LISTEN, FD_LOCK, FD_END };

/* Names (ending in '_': beginnings of names) that pass into the daemon's environment. */
static const char *const known_names[] = {
	"HOME=",          "PATH=",           "USER=",
	"LOGNAME=",       "TMPDIR=",         "TZ=",
	"LANG=",          "LANGUAGE=",       "LC_",
	"XDG_",           "ASCHED_",         "SSL_CERT_",
	"WATCHDOG_USEC=", "JOURNAL_STREAM=", "ASAN_OPTIONS=",
	"UBSAN_OPTIONS=", "LSAN_OPTIONS=",
};

static bool
is_known(const char *text)
{
	for (size_t i = 0; i < sizeof(known_names) / sizeof(known_names[0]); i++) {
		if (strncmp(text, known_names[i], strlen(known_names[i])) == 0)
			return true;
	}
	return false;
}

static char **
build_env(char **env)
{
	static char fds[][32] = { "ASCHED_SPAWN_FD=3", "ASCHED_LISTEN_FD=4", "ASCHED_LOCK_FD=5" };
	size_t n = 0;
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		env[n++] = fds[i]; /* the first of a name is the one that getenv(3) finds */
	for (char **at = environ; *at && n < ENV_MAX; at++) {
		if (is_known(*at))
			env[n++] = *at;
	}
	env[n] = NULL;
	return env;
}

/* Moves the three out of each other's way first. */
static int
set_files(const struct spawner *sp, int link_fd)
{
	const int from[] = { link_fd, sp->options.listen_fd, sp->options.lock_fd };
	int parked[FD_END - FD_LINK];
	for (int i = 0; i < FD_END - FD_LINK; i++) {
		parked[i] = fcntl(from[i], F_DUPFD_CLOEXEC, FD_END);
		if (parked[i] < 0)
			return -1;
	}
	for (int i = 0; i < FD_END - FD_LINK; i++) {
		if (dup2(parked[i], FD_LINK + i) < 0)
			return -1;
	}
	return close_range(FD_END, ~0u, CLOSE_RANGE_CLOEXEC);
}

/* The bounding set goes while there is still the right to change it; the rest after the ids. */
static int
drop_bounding_set(void)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap) < 0)
			return -1;
	}
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

static int
drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 }, { 0 } };
	return (int)syscall(SYS_capset, &head, none);
}

static int
set_ids(const struct spawner *sp)
{
	uid_t uid = sp->options.uid;
	gid_t gid = sp->options.gid;
	if (!sp->options.has_ids)
		return 0;
	const struct passwd *user = getpwuid(uid);
	if (user ? initgroups(user->pw_name, gid) < 0 : setgroups(1, &gid) < 0)
		return -1;
	if (drop_bounding_set() < 0 || ids_set(uid, gid) < 0 || drop_capabilities() < 0)
		return -1;
	return fchdir(sp->output_dir_fd) < 0 ? chdir("/") : 0;
}

static _Noreturn void
run_daemon(const struct spawner *sp, int link_fd)
{
	char *env[ENV_MAX + 1];
	sigset_t none;
	sigemptyset(&none);
	setsid(); /* ^C is for the spawner, which tells the daemon */
	if (set_ids(sp) < 0 || set_files(sp, link_fd) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || signal(SIGPIPE, SIG_DFL) == SIG_ERR ||
	    signal(SIGXFSZ, SIG_DFL) == SIG_ERR || sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		say_and_die("cannot set up the daemon");
	if (sp->daemon.is_kept)
		fexecve(sp->daemon.file_fd, sp->options.daemon_args, build_env(env));
	else
		execve(sp->options.daemon_args[0], sp->options.daemon_args, build_env(env));
	say_and_die("cannot execute %s", sp->options.daemon_args[0]);
}

void
daemon_open(struct spawner *sp)
{
	int fd = open(sp->options.daemon_args[0], O_PATH | O_CLOEXEC);
	sp->daemon.file_fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FD_END);
	if (fd >= 0)
		close(fd);
}

/* Returns only if there is no way on for the spawner; then the daemon of its age goes on, too. */
static void
pass_on(struct spawner *sp)
{
	estate_pass_on(sp);
	sp->daemon.is_kept = sp->daemon.file_fd >= 0;
}

static void
plan_restart(struct spawner *sp)
{
	struct daemon *daemon = &sp->daemon;
	if (sp->now - daemon->started_at >= LIFE_GOOD_US || daemon->delay_us == 0)
		daemon->delay_us = DELAY_FIRST_US;
	daemon->restart_at = sp->now + daemon->delay_us;
	say("the daemon starts again in %lld ms", (long long)daemon->delay_us / 1000);
	daemon->delay_us *= 2;
	if (daemon->delay_us > DELAY_MAX_US)
		daemon->delay_us = DELAY_MAX_US;
}

void
daemon_start(struct spawner *sp)
{
	struct daemon *daemon = &sp->daemon;
	int pair[2];
	daemon->restart_at = 0;
	daemon->started_at = sp->now;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		say("cannot make a socket for the daemon errno=%d", errno);
		plan_restart(sp);
		return;
	}
	pid_t pid = fork();
	if (pid == 0)
		run_daemon(sp, pair[1]);
	close(pair[1]);
	if (pid < 0) {
		say("cannot fork the daemon errno=%d", errno);
		close(pair[0]);
		plan_restart(sp);
		return;
	}
	daemon->pid = pid;
	daemon->epoch++;
	link_open(sp, pair[0]);
}

static void
say_how(const struct spawner *sp, int status)
{
	if (WIFSIGNALED(status))
		say("the daemon died pid=%d signal=%d", (int)sp->daemon.pid, WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != DAEMON_EXIT_RESTART)
		say("the daemon failed pid=%d status=%d", (int)sp->daemon.pid, WEXITSTATUS(status));
}

/*
 * A daemon that never got ready and says so with an exit status has a reason that does not go
 * away (its configuration, its database): then the start as a whole has failed.
 */
void
daemon_ended(struct spawner *sp, int status)
{
	struct daemon *daemon = &sp->daemon;
	bool is_failed_start = !daemon->was_ready && WIFEXITED(status);
	link_drain(sp);
	link_close(sp);
	say_how(sp, status);
	daemon->pid = 0;
	daemon->kill_at = 0;
	bool is_planned = WIFEXITED(status) && WEXITSTATUS(status) == DAEMON_EXIT_RESTART;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		loop_stop(sp, sp->link.stop);
	} else if (sp->is_terminating) {
		loop_stop(sp, MSG_STOP_SOFT);
	} else if (is_planned) {
		daemon->delay_us = 0;
		pass_on(sp);
		daemon_start(sp);
	} else if (is_failed_start) {
		sp->exit_status = WEXITSTATUS(status);
		loop_stop(sp, MSG_STOP_SOFT);
	} else {
		plan_restart(sp);
	}
}

void
daemon_tick(struct spawner *sp)
{
	if (sp->daemon.kill_at != 0 && sp->now >= sp->daemon.kill_at) {
		say("the daemon does not end and is killed pid=%d", (int)sp->daemon.pid);
		kill(sp->daemon.pid, SIGKILL);
		sp->daemon.kill_at = 0;
	}
	if (sp->daemon.restart_at == 0 || sp->now < sp->daemon.restart_at)
		return;
	sp->daemon.is_kept = false;
	if (estate_is_outdated(sp))
		pass_on(sp);
	daemon_start(sp);
}

void
daemon_terminate(struct spawner *sp)
{
	sp->daemon.restart_at = 0;
	if (sp->daemon.pid == 0) {
		loop_stop(sp, MSG_STOP_SOFT);
		return;
	}
	link_signal(sp, SIGTERM);
	if (!sp->is_terminating)
		sp->daemon.kill_at = sp->now + sp->options.stop_timeout_us + END_GRACE_US;
	sp->is_terminating = true;
}

int64_t
daemon_wake_at(const struct spawner *sp)
{
	if (sp->daemon.kill_at != 0)
		return sp->daemon.kill_at;
	return sp->daemon.restart_at;
}
