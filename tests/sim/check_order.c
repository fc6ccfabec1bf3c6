/*
 * The invariants of what an intent starts: nothing of a queue that is paused, and nothing before a
 * run that has a higher priority, or was due before it, and could have started as well.
 */
#include "sim/sim.h"

static bool
is_before(const struct run *a, const struct run *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return a->due != b->due ? a->due < b->due : a->id < b->id;
}

void
sim_note_ready(struct sim *sim)
{
	static const char *const queues[] = { "default", "narrow", "a", "b", "o", "z" };
	struct backend *disk = sim->disk;
	struct run runs[40];
	struct err err = { 0 };
	size_t n;
	sim->nready = 0;
	for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
		disk->ops->runs_ready(disk, queues[i], 40, runs, &n, &err);
		for (size_t j = 0; j < n; j++)
			sim->ready[sim->nready++] = runs[j].id;
	}
}

static bool
was_ready(const struct sim *sim, int64_t run_id)
{
	for (size_t i = 0; i < sim->nready; i++) {
		if (sim->ready[i] == run_id)
			return true;
	}
	return false;
}

/*
 * No run that could have started waits behind one that the same intent started after it. Those that
 * a claim has just made could; but a passed deadline that it finds may open the gate of others after
 * the start.
 */
static void
check_behind(struct sim *sim, const struct intent *intent, const struct start *start)
{
	struct backend *disk = sim->disk;
	const char *queue = start->job.queue;
	bool counts_new = intent->kind == INTENT_CLAIM && !sim->has_deadlines;
	struct run runs[8];
	struct err err = { 0 };
	size_t n = 0;
	disk->ops->runs_ready(disk, queue, 8, runs, &n, &err);
	for (size_t i = 0; i < n && is_before(&runs[i], &start->run); i++) {
		if (counts_new || was_ready(sim, runs[i].id))
			sim_fail(sim, "%s starts run %lld before run %lld of queue %s",
				 intent_name(intent->kind), (long long)start->run.id,
				 (long long)runs[i].id, queue);
	}
}

void
sim_check_order(struct sim *sim, const struct intent *intent, size_t first)
{
	struct backend *disk = sim->disk;
	const struct work *work = &intent->work;
	struct err err = { 0 };
	if (intent->kind == INTENT_UNFINISHED) /* these run already */
		return;
	for (size_t i = first; i < work->nstarts; i++) {
		const struct start *start = &work->starts[i];
		struct queue queue;
		disk->ops->queue_load(disk, start->job.queue, &queue, &err);
		if (queue.is_paused)
			sim_fail(sim, "%s starts run %lld of queue %s, which is paused",
				 intent_name(intent->kind), (long long)start->run.id, queue.name);
		check_behind(sim, intent, start);
	}
}
