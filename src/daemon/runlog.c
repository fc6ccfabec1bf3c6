/* Runs as lines of the log. */
#include "daemon/runlog.h"

#include <assert.h>

#include "base/log.h"

#define PAIRS_MAX 8

/* The pairs of a line; those without a value are left out. */
struct line {
	struct log_pair pairs[PAIRS_MAX + 1]; /* a zeroed one ends them */
	size_t n;
};

static void
add_number(struct line *line, const char *key, int64_t number)
{
	assert(line->n < PAIRS_MAX);
	line->pairs[line->n++] = log_int(key, number);
}

static void
add_text(struct line *line, const char *key, const char *text)
{
	assert(line->n < PAIRS_MAX);
	if (text && text[0])
		line->pairs[line->n++] = log_str(key, text);
}

static void
add_run(struct line *line, const struct run_event *event)
{
	add_number(line, "run", event->run->id);
	add_number(line, "job", event->run->job_id);
	add_text(line, "name", event->job ? event->job->name : NULL);
}

static void
add_result(struct line *line, const struct run *run)
{
	add_text(line, "state", run_state_name(run->state));
	add_text(line, "reason", run_reason_name(run->reason));
	add_text(line, "detail", run->detail);
}

static void
write_start(const struct run_event *event)
{
	struct line line = { 0 };
	add_run(&line, event);
	add_number(&line, "attempt", event->run->attempt);
	add_number(&line, "late_us", event->late);
	log_write(LOG_LEVEL_INFO, "run starts", line.pairs);
}

/* Failures are warnings, so that they are seen without the starts and ends of everything. */
static enum log_level
level_of(const struct run *run)
{
	switch (run->state) {
	case RUN_FAILED:
	case RUN_LOST:
		return LOG_LEVEL_WARNING;
	default: /* refused: beyond a limit, or of a job that is parked for its schedule */
		return run->reason == REASON_REFUSED ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
	}
}

static void
write_end(const struct run_event *event)
{
	const struct run *run = event->run;
	const char *message = run->state == RUN_WAITING ? "run will be retried" : "run ended";
	struct line line = { 0 };
	add_run(&line, event);
	add_number(&line, "attempt", run->attempt);
	add_result(&line, run);
	add_number(&line, "took_ms", event->took / USEC_PER_MSEC);
	log_write(level_of(run), message, line.pairs);
}

static void
write_skip(const struct run_event *event)
{
	struct line line = { 0 };
	add_run(&line, event);
	add_result(&line, event->run);
	log_write(level_of(event->run), "run did not start", line.pairs);
}

void
runlog_write(const struct run_event *event)
{
	switch (event->kind) {
	case RUN_EVENT_STARTING:
		write_start(event);
		break;
	case RUN_EVENT_STARTED:
		break;
	case RUN_EVENT_ENDED:
		write_end(event);
		break;
	case RUN_EVENT_SKIPPED:
		write_skip(event);
		break;
	}
}
