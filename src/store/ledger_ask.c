/* Questions: they change nothing. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/ledger_parts.h"

#define OUTPUT_ANSWER_MAX (256 * 1024) /* bytes of output in one answer */
#define PAGE_MAX          1000

static void
bound_page(struct intent *intent)
{
	if (intent->limit <= 0 || intent->limit > PAGE_MAX)
		intent->limit = PAGE_MAX;
	if (!intent->who.is_operator) {
		intent->filter.has_owner = true;
		intent->filter.owner = intent->who.uid;
	}
}

/*
 * Whoever shows the jobs needs their zones, on the loop, which reads no disk: here they are read,
 * and stay in the cache.
 */
static void
read_zones(struct ledger *ledger, const struct intent *intent)
{
	for (size_t i = 0; i < intent->njobs; i++)
		zone_unref(zones_get(ledger->zones, intent->jobs[i].job.tz, NULL));
}

/* How the last runs of the jobs ended. */
static int
load_last_attempts(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	for (size_t i = 0; i < intent->njobs; i++) {
		struct job_item *item = &intent->jobs[i];
		if (!item->has_last || item->last.attempt == 0)
			continue;
		if (db->ops->attempt_load(db, item->last.id, item->last.attempt,
					  &item->last_attempt, &intent->err) == BACKEND_ERROR)
			return -1;
	}
	return 0;
}

/* The job that the reference names as the answer's only item. 1, 0 refused, -1. */
static int
answer_one_job(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	struct job job;
	int found = ledger_find_job(ledger, intent, &job);
	if (found != 1)
		return found;
	intent->jobs = mem_array(1, sizeof(*intent->jobs));
	intent->njobs = 1;
	intent->jobs[0].job = job; /* moved */
	read_zones(ledger, intent);
	if (db->ops->job_summary(db, &intent->jobs[0], &intent->err) == BACKEND_ERROR)
		return -1;
	return load_last_attempts(ledger, intent) < 0 ? -1 : 1;
}

int
ledger_job_get(struct ledger *ledger, struct intent *intent)
{
	return answer_one_job(ledger, intent) < 0 ? -1 : 0;
}

int
ledger_job_list(struct ledger *ledger, struct intent *intent)
{
	bound_page(intent);
	int rc = ledger_checked(
		ledger->backend->ops->jobs_page(ledger->backend, intent, &intent->err));
	read_zones(ledger, intent);
	return rc < 0 ? rc : load_last_attempts(ledger, intent);
}

int
ledger_run_list(struct ledger *ledger, struct intent *intent)
{
	bound_page(intent);
	if (intent->ref.id || intent->ref.name) {
		struct job job;
		int found = ledger_find_job(ledger, intent, &job);
		if (found != 1)
			return found;
		intent->filter.job_id = job.id;
		job_fini(&job);
	}
	return ledger_checked(
		ledger->backend->ops->runs_page(ledger->backend, intent, &intent->err));
}

static int
answer_attempts(struct ledger *ledger, struct intent *intent, struct run *run, struct job *job)
{
	struct backend *db = ledger->backend;
	ledger_answer_run(intent, run, job);
	intent->attempts = mem_array((size_t)run->attempt, sizeof(*intent->attempts));
	for (int number = 1; number <= run->attempt; number++) {
		struct attempt *attempt = &intent->attempts[intent->nattempts];
		enum backend_result loaded =
			db->ops->attempt_load(db, run->id, number, attempt, &intent->err);
		if (loaded == BACKEND_ERROR)
			return -1;
		intent->nattempts += loaded == BACKEND_OK;
	}
	if (intent->nattempts)
		intent->runs[0].last = intent->attempts[intent->nattempts - 1];
	return 0;
}

int
ledger_run_get(struct ledger *ledger, struct intent *intent)
{
	return ledger_with_run(ledger, intent, answer_attempts);
}

/*
 * Bytes were punched out of the middle of what is being written (spawn/output.h): none of the
 * holes is read as zeros. How many of the `got` bytes at intent->offset are in front of the next
 * hole; 0 when they are in one, and then the offset moves behind it.
 */
