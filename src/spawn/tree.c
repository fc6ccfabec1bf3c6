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
#include <time.h>
#include <unistd.h>

#define STOP_ROUNDS_MAX 8 /* of reading the list again; a bomb that outruns this has limits */
#define RUN_NAME        "ASCHED_RUN="
#define LOOKS_AGAIN_MAX 20     /* in all, as some have no environment for good */
#define LOOK_AGAIN_NS   100000 /* after so long */

/* Whose processes are meant. */
struct target {
	struct tree *tree;
	struct slots *slots;
	const struct slot *slot; /* NULL: every run that lives */
	bool is_reaped;          /* the slot's pid is not its own any more; its strays count */
};

/* Is the pid that of a main process that is meant: as a session or group, does it name one? */
static bool
is_main(const struct target *target, pid_t pid)
{
	if (target->slot)
		return pid == target->slot->report.pid;
	return slots_find_pid(target->slots, pid) != NULL;
}

static struct tree_stray *
find_stray(struct tree *tree, pid_t pid)
{
	for (int i = 0; i < tree->nstrays; i++) {
		if (tree->strays[i].pid == pid)
			return &tree->strays[i];
	}
	return NULL;
}

static bool
is_stray_of(struct tree *tree, const struct slot *slot, pid_t pid)
{
	const struct tree_stray *stray = find_stray(tree, pid);
	return stray && stray->run_id == slot->run_id && stray->uid == slot->uid;
}

static bool
is_root(const struct target *target, const struct proc *proc)
{
	if (target->is_reaped && is_stray_of(target->tree, target->slot, proc->pid))
		return true;
	if (is_main(target, proc->pid))
		return !target->is_reaped; /* else somebody else has that pid now */
	return is_main(target, proc->session) || is_main(target, proc->group);
}

static const struct proc *
find(const struct tree *tree, pid_t pid)
{
	int low = 0, high = tree->n;
	while (low < high) {
		int middle = (low + high) / 2;
		if (tree->list[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < tree->n && tree->list[low].pid == pid ? &tree->list[low] : NULL;
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
	tree->n = proc_list(tree->list, TREE_MAX);
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
signal_group(const struct slot *slot, int signo)
{
	if (slot->state != SLOT_STARTING && slot->state != SLOT_RUNNING)
		return;
	if (kill(-slot->report.pid, signo) < 0)
		kill(slot->report.pid, signo);
}

static void
signal_groups(const struct target *target, int signo)
{
	uint16_t at = 0;
	if (target->slot) {
		signal_group(target->slot, signo);
		return;
	}
	for (const struct slot *slot; (slot = slots_next(target->slots, &at));)
		signal_group(slot, signo);
}

/* The list first: when a parent ends, its children are not linked to it any more. */
static void
ask_to_end(const struct target *target, bool is_fresh)
{
	if (!is_fresh)
		scan(target->tree);
	mark(target);
	signal_groups(target, SIGTERM);
	signal_groups(target, SIGCONT); /* a stopped process gets to its TERM only so */
	signal_marked(target, SIGTERM);
	signal_marked(target, SIGCONT);
}

static void
kill_marked(const struct target *target, bool is_fresh)
{
	int nbefore = 0;
	for (int i = 0; i < STOP_ROUNDS_MAX; i++) {
		if (i > 0 || !is_fresh)
			scan(target->tree);
		mark(target);
		int n = signal_marked(target, SIGSTOP);
		if (n == nbefore)
			break;
		nbefore = n;
	}
	signal_marked(target, SIGKILL);
}

void
tree_stop(struct tree *tree, struct slots *slots, const struct slot *slot, enum msg_stop how,
	  int64_t now)
{
	const struct target target = { .tree = tree, .slots = slots, .slot = slot };
	bool is_fresh = tree->seen_at == now; /* requests of one round share a list */
	if (slot && slot->state != SLOT_STARTING && slot->state != SLOT_RUNNING)
		return;
	if (how == MSG_STOP_SOFT) {
		ask_to_end(&target, is_fresh);
	} else if (how == MSG_STOP_HARD) {
		signal_groups(&target, SIGSTOP);
		kill_marked(&target, is_fresh);
		signal_groups(&target, SIGKILL);
	}
	tree->seen_at = now;
}

/* What the environment of a stray says; while it executes a program it has none for a moment. */
static int64_t
run_of(pid_t pid, int *patience)
{
	int64_t run_id = proc_env_number(pid, RUN_NAME);
	for (; run_id < 0 && *patience > 0; --*patience) {
		nanosleep(&(struct timespec){ .tv_nsec = LOOK_AGAIN_NS }, NULL);
		run_id = proc_env_number(pid, RUN_NAME);
	}
	return run_id < 0 ? 0 : run_id;
}

/* Children of ours that we never started. */
static void
find_strays(struct tree *tree, struct slots *slots, pid_t daemon_pid)
{
	pid_t pids[SLOTS_MAX + TREE_STRAYS_MAX];
	int patience = LOOKS_AGAIN_MAX;
	int n = proc_children(tree->children_fd, pids, SLOTS_MAX + TREE_STRAYS_MAX);
	for (int i = 0; i < n && tree->nstrays < TREE_STRAYS_MAX; i++) {
		if (pids[i] == daemon_pid || slots_find_pid(slots, pids[i]) ||
		    find_stray(tree, pids[i]))
			continue;
		tree->strays[tree->nstrays++] = (struct tree_stray){
			.pid = pids[i],
			.uid = proc_owner(pids[i]),
			.run_id = run_of(pids[i], &patience),
		};
	}
}

int
tree_leftovers(struct tree *tree, struct slots *slots, const struct slot *slot, pid_t daemon_pid)
{
	const struct target target = { tree, slots, slot, true };
	bool has_group = kill(-slot->report.pid, 0) == 0 || errno == EPERM;
	find_strays(tree, slots, daemon_pid);
	if (!has_group && tree->nstrays == 0)
		return 0;
	scan(tree);
	mark(&target);
	int n = signal_marked(&target, 0);
	if (n > 0 && slot->ends_leftovers)
		kill_marked(&target, true);
	return n;
}

void
tree_forget_stray(struct tree *tree, pid_t pid)
{
	struct tree_stray *stray = find_stray(tree, pid);
	if (stray)
		*stray = tree->strays[--tree->nstrays];
}
