/* Runs. */
#include "spawn/run.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spawn/cgroup.h"
#include "spawn/loop.h"
#include "spawn/output.h"
#include "spawn/say.h"
#include "spawn/ticks.h"

#define KILLED_LINGER_US \
	(2 * TICKS_US_PER_SEC) /* what is killed may be in a call of the kernel's */
#define LOOK_KILLED_US (TICKS_US_PER_SEC / 10)
#define LOOK_ASKED_US  TICKS_US_PER_SEC /* at who may leave the session; an end is heard */

static void
fail(struct spawner *sp, struct slot *slot, enum msg_stage stage, int error)
{
	slot->report.stage = (int32_t)stage;
	slot->report.error = error;
	slot->report.ended_at = ticks_real_us();
	slots_set_state(sp->slots, slot, SLOT_FAILED);
}

static struct card *
card_of(const struct spawner *sp, const struct slot *slot)
{
	return &sp->cards[slots_index(sp->slots, slot)];
}

static bool
is_allowed(const struct spawner *sp, uid_t uid)
{
	return sp->options.has_ids ? policy_allows(&sp->policy, uid) : uid == geteuid();
}

/* Files that are read go to memory. */
static int
open_outputs(struct spawner *sp, struct slot *slot, const struct msg_start *start)
{
	int *fds = slot->outputs;
	fds[MSG_STDOUT] = start->reads_files ? memfd_create("files", MFD_CLOEXEC)
					     : output_open(sp, slot->uid);
	if (fds[MSG_STDOUT] >= 0 && start->splits_output)
		fds[MSG_STDERR] = output_open(sp, slot->uid);
	return fds[start->splits_output ? MSG_STDERR : MSG_STDOUT] < 0 ? -1 : 0;
}

/*
 * The start of the process in the kernel's ticks is known without reading /proc when the tick
 * was the same before and after.
 */
static pid_t
fork_child(struct slot *slot, const struct child_plan *plan)
{
	int64_t before = ticks_since_boot();
	pid_t pid = fork();
	if (pid == 0)
		child_run(plan);
	if (pid < 0)
		return -1;
	slot->report.pid = pid;
	slot->report.pid_start = ticks_since_boot() == before ? before : proc_start(pid);
	slot->report.started_at = ticks_real_us();
	return pid;
}

/* STAGE_NKINDS: on its way; else what failed, with errno. */
static enum msg_stage
start(struct spawner *sp, struct slot *slot, struct child_plan *plan)
{
	const struct msg_start *start = &plan->msg->start;
	int ends[2];
	if (!is_allowed(sp, slot->uid)) {
		errno = EPERM;
		return STAGE_POLICY;
	}
	if (open_outputs(sp, slot, start) < 0)
		return STAGE_OUTPUT;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return STAGE_FILES;
	slot->exec_fd = ends[0];
	plan->exec_fd = ends[1];
	plan->output_fd = slot->outputs[MSG_STDOUT];
	plan->errors_fd = slot->outputs[start->splits_output ? MSG_STDERR : MSG_STDOUT];
	pid_t pid = fork_child(slot, plan);
	int error = errno;
	close(ends[1]);
	errno = error;
	return pid < 0 ? STAGE_FORK : STAGE_NKINDS;
}

bool
run_start(struct spawner *sp, const struct msg *msg, const char *payload)
{
	struct slot *slot = slots_take(sp->slots, msg->run_id, msg->attempt);
	if (!slot)
		return false;
	slot->uid = (uid_t)msg->start.uid;
	slot->output_max = msg->start.output_max;
	slot->report.reads_files = msg->start.reads_files;
	slot->ends_leftovers = msg->start.ends_leftovers;
	slot->start_by = sp->now + RUN_START_LIMIT_US;
	*card_of(sp, slot) = (struct card){ 0 };
	const struct normal normal = sp->estate->normal; /* which a child cannot see */
	struct child_plan plan = {
		.msg = msg,
		.payload = payload,
		.null_fd = sp->null_fd,
		.cgroup_fd = sp->cgroup_fd,
		.may_set_ids = sp->options.has_ids,
		.normal = &normal,
		.card = card_of(sp, slot),
	};
	enum msg_stage failed = start(sp, slot, &plan);
	if (failed != STAGE_NKINDS) {
		fail(sp, slot, failed, errno);
		return true;
	}
	slots_set_state(sp->slots, slot, SLOT_STARTING);
	(void)loop_watch(sp, slot->exec_fd, LOOP_EXEC, slots_index(sp->slots, slot));
	loop_look_soon(sp);
	return true;
}

/*
 * The pipe's end alone does not say which of the two it was. The card does: an error, or a stage
 * before exec (then the child was killed on the way).
 */
