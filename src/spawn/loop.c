/* The event loop. */
#include "spawn/loop.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "spawn/cgroup.h"
#include "spawn/daemon.h"
#include "spawn/link.h"
#include "spawn/output.h"
#include "spawn/reap.h"
#include "spawn/say.h"
#include "spawn/start.h"
#include "spawn/ticks.h"
#include "spawn/tree.h"

#define EVENTS_MAX  64
#define LOOK_MIN_US (TICKS_US_PER_SEC / 10) /* between looks at the outputs while they grow */
#define LOOK_MAX_US TICKS_US_PER_SEC        /* while they do not */

void
loop_look_soon(struct spawner *sp)
{
	if (sp->look_at != 0)
		return;
	sp->look_us = LOOK_MIN_US;
	sp->look_at = sp->now + LOOK_MIN_US;
}

static struct epoll_event
event_of(uint32_t events, enum loop_source source, uint16_t index)
{
	return (struct epoll_event){ .events = events, .data.u64 = (uint64_t)source << 32 | index };
}

void
loop_watch(struct spawner *sp, int fd, enum loop_source source, uint16_t index)
{
	struct epoll_event event = event_of(EPOLLIN, source, index);
	if (epoll_ctl(sp->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		say("cannot watch a descriptor errno=%d", errno);
}

void
loop_unwatch(struct spawner *sp, int fd)
{
	(void)epoll_ctl(sp->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

void
loop_want_write(struct spawner *sp, int link_fd, bool is_wanted)
{
	struct epoll_event event = event_of(EPOLLIN | (is_wanted ? EPOLLOUT : 0), LOOP_LINK, 0);
	(void)epoll_ctl(sp->epoll_fd, EPOLL_CTL_MOD, link_fd, &event);
}

void
loop_stop(struct spawner *sp, enum msg_stop how)
{
	sp->phase = how == MSG_STOP_NONE ? PHASE_DONE : PHASE_STOP_RUNS;
	sp->phase_until = sp->now + (how == MSG_STOP_HARD ? 0 : sp->options.stop_timeout_us);
	tree_stop(sp->tree, sp->slots, NULL, how, sp->now);
}

/* TERM and INT end everything; a second one does not wait for anybody. */
static void
handle_signal(struct spawner *sp, int signo)
{
	if (signo == SIGCHLD) {
		sp->must_reap = true;
	} else if (signo == SIGHUP || signo == SIGUSR2) {
		if (sp->link.fd >= 0)
			link_signal(sp, signo);
	} else if (sp->phase == PHASE_SERVE) {
		daemon_terminate(sp);
	} else {
		sp->phase_until = sp->now;
	}
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
	uint32_t index = (uint32_t)event->data.u64;
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
		if (sp->slots->slot[index].state == SLOT_STARTING)
			start_settle(sp, &sp->slots->slot[index]);
		break;
	}
}

/*
 * Looks at what runs: outputs that grow, starts that hang. When there is nothing of the kind it
 * stops looking; a start and a write begin it again.
 */
static void
look(struct spawner *sp)
{
	bool has_grown = false, has_restless = false;
	uint16_t at = 0;
	for (struct slot *slot; (slot = slots_next(sp->slots, &at));) {
		start_check(sp, slot);
		if (slot->state == SLOT_STARTING)
			has_restless = true;
		else if (slot->state != SLOT_RUNNING || output_rests(slot))
			continue;
		else if (output_look(slot))
			has_grown = true;
		else if (!output_rest(sp, slot))
			has_restless = true;
	}
	sp->look_us = has_grown ? LOOK_MIN_US : sp->look_us * 2;
	if (sp->look_us > LOOK_MAX_US)
		sp->look_us = LOOK_MAX_US;
	sp->look_at = has_grown || has_restless ? sp->now + sp->look_us : 0;
}

static void
kill_all(struct spawner *sp)
{
	uint16_t at = 0;
	for (const struct slot *slot; (slot = slots_next(sp->slots, &at));) {
		if (slot->state == SLOT_RUNNING)
			cgroup_kill(sp, slot);
	}
	tree_stop(sp->tree, sp->slots, NULL, MSG_STOP_HARD, sp->now);
}

static void
tick(struct spawner *sp)
{
	if (sp->look_at != 0 && sp->now >= sp->look_at)
		look(sp);
	daemon_tick(sp);
	if (sp->phase == PHASE_STOP_RUNS && sp->now >= sp->phase_until) {
		kill_all(sp);
		sp->phase = PHASE_KILL_RUNS;
	}
	if (sp->phase != PHASE_SERVE && sp->slots->nalive == 0)
		sp->phase = PHASE_DONE;
}

/* Milliseconds to the next deadline, rounded up; -1: there is none. */
static int
wait_ms(const struct spawner *sp)
{
	int64_t at = INT64_MAX;
	const int64_t wakes[] = {
		sp->look_at,
		daemon_wake_at(sp),
		sp->phase == PHASE_STOP_RUNS ? sp->phase_until : 0,
	};
	for (size_t i = 0; i < sizeof(wakes) / sizeof(wakes[0]); i++) {
		if (wakes[i] != 0 && wakes[i] < at)
			at = wakes[i];
	}
	if (sp->must_reap || at <= sp->now)
		return 0;
	int64_t ms = (at - sp->now + 999) / 1000;
	return at == INT64_MAX ? -1 : ms > INT_MAX ? INT_MAX : (int)ms;
}

/* Children of the program that we were before, which are still on their way to exec. */
static void
watch_starting(struct spawner *sp)
{
	uint16_t at = 0;
	for (const struct slot *slot; (slot = slots_next(sp->slots, &at));) {
		if (slot->state == SLOT_STARTING)
			loop_watch(sp, slot->exec_fd, LOOP_EXEC, slots_index(sp->slots, slot));
	}
}

/*
 * One round: what has come, then what has ended, then what is due; last, the daemon is told.
 * A run that started and ended within a round is told in one message.
 */
void
loop_run(struct spawner *sp)
{
	struct epoll_event events[EVENTS_MAX];
	sp->now = ticks_monotonic_us();
	sp->must_reap = true;
	loop_watch(sp, sp->signal_fd, LOOP_SIGNAL, 0);
	if (sp->output_watch_fd >= 0)
		loop_watch(sp, sp->output_watch_fd, LOOP_OUTPUT, 0);
	watch_starting(sp);
	loop_look_soon(sp);
	daemon_start(sp);
	while (sp->phase != PHASE_DONE) {
		int n = epoll_wait(sp->epoll_fd, events, EVENTS_MAX, wait_ms(sp));
		sp->now = ticks_monotonic_us();
		for (int i = 0; i < n; i++)
			handle_event(sp, &events[i]);
		if (sp->must_reap)
			reap_all(sp);
		tick(sp);
		link_flush(sp);
	}
}
