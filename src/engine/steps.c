/*
 * The clock was set: the ledger puts it on record, and moves what follows from it, in batches. A
 * store in trouble delays that, it does not lose it; and nothing is claimed before the record, so
 * that no instant is called missed for want of a daemon that a clock has jumped over.
 */
#include "engine/parts.h"

void
steps_add(struct engine *engine, usec_t from, usec_t to)
{
	if (engine->nsteps == STEPS_MAX) {
		struct step *last = &engine->steps[STEPS_MAX - 1];
		last->to += to - from;
		if (last->to < last->least)
			last->least = last->to;
		return;
	}
	engine->steps[engine->nsteps++] = (struct step){ from, to, to, 0 };
	steps_tell(engine);
}

usec_t
steps_at(const struct engine *engine)
{
	bool may_tell =
		engine->nsteps > 0 && !engine->is_telling_step && engine->store_state == STORE_OK;
	return may_tell ? engine->step_at : USEC_NEVER;
}

usec_t
steps_since(const struct engine *engine, usec_t now)
{
	usec_t since = now;
	for (int i = 0; i < engine->nsteps; i++) {
		if (engine->steps[i].least < since)
			since = engine->steps[i].least;
	}
	return since;
}

void
steps_tell(struct engine *engine)
{
	if (steps_at(engine) > engine->now)
		return;
	const struct step *step = &engine->steps[0];
	struct intent *intent = intent_new(INTENT_CLOCK_STEP, engine->now);
	intent->at = step->from;
	intent->until = step->to;
	intent->since = steps_since(engine, step->to);
	intent->offset = step->offset;
	engine->is_telling_step = true;
	engine_send(engine, intent);
}

void
steps_answered(struct engine *engine, const struct intent *intent)
{
	engine->is_telling_step = false;
	if (intent->err.code != ERR_NONE) {
		engine->step_at = engine->now + FAIL_PAUSE;
		return;
	}
	engine->steps[0].offset = intent->offset;
	if (intent->offset < 0) {
		engine->nsteps--;
		for (int i = 0; i < engine->nsteps; i++)
			engine->steps[i] = engine->steps[i + 1];
	}
	steps_tell(engine);
}

bool
steps_are_recorded(const struct engine *engine)
{
	return engine->nsteps == 0 || engine->steps[engine->nsteps - 1].offset > 0;
}
