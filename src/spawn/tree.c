/*
 * DESIGN. A run's group gets its signals at once, atomically. For what is outside the group the
 * process list is read: members are marked until nothing changes, and signalled one by one
 * through pidfds whose owner is compared with the list, so that a pid that was used again is
 * not hit. To kill, everything found is stopped first and the list read again, until there is
 * nothing new: what is stopped does not fork away.
 */
#include "spawn/tree.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define STOP_ROUNDS_MAX 8      /* of reading the list again; a bomb that outruns this has limits */
#define LOOKS_AGAIN_MAX 20     /* a run, as some processes have no environment for good */
#define LOOK_AGAIN_NS   100000 /* after so long */

/* Whose processes are meant. */
struct target {
	struct tree *tree;
	struct slots *slots;
	const struct slot *slot; /* NULL: every run that lives */
	bool is_reaped;          /* the slot's pid is not its own any more; its strays count */
	pid_t daemon_pid;        /* then: no stray */
};

/* Is the pid that of a main process that is meant: as a session or group, does it name one? */
static bool
is_main(const struct target *target, pid_t pid)
{
	if (target->slot)
		return pid == target->slot->report.pid;
	return slots_find_pid(target->slots, pid) != NULL;
}

/*
 * A child of ours that we never started, and that this run did. While it executes a program it
 * has no environment for a moment: then it is looked at again.
 */
static bool
is_stray(const struct target *target, const struct proc *proc)
{
	char run[48];
	int *looks = &target->tree->nlooks_again, is_its;
	if (!target->is_reaped || proc->parent != getpid() || proc->pid == target->daemon_pid ||
	    proc->is_zombie || proc->start < target->slot->report.pid_start ||
	    slots_find_pid(target->slots, proc->pid) ||
	    !proc_belongs_to(proc->pid, target->slot->uid))
		return false;
	snprintf(run, sizeof(run), "ASCHED_RUN=%lld", (long long)target->slot->run_id);
	while ((is_its = proc_has_variable(proc->pid, run)) < 0 && *looks > 0) {
		nanosleep(&(struct timespec){ .tv_nsec = LOOK_AGAIN_NS }, NULL);
		--*looks;
	}
	return is_its > 0;
}

static bool
is_root(const struct target *target, const struct proc *proc)
{
	if (is_main(target, proc->pid))
		return !target->is_reaped; /* else somebody else has that pid now */
	return is_main(target, proc->session) || is_main(target, proc->group) ||
	       is_stray(target, proc);
}

static int
compare(const void *pid, const void *proc)
{
	return *(const pid_t *)pid - ((const struct proc *)proc)->pid;
}

static const struct proc *
find(const struct tree *tree, pid_t pid)
{
	return bsearch(&pid, tree->list, (size_t)tree->n, sizeof(tree->list[0]), compare);
}

/* Roots, then their descendants; in the order of pids that mostly takes one pass. */
static void
mark(const struct target *target)
{
	struct tree *tree = target->tree;
	for (int i = 0; i < tree->n; i++)
		tree->list[i].is_marked = is_root(target, &tree->list[i]);
	for (bool has_changed = true; has_changed;) {
		has_changed = false;
		for (int i = 0; i < tree->n; i++) {
			const struct proc *parent = find(tree, tree->list[i].parent);
			if (tree->list[i].is_marked || !parent || !parent->is_marked)
				continue;
			tree->list[i].is_marked = has_changed = true;
		}
	}
}

static void
scan(struct tree *tree)
{
	tree->n = proc_list(tree->processes, tree->list, TREE_MAX);
}

/* Signals what is marked and has not got it through its group; 0: only counts. How many. */
static int
signal_marked(const struct target *target, int signo)
{
	int n = 0;
	for (int i = 0; i < target->tree->n; i++) {
		const struct proc *proc = &target->tree->list[i];
		if (!proc->is_marked || proc->is_zombie ||
		    (!target->is_reaped && is_main(target, proc->group)))
			continue;
		if (signo)
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
	for (const struct slot *slot; (slot = slots_next(target->slots, &at));) {
		if ((target->slot && target->slot != slot) || !slots_is_alive(slot))
			continue;
		if (kill(-slot->report.pid, signo) < 0)
			kill(slot->report.pid, signo);
	}
}

/* The list has just been read and marked. */
static void
kill_marked(const struct target *target)
{
	int n = signal_marked(target, SIGSTOP);
	for (int i = 0, nbefore = 0; i < STOP_ROUNDS_MAX && n != nbefore; i++) {
		nbefore = n;
		scan(target->tree);
		mark(target);
		n = signal_marked(target, SIGSTOP);
	}
	signal_marked(target, SIGKILL);
}

/*
 * Requests of one round share a list. To ask, the list is marked first: when a parent ends, its
 * children are not linked to it any more. What is stopped gets to its TERM by the CONT only.
 */
void
tree_stop(struct tree *tree, struct slots *slots, const struct slot *slot, enum msg_stop how,
	  int64_t now)
{
	static const int to_ask[] = { SIGTERM, SIGCONT };
	const struct target target = { .tree = tree, .slots = slots, .slot = slot };
	if (how == MSG_STOP_NONE || (slot && !slots_is_alive(slot)))
		return;
	if (how == MSG_STOP_HARD)
		signal_groups(&target, SIGSTOP);
	if (tree->seen_at != now)
		scan(tree);
	tree->seen_at = now;
	mark(&target);
	for (size_t i = 0; how == MSG_STOP_SOFT && i < 2; i++) {
		signal_groups(&target, to_ask[i]);
		signal_marked(&target, to_ask[i]);
	}
	if (how == MSG_STOP_HARD) {
		kill_marked(&target);
		signal_groups(&target, SIGKILL);
	}
}

/* Most runs leave nothing behind: then their group is gone, and we have no child too many. */
int
tree_leftovers(struct tree *tree, struct slots *slots, const struct slot *slot, pid_t daemon_pid)
{
	const struct target target = { tree, slots, slot, true, daemon_pid };
	int nknown = slots->nalive - 1 + (daemon_pid != 0);
	if (kill(-slot->report.pid, 0) < 0 && errno != EPERM &&
	    proc_count_children(tree->children_fd) == nknown)
		return 0;
	tree->nlooks_again = LOOKS_AGAIN_MAX;
	scan(tree);
	mark(&target);
	int n = signal_marked(&target, 0);
	if (n > 0 && slot->ends_leftovers)
		kill_marked(&target);
	return n;
}
