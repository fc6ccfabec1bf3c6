/*
 * The daemon's life and the store's thread: what is queued is applied as one group, commits after
 * a while, and only then is answered. A crash forgets the queue and the answers, not the disk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "fake/backend_mem.h"
#include "engine/parts.h"
#include "sim/sim.h"

#define GROUP_MAX 64

static void
submit(struct store *store, struct intent *intent)
{
	struct sim *sim = (struct sim *)((char *)store - offsetof(struct sim, store));
	intent->next = NULL;
	*sim->queue_end = intent;
	sim->queue_end = &intent->next;
	if (!sim->is_committing) {
		sim->is_committing = true;
		sim_at(sim, (usec_t)sim_random(sim, 200), EVENT_COMMIT, NULL);
	}
}

static struct intent *
take_queued(struct sim *sim)
{
	struct intent *intent = sim->queue;
	sim->queue = intent->next;
	if (!sim->queue)
		sim->queue_end = &sim->queue;
	intent->next = NULL;
	return intent;
}

static void
add_answer(struct sim *sim, struct intent *intent)
{
	*sim->answers_end = intent;
	sim->answers_end = &intent->next;
}

static bool
is_refused_when_degraded(const struct intent *intent)
{
	return intent_is_change(intent->kind);
}

/* What happens rarely enough for the world to get anywhere, and never when it has to rest. */
static bool
goes_wrong(struct sim *sim, unsigned one_in)
{
	return sim->has_faults && sim->mono < sim->quiet_at && sim_random(sim, one_in) == 0;
}

bool
sim_dies_here(struct sim *sim)
{
	if (!sim->dies && goes_wrong(sim, 3000))
		sim->dies = true;
	return sim->dies;
}

/* Applies one intent, which the disk may fail in the middle: then nothing of it is left. */
static void
apply_one(struct sim *sim, struct intent *intent, const struct intent *next)
{
	struct backend *disk = sim->disk;
	struct err err = { 0 };
	if (disk->ops->savepoint(disk, &err) != BACKEND_OK)
		sim_fail(sim, "savepoint: %s", err.text);
	bool is_rare = intent->kind == INTENT_REQUEUE || intent->kind == INTENT_BOOT ||
		       intent->kind == INTENT_STOPPING || intent->kind == INTENT_CLOCK_STEP;
	bool fails = goes_wrong(sim, is_rare ? 20 : 1500);
	size_t nstarts = intent->work.nstarts;
	sim_note_ready(sim);
	if (fails)
		backend_mem_fail_operation(disk, 1 + (int64_t)sim_random(sim, 12));
	bool is_applied = ledger_apply(&sim->ledger, intent, next);
	backend_mem_fail_operation(disk, 0);
	if (is_applied) {
		disk->ops->release(disk, &err);
		sim_check_order(sim, intent, nstarts);
	} else {
		disk->ops->rollback_to(disk);
		sim->calm_since = sim->mono; /* it is tried again after a while */
	}
	if (!is_applied && intent->err.code != ERR_UNAVAILABLE)
		sim_fail(sim, "%s failed: %s", intent_name(intent->kind), intent->err.text);
	sim_say(sim, "applied %s run=%lld job=%lld %s", intent_name(intent->kind),
		(long long)intent->run_id, (long long)intent->job_id, intent->err.text);
}

/* Applies the group, but for what is left to the next one; how many those are that it did. */
static size_t
apply_group(struct sim *sim, struct intent **group, size_t n)
{
	ledger_begin(&sim->ledger);
	for (size_t i = 0; i < n; i++) {
		apply_one(sim, group[i], i + 1 < n ? group[i + 1] : NULL);
		if (group[i]->goes_on)
			return i;
	}
	return n;
}

/* What goes on is first in the next group. */
static void
put_back(struct sim *sim, struct intent **rest, size_t n)
{
	while (n-- > 0) {
		rest[n]->next = sim->queue;
		if (!sim->queue)
			sim->queue_end = &rest[n]->next;
		sim->queue = rest[n];
	}
}

