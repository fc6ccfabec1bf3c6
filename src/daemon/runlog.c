/* Runs as lines of the log. */
#include "daemon/runlog.h"

#include "base/log.h"

static const char *
job_name(const struct run_event *event)
{
	return event->job && event->job->name ? event->job->name : "";
}

static void
write_start(const struct run_event *event)
{
	const struct run *run = event->run;
	log_info("run starts", log_int("run", run->id), log_int("job", run->job_id),
		 log_str("name", job_name(event)), log_int("attempt", run->attempt),
		 log_int("late_us", event->late));
}

/* Failures are warnings, so that they are seen without the starts and ends of everything. */
static enum log_level
level_of(const struct run *run)
{
	switch (run->state) {
	case RUN_FAILED:
	case RUN_LOST:
		return LOG_LEVEL_WARNING;
	default:
		return LOG_LEVEL_INFO;
	}
}

static void
write_end(const struct run_event *event)
{
	const struct run *run = event->run;
	char took[USEC_TEXT_MAX];
	log_at(level_of(run), run->state == RUN_WAITING ? "run will be retried" : "run ended",
	       log_int("run", run->id), log_int("job", run->job_id),
	       log_str("name", job_name(event)), log_int("attempt", run->attempt),
	       log_str("state", run_state_name(run->state)),
	       log_str("reason", run_reason_name(run->reason)), log_str("detail", run->detail),
	       log_str("took", usec_print_duration(event->took, took)));
}

static void
write_skip(const struct run_event *event)
{
	const struct run *run = event->run;
	log_at(level_of(run), "run did not start", log_int("run", run->id),
	       log_int("job", run->job_id), log_str("name", job_name(event)),
	       log_str("state", run_state_name(run->state)),
	       log_str("reason", run_reason_name(run->reason)), log_str("detail", run->detail));
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
