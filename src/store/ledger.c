/* The ledger's table of intents, and what all of them need. */
#include "store/ledger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "store/ledger_parts.h"
#include "store/seal.h"

#define KEYS_PER_USER 10000

/* INTENT_BACKUP and INTENT_CHECK are not here: the keeper copies in steps, outside transactions. */
static int (*const handlers[INTENT_NKINDS])(struct ledger *, struct intent *) = {
	[INTENT_JOB_ADD] = ledger_job_add,
	[INTENT_JOB_SET] = ledger_job_set,
	[INTENT_JOB_CANCEL] = ledger_job_cancel,
	[INTENT_JOB_PAUSE] = ledger_job_pause,
	[INTENT_JOB_RESUME] = ledger_job_resume,
	[INTENT_JOB_RUN] = ledger_job_run,
	[INTENT_RUN_CANCEL] = ledger_run_cancel,
	[INTENT_RUN_RETRY] = ledger_run_retry,
	[INTENT_QUEUE_SET] = ledger_queue_set,
	[INTENT_CLAIM] = ledger_claim,
	[INTENT_STARTED] = ledger_started,
	[INTENT_ENDED] = ledger_ended,
	[INTENT_UNFINISHED] = ledger_unfinished,
	[INTENT_REQUEUE] = ledger_requeue,
	[INTENT_STOPPING] = ledger_stopping,
	[INTENT_BOOT] = ledger_boot,
	[INTENT_CLOCK_STEP] = ledger_clock_step,
	[INTENT_ZONES] = ledger_zones,
	[INTENT_PRUNE] = ledger_prune,
	[INTENT_JOB_GET] = ledger_job_get,
	[INTENT_JOB_LIST] = ledger_job_list,
	[INTENT_RUN_LIST] = ledger_run_list,
	[INTENT_RUN_GET] = ledger_run_get,
	[INTENT_RUN_OUTPUT] = ledger_run_output,
	[INTENT_WHY] = ledger_why,
	[INTENT_QUEUE_LIST] = ledger_queue_list,
	[INTENT_STATS] = ledger_stats,
};

int
ledger_checked(enum backend_result result)
{
	return result == BACKEND_ERROR ? -1 : 0;
}

