/*
 * sim [--seeds N] [--first SEED] [--endless] [--trace SEED]
 *
 * Runs N seeds (SIM_SEEDS, 10000), or one with its trace, or for ever. Dies at the first broken
 * invariant. Speaks TAP.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake/backend_mem.h"
#include "fake/test_zones.h"
#include "sim/sim.h"

#define EVENTS_MAX 2000000 /* a world that does not come to rest */
#define JOB_IDS_MAX 1000    /* no world makes more jobs */
#define LOOK_EVERY  (15 * USEC_PER_SEC)
#define CALM_SPAN   (8 * USEC_PER_SEC)
#define BUSY_SPAN  (8 * USEC_PER_MIN)
#define REST_SPAN  (30 * USEC_PER_MIN)

/* Of all worlds. */
struct totals {
	int64_t nruns, nedges, ncrashes, nboots;
};

static bool
is_less(const void *a, const void *b)
{
	const struct sim_event *x = a, *y = b;
	return x->at != y->at ? x->at < y->at : x->order < y->order;
}

static void
set_pos(void *item, size_t pos)
{
	((struct sim_event *)item)->pos = pos;
}

static bool
is_of_daemon(enum sim_event_kind kind)
{
	return kind == EVENT_COMMIT || kind == EVENT_ANSWER || kind == EVENT_HEAL;
}

/* While nothing disturbs, nothing that can go on is left lying. */
static void
look(struct sim *sim)
{
	if (sim->mono >= sim->quiet_at)
		return;
	sim_at(sim, LOOK_EVERY, EVENT_LOOK, NULL);
	if (sim->engine && !sim->is_restarting && !sim->is_degraded &&
	    sim->mono - sim->calm_since > CALM_SPAN)
		sim_check_progress(sim);
}

static void
happen(struct sim *sim, const struct sim_event *event)
{
	if (is_of_daemon(event->kind) && event->life != sim->life)
		return;
	switch (event->kind) {
	case EVENT_COMMIT:
		sim_commit(sim);
		break;
	case EVENT_ANSWER:
		sim_answer(sim);
		break;
	case EVENT_STARTED:
		sim_process_started(sim, event->subject);
		break;
	case EVENT_EXIT:
		sim_process_exit(sim, event->subject);
		break;
	case EVENT_CLIENT:
		sim_client_act(sim);
		break;
	case EVENT_FAULT:
		sim_fault(sim);
		break;
	case EVENT_HEAL:
		sim_heal(sim);
		break;
	case EVENT_BOOT:
		if (!sim->engine)
			sim_daemon_start(sim);
		break;
	case EVENT_REPEAT:
		sim_client_repeat(sim, event->subject);
		break;
	case EVENT_EDGE:
		sim_client_edge(sim, event->subject);
		break;
	case EVENT_UNDO:
		sim_client_undo(sim, event->subject);
		break;
	case EVENT_LOOK:
		look(sim);
		break;
	}
}

/* When the engine wants to wake, on the steady clock. */
static usec_t
engine_turn(const struct sim *sim)
{
	usec_t at = sim->engine ? engine_wake_at(sim->engine) : USEC_NEVER;
	if (at == USEC_NEVER)
		return USEC_NEVER;
	at -= sim->offset;
	return at > sim->mono ? at : sim->mono;
}

/* Lets the world go on until then. */
static void
run_until(struct sim *sim, usec_t end)
{
	for (int64_t n = 0;; n++) {
		struct sim_event *event = heap_peek(&sim->events);
		usec_t turn = engine_turn(sim);
		usec_t next = event && event->at <= turn ? event->at : turn;
		if (next > end)
			break;
		if (n > EVENTS_MAX)
			sim_fail(sim, "the world does not come to rest");
		sim->mono = next;
		if (event && event->at == next) {
			heap_remove(&sim->events, event->pos);
			happen(sim, event);
			free(event);
		}
		if (sim->dies && sim->engine) {
			sim_daemon_kill(sim);
			sim_at(sim, (usec_t)sim_random(sim, 2000000), EVENT_BOOT, NULL);
		}
		sim_tick(sim);
		if (sim->is_restarting && engine_is_idle(sim->engine)) {
			sim_daemon_kill(sim);
			sim_at(sim, (usec_t)sim_random(sim, 200000), EVENT_BOOT, NULL);
		}
	}
	sim->mono = end;
}

static void
cancel(struct sim *sim, int64_t job_id)
{
	struct intent *intent = intent_new(INTENT_JOB_CANCEL, sim_now(sim));
	intent->who.is_operator = true;
	intent->ref.id = job_id;
	intent->with_running = job_id % 2;
	for (size_t i = 0; i < sim->npromises; i++) {
		if (sim->promises[i].job_id != job_id || sim->promises[i].is_cancelled)
			continue;
		sim->promises[i].cancelled_at = sim_now(sim);
		sim->promises[i].over_at = sim->mono;
	}
	engine_submit(sim->engine, intent);
}