static size_t
skip_hole(struct intent *intent, int fd, size_t got)
{
	off_t hole = lseek(fd, intent->offset, SEEK_HOLE);
	if (got == 0 || hole < 0 || hole >= intent->offset + (off_t)got)
		return got;
	if (hole > intent->offset)
		return (size_t)(hole - intent->offset);
	off_t data = lseek(fd, intent->offset, SEEK_DATA);
	if (data > intent->offset)
		intent->offset = data;
	return 0;
}

/* Output that is being written: from its file, as far as it is. */
static int
read_live(struct intent *intent, size_t want)
{
	int fd = intent->of_errors ? intent->outcome.errors_fd : intent->outcome.output_fd;
	intent->output_is_split = intent->outcome.is_split;
	if (intent->of_errors && !intent->outcome.is_split)
		return 0;
	for (int round = 0; round < 2 && intent->output.len == 0; round++) {
		ssize_t got = pread(fd, buf_reserve(&intent->output, want), want, intent->offset);
		if (got > 0)
			intent->output.len = skip_hole(intent, fd, (size_t)got);
	}
	intent->output_total = lseek(fd, 0, SEEK_END);
	intent->output_gap_at = intent->output_total;
	return 0;
}

/* The place among the kept bytes of the one to begin with, and how many can be read at once. */
static int64_t
find_kept(struct intent *intent, size_t *want)
{
	int64_t gap_at = intent->output_gap_at, resume_at = gap_at + intent->output_omitted;
	if (intent->offset >= gap_at && intent->offset < resume_at)
		intent->offset = resume_at;
	if (intent->offset >= resume_at)
		return intent->offset - intent->output_omitted;
	if ((int64_t)*want > gap_at - intent->offset)
		*want = (size_t)(gap_at - intent->offset);
	return intent->offset;
}

/* Output on record: kept bytes stand in rows of LEDGER_PIECE, all full but the last. */
static int
read_stored(struct ledger *ledger, struct intent *intent, size_t want)
{
	struct backend *db = ledger->backend;
	struct buf piece = BUF_EMPTY;
	int64_t kept_at = find_kept(intent, &want);
	int number = (int)(kept_at / LEDGER_PIECE) + (intent->of_errors ? LEDGER_ERRORS_PIECE : 0);
	size_t skip = (size_t)(kept_at % LEDGER_PIECE);
	enum backend_result found = BACKEND_OK;
	while (intent->output.len < want) {
		buf_clear(&piece);
		found = db->ops->output_read(db, intent->run_id, intent->attempt, number++, &piece,
					     &intent->err);
		if (found != BACKEND_OK || piece.len <= skip)
			break;
		size_t n = piece.len - skip;
		if (n > want - intent->output.len)
			n = want - intent->output.len;
		buf_add(&intent->output, piece.data + skip, n);
		if (piece.len < LEDGER_PIECE)
			break;
		skip = 0;
	}
	buf_fini(&piece);
	return ledger_checked(found);
}

/*
 * A process's output loses its middle, a request's its end. What was left of the former are two
 * equal halves in whole rows, whatever output-max was then and is now.
 */
static int64_t
find_gap(const struct intent *intent, const struct outcome *outcome)
{
	int64_t kept = intent->output_total - intent->output_omitted;
	bool is_http = outcome->kind == OUTCOME_HTTP || outcome->kind == OUTCOME_NETWORK;
	bool has_halves = intent->output_omitted > 0 && kept % (2 * LEDGER_PIECE) == 0;
	return has_halves && !is_http ? kept / 2 : kept;
}

