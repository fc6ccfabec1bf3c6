/* The keeper: groups, trouble and recovery. */
#include "store/keeper.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/failpoint.h"
#include "base/log.h"

/* How long to wait before the next attempt to get well: doubled each time, up to the most. */
#define PROBE_WAIT_MIN (100 * USEC_PER_MSEC)
#define PROBE_WAIT_MAX (3 * USEC_PER_SEC)
/* Who was well for so long starts with the shortest wait again. */
#define WELL_AFTER (10 * USEC_PER_SEC)
/* Who was well for so long after one of a crowd failed takes crowds as one again. */
#define CAREFUL_FOR USEC_PER_HOUR

/* Between two slices of a backup: some 200 MiB a second, and not much of a core. */
#define BACKUP_STEP_WAIT USEC_PER_MSEC

struct keeper {
	struct ledger ledger; /* its backend: NULL when the database could not be opened again */
	struct store_opener opener;
	enum store_state state;
	bool is_low;   /* degraded, but with the reserve given up there is room for what must be */
	bool is_tight; /* not even for all of that: output is left out */
	char detail[512];
	char trouble[512]; /* the last, which may be over */
	unsigned ntroubles;
	bool was_probed; /* the wait that counts began at probed_at */
	usec_t probed_at;
	usec_t probe_wait;
	usec_t well_since;
	usec_t careful_until;  /* each intent is below a savepoint; NEVER: not well since; 0: not */
	struct intent *backup; /* under way */
};

static struct backend *
backend_of(const struct keeper *keeper)
{
	return keeper->ledger.backend;
}

static void
set_detail(struct keeper *keeper, const char *text)
{
	snprintf(keeper->detail, sizeof(keeper->detail), "%s", text);
}

static int
open_backend(struct keeper *keeper, struct err *err)
{
	keeper->ledger.backend = keeper->opener.open(keeper->opener.arg, err);
	return backend_of(keeper) ? 0 : -1;
}

static int
settle(struct keeper *keeper, struct err *err)
{
	return backend_of(keeper)->ops->settle(backend_of(keeper), err) == BACKEND_OK ? 0 : -1;
}

static void
answer_backup(struct keeper *keeper, const struct err *err, struct intents *answered)
{
	if (!keeper->backup)
		return;
	keeper->backup->err = *err;
	intents_push(answered, keeper->backup);
	keeper->backup = NULL;
}

static void
close_backend(struct keeper *keeper, const char *why, struct intents *answered)
{
	struct err err;
	if (!backend_of(keeper))
		return;
	err_set(&err, ERR_UNAVAILABLE, "it was broken off: %s", why);
	answer_backup(keeper, &err, answered);
	backend_of(keeper)->ops->close(backend_of(keeper));
	keeper->ledger.backend = NULL;
}

static void
become_well(struct keeper *keeper)
{
	const char *warning = backend_of(keeper)->ops->warning(backend_of(keeper));
	keeper->state = STORE_OK;
	keeper->is_low = keeper->is_tight = false;
	keeper->well_since = keeper->probed_at;
	set_detail(keeper, warning ? warning : "");
}

static void
become_degraded(struct keeper *keeper, const char *why)
{
	if (keeper->state == STORE_OK) {
		keeper->ntroubles++;
		snprintf(keeper->trouble, sizeof(keeper->trouble), "%s", why);
		keeper->was_probed = false;
	}
	keeper->state = STORE_DEGRADED;
	if (keeper->careful_until)
		keeper->careful_until = USEC_NEVER;
	keeper->is_low = false;
	set_detail(keeper, why);
}

static void
group_failed(struct keeper *keeper, const char *why)
{
	keeper->is_tight |= keeper->is_low;
	become_degraded(keeper, why);
}

/*
 * Commits are possible: it is well if there is a reserve for when they are not. Else it is low:
 * there is little room left, the reserve's among it, which is for the ends of what runs.
 */
static int
become_well_or_low(struct keeper *keeper)
{
	if (backend_of(keeper)->ops->reserve_keep(backend_of(keeper))) {
		become_well(keeper);
		return 0;
	}
	become_degraded(keeper, "the disk is full: what runs is recorded when it ends, and nothing "
				"else is done until there is room");
	keeper->is_low = true;
	return -1;
}

