/*
 * What the engine sees to now and then: the history is trimmed, replaced zone files are found.
 *
 * What a wrong clock calls old is gone for good. So time that nobody has seen pass, because the
 * clock was set ahead or no daemon was there, does not count for what is old before the clock has
 * kept to it for an hour: whoever sets it right by then has lost nothing.
 */
#include "engine/parts.h"

#define PRUNE_FIRST  USEC_PER_SEC /* after a start: limits may be new, or time has passed */
#define PRUNE_EVERY  (10 * USEC_PER_MIN)
#define TRUST_AFTER  USEC_PER_HOUR
#define PRUNE_PAUSE  (50 * USEC_PER_MSEC) /* between slices: claims go before */
#define ZONES_EVERY  USEC_PER_HOUR        /* a look at the zone files, if nobody tells */
#define ZONES_SETTLE USEC_PER_SEC         /* an upgrade replaces many files one by one */

void
chores_begin(struct engine *engine)
{
	usec_t seen_at = engine->config.seen_at;
	engine->prune_at = engine->now + PRUNE_FIRST;
	engine->zones_at = engine->now + ZONES_EVERY;
	if (seen_at && seen_at < engine->now)
		chores_stepped(engine, engine->now - seen_at);
}

void
chores_stepped(struct engine *engine, usec_t step)
{
	usec_t unseen = engine->unseen + step;
	engine->unseen = unseen > 0 ? unseen : 0;
	engine->trust_at = step > 0 ? engine->now + TRUST_AFTER : engine->trust_at + step;
}

/* The time by which something is old. */
static usec_t
trusted_now(struct engine *engine)
{
	if (engine->trust_at <= engine->now)
		engine->unseen = 0;
	return engine->now - engine->unseen;
}

static usec_t
prune_at(const struct engine *engine)
{
	return engine->is_held ? USEC_NEVER : engine->prune_at;
}

/* History has grown: it is trimmed after a while, and an idle daemon sleeps. */
void
chores_plan_prune(struct engine *engine)
{
	usec_t at = engine->now + PRUNE_EVERY;
	if (engine->prune_at > at)
		engine->prune_at = at;
}

void
chores_prune_answered(struct engine *engine, const struct intent *intent)
{
	bool has_more = intent->err.code == ERR_NONE && intent->count > 0;
	usec_t next_at = engine->unseen ? engine->trust_at : USEC_NEVER;
	engine->prune_at = has_more ? engine->now + PRUNE_PAUSE : next_at;
}

/*
 * The next batch of recurring jobs, until all were seen. A batch that failed is tried again, and
 * needs no news then: the look that found some may be lost with it.
 */
void
chores_zones_answered(struct engine *engine, struct intent *intent)
{
	engine->zones_missed = intent->err.code != ERR_NONE;
	if (engine->zones_missed) {
		engine->zones_at = engine->now + ZONES_SETTLE;
		return;
	}
	if (intent->name && engine->ports.notice)
		engine->ports.notice(engine->ports.arg, "a time zone was replaced", intent->name);
	bool is_through = intent->offset < 0;
	engine->zones_offset = is_through ? 0 : intent->offset;
	engine->zones_at = engine->now + (is_through ? ZONES_EVERY : 0);
}

void
engine_zones_changed(struct engine *engine, usec_t now)
{
	if (engine->zones_at > now + ZONES_SETTLE)
		engine->zones_at = now + ZONES_SETTLE;
}

void
chores_do(struct engine *engine)
{
	usec_t now = engine->now;
	if (prune_at(engine) <= now && !engine->is_stopping) {
		engine->prune_at = USEC_NEVER;
		struct intent *intent = intent_new(INTENT_PRUNE, now);
		intent->at = trusted_now(engine);
		engine_send(engine, intent);
	}
	if (engine->zones_at <= now && !engine->is_stopping) {
		engine->zones_at = USEC_NEVER;
		struct intent *intent = intent_new(INTENT_ZONES, now);
		intent->offset = engine->zones_offset;
		intent->is_forced = engine->zones_missed;
		engine_send(engine, intent);
	}
}

usec_t
chores_at(const struct engine *engine)
{
	if (engine->is_stopping)
		return USEC_NEVER;
	return prune_at(engine) < engine->zones_at ? prune_at(engine) : engine->zones_at;
}
