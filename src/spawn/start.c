/* Starting runs. */
#include "spawn/start.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "spawn/cgroup.h"
#include "spawn/link.h"
#include "spawn/loop.h"
#include "spawn/output.h"
#include "spawn/proc.h"
#include "spawn/say.h"
#include "spawn/ticks.h"

#define STRINGS_MAX 4096 /* args and env of one run together */

static void
fail(struct spawner *sp, struct slot *slot, enum msg_stage stage, int error)
{
	slot->report.stage = (int32_t)stage;
	slot->report.error = error;
	slot->report.ended_at = ticks_real_us();
	slots_set_state(sp->slots, slot, SLOT_FAILED);
}

/* The plan's strings stay where they are, in the payload: args, NULL, env, NULL into `strings`. */
static int
split(const struct msg *msg, const char *payload, const char **strings, struct child_plan *plan)
{
	const struct msg_start *start = &msg->start;
	size_t at = 0;
	if ((uint64_t)start->nargs + start->nenv > STRINGS_MAX)
		return -1;
	plan->cwd = msg_next_string(payload, msg->nbytes, &at);
	plan->env_file = msg_next_string(payload, msg->nbytes, &at);
	plan->output_file = msg_next_string(payload, msg->nbytes, &at);
	plan->args = strings;
	for (uint32_t i = 0; i < start->nargs; i++)
		*strings++ = msg_next_string(payload, msg->nbytes, &at);
	*strings++ = NULL;
	plan->env = strings;
	for (uint32_t i = 0; i < start->nenv; i++)
		*strings++ = msg_next_string(payload, msg->nbytes, &at);
	*strings = NULL;
	plan->stdin_text = payload + at;
	return 0;
}

static bool
is_allowed(const struct spawner *sp, uid_t uid)
{
	return sp->options.has_ids ? policy_allows(&sp->policy, uid) : uid == geteuid();
}

/*
 * Forks. The start of the process in the kernel's ticks is known without reading /proc when the
 * tick was the same before and after.
 */
static pid_t
fork_child(struct spawner *sp, struct slot *slot, const struct child_plan *plan)
{
	int64_t before = ticks_since_boot();
	pid_t pid = fork();
	if (pid == 0)
		child_run(plan);
	if (pid < 0)
		return -1;
	slots_set_pid(sp->slots, slot, pid);
	slot->report.pid_start = ticks_since_boot() == before ? before : proc_start(pid);
	slot->report.started_at = ticks_real_us();
	slot->start_by = sp->now + START_LIMIT_US;
	slots_set_state(sp->slots, slot, SLOT_STARTING);
	loop_look_soon(sp);
	return pid;
}

static int
open_outputs(struct spawner *sp, struct slot *slot, struct child_plan *plan)
{
	uid_t uid = (uid_t)plan->start->uid;
	plan->output_fd = plan->errors_fd = slot->outputs[SLOT_OUTPUT].fd =
		plan->start->reads_files ? memfd_create("files", MFD_CLOEXEC)
					 : output_open(sp, uid);
	if (plan->output_fd < 0 || !plan->start->splits_output)
		return plan->output_fd;
	return plan->errors_fd = slot->outputs[SLOT_ERRORS].fd = output_open(sp, uid);
}

/* The plan's descriptors but for the outputs are closed again whatever happens. */
static enum msg_stage
start_child(struct spawner *sp, struct slot *slot, struct child_plan *plan)
{
	enum msg_stage failed = STAGE_NKINDS;
	int ends[2] = { -1, -1 };
	plan->stdin_fd = sp->null_fd;
	if (open_outputs(sp, slot, plan) < 0)
		return STAGE_OUTPUT;
	if (plan->start->stdin_len > 0)
		plan->stdin_fd = output_stdin(plan->stdin_text, plan->start->stdin_len);
	if (plan->stdin_fd < 0)
		return STAGE_STDIN;
	if (cgroup_make(sp, slot, plan->start) < 0 ||
	    (slot->has_cgroup && (plan->cgroup_fd = cgroup_door(sp, slot)) < 0)) {
		failed = STAGE_CGROUP;
	} else if (pipe2(ends, O_CLOEXEC) < 0) {
		failed = STAGE_FILES;
	} else {
		plan->exec_fd = ends[1];
		slot->exec_fd = ends[0];
		if (fork_child(sp, slot, plan) < 0)
			failed = STAGE_FORK;
		else
			loop_watch(sp, ends[0], LOOP_EXEC, slots_index(sp->slots, slot));
	}
	int error = errno;
	if (plan->cgroup_fd >= 0)
		close(plan->cgroup_fd);
	if (ends[1] >= 0)
		close(ends[1]);
	if (plan->stdin_fd != sp->null_fd)
		close(plan->stdin_fd);
	errno = error;
	return failed;
}

void
start_run(struct spawner *sp, const struct msg *msg, const char *payload)
{
	const char *strings[STRINGS_MAX + 2];
	if (slots_find(sp->slots, msg->run_id, msg->attempt))
		return;
	struct slot *slot = slots_take(sp->slots, msg->run_id, msg->attempt);
	if (!slot) {
		link_refuse(sp, msg, STAGE_SLOT, EBUSY);
		return;
	}
	slot->uid = (uid_t)msg->start.uid;
	slot->output_max = msg->start.output_max;
	slot->report.reads_files = msg->start.reads_files;
	slot->ends_leftovers = msg->start.ends_leftovers;
	struct child_plan plan = {
		.start = &msg->start,
		.cgroup_fd = -1,
		.may_set_ids = sp->options.has_ids,
		.normal = &sp->normal,
		.card = &sp->cards[slots_index(sp->slots, slot)],
	};
	*plan.card = (struct card){ 0 };
	if (split(msg, payload, strings, &plan) < 0) {
		fail(sp, slot, STAGE_REQUEST, E2BIG);
	} else if (!is_allowed(sp, slot->uid)) {
		fail(sp, slot, STAGE_POLICY, EPERM);
	} else {
		enum msg_stage failed = start_child(sp, slot, &plan);
		if (failed != STAGE_NKINDS)
			fail(sp, slot, failed, errno);
	}
}

/*
 * The pipe's end alone does not say which of the two it was. The card does: an error, or a stage
 * before exec (then the child was killed on the way).
 */
void
start_settle(struct spawner *sp, struct slot *slot)
{
	const struct card *card = &sp->cards[slots_index(sp->slots, slot)];
	assert(slot->state == SLOT_STARTING);
	loop_unwatch(sp, slot->exec_fd);
	close(slot->exec_fd);
	slot->exec_fd = -1;
	if (slot->is_overdue)
		fail(sp, slot, (enum msg_stage)card->stage, ETIMEDOUT);
	else if (card->error)
		fail(sp, slot, (enum msg_stage)card->stage, card->error);
	else if (card->stage != STAGE_EXEC)
		fail(sp, slot, (enum msg_stage)card->stage, EINTR);
	else {
		slot->report.started_at = card->exec_at;
		slots_set_state(sp->slots, slot, SLOT_RUNNING);
	}
}

void
start_check(struct spawner *sp, struct slot *slot)
{
	if (slot->state != SLOT_STARTING || slot->is_overdue || sp->now < slot->start_by)
		return;
	say("a start takes too long and is killed run=%lld attempt=%d stage=%s",
	    (long long)slot->run_id, slot->attempt,
	    msg_stage_name(sp->cards[slots_index(sp->slots, slot)].stage));
	slot->is_overdue = true;
	kill(slot->report.pid, SIGKILL);
}