struct keeper *
keeper_open(const struct ledger *ledger, const struct store_opener *opener, struct err *err)
{
	struct keeper *keeper = mem_alloc(sizeof(*keeper));
	keeper->ledger = *ledger;
	keeper->opener = *opener;
	keeper->probe_wait = PROBE_WAIT_MIN;
	if (open_backend(keeper, err) != 0) {
		free(keeper);
		return NULL;
	}
	struct err trouble;
	if (settle(keeper, &trouble) == 0)
		become_well_or_low(keeper);
	else
		become_degraded(keeper, trouble.text);
	return keeper;
}

void
keeper_close(struct keeper *keeper, struct intents *answered)
{
	if (!keeper)
		return;
	close_backend(keeper, "the daemon stops", answered);
	free(keeper);
}

static void
refuse_all(struct intents *group, enum err_code code, const char *why, struct intents *answered)
{
	struct intent *intent;
	while ((intent = intents_pop(group))) {
		err_set(&intent->err, code, "%s", why);
		intents_push(answered, intent);
	}
}

/*
 * What comes in crowds, and fails when the database itself does. Below a savepoint SQLite keeps a
 * copy of every page that an intent changes, an eighth of what an end costs.
 */
static bool
comes_in_crowds(enum intent_kind kind)
{
	static const bool kinds[INTENT_NKINDS] = {
		[INTENT_JOB_ADD] = true,
		[INTENT_CLAIM] = true,
		[INTENT_STARTED] = true,
		[INTENT_ENDED] = true,
	};
	return kinds[kind];
}

/* Applies one intent. Its failure leaves the others alone, or -1: all is rolled back. */
static int
apply_one(struct keeper *keeper, struct intent *intent)
{
	struct backend *db = backend_of(keeper);
	bool is_apart = keeper->careful_until || !comes_in_crowds(intent->kind);
	if (is_apart && db->ops->savepoint(db, &intent->err) != BACKEND_OK)
		return -1;
	if (ledger_apply(&keeper->ledger, intent, intent->next))
		return !is_apart || db->ops->release(db, &intent->err) == BACKEND_OK ? 0 : -1;
	log_error("the store cannot do what is asked", log_str("intent", intent_name(intent->kind)),
		  log_str("error", intent->err.text));
	if (comes_in_crowds(intent->kind))
		keeper->careful_until = USEC_NEVER;
	return is_apart && db->ops->rollback_to(db) == BACKEND_OK ? 0 : -1;
}

/*
 * Begins and applies, and moves what is done from `group` to `done`. -1 with *err: nothing of it
 * will be committed.
 */
static int
apply_all(struct keeper *keeper, struct intents *group, struct intents *done, struct err *err)
{
	struct backend *db = backend_of(keeper);
	if (db->ops->begin(db, err) != BACKEND_OK)
		return -1;
	ledger_begin(&keeper->ledger);
	while (group->first) {
		struct intent *intent = group->first;
		if (apply_one(keeper, intent) < 0) {
			*err = intent->err;
			return -1;
		}
		if (intent->goes_on)
			break;
		intents_push(done, intents_pop(group));
		if (keeper->is_low) /* what has no room is to hold up nothing else */
			break;
	}
	return 0;
}

enum fate { FATE_HAPPENED, FATE_NOTHING, FATE_UNKNOWN };

/*
 * A commit failed: looks what became of it. `before` it there were so many commits. The database
 * is open again, or it is not.
 */
static enum fate
find_fate(struct keeper *keeper, int64_t before, const char *why, struct intents *answered)
{
	struct err err;
	backend_of(keeper)->ops->rollback(backend_of(keeper));
	close_backend(keeper, why, answered);
	if (open_backend(keeper, &err) != 0)
		return FATE_UNKNOWN;
	int64_t now = backend_of(keeper)->ops->ncommits(backend_of(keeper));
	if (now == before)
		return FATE_NOTHING;
	if (now != before + 1) /* this is not what was written to */
		return FATE_UNKNOWN;
	return settle(keeper, &err) == 0 ? FATE_HAPPENED : FATE_UNKNOWN;
}

static void
commit_failed(struct keeper *keeper, int64_t before, const struct err *err, struct intents *group,
	      struct intents *answered)
{
	enum fate fate = find_fate(keeper, before, err->text, answered);
	group_failed(keeper, err->text);
	if (fate == FATE_HAPPENED) {
		become_well(keeper);
		intents_move(answered, group);
		return;
	}
	refuse_all(group, fate == FATE_NOTHING ? ERR_UNAVAILABLE : ERR_UNKNOWN_OUTCOME, err->text,
		   answered);
}

