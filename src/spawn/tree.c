/*
 * DESIGN. A run's group gets its signals at once, atomically. For what is outside the group the
 * process list is read: each process belongs to whom the leader of its session or group, or its
 * parent, belongs, until nothing changes; they are signalled one by one through pidfds whose owner
 * is compared with the list, so that a pid that was used again is not hit. To kill, everything
 * found is stopped first and the list read again, until there is nothing new: what is stopped does
 * not fork away. One list serves all that is asked for in a round.
 */
#include "spawn/tree.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "spawn/say.h"
#include "spawn/spawn.h"
#include "spawn/ticks.h"

#define STOP_ROUNDS_MAX 8      /* of reading the list again; a bomb that outruns this has limits */
#define LOOKS_AGAIN_MAX 20     /* a list, as some processes have no environment for good */
#define LOOK_AGAIN_NS   100000 /* after so long */

/* Whose processes are meant: of this run, or (NULL) of all that are to be stopped so. */
struct target {
	struct spawner *sp;
	const struct slot *only;
	enum msg_stop how;
};

static bool
is_meant(const struct target *target, const struct slot *slot)
{
	return target->only ? slot == target->only : slot->stop == target->how;
}

static int
compare(const void *pid, const void *proc)
{
	return *(const pid_t *)pid - ((const struct proc *)proc)->pid;
}

static struct proc *
find(struct tree *tree, pid_t pid)
{
	return bsearch(&pid, tree->list, (size_t)tree->n, sizeof(tree->list[0]), compare);
}

/* From main processes, and strays, to all others; in the order of pids mostly in one pass. */
static void
spread(struct tree *tree)
{
	for (bool has_changed = true; has_changed;) {
		has_changed = false;
		for (int i = 0; i < tree->n; i++) {
			struct proc *proc = &tree->list[i];
			const pid_t kin[] = { proc->session, proc->group, proc->parent };
			for (int k = 0; k < 3 && proc->owner == PROC_NO_OWNER; k++) {
				const struct proc *other = find(tree, kin[k]);
				proc->owner = other ? other->owner : PROC_NO_OWNER;
				has_changed |= proc->owner != PROC_NO_OWNER;
			}
		}
	}
	memset(tree->nliving, 0, sizeof(tree->nliving));
	for (int i = 0; i < tree->n; i++) {
		if (tree->list[i].owner != PROC_NO_OWNER && !tree->list[i].is_zombie)
			tree->nliving[tree->list[i].owner]++;
	}
}

/* Members that are in the list have their owners; who is gone is none any more. */
static void
recall_members(struct spawner *sp)
{
	struct tree *tree = &sp->tree;
	int n = 0;
	for (int i = 0; i < sp->estate->nmembers; i++) {
		const struct tree_member member = sp->estate->members[i];
		const struct slot *slot = &sp->slots->slot[member.owner];
		struct proc *proc = find(tree, member.pid);
		if (!slots_is_alive(slot) || slot->run_id != member.run_id ||
		    slot->attempt != member.attempt ||
		    (proc ? proc->start != member.start : tree->is_whole))
			continue;
		if (proc) {
			proc->owner = member.owner;
			proc->is_member = true;
		}
		sp->estate->members[n++] = member;
	}
	sp->estate->nmembers = n;
}

static void
note_members(struct spawner *sp)
{
	struct tree *tree = &sp->tree;
	for (int i = 0; i < tree->n && sp->estate->nmembers < TREE_MAX; i++) {
		const struct proc *proc = &tree->list[i];
		if (proc->owner == PROC_NO_OWNER || proc->is_member || proc->is_zombie)
			continue;
		const struct slot *slot = &sp->slots->slot[proc->owner];
		if (slot->is_asked && proc->pid != slot->report.pid)
			sp->estate->members[sp->estate->nmembers++] =
				(struct tree_member){ .pid = proc->pid,
						      .start = proc->start,
						      .run_id = slot->run_id,
						      .attempt = slot->attempt,
						      .owner = proc->owner };
	}
}

static void
read_list(struct spawner *sp)
{
	struct tree *tree = &sp->tree;
	int64_t began_at = ticks_monotonic_us();
	int at = 0;
	tree->n = proc_list(tree->processes, tree->list, TREE_MAX, &tree->is_whole);
	for (const struct slot *slot; (slot = slots_next(sp->slots, &at));) {
		struct proc *main = slots_is_alive(slot) ? find(tree, slot->report.pid) : NULL;
		if (main)
			main->owner = slots_index(sp->slots, slot);
	}
	recall_members(sp);
	spread(tree);
	note_members(sp);
	int64_t ended_at = ticks_monotonic_us();
	tree->read_at = sp->now;
	tree->rest_until = ended_at + (ended_at - began_at);
	tree->has_strays = false;
}

/* The run in the environment of a child of ours that we never started, if it can be that one's. */
static int
find_owner(const struct spawner *sp, const struct proc *stray, int64_t run_id)
{
	int at = 0;
	for (const struct slot *slot; (slot = slots_next(sp->slots, &at));) {
		if (slot->run_id == run_id && slots_is_alive(slot) &&
		    stray->start >= slot->report.pid_start &&
		    proc_belongs_to(stray->pid, slot->uid))
			return slots_index(sp->slots, slot);
	}
	return PROC_NO_OWNER;
}

