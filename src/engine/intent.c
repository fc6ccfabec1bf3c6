/* Intents: making, answering, freeing. */
#include "engine/store.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"

static const struct {
	const char *name;
	bool is_change;
} kinds[INTENT_NKINDS] = {
	[INTENT_JOB_ADD] = { "job-add", true },
	[INTENT_JOB_SET] = { "job-set", true },
	[INTENT_JOB_CANCEL] = { "job-cancel", true },
	[INTENT_JOB_PAUSE] = { "job-pause", true },
	[INTENT_JOB_RESUME] = { "job-resume", true },
	[INTENT_JOB_RUN] = { "job-run", true },
	[INTENT_RUN_CANCEL] = { "run-cancel", true },
	[INTENT_RUN_RETRY] = { "run-retry", true },
	[INTENT_QUEUE_SET] = { "queue-set", true },
	[INTENT_CLAIM] = { "claim", true },
	[INTENT_STARTED] = { "started", true },
	[INTENT_ENDED] = { "ended", true },
	[INTENT_UNFINISHED] = { "unfinished", false },
	[INTENT_REQUEUE] = { "requeue", true },
	[INTENT_STOPPING] = { "stopping", true },
	[INTENT_BOOT] = { "boot", true },
	[INTENT_CLOCK_STEP] = { "clock-step", true },
	[INTENT_ZONES] = { "zones", true },
	[INTENT_PRUNE] = { "prune", true },
	[INTENT_BACKUP] = { "backup", false },
	[INTENT_CHECK] = { "check", false },
	[INTENT_JOB_GET] = { "job-get", false },
	[INTENT_JOB_LIST] = { "job-list", false },
	[INTENT_RUN_LIST] = { "run-list", false },
	[INTENT_RUN_GET] = { "run-get", false },
	[INTENT_RUN_OUTPUT] = { "run-output", false },
	[INTENT_WHY] = { "why", false },
	[INTENT_QUEUE_LIST] = { "queue-list", false },
	[INTENT_STATS] = { "stats", false },
};

struct intent *
intent_new(enum intent_kind kind, usec_t now)
{
	struct intent *intent = mem_alloc(sizeof(*intent));
	intent->kind = kind;
	intent->now = now;
	intent->outcome.output_fd = -1;
	intent->next_due = USEC_NEVER;
	intent->work.wake_at = intent->work.wake_by = -1;
	return intent;
}

static void
work_fini(struct work *work)
{
	for (size_t i = 0; i < work->nstarts; i++)
		job_fini(&work->starts[i].job);
	free(work->starts);
	free(work->stops);
}

static void
lists_fini(struct intent *intent)
{
	for (size_t i = 0; i < intent->njobs; i++)
		job_fini(&intent->jobs[i].job);
	for (size_t i = 0; i < intent->nruns; i++)
		free(intent->runs[i].job_name);
	for (size_t i = 0; i < intent->nchanges; i++)
		free(intent->changes[i].text);
	free(intent->jobs);
	free(intent->runs);
	free(intent->changes);
	free(intent->attempts);
	free(intent->queues);
}

void
intent_free(struct intent *intent)
{
	if (!intent)
		return;
	if (intent->job) {
		job_fini(intent->job);
		free(intent->job);
	}
	outcome_close(&intent->outcome);
	work_fini(&intent->work);
	lists_fini(intent);
	buf_fini(&intent->output);
	free(intent->ref.name);
	free(intent->cursor);
	free(intent->filter.name_glob);
	free(intent->filter.queue);
	free(intent->path);
	free(intent->name);
	free(intent);
}

void
intent_answer(struct intent *intent)
{
	if (intent->before)
		intent->before(intent, intent->before_arg);
	if (intent->done)
		intent->done(intent, intent->arg);
	intent_free(intent);
}

bool
intent_is_change(enum intent_kind kind)
{
	return kinds[kind].is_change;
}

const char *
intent_name(enum intent_kind kind)
{
	return kinds[kind].name;
}