/* A check makes a copy, too, which has no path. */
static void
begin_backup(struct keeper *keeper, struct intent *intent, struct intents *answered)
{
	struct backend *db = backend_of(keeper);
	if (!intent->who.is_operator)
		err_set(&intent->err, ERR_DENIED, "a %s is for operators",
			intent_name(intent->kind));
	else if (intent->kind == INTENT_BACKUP && (!intent->path || intent->path[0] != '/'))
		err_invalid(&intent->err, "path", "'%s' is not an absolute path",
			    intent->path ? intent->path : "");
	else if (keeper->backup)
		err_set(&intent->err, ERR_BUSY, "a %s is under way",
			intent_name(keeper->backup->kind));
	else if (keeper->state != STORE_OK)
		err_set(&intent->err, ERR_UNAVAILABLE, "%s", keeper->detail);
	else if (db->ops->backup_begin(db, intent->path, &intent->err) == BACKEND_OK)
		keeper->backup = intent;
	if (keeper->backup != intent)
		intents_push(answered, intent);
}

/* Changes that make room, or that must be on record when a run has ended. */
static bool
is_for_the_reserve(enum intent_kind kind)
{
	static const bool kinds[INTENT_NKINDS] = {
		[INTENT_STARTED] = true,    [INTENT_ENDED] = true,     [INTENT_REQUEUE] = true,
		[INTENT_STOPPING] = true,   [INTENT_PRUNE] = true,     [INTENT_JOB_CANCEL] = true,
		[INTENT_RUN_CANCEL] = true, [INTENT_JOB_PAUSE] = true,
	};
	return kinds[kind];
}

/* Is it refused in this state? */
static bool
is_refused(const struct keeper *keeper, enum intent_kind kind)
{
	if (keeper->state == STORE_OK)
		return false;
	if (!backend_of(keeper))
		return true;
	return intent_is_change(kind) && !(keeper->is_low && is_for_the_reserve(kind));
}

/* Takes out what is not applied in a transaction, or not now. */
static void
sort_out(struct keeper *keeper, struct intents *group, struct intents *answered)
{
	struct intents rest = { 0 };
	struct intent *intent;
	while ((intent = intents_pop(group))) {
		if (intent->kind == INTENT_BACKUP || intent->kind == INTENT_CHECK)
			begin_backup(keeper, intent, answered);
		else if (is_refused(keeper, intent->kind)) {
			err_set(&intent->err, ERR_UNAVAILABLE, "%s", keeper->detail);
			intents_push(answered, intent);
		} else {
			intent->is_forced |= keeper->is_low && intent->kind == INTENT_ENDED;
			intent->without_output = keeper->is_low && keeper->is_tight;
			intents_push(&rest, intent);
		}
	}
	*group = rest;
}

/* Once for each kind that is in the group. */
static void
failpoint_group(const char *step, const struct intents *group)
{
	bool was_at[INTENT_NKINDS] = { false };
	for (const struct intent *intent = group->first; intent; intent = intent->next) {
		if (!was_at[intent->kind])
			failpoint(step, intent_name(intent->kind));
		was_at[intent->kind] = true;
	}
}

/* The result of the commit; NONE also when it did not come to one. */
static enum backend_result
apply_and_commit(struct keeper *keeper, struct intents *group, struct intents *done,
		 struct err *err)
{
	if (apply_all(keeper, group, done, err) != 0)
		return BACKEND_NONE;
	failpoint_group("commit", done);
	return backend_of(keeper)->ops->commit(backend_of(keeper), err);
}

void
keeper_apply(struct keeper *keeper, struct intents *group, struct intents *answered)
{
	struct err err = { 0 };
	struct intents done = { 0 };
	sort_out(keeper, group, answered);
	if (!group->first)
		return;
	struct backend *db = backend_of(keeper);
	int64_t before = db->ops->ncommits(db);
	switch (apply_and_commit(keeper, group, &done, &err)) {
	case BACKEND_OK:
		failpoint_group("committed", &done);
		intents_move(answered, &done);
		break;
	case BACKEND_NONE:
		db->ops->rollback(db);
		close_backend(keeper, err.text, answered);
		group_failed(keeper, err.text);
		intents_move(&done, group);
		refuse_all(&done, ERR_UNAVAILABLE, err.text, answered);
		break;
	case BACKEND_ERROR:
		commit_failed(keeper, before, &err, &done, answered);
		break;
	}
}