/* Every job, those included of which the client never heard. */
static void
cancel_all(struct sim *sim)
{
	struct err err = { 0 };
	struct backend *disk = sim->disk;
	disk->ops->begin(disk, &err);
	for (int64_t id = 1; id < JOB_IDS_MAX; id++) {
		struct job job;
		if (disk->ops->job_load(disk, id, &job, &err) != BACKEND_OK)
			continue;
		if (job.state != JOB_CANCELLED)
			cancel(sim, id);
		job_fini(&job);
	}
	disk->ops->rollback(disk);
}

static void
set_up(struct sim *sim, uint64_t seed, bool is_verbose)
{
	struct err err = { 0 };
	*sim = (struct sim){ .seed = seed, .random = seed * 0x9e3779b9, .is_verbose = is_verbose };
	heap_init(&sim->events, is_less, set_pos);
	/* Near a change of the clocks in every other world. */
	sim->offset = (sim_chance(sim, 50) ? 1793491200 : 1795000000) * USEC_PER_SEC;
	sim->has_faults = sim_chance(sim, 70);
	sim->has_spawner_deaths = sim_chance(sim, 30);
	sim->has_steps = sim_chance(sim, 25);
	sim->has_restarts = sim_chance(sim, 40);
	sim->has_deadlines = sim_chance(sim, 60);
	sim->narrow_max = 2;
	sim->zones = test_zones();
	sim->disk = backend_mem_new();
	sim->ledger = (struct ledger){ .backend = sim->disk,
		                       .zones = sim->zones,
		                       .machine = seed,
		                       .draws = seed,
		                       .batch_max = sim_chance(sim, 50) ? 1 + sim_random(sim, 4) : 0,
		                       .output_max = 1 << 20 };
	struct queue narrow = { .name = "narrow", .concurrency = 2 };
	sim->disk->ops->begin(sim->disk, &err);
	sim->disk->ops->queue_save(sim->disk, &narrow, &err);
	sim->disk->ops->commit(sim->disk, &err);
	sim_runner_init(sim);
	sim->quiet_at = BUSY_SPAN;
}

static void
tear_down(struct sim *sim)
{
	sim_daemon_kill(sim);
	sim_processes_free(sim);
	while (heap_peek(&sim->events))
		sim_cancel(sim, heap_peek(&sim->events));
	heap_fini(&sim->events);
	map_fini(&sim->processes);
	map_fini(&sim->starts);
	map_fini(&sim->ends);
	sim->disk->ops->close(sim->disk);
}

static void
run_seed(uint64_t seed, bool is_verbose, struct totals *totals)
{
	static struct sim sim; /* large */
	set_up(&sim, seed, is_verbose);
	sim_daemon_start(&sim);
	sim_at(&sim, USEC_PER_SEC, EVENT_CLIENT, NULL);
	sim_at(&sim, LOOK_EVERY, EVENT_LOOK, NULL);
	if (sim.has_faults || sim.has_restarts || sim.has_steps)
		sim_at(&sim, (usec_t)sim_random(&sim, 60 * USEC_PER_SEC), EVENT_FAULT, NULL);
	run_until(&sim, BUSY_SPAN);
	if (!sim.engine)
		sim_daemon_start(&sim);
	run_until(&sim, BUSY_SPAN + USEC_PER_MIN);
	sim_check_progress(&sim);
	cancel_all(&sim);
	run_until(&sim, BUSY_SPAN + REST_SPAN);
	sim_check_rest(&sim);
	totals->nruns += sim.nruns;
	totals->nedges += sim.nedges;
	totals->nboots += sim.nboots;
	totals->ncrashes += sim.ncrashes;
	tear_down(&sim);
}

int
main(int argc, char **argv)
{
	const char *wanted = getenv("SIM_SEEDS");
	uint64_t first = 1, nseeds = wanted ? strtoull(wanted, NULL, 10) : 10000;
	struct totals totals = { 0 };
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--trace") == 0 && i + 1 < argc) {
			run_seed(strtoull(argv[++i], NULL, 10), true, &totals);
			return 0;
		}
		if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc)
			nseeds = strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--first") == 0 && i + 1 < argc)
			first = strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--endless") == 0)
			nseeds = UINT64_MAX;
		else {
			fputs("usage: sim [--seeds N] [--first SEED] [--endless] [--trace SEED]\n", stderr);
			return 2;
		}
	}
	puts("1..1");
	fflush(stdout);
	for (uint64_t i = 0; i < nseeds; i++) {
		run_seed(first + i, false, &totals);
		if (nseeds == UINT64_MAX && i % 1000 == 999) {
			printf("# %" PRIu64 " seeds, %" PRId64 " runs\n", i + 1, totals.nruns);
			fflush(stdout);
		}
	}
	printf("# %" PRId64 " runs, %" PRId64 " crashes, %" PRId64 " edits at an instant, %" PRId64
	       " times a boot was followed\n",
	       totals.nruns, totals.ncrashes, totals.nedges, totals.nboots);
	printf("ok 1 - %" PRIu64 " seeds, every invariant held\n", nseeds);
	return 0;
}
