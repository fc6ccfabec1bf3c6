/*
 * The daemon as a child. What it gets: descriptors 0-2, its end of the link, the listening socket
 * and the lock; our environment with their numbers in it; with has_ids, its own ids and no
 * capability, now or later.
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

#include "spawn/link.h"
#include "spawn/loop.h"
#include "spawn/say.h"
#include "spawn/ticks.h"

#define DELAY_FIRST_US (TICKS_US_PER_SEC / 10)
#define DELAY_MAX_US   (30 * TICKS_US_PER_SEC)
#define LIFE_GOOD_US   (60 * TICKS_US_PER_SEC) /* lived so long: the next failure is a first */
#define END_GRACE_US   (15 * TICKS_US_PER_SEC) /* beyond stop_timeout, to record what ended */

/* It finds the descriptor by the name, and finds it open. */
static int
give(const char *name, int64_t fd)
{
	char number[16];
	snprintf(number, sizeof(number), "%d", (int)fd);
	return setenv(name, number, 1) < 0 ? -1 : fcntl((int)fd, F_SETFD, 0);
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
	uid_t uid = (uid_t)sp->options.uid;
	gid_t gid = (gid_t)sp->options.gid;
	if (!sp->options.has_ids)
		return 0;
	const struct passwd *user = getpwuid(uid);
	if (user ? initgroups(user->pw_name, gid) < 0 : setgroups(1, &gid) < 0)
		return -1;
	if (drop_bounding_set() < 0 || child_set_ids(uid, gid) < 0 || drop_capabilities() < 0)
		return -1;
	return fchdir(sp->output_dir_fd) < 0 ? chdir("/") : 0;
}

/* ^C is for the spawner, which tells the daemon; so is the service manager. */
static _Noreturn void
run_daemon(const struct spawner *sp, int link_fd)
{
	char **args = sp->options.daemon_args;
	sigset_t none;
	sigemptyset(&none);
	setsid();
	if (set_ids(sp) < 0 || close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC) < 0 ||
	    give("ASCHED_SPAWN_FD", link_fd) < 0 ||
	    give("ASCHED_LISTEN_FD", sp->options.listen_fd) < 0 ||
	    give("ASCHED_LOCK_FD", sp->options.lock_fd) < 0 || unsetenv("NOTIFY_SOCKET") < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || signal(SIGPIPE, SIG_DFL) == SIG_ERR ||
	    signal(SIGXFSZ, SIG_DFL) == SIG_ERR || sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		say_and_die("cannot set up the daemon");
	if (sp->daemon.is_kept)
		fexecve(sp->daemon.file_fd, args, environ);
	else
		execv(args[0], args);
	say_and_die("cannot execute %s", args[0]);
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
	int pair[2] = { -1, -1 };
	daemon->restart_at = 0;
	daemon->started_at = sp->now;
	pid_t pid = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ? -1 : fork();
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
	sp->estate->epoch++;
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
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	say_how(sp, status);
	daemon->pid = 0; /* it is reaped: what is drained may start a run that gets the number */
	daemon->kill_at = 0;
	link_drain(sp);
	if (code == 0) {
		loop_stop(sp, sp->link.stop);
	} else if (sp->is_terminating) {
		loop_stop(sp, MSG_STOP_SOFT);
	} else if (code == DAEMON_EXIT_RESTART) {
		daemon->delay_us = 0;
		pass_on(sp);
		daemon_start(sp);
	} else if (code > 0 && !sp->estate->was_ready) {
		sp->exit_status = code;
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