/* A small commit, as proof that one is possible. */
static int
try_commit(struct keeper *keeper, struct err *err)
{
	struct backend *db = backend_of(keeper);
	if (db->ops->begin(db, err) != BACKEND_OK)
		return -1;
	if (db->ops->meta_save(db, "probe", keeper->detail, err) == BACKEND_OK &&
	    db->ops->commit(db, err) == BACKEND_OK)
		return 0;
	db->ops->rollback(db);
	return -1;
}

/* Whatever the trouble is: if it is a full disk, there is room now. */
static int
try_without_reserve(struct keeper *keeper, struct err *err)
{
	backend_of(keeper)->ops->reserve_give_up(backend_of(keeper));
	return try_commit(keeper, err);
}

static int
try_to_get_well(struct keeper *keeper, struct intents *answered)
{
	struct err err = { 0 };
	if (keeper->is_low) /* a commit for the trial would eat what is left */
		return become_well_or_low(keeper);
	if ((backend_of(keeper) || open_backend(keeper, &err) == 0) && settle(keeper, &err) == 0 &&
	    (try_commit(keeper, &err) == 0 || try_without_reserve(keeper, &err) == 0))
		return become_well_or_low(keeper);
	close_backend(keeper, err.text, answered);
	set_detail(keeper, err.text);
	/* To be read until then, if it can be. */
	open_backend(keeper, &err);
	return -1;
}

static usec_t
probe(struct keeper *keeper, usec_t elapsed, struct intents *answered)
{
	if (!keeper->was_probed) {
		if (elapsed - keeper->well_since >= WELL_AFTER)
			keeper->probe_wait = PROBE_WAIT_MIN;
		keeper->was_probed = true;
		keeper->probed_at = elapsed;
	}
	usec_t left = keeper->probed_at + keeper->probe_wait - elapsed;
	if (left > 0)
		return left;
	keeper->probed_at = elapsed;
	keeper->probe_wait *= 2;
	if (keeper->probe_wait > PROBE_WAIT_MAX)
		keeper->probe_wait = PROBE_WAIT_MAX;
	return try_to_get_well(keeper, answered) == 0 ? 0 : keeper->probe_wait;
}

static void
step_backup(struct keeper *keeper, struct intents *answered)
{
	struct backend *db = backend_of(keeper);
	struct err err = { 0 };
	if (db->ops->backup_step(db, &keeper->backup->output, &err) != BACKEND_OK)
		answer_backup(keeper, &err, answered);
}

static void
relax(struct keeper *keeper, usec_t elapsed)
{
	if (keeper->careful_until == USEC_NEVER)
		keeper->careful_until = elapsed + CAREFUL_FOR;
	else if (elapsed >= keeper->careful_until)
		keeper->careful_until = 0;
}

usec_t
keeper_care(struct keeper *keeper, usec_t now, usec_t elapsed, struct intents *answered)
{
	if (keeper->is_low) /* the log is folded in, so that its room can be used again */
		backend_of(keeper)->ops->tend(backend_of(keeper), now);
	bool is_degraded = keeper->state == STORE_DEGRADED;
	usec_t wait = is_degraded ? probe(keeper, elapsed, answered) : 0;
	bool is_copying = keeper->backup;
	if (is_copying)
		step_backup(keeper, answered);
	if (!is_degraded) {
		wait = backend_of(keeper)->ops->tend(backend_of(keeper), now);
		relax(keeper, elapsed);
	}
	return is_copying && wait > BACKUP_STEP_WAIT ? BACKUP_STEP_WAIT : wait;
}

enum store_state
keeper_state(const struct keeper *keeper)
{
	return keeper->state;
}

const char *
keeper_detail(const struct keeper *keeper)
{
	return keeper->detail;
}

const char *
keeper_trouble(const struct keeper *keeper)
{
	return keeper->trouble;
}

unsigned
keeper_ntroubles(const struct keeper *keeper)
{
	return keeper->ntroubles;
}
