/* The event loop. */
#include "spawn/loop.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spawn/cgroup.h"
#include "spawn/daemon.h"
#include "spawn/link.h"
#include "spawn/output.h"
#include "spawn/run.h"
#include "spawn/say.h"
#include "spawn/ticks.h"

#define EVENTS_MAX     64
#define REAP_ROUND_MAX 256              /* then other events get their turn */
#define SWEEP_US       TICKS_US_PER_SEC /* many processes that end are one look */
#define KILLED_WAIT_US \
	(5 * TICKS_US_PER_SEC) /* a process in a call of the kernel's may never end */

void
loop_look_soon(struct spawner *sp)
{
	if (sp->look_at == 0 || sp->look_at > sp->now + LOOP_LOOK_US)
		sp->look_at = sp->now + LOOP_LOOK_US;
}

int
loop_watch(struct spawner *sp, int fd, enum loop_source source, int index)
{
	uint64_t which = (uint64_t)source << 32 | (uint32_t)index;
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = which };
	int result = epoll_ctl(sp->epoll_fd, EPOLL_CTL_ADD, fd, &event);
	if (result < 0)
		say("cannot watch a descriptor errno=%d", errno);
	return result;
}

void
loop_unwatch(struct spawner *sp, int fd)
{
	(void)epoll_ctl(sp->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

void
loop_want_write(struct spawner *sp, bool is_wanted)
{
	struct epoll_event event = { .events = is_wanted ? EPOLLIN | EPOLLOUT : EPOLLIN,
				     .data.u64 = (uint64_t)LOOP_LINK << 32 };
	(void)epoll_ctl(sp->epoll_fd, EPOLL_CTL_MOD, sp->link.fd, &event);
}

void
loop_stop_soon(struct spawner *sp)
{
	if (sp->stop_at == 0)
		sp->stop_at = sp->now < sp->tree.rest_until ? sp->tree.rest_until : sp->now;
}

static void
stop_all(struct spawner *sp, enum msg_stop how)
{
	int at = 0;
	for (struct slot *slot; (slot = slots_next(sp->slots, &at));)
		run_stop(sp, slot, how);
}

void
loop_stop(struct spawner *sp, enum msg_stop how)
{
	sp->phase = how == MSG_STOP_NONE ? PHASE_DONE : PHASE_STOP;
	sp->phase_until = sp->now + (how == MSG_STOP_HARD ? 0 : sp->options.stop_timeout_us);
	stop_all(sp, how);
}

/* TERM and INT end everything; a second one does not wait for anybody. */
static void
handle_signal(struct spawner *sp, int signo)
{
	if (signo == SIGCHLD)
		sp->must_reap = true;
	else if (signo == SIGHUP || signo == SIGUSR2)
		link_signal(sp, signo);
	else if (sp->phase == PHASE_SERVE)
		daemon_terminate(sp);
	else if (sp->phase == PHASE_STOP)
		sp->phase_until = sp->now;
}

static void
read_signals(struct spawner *sp)
{
	struct signalfd_siginfo infos[8];
	ssize_t n;
	while ((n = read(sp->signal_fd, infos, sizeof(infos))) > 0) {
		for (size_t i = 0; i < (size_t)n / sizeof(infos[0]); i++)
			handle_signal(sp, (int)infos[i].ssi_signo);
	}
}

static void
handle_event(struct spawner *sp, const struct epoll_event *event)
{
	struct slot *slot = &sp->slots->slot[(uint32_t)event->data.u64];
	switch ((enum loop_source)(event->data.u64 >> 32)) {
	case LOOP_SIGNAL:
		read_signals(sp);
		break;
	case LOOP_LINK:
		if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			link_read(sp);
		break;
	case LOOP_OUTPUT:
		if (output_woken(sp))
			sp->look_at = sp->now;
		break;
	case LOOP_EXEC:
		if (slot->state == SLOT_STARTING)
			run_settle(sp, slot);
		break;
	}
}

static void
sweep_soon(struct spawner *sp)
{
	if (sp->cgroup_fd >= 0 && sp->sweep_at == 0)
		sp->sweep_at = sp->now + SWEEP_US;
}

/*
 * Who has ended, is not reaped, and does not linger; how many. The kernel tells of any such child,
 * but would tell of one that lingers for ever: beside it each of our children is asked for.
 */
static int
find_ended(const struct spawner *sp, pid_t ended[REAP_ROUND_MAX])
{
	const int how = WEXITED | WNOHANG | WNOWAIT;
	struct proc_children children = { .fd = sp->tree.children_fd };
	int n = 0;
	if (sp->slots->nlingering == 0) {
		siginfo_t info = { 0 };
		(void)waitid(P_ALL, 0, &info, how);
		ended[0] = info.si_pid;
		return info.si_pid != 0;
	}
	for (pid_t pid; n < REAP_ROUND_MAX && (pid = proc_next_child(&children)) > 0;) {
		siginfo_t info = { 0 };
		if (waitid(P_PID, (id_t)pid, &info, how) < 0 || info.si_pid == 0)
			continue;
		const struct slot *slot = slots_find_pid(sp->slots, pid);
		if (!slot || slot->state != SLOT_LINGERING)
			ended[n++] = pid;
	}
	return n;
}

/* Who has ended may have been the last that a run lingers for. */
static void
linger_soon(struct spawner *sp)
{
	int64_t at = sp->now + LOOP_LOOK_US;
	if (sp->slots->nlingering > 0 && (sp->linger_at == 0 || sp->linger_at > at))
		sp->linger_at = at < sp->tree.rest_until ? sp->tree.rest_until : at;
}

/* What is neither a run nor the daemon is a process of a run that outlived its parent. */
static void
handle_end(struct spawner *sp, pid_t pid)
{
	struct slot *slot = slots_find_pid(sp->slots, pid);
	int status = 0;
	if (slot)
		run_end(sp, slot);
	else
		(void)waitpid(pid, &status, 0);
	if (!slot && pid == sp->daemon.pid)
		daemon_ended(sp, status);
	else if (!slot)
		sweep_soon(sp);
	if (!slot || slot->state == SLOT_LINGERING)
		linger_soon(sp);
}

/*
 * Look first (WNOWAIT), act while the pid still is that process's, then reap: a pid that is
 * signalled can not have become somebody else's.
 */
static void
reap(struct spawner *sp)
{
	pid_t ended[REAP_ROUND_MAX];
	for (int nreaped = 0, n; nreaped < REAP_ROUND_MAX && sp->must_reap; nreaped += n) {
		n = find_ended(sp, ended);
		sp->must_reap = n > 0;
		for (int i = 0; i < n; i++)
			handle_end(sp, ended[i]);
	}
	if (!sp->must_reap && sp->slots->nlingering > 0 && tree_is_all_known(sp))
		sp->linger_at = sp->now;
}

/* At all runs; as long as there is something to look at. */
static void
look(struct spawner *sp)
{
	int64_t wait = INT64_MAX;
	int at = 0;
	for (struct slot *slot; (slot = slots_next(sp->slots, &at));) {
		int64_t one = run_look(sp, slot);
		wait = one < wait ? one : wait;
	}
	sp->look_at = wait == INT64_MAX ? 0 : sp->now + wait;
}

static void
tick(struct spawner *sp)
{
	if (sp->look_at != 0 && sp->now >= sp->look_at)
		look(sp);
	if (sp->sweep_at != 0 && sp->now >= sp->sweep_at) {
		sp->sweep_at = 0;
		cgroup_sweep(sp->cgroup_fd, sp->slots);
	}
	daemon_tick(sp);
	if (sp->phase == PHASE_STOP && sp->now >= sp->phase_until) {
		stop_all(sp, MSG_STOP_HARD);
		sp->phase = PHASE_KILLED;
		sp->phase_until = sp->now + KILLED_WAIT_US;
	}
	if (sp->linger_at != 0 && sp->now >= sp->linger_at)
		sp->linger_at = run_look_at_lingering(sp);
	if (sp->stop_at != 0 && (sp->now >= sp->stop_at || sp->phase == PHASE_DONE)) {
		sp->stop_at = 0;
		run_stop_now(sp);
	}
	if (sp->phase == PHASE_KILLED && sp->now >= sp->phase_until) {
		say("what does not end when it is killed is left alone runs=%d", sp->slots->nalive);
		sp->phase = PHASE_DONE;
	}
	if (sp->phase != PHASE_SERVE && sp->slots->nalive == 0)
		sp->phase = PHASE_DONE;
}

/* Milliseconds to the next deadline, rounded up; -1: there is none. */
static int
wait_ms(const struct spawner *sp)
{
	const int64_t wakes[] = {
		sp->look_at,
		sp->stop_at,
		sp->linger_at,
		sp->sweep_at,
		sp->daemon.kill_at,
		sp->daemon.restart_at,
		sp->phase != PHASE_SERVE ? sp->phase_until : 0,
	};
	int64_t at = INT64_MAX;
	for (size_t i = 0; i < sizeof(wakes) / sizeof(wakes[0]); i++) {
		if (wakes[i] != 0 && wakes[i] < at)
			at = wakes[i];
	}
	if (sp->must_reap || at <= sp->now)
		return 0;
	int64_t ms = (at - sp->now + 999) / 1000;
	return at == INT64_MAX ? -1 : ms > INT_MAX ? INT_MAX : (int)ms;
}

/* Our signals and, of the program that we were before, children on their way to exec. */
static void
begin(struct spawner *sp)
{
	int at = 0;
	sp->now = ticks_monotonic_us();
	sp->must_reap = true;
	(void)loop_watch(sp, sp->signal_fd, LOOP_SIGNAL, 0);
	if (sp->output_watch_fd >= 0)
		(void)loop_watch(sp, sp->output_watch_fd, LOOP_OUTPUT, 0);
	for (const struct slot *slot; (slot = slots_next(sp->slots, &at));) {
		if (slot->state == SLOT_STARTING)
			(void)loop_watch(sp, slot->exec_fd, LOOP_EXEC,
					 slots_index(sp->slots, slot));
	}
	loop_look_soon(sp);
	loop_stop_soon(sp);
	sp->linger_at = sp->now;
	sweep_soon(sp);
	daemon_start(sp);
}

/*
 * One round: what has come, then what has ended, then what is due; last, the daemon is told.
 * A run that started and ended within a round is told in one message.
 */
void
loop_run(struct spawner *sp)
{
	struct epoll_event events[EVENTS_MAX];
	for (begin(sp); sp->phase != PHASE_DONE; link_flush(sp)) {
		int n = epoll_wait(sp->epoll_fd, events, EVENTS_MAX, wait_ms(sp));
		sp->now = ticks_monotonic_us();
		for (int i = 0; i < n; i++)
			handle_event(sp, &events[i]);
		if (sp->must_reap)
			reap(sp);
		tick(sp);
	}
}