static int
answer_output(struct ledger *ledger, struct intent *intent, struct run *run, struct job *job)
{
	struct backend *db = ledger->backend;
	struct attempt attempt;
	size_t want = intent->limit > 0 && intent->limit < OUTPUT_ANSWER_MAX ? (size_t)intent->limit
									     : OUTPUT_ANSWER_MAX;
	ledger_answer_run(intent, run, job);
	if (intent->attempt > run->attempt) {
		err_set(&intent->err, ERR_NOT_FOUND, "run %lld has no attempt %d",
			(long long)run->id, intent->attempt);
		err_in_field(&intent->err, "attempt");
		return 0;
	}
	if (intent->attempt == 0)
		intent->attempt = run->attempt;
	if (intent->outcome.output_fd >= 0 && run->state == RUN_RUNNING)
		return read_live(intent, want);
	enum backend_result loaded =
		db->ops->attempt_load(db, run->id, intent->attempt, &attempt, &intent->err);
	if (loaded != BACKEND_OK)
		return ledger_checked(loaded);
	const struct outcome *outcome = &attempt.outcome;
	intent->output_is_split = outcome->is_split;
	if (intent->of_errors && !outcome->is_split)
		return 0;
	intent->output_total = intent->of_errors ? outcome->errors_bytes : outcome->output_bytes;
	intent->output_omitted =
		intent->of_errors ? outcome->errors_omitted : outcome->output_omitted;
	intent->output_gap_at = find_gap(intent, outcome);
	return read_stored(ledger, intent, want);
}

int
ledger_run_output(struct ledger *ledger, struct intent *intent)
{
	return ledger_with_run(ledger, intent, answer_output);
}

/* What a run that waits has before it. */
static int
answer_queue(struct ledger *ledger, struct intent *intent, const char *name)
{
	struct backend *db = ledger->backend;
	intent->queues = mem_array(1, sizeof(*intent->queues));
	intent->nqueues = 1;
	return ledger_checked(db->ops->queue_load(db, name, &intent->queues[0], &intent->err));
}

int
ledger_why(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	struct run run;
	int found = answer_one_job(ledger, intent);
	if (found != 1)
		return found;
	const struct job *job = &intent->jobs[0].job;
	enum backend_result known =
		db->ops->run_due_by(db, job->id, intent->until, &run, &intent->err);
	if (known != BACKEND_OK || run.last_due < intent->at)
		return ledger_checked(known);
	ledger_answer_run(intent, &run, job);
	if (run.state == RUN_WAITING && answer_queue(ledger, intent, job->queue) < 0)
		return -1;
	return run.attempt == 0
		       ? 0
		       : ledger_checked(db->ops->attempt_load(db, run.id, run.attempt,
							      &intent->runs[0].last, &intent->err));
}

static bool
has_queue(const struct intent *intent, const char *name)
{
	for (size_t i = 0; i < intent->nqueues; i++) {
		if (strcmp(intent->queues[i].name, name) == 0)
			return true;
	}
	return false;
}

/* The default queue is always there, used or not. */
int
ledger_queue_list(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	struct queue standard;
	if (db->ops->queues_list(db, &intent->queues, &intent->nqueues, &intent->err) ==
		    BACKEND_ERROR ||
	    db->ops->queue_load(db, "default", &standard, &intent->err) == BACKEND_ERROR)
		return -1;
	if (has_queue(intent, standard.name))
		return 0;
	intent->queues = mem_resize(intent->queues, intent->nqueues + 1, sizeof(*intent->queues));
	intent->queues[intent->nqueues++] = standard;
	return 0;
}

int
ledger_stats(struct ledger *ledger, struct intent *intent)
{
	return ledger_checked(
		ledger->backend->ops->stats(ledger->backend, &intent->stats, &intent->err));
}

/* What is needed to judge or start a running run. A lost attempt row leaves number 0. */
static int
load_start(struct ledger *ledger, struct intent *intent, const struct run *run, struct start *start)
{
	struct backend *db = ledger->backend;
	start->run = *run;
	if (ledger_load_job_of(ledger, intent, run, &start->job) != BACKEND_OK)
		return -1;
	intent->work.nstarts++;
	return ledger_checked(
		db->ops->attempt_load(db, run->id, run->attempt, &start->attempt, &intent->err));
}

/* A page of what the database says is running; the cursor is the last id, in offset. */
int
ledger_unfinished(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	size_t n = 0, max = (size_t)intent->limit;
	struct run *runs = mem_array(max, sizeof(*runs));
	struct work *work = &intent->work;
	int rc = ledger_checked(
		db->ops->runs_running(db, intent->offset, max, runs, &n, &intent->err));
	work->starts = mem_array(n, sizeof(*work->starts));
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = load_start(ledger, intent, &runs[i], &work->starts[work->nstarts]);
		intent->offset = runs[i].id;
	}
	free(runs);
	intent->count = n == max ? (int64_t)n : 0;
	return rc;
}