/* What executes a program has no environment for a moment: then it is looked at again. */
static void
add_strays(struct spawner *sp)
{
	struct tree *tree = &sp->tree;
	pid_t self = getpid();
	int nlooks = LOOKS_AGAIN_MAX;
	for (int i = 0; i < tree->n; i++) {
		struct proc *proc = &tree->list[i];
		int64_t run_id;
		if (proc->owner != PROC_NO_OWNER || proc->parent != self || proc->is_zombie ||
		    proc->pid == sp->daemon.pid)
			continue;
		while ((run_id = proc_find_number(proc->pid, "ASCHED_RUN=")) < 0 && nlooks-- > 0)
			nanosleep(&(struct timespec){ .tv_nsec = LOOK_AGAIN_NS }, NULL);
		if (run_id > 0)
			proc->owner = find_owner(sp, proc, run_id);
	}
	spread(tree);
	tree->has_strays = true;
}

/* Signals what has not got it through its run's group, or only who was no member yet. How many. */
static int
signal_others(const struct target *target, int signo, bool only_new)
{
	const struct tree *tree = &target->sp->tree;
	int n = 0;
	for (int i = 0; i < tree->n; i++) {
		const struct proc *proc = &tree->list[i];
		if (proc->owner == PROC_NO_OWNER || proc->is_zombie ||
		    (only_new && proc->is_member))
			continue;
		const struct slot *slot = &target->sp->slots->slot[proc->owner];
		if (!is_meant(target, slot) || proc->group == slot->report.pid)
			continue;
		proc_signal(proc, signo);
		n++;
	}
	return n;
}

/* A main process that has not come to setsid() yet leads no group, and is alone. */
static void
signal_groups(const struct target *target, int signo)
{
	int at = 0;
	for (const struct slot *slot; (slot = slots_next(target->sp->slots, &at));) {
		if (slots_is_alive(slot) && is_meant(target, slot) &&
		    kill(-slot->report.pid, signo) < 0)
			kill(slot->report.pid, signo);
	}
}

/* The groups have been stopped, then the list read. */
static void
kill_all(const struct target *target)
{
	int n = signal_others(target, SIGSTOP, false);
	for (int i = 0, nbefore = 0; i < STOP_ROUNDS_MAX && n != nbefore; i++) {
		nbefore = n;
		read_list(target->sp);
		if (target->only)
			add_strays(target->sp);
		n = signal_others(target, SIGSTOP, false);
	}
	signal_others(target, SIGKILL, false);
	signal_groups(target, SIGKILL);
}

/*
 * To ask, the list is read first: when a parent ends, its children are not linked to it any more.
 * What is stopped gets to its TERM by the CONT only.
 */
void
tree_stop(struct spawner *sp)
{
	static const int to_ask[] = { SIGTERM, SIGCONT };
	const struct target soft = { .sp = sp, .how = MSG_STOP_SOFT };
	const struct target hard = { .sp = sp, .how = MSG_STOP_HARD };
	int n = 0;
	signal_groups(&hard, SIGSTOP);
	read_list(sp);
	for (size_t i = 0; i < 2; i++) {
		signal_groups(&soft, to_ask[i]);
		n = signal_others(&soft, to_ask[i], false);
	}
	for (int i = 0; i < STOP_ROUNDS_MAX && n > 0; i++) { /* what was forked before it got it */
		read_list(sp);
		n = signal_others(&soft, SIGTERM, true);
		(void)signal_others(&soft, SIGCONT, true);
	}
	kill_all(&hard);
	int at = 0;
	for (struct slot *slot; (slot = slots_next(sp->slots, &at));)
		slot->stop = MSG_STOP_NONE;
}

/* What main processes leave behind has become ours. */
bool
tree_is_all_known(const struct spawner *sp)
{
	int nknown = sp->slots->nalive + (sp->daemon.pid != 0);
	return proc_count_children(sp->tree.children_fd) == nknown;
}

void
tree_look(struct spawner *sp)
{
	if (!tree_is_all_known(sp)) {
		read_list(sp);
		return;
	}
	sp->tree.n = 0;
	sp->tree.is_whole = true;
	sp->tree.read_at = sp->now;
	sp->tree.has_strays = false;
	spread(&sp->tree);
}

/* A list that shows the main process as ended has all that it left. */
static bool
is_in_list(struct spawner *sp, const struct slot *slot)
{
	const struct proc *main = find(&sp->tree, slot->report.pid);
	if (sp->tree.read_at != sp->now)
		return false;
	return slot->state == SLOT_LINGERING || /* it had ended before the look */
	       (main && main->is_zombie && main->owner == slots_index(sp->slots, slot));
}

int
tree_leftovers(struct spawner *sp, const struct slot *slot)
{
	const struct target target = { .sp = sp, .only = slot };
	if (!is_in_list(sp, slot)) {
		if (tree_is_all_known(sp))
			return 0;
		read_list(sp);
	}
	if (!sp->tree.has_strays)
		add_strays(sp);
	int n = sp->tree.nliving[slots_index(sp->slots, slot)];
	if (!sp->tree.is_whole)
		say("not all processes could be looked at: there may be more left of it "
		    "run=%lld attempt=%d",
		    (long long)slot->run_id, slot->attempt);
	if (n > 0 && slot->ends_leftovers) {
		signal_groups(&target, SIGSTOP);
		read_list(sp);
		add_strays(sp);
		kill_all(&target);
	}
	return n;
}
