/* The world: random numbers, time and events. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "sim/sim.h"

uint64_t
sim_random(struct sim *sim, uint64_t below)
{
	uint64_t x = sim->random += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	x ^= x >> 31;
	return below ? x % below : x;
}

bool
sim_chance(struct sim *sim, unsigned percent)
{
	return sim_random(sim, 100) < percent;
}

usec_t
sim_now(const struct sim *sim)
{
	return sim->mono + sim->offset;
}

struct sim_event *
sim_at(struct sim *sim, usec_t delay, enum sim_event_kind kind, void *subject)
{
	struct sim_event *event = mem_alloc(sizeof(*event));
	event->at = sim->mono + delay;
	event->order = ++sim->norders;
	event->kind = kind;
	event->life = sim->life;
	event->subject = subject;
	heap_push(&sim->events, event);
	return event;
}

void
sim_cancel(struct sim *sim, struct sim_event *event)
{
	heap_remove(&sim->events, event->pos);
	free(event);
}

void
sim_say(const struct sim *sim, const char *fmt, ...)
{
	va_list ap;
	if (!sim->is_verbose)
		return;
	printf("# %12.6f ", (double)sim->mono / 1e6);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void
sim_fail(const struct sim *sim, const char *fmt, ...)
{
	va_list ap;
	fflush(stdout);
	fprintf(stderr, "seed %llu at %.6f: ", (unsigned long long)sim->seed,
	        (double)sim->mono / 1e6);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nreplay: tests/sim/sim --trace %llu\n", (unsigned long long)sim->seed);
	abort();
}
