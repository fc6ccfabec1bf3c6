#include "unit/ledger_kit.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "fake/backend_mem.h"
#include "fake/test_zones.h"

const char *const kit_every_ten[] = { "schedule", "every 10s", NULL };

int
kit_set_up(void **state)
{
	struct kit *kit = mem_alloc(sizeof(*kit));
	kit->ledger = (struct ledger){ .backend = backend_mem_new(),
		                       .zones = test_zones(),
		                       .boot = "boot",
		                       .spawner = "spawner",
		                       .output_max = 1 << 20 };
	kit->now = T0;
	*state = kit;
	return 0;
}

int
kit_tear_down(void **state)
{
	struct kit *kit = *state;
	kit->ledger.backend->ops->close(kit->ledger.backend);
	free(kit);
	return 0;
}

struct intent *
kit_apply(struct kit *kit, struct intent *intent)
{
	struct backend *db = kit->ledger.backend;
	struct err err;
	do {
		assert_int_equal(db->ops->begin(db, &err), BACKEND_OK);
		ledger_begin(&kit->ledger);
		assert_true(ledger_apply(&kit->ledger, intent, NULL));
		if (intent->err.code == ERR_NONE)
			assert_int_equal(db->ops->commit(db, &err), BACKEND_OK);
		else
			db->ops->rollback(db);
		kit->ntransactions++;
	} while (intent->goes_on);
	return intent;
}

struct intent *
kit_ask(struct kit *kit, enum intent_kind kind)
{
	struct intent *intent = intent_new(kind, kit->now);
	intent->who = (struct requester){ .uid = 1000 };
	intent->limit = 16;
	intent->until = kit->now;
	return intent;
}

void
kit_change(struct intent *intent, const char *name, const char *text)
{
	intent->changes =
		mem_resize(intent->changes, intent->nchanges + 1, sizeof(*intent->changes));
	intent->changes[intent->nchanges++] =
		(struct change){ .field = field_find(name, strlen(name)),
		                 .kind = SCHEDULE_ANY,
		                 .text = mem_dup(text),
		                 .len = strlen(text) };
}

struct intent *
kit_adding(struct kit *kit, const char *const *pairs)
{
	struct intent *intent = kit_ask(kit, INTENT_JOB_ADD);
	intent->job = mem_alloc(sizeof(*intent->job));
	job_init(intent->job);
	intent->job->owner = 1000;
	kit_change(intent, "command", "true");
	for (; pairs && pairs[0]; pairs += 2)
		kit_change(intent, pairs[0], pairs[1]);
	return intent;
}

int64_t
kit_add(struct kit *kit, const char *const *pairs)
{
	struct intent *intent = kit_apply(kit, kit_adding(kit, pairs));
	if (intent->err.code != ERR_NONE)
		fail_msg("%s: %s", intent->err.field, intent->err.text);
	int64_t id = intent->job_id;
	intent_free(intent);
	return id;
}

enum err_code
kit_do_job(struct kit *kit, enum intent_kind kind, int64_t id)
{
	struct intent *intent = kit_ask(kit, kind);
	intent->ref.id = id;
	kit_apply(kit, intent);
	enum err_code code = intent->err.code;
	intent_free(intent);
	return code;
}

size_t
kit_claim_at(struct kit *kit, int seconds)
{
	kit->now = T0 + seconds * SEC;
	struct intent *intent = kit_apply(kit, kit_ask(kit, INTENT_CLAIM));
	size_t n = intent->work.nstarts;
	assert_int_equal(intent->err.code, ERR_NONE);
	intent_free(intent);
	return n;
}

struct run
kit_newest(struct kit *kit, int64_t job_id)
{
	struct intent *intent = kit_ask(kit, INTENT_RUN_LIST);
	intent->filter.job_id = job_id;
	kit_apply(kit, intent);
	assert_true(intent->nruns > 0);
	struct run run = intent->runs[0].run;
	intent_free(intent);
	return run;
}

struct job
kit_job_of(struct kit *kit, int64_t id)
{
	struct intent *intent = kit_ask(kit, INTENT_JOB_GET);
	struct job job;
	intent->ref.id = id;
	kit_apply(kit, intent);
	assert_int_equal(intent->njobs, 1);
	job_copy(&job, &intent->jobs[0].job);
	intent_free(intent);
	return job;
}

enum job_state
kit_state_of(struct kit *kit, int64_t id)
{
	struct job job = kit_job_of(kit, id);
	enum job_state state = job.state;
	job_fini(&job);
	return state;
}

void
kit_end_run(struct kit *kit, const struct run *run, int code)
{
	struct intent *intent = kit_ask(kit, INTENT_ENDED);
	intent->run_id = run->id;
	intent->attempt = run->attempt;
	intent->outcome = (struct outcome){ .kind = OUTCOME_EXIT, .code = code,
		                            .ended_at = kit->now, .output_fd = -1 };
	kit_apply(kit, intent);
	assert_int_equal(intent->err.code, ERR_NONE);
	intent_free(intent);
}

void
kit_set_queue(struct kit *kit, int concurrency, bool is_paused)
{
	struct intent *queue = kit_ask(kit, INTENT_QUEUE_SET);
	queue->who.is_operator = true;
	queue->queue = (struct queue){ .name = "one", .concurrency = concurrency,
		                       .is_paused = is_paused };
	kit_apply(kit, queue);
	intent_free(queue);
}

void
kit_requeue(struct kit *kit, const struct run *run)
{
	struct intent *intent = kit_ask(kit, INTENT_REQUEUE);
	intent->run_id = run->id;
	intent->attempt = run->attempt;
	kit_apply(kit, intent);
	assert_int_equal(intent->err.code, ERR_NONE);
	assert_true(intent->work.wake_by >= 0 && intent->work.wake_by <= kit->now);
	intent_free(intent);
}

void
kit_set_clock(struct kit *kit, int from, int to)
{
	kit->now = T0 + to * SEC;
	struct intent *step = kit_ask(kit, INTENT_CLOCK_STEP);
	step->at = T0 + from * SEC;
	step->until = step->since = kit->now;
	kit_apply(kit, step);
	assert_int_equal(step->err.code, ERR_NONE);
	intent_free(step);
}