/* The commit failed: it is known not to have happened, or nobody knows. */
static void
fail_commit(struct sim *sim, struct intent **group, size_t n, bool is_known)
{
	sim_say(sim, "commit %s", is_known ? "failed" : "outcome unknown");
	for (size_t i = 0; i < n; i++)
		err_set(&group[i]->err, is_known ? ERR_UNAVAILABLE : ERR_UNKNOWN_OUTCOME,
			"the commit failed");
	sim->is_degraded = sim->has_trouble = true;
	sim->calm_since = sim->mono;
	sim_at(sim, (usec_t)sim_random(sim, 5 * USEC_PER_SEC), EVENT_HEAL, NULL);
	if (sim->has_steps && sim_chance(sim, 20)) /* troubles come together */
		sim_clock_step(sim);
}

/* What became of a boot the record tells. */
static void
note_boot(struct sim *sim, struct intent *const *group, size_t n)
{
	struct boot *boot = &sim->boots[sim->boot_number];
	struct buf text = BUF_EMPTY;
	struct err err = { 0 };
	if (boot->recorded_at)
		return;
	for (size_t i = 0; i < n; i++) {
		if (group[i]->kind == INTENT_BOOT && boot->nats < 16)
			boot->ats[boot->nats++] = group[i]->at;
	}
	sim->disk->ops->begin(sim->disk, &err);
	sim->disk->ops->meta_load(sim->disk, "boot", &text, &err);
	sim->disk->ops->rollback(sim->disk);
	if (strcmp(buf_text(&text), sim->ledger.boot) == 0)
		boot->recorded_at = sim->mono;
	buf_fini(&text);
}

/* One transaction; gives how many of the group are to be answered. */
static size_t
commit_group(struct sim *sim, struct intent **group, size_t n)
{
	struct backend *disk = sim->disk;
	struct err err = { 0 };
	if (disk->ops->begin(disk, &err) != BACKEND_OK)
		sim_fail(sim, "begin: %s", err.text);
	size_t ndone = apply_group(sim, group, n);
	put_back(sim, group + ndone, n - ndone);
	bool fails = goes_wrong(sim, 400), is_lost = fails && sim_chance(sim, 50);
	if (is_lost || sim_dies_here(sim))
		disk->ops->rollback(disk);
	else if (disk->ops->commit(disk, &err) != BACKEND_OK)
		sim_fail(sim, "commit: %s", err.text);
	if (fails)
		fail_commit(sim, group, ndone, is_lost && sim_chance(sim, 50));
	note_boot(sim, group, n);
	return ndone;
}

void
sim_commit(struct sim *sim)
{
	struct intent *group[GROUP_MAX];
	size_t n = 0, most = 1 + sim_random(sim, GROUP_MAX);
	while (sim->queue && n < most)
		group[n++] = take_queued(sim);
	if (sim->is_degraded) {
		for (size_t i = 0; i < n; i++) {
			if (is_refused_when_degraded(group[i]) || group[i]->kind == INTENT_UNFINISHED)
				err_set(&group[i]->err, ERR_UNAVAILABLE, "the store is degraded");
		}
	} else if (n > 0) {
		n = commit_group(sim, group, n);
	}
	for (size_t i = 0; i < n; i++)
		add_answer(sim, group[i]);
	sim_dies_here(sim);
	usec_t slow = sim_chance(sim, 2) ? 200 * USEC_PER_MSEC : 0;
	sim_at(sim, 100 + slow + (usec_t)sim_random(sim, 2000), EVENT_ANSWER, NULL);
}