uint64_t
ledger_draw(struct ledger *ledger) /* splitmix64 (Steele, Lea, Flood 2014) */
{
	uint64_t x = ledger->draws += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static int
no_such_job(struct intent *intent)
{
	if (intent->ref.name)
		err_set(&intent->err, ERR_NOT_FOUND, "no job \"%s\"", intent->ref.name);
	else
		err_set(&intent->err, ERR_NOT_FOUND, "no job %lld", (long long)intent->ref.id);
	return 0;
}

int
ledger_refuse_over(struct intent *intent, const struct job *job)
{
	err_set(&intent->err, ERR_INVALID, "job %lld is %s", (long long)job->id,
		job_state_name(job->state));
	err_in_field(&intent->err, "job");
	return 0;
}

static bool
may_see(const struct intent *intent, const struct job *job)
{
	return intent->who.is_operator || intent->who.uid == job->owner;
}

enum backend_result
ledger_load_job(struct ledger *ledger, struct intent *intent, int64_t id, struct job *job)
{
	struct backend *db = ledger->backend;
	enum backend_result found = db->ops->job_load(db, id, job, &intent->err);
	if (found != BACKEND_ERROR || intent->err.code != ERR_SYSTEM)
		return found;
	struct err damage = intent->err;
	intent->err = (struct err){ 0 };
	found = db->ops->job_set_aside(db, id, &intent->err);
	if (found == BACKEND_OK)
		log_error(SET_ASIDE_WORDS, log_int("job", id), log_str("cause", damage.text));
	return found == BACKEND_ERROR ? BACKEND_ERROR : BACKEND_NONE;
}

enum backend_result
ledger_load_rest(struct ledger *ledger, struct intent *intent, int64_t id, struct job *job)
{
	struct backend *db = ledger->backend;
	enum backend_result found = ledger_load_job(ledger, intent, id, job);
	if (found == BACKEND_NONE)
		found = db->ops->job_load_rest(db, id, job, &intent->err);
	if (found != BACKEND_NONE)
		return found;
	job_init(job);
	job->id = id;
	job->is_damaged = true;
	return BACKEND_OK;
}

enum backend_result
ledger_load_job_of(struct ledger *ledger, struct intent *intent, const struct run *run,
		   struct job *job)
{
	if (!run->is_damaged)
		return ledger_load_rest(ledger, intent, run->job_id, job);
	log_error("a run cannot be believed: put a backup of the database in its place",
		  log_int("run", run->id), log_int("job", run->job_id));
	job_init(job);
	job->id = run->job_id;
	job->owner = JOB_OWNER_UNKNOWN;
	job->is_damaged = true;
	return BACKEND_OK;
}

/* What can be done to a job, or told of it or of a run, without knowing what the job is. */
static bool
needs_no_definition(enum intent_kind kind)
{
	static const bool kinds[INTENT_NKINDS] = {
		[INTENT_JOB_CANCEL] = true, [INTENT_RUN_CANCEL] = true, [INTENT_JOB_GET] = true,
		[INTENT_RUN_LIST] = true,   [INTENT_RUN_GET] = true,    [INTENT_RUN_OUTPUT] = true,
		[INTENT_WHY] = true,
	};
	return kinds[kind];
}

static enum backend_result
load_for(struct ledger *ledger, struct intent *intent, int64_t id, struct job *job)
{
	struct backend *db = ledger->backend;
	enum backend_result found = db->ops->job_load(db, id, job, &intent->err);
	if (found != BACKEND_ERROR || intent->err.code != ERR_SYSTEM ||
	    !needs_no_definition(intent->kind))
		return found;
	intent->err = (struct err){ 0 };
	return db->ops->job_load_rest(db, id, job, &intent->err);
}

int
ledger_find_job(struct ledger *ledger, struct intent *intent, struct job *job)
{
	struct backend *db = ledger->backend;
	int64_t id = intent->ref.id;
	enum backend_result found = BACKEND_OK;
	if (intent->ref.name)
		found = db->ops->job_find(db, intent->ref.owner, intent->ref.name, &id,
					  &intent->err);
	/* One that is over goes by the name that it had, until another takes it. */
	if (found == BACKEND_NONE)
		found = db->ops->job_find_ended(db, intent->ref.owner, intent->ref.name, &id,
						&intent->err);
	if (found == BACKEND_OK)
		found = load_for(ledger, intent, id, job);
	if (found != BACKEND_OK)
		return found == BACKEND_ERROR ? -1 : no_such_job(intent);
	if (!may_see(intent, job)) {
		job_fini(job);
		return no_such_job(intent);
	}
	return 1;
}

static int
no_such_run(struct intent *intent)
{
	err_set(&intent->err, ERR_NOT_FOUND, "no run %lld", (long long)intent->run_id);
	return 0;
}

static enum backend_result
load_for_run(struct ledger *ledger, struct intent *intent, const struct run *run, struct job *job)
{
	if (!run->is_damaged)
		return load_for(ledger, intent, run->job_id, job);
	if (needs_no_definition(intent->kind))
		return ledger_load_job_of(ledger, intent, run, job);
	err_set(&intent->err, ERR_SYSTEM, "database: run %lld: its record is damaged",
		(long long)run->id);
	return BACKEND_ERROR;
}

static int
find_run(struct ledger *ledger, struct intent *intent, struct run *run, struct job *job)
{
	struct backend *db = ledger->backend;
	enum backend_result found = db->ops->run_load(db, intent->run_id, run, &intent->err);
	if (found == BACKEND_OK)
		found = load_for_run(ledger, intent, run, job);
	if (found != BACKEND_OK)
		return found == BACKEND_ERROR ? -1 : no_such_run(intent);
	if (!may_see(intent, job)) {
		job_fini(job);
		return no_such_run(intent);
	}
	return 1;
}

int
ledger_with_job(struct ledger *ledger, struct intent *intent,
		int (*act)(struct ledger *, struct intent *, struct job *))
{
	struct job job;
	int rc = ledger_find_job(ledger, intent, &job);
	if (rc == 1) {
		rc = act(ledger, intent, &job);
		job_fini(&job);
	}
	return rc;
}

int
ledger_with_run(struct ledger *ledger, struct intent *intent,
		int (*act)(struct ledger *, struct intent *, struct run *, struct job *))
{
	struct run run;
	struct job job;
	int rc = find_run(ledger, intent, &run, &job);
	if (rc == 1) {
		rc = act(ledger, intent, &run, &job);
		job_fini(&job);
	}
	return rc;
}

/*
 * What is stored with the answer: of the request, and of what the answer is made of, so that a bit
 * that flips in it tells nobody of another job.
 */
static uint64_t
seal_request(const struct request_row *row, uint64_t key_hash)
{
	const int64_t numbers[] = {
		(int64_t)key_hash, row->uid, row->at, row->job_id, row->run_id, row->next_due,
	};
	return (uint64_t)seal_of(numbers, sizeof(numbers) / sizeof(numbers[0]));
}

/* The same key again gives the same answer. 1: answered; 0: go on; -1. */
static int
recall_request(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	struct request_row row;
	enum backend_result found =
		db->ops->request_load(db, intent->who.uid, intent->key, &row, &intent->err);
	if (found != BACKEND_OK) {
		int64_t n = 0;
		if (found == BACKEND_ERROR ||
		    db->ops->request_count(db, intent->who.uid, &n, &intent->err) == BACKEND_ERROR)
			return -1;
		if (n < KEYS_PER_USER)
			return 0;
		err_set(&intent->err, ERR_BUSY,
			"%d requests with keys in 24 hours; wait, or send none", KEYS_PER_USER);
		return 1;
	}
	bool is_bare = row.hash == intent->key_hash; /* from a daemon that did not seal yet */
	if (!is_bare && row.hash != seal_request(&row, intent->key_hash)) {
		err_invalid(&intent->err, "key",
			    "\"%s\" was used for another request (or its record is damaged)",
			    intent->key);
		return 1;
	}
	intent->job_id = row.job_id;
	intent->new_run_id = row.run_id;
	intent->next_due = row.next_due;
	struct job job;
	if (row.job_id && db->ops->job_load(db, row.job_id, &job, &intent->err) == BACKEND_OK) {
		intent->name = mem_dup(job.name);
		if (intent->job) { /* the answer tells its schedule, too */
			job_fini(intent->job);
			*intent->job = job; /* moved */
		} else {
			job_fini(&job);
		}
	}
	return 1;
}

static int
remember_request(struct ledger *ledger, struct intent *intent)
{
	struct request_row row = { .uid = intent->who.uid,
				   .at = intent->now,
				   .job_id = intent->job_id,
				   .run_id = intent->new_run_id,
				   .next_due = intent->next_due };
	row.hash = seal_request(&row, intent->key_hash);
	memcpy(row.key, intent->key, sizeof(row.key));
	return ledger_checked(
		ledger->backend->ops->request_save(ledger->backend, &row, &intent->err));
}

size_t
ledger_batch(const struct ledger *ledger, size_t usual)
{
	return ledger->batch_max > 0 && ledger->batch_max < usual ? ledger->batch_max : usual;
}

void
ledger_begin(struct ledger *ledger)
{
	ledger->nfreed = 0;
	ledger->nlooks = ledger_batch(ledger, LOOKS_PER_TRANSACTION);
}

bool
ledger_apply(struct ledger *ledger, struct intent *intent, const struct intent *next)
{
	struct backend *db = ledger->backend;
	int64_t ncommits = db->ops->ncommits(db);
	if (intent->part.ncommits + 1 != ncommits) /* nothing, or a commit that never was */
		memset(&intent->part, 0, sizeof(intent->part));
	intent->goes_on = false;
	ledger->has_next_end = next && next->kind == INTENT_ENDED;
	bool has_key = intent->key[0] && intent_is_change(intent->kind);
	int done = has_key ? recall_request(ledger, intent) : 0;
	if (done == 0)
		done = handlers[intent->kind](ledger, intent);
	else if (done == 1)
		return true;
	if (done == 0 && has_key && intent->err.code == ERR_NONE && !intent->goes_on)
		done = remember_request(ledger, intent);
	intent->part.ncommits = ncommits;
	intent->goes_on &= done == 0;
	if (done < 0 && intent->err.code == ERR_NONE)
		err_set(&intent->err, ERR_UNAVAILABLE, "the store failed");
	return done == 0;
}