void
run_settle(struct spawner *sp, struct slot *slot)
{
	const struct card *card = card_of(sp, slot);
	int error = card->error;
	assert(slot->state == SLOT_STARTING);
	loop_unwatch(sp, slot->exec_fd);
	close(slot->exec_fd);
	slot->exec_fd = -1;
	if (slot->start_by == 0)
		error = ETIMEDOUT;
	else if (error == 0 && card->stage != STAGE_EXEC)
		error = EINTR;
	if (error) {
		fail(sp, slot, (enum msg_stage)card->stage, error);
		return;
	}
	slot->report.started_at = card->exec_at;
	slots_set_state(sp->slots, slot, SLOT_RUNNING);
}

/* The loop does not hear of a pipe's end when the kernel had no memory to watch it. */
int64_t
run_look(struct spawner *sp, struct slot *slot)
{
	struct pollfd end = { .fd = slot->exec_fd, .events = POLLIN };
	if (slot->state == SLOT_STARTING && poll(&end, 1, 0) > 0)
		run_settle(sp, slot);
	if (slot->state == SLOT_STARTING && slot->start_by != 0 && sp->now >= slot->start_by) {
		say("a start takes too long and is killed run=%lld attempt=%d",
		    (long long)slot->run_id, slot->attempt);
		slot->start_by = 0;
		kill(slot->report.pid, SIGKILL);
	}
	if (slot->state == SLOT_STARTING)
		return LOOP_LOOK_US;
	return slots_is_alive(slot) ? output_look(sp, slot) : INT64_MAX;
}

void
run_stop(struct spawner *sp, struct slot *slot, enum msg_stop how)
{
	if (how == MSG_STOP_NONE || !slots_is_alive(slot))
		return;
	slot->is_asked = true;
	if (slot->stop != MSG_STOP_HARD)
		slot->stop = how;
	loop_stop_soon(sp);
}

/* Of a cgroup nothing gets away, also what has got away from the tree. */
void
run_stop_now(struct spawner *sp)
{
	int at = 0;
	for (struct slot *slot; (slot = slots_next(sp->slots, &at));) {
		if (!slots_is_alive(slot) || slot->stop != MSG_STOP_HARD)
			continue;
		cgroup_kill(sp->cgroup_fd, slot);
		if (slot->end_by > sp->now + KILLED_LINGER_US)
			slot->end_by = sp->now + KILLED_LINGER_US;
	}
	tree_stop(sp);
}

static int64_t
total_us(const struct timeval *a, const struct timeval *b)
{
	return (int64_t)(a->tv_sec + b->tv_sec) * TICKS_US_PER_SEC + a->tv_usec + b->tv_usec;
}

static int
leftovers(struct spawner *sp, const struct slot *slot)
{
	int n = cgroup_leftovers(sp->cgroup_fd, slot);
	return n < 0 ? tree_leftovers(sp, slot) : n;
}

static void
finish(struct spawner *sp, struct slot *slot)
{
	struct msg_report *report = &slot->report;
	struct rusage usage = { 0 };
	int64_t at = ticks_real_us();
	if (slots_is_alive(slot))
		report->nleftovers = leftovers(sp, slot);
	(void)wait4(report->pid, &report->wait_status, 0, &usage);
	if (!slots_is_alive(slot))
		return; /* its end was told by the failed start */
	output_end(slot);
	report->ended_at = at;
	report->cpu_us = total_us(&usage.ru_utime, &usage.ru_stime);
	report->peak_kib = usage.ru_maxrss;
	cgroup_figures(sp->cgroup_fd, slot);
	slots_set_state(sp->slots, slot, SLOT_EXITED);
}

/* Without the list of our children others could not be reaped beside it. */
void
run_end(struct spawner *sp, struct slot *slot)
{
	if (slot->state == SLOT_STARTING)
		run_settle(sp, slot);
	if (slot->state == SLOT_RUNNING && slot->is_asked && sp->tree.children_fd >= 0)
		slots_set_state(sp->slots, slot, SLOT_LINGERING);
	else
		finish(sp, slot);
}

int64_t
run_look_at_lingering(struct spawner *sp)
{
	int64_t look_us = LOOK_ASKED_US;
	int at = 0;
	tree_look(sp);
	for (struct slot *slot; (slot = slots_next(sp->slots, &at));) {
		if (slot->state == SLOT_LINGERING && sp->tree.is_whole &&
		    sp->tree.nliving[slots_index(sp->slots, slot)] == 0)
			slot->end_by = sp->now;
	}
	at = 0;
	for (struct slot *slot; (slot = slots_next(sp->slots, &at));) {
		if (slot->state == SLOT_LINGERING && slot->end_by <= sp->now) {
			finish(sp, slot);
			if (ticks_monotonic_us() > sp->now + LOOK_KILLED_US)
				return sp->now + 1; /* others get their turn */
		} else if (slot->state == SLOT_LINGERING && slot->end_by != INT64_MAX)
			look_us = LOOK_KILLED_US;
	}
	int64_t at_least = sp->tree.rest_until, next = sp->now + look_us;
	return sp->slots->nlingering == 0 ? 0 : next > at_least ? next : at_least;
}

void
run_forget(struct spawner *sp, struct slot *slot)
{
	if (slots_is_alive(slot))
		return;
	cgroup_drop(sp->cgroup_fd, slot);
	slots_drop(sp->slots, slot);
}