void
sim_answer(struct sim *sim)
{
	struct intent *intent;
	sim->engine->now = sim_now(sim);
	while ((intent = sim->answers) && !sim_dies_here(sim)) {
		sim->answers = intent->next;
		sim->has_untold_stops |=
			intent->kind == INTENT_STOPPING && intent->err.code != ERR_NONE;
		intent_answer(intent);
	}
	if (sim->dies)
		return;
	sim->answers_end = &sim->answers;
	if (sim->has_trouble)
		engine_store_changed(sim->engine, STORE_DEGRADED, sim_now(sim));
	sim->has_trouble = false;
	if (!sim->is_degraded)
		engine_store_changed(sim->engine, STORE_OK, sim_now(sim));
	sim->is_committing = sim->queue != NULL;
	if (sim->is_committing)
		sim_at(sim, (usec_t)sim_random(sim, 100), EVENT_COMMIT, NULL);
}

void
sim_heal(struct sim *sim)
{
	sim->is_degraded = false;
	sim->calm_since = sim->mono;
	if (!sim->has_trouble)
		engine_store_changed(sim->engine, STORE_OK, sim_now(sim));
}

static void
on_trouble(void *arg, const char *text)
{
	sim_fail(arg, "trouble: %s", text);
}

void
sim_daemon_start(struct sim *sim)
{
	struct engine_config config = { .claim_batch = 1 + (int)sim_random(sim, 64),
		                        .lookahead = (20 + (usec_t)sim_random(sim, 981)) * USEC_PER_MSEC,
		                        .stop_timeout = 30 * USEC_PER_SEC };
	struct engine_ports ports = { .store = &sim->store,
				      .exec = &sim->runner,
				      .http = &sim->http,
				      .event = sim_check_end,
				      .trouble = on_trouble,
				      .orphan_lives = sim_orphan_lives,
				      .arg = sim };
	snprintf(config.boot, sizeof(config.boot), "boot-%d", sim->boot_number);
	snprintf(config.spawner, sizeof(config.spawner), "spawner-%d", sim->spawner_number);
	memcpy(sim->ledger.boot, config.boot, sizeof(config.boot));
	memcpy(sim->ledger.spawner, config.spawner, sizeof(config.spawner));
	sim->life = ++sim->nlives;
	sim->dies = false;
	sim->store.submit = submit;
	sim->queue_end = &sim->queue;
	sim->answers_end = &sim->answers;
	sim->is_committing = sim->is_degraded = sim->has_trouble = sim->is_restarting = false;
	sim->calm_since = sim->mono;
	sim->engine = engine_new(&config, &ports);
	sim_say(sim, "daemon %llu starts", (unsigned long long)sim->life);
	sim_replay(sim);
	engine_recover(sim->engine, sim_now(sim));
}

static void
drop_list(struct intent *intent)
{
	while (intent) {
		struct intent *next = intent->next;
		if (intent->done) {
			err_set(&intent->err, ERR_UNKNOWN_OUTCOME, "the daemon died");
			intent->done(intent, intent->arg);
		}
		intent_free(intent);
		intent = next;
	}
}

void
sim_daemon_kill(struct sim *sim)
{
	if (!sim->engine)
		return;
	sim_say(sim, "daemon %llu dies", (unsigned long long)sim->life);
	struct engine *engine = sim->engine;
	sim->engine = NULL;
	sim->life = 0;
	sim->has_unseen_steps |= engine->nsteps > 0;
	engine->nintents = 0; /* dropped with it */
	engine_free(engine);
	drop_list(sim->answers);
	drop_list(sim->queue);
	sim->answers = sim->queue = NULL;
	sim->ncrashes++;
	sim->is_restarting = false;
	sim_requests_die(sim);
}

void
sim_daemon_restart(struct sim *sim)
{
	if (!sim->engine || sim->is_restarting || !engine_is_ready(sim->engine))
		return;
	sim_say(sim, "daemon %llu is to be replaced", (unsigned long long)sim->life);
	sim->is_restarting = true;
	engine_stop(sim->engine, true, sim_now(sim));
}

void
sim_tick(struct sim *sim)
{
	if (sim->engine)
		engine_tick(sim->engine, sim_now(sim));
}
