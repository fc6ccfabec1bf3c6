/* The method table. */
#include "control/method.h"

#include <string.h>

#define ID_MAX     INT64_MAX
#define PAGE_MAX   500
#define OUTPUT_MAX (256 * 1024)
#define NEXT_MAX   1000
#define TEXT_MAX   4096
#define TTY_MAX    ((1 << 20) - 1) /* minor numbers of devpts */

/* Rows that several methods have. */
#define JOB_PARAM    "job", PARAM_JOB, true, .doc = "id or name"
#define RUN_PARAM    "run", PARAM_NUMBER, true, 1, ID_MAX, "id of the run"
#define LIMIT_PARAM  "limit", PARAM_NUMBER, false, 1, PAGE_MAX, "items of a page; 100"
#define CURSOR_PARAM "cursor", PARAM_TEXT, false, 0, TEXT_MAX, "of the page before"

static const struct param job_params[] = { { JOB_PARAM }, { NULL } };
static const struct param run_params[] = { { RUN_PARAM }, { NULL } };

static const struct param job_list_params[] = {
	{ LIMIT_PARAM },
	{ CURSOR_PARAM },
	{ "all", PARAM_FLAG, .doc = "finished and cancelled ones, too" },
	{ "failed", PARAM_FLAG, .doc = "whose last run failed" },
	{ "running", PARAM_FLAG, .doc = "that run now" },
	{ "owner", PARAM_USER, .doc = "of that user" },
	{ "queue", PARAM_TEXT, false, 0, JOB_NAME_MAX, "of that queue" },
	{ "name", PARAM_TEXT, false, 0, TEXT_MAX, "whose name matches this glob" },
	{ NULL },
};

static const struct param job_cancel_params[] = {
	{ JOB_PARAM },
	{ "kill", PARAM_FLAG, .doc = "stop its running run, too" },
	{ NULL },
};

static const struct param job_run_params[] = {
	{ JOB_PARAM },
	{ "force", PARAM_FLAG, .doc = "also when the overlap policy would refuse it" },
	{ "tty", PARAM_NUMBER, false, 0, TTY_MAX, "with /dev/pts/N for stdin and output; none" },
	{ NULL },
};

static const struct param job_why_params[] = {
	{ JOB_PARAM },
	{ "at", PARAM_INSTANT, .doc = "the instant; now" },
	{ NULL },
};

static const struct param job_next_params[] = {
	{ JOB_PARAM },
	{ "from", PARAM_INSTANT, .doc = "times after this; now" },
	{ "n", PARAM_NUMBER, false, 1, NEXT_MAX, "so many; 1" },
	{ NULL },
};

static const struct param schedule_next_params[] = {
	{ "from", PARAM_INSTANT, .doc = "times after this; now" },
	{ "n", PARAM_NUMBER, false, 1, NEXT_MAX, "so many; 1" },
	{ NULL },
};

static const struct param run_list_params[] = {
	{ LIMIT_PARAM },
	{ CURSOR_PARAM },
	{ "job", PARAM_JOB, .doc = "of this job" },
	{ "failed", PARAM_FLAG, .doc = "that failed" },
	{ "running", PARAM_FLAG, .doc = "that run now" },
	{ "owner", PARAM_USER, .doc = "of that user's jobs" },
	{ "queue", PARAM_TEXT, false, 0, JOB_NAME_MAX, "of that queue" },
	{ NULL },
};

static const struct param run_output_params[] = {
	{ RUN_PARAM },
	{ "attempt", PARAM_NUMBER, false, 0, 1000000, "of this attempt; 0: the last" },
	{ "offset", PARAM_NUMBER, false, 0, ID_MAX, "first byte; 0" },
	{ "limit", PARAM_NUMBER, false, 1, OUTPUT_MAX, "so many bytes; 65536" },
	{ "stream", PARAM_TEXT, false, 0, 6, "stdout, or stderr if that is kept apart; stdout" },
	{ "base64", PARAM_FLAG, .doc = "the very bytes" },
	{ NULL },
};

static const struct param run_cancel_params[] = {
	{ RUN_PARAM },
	{ "kill", PARAM_FLAG, .doc = "at once, without asking it to end" },
	{ NULL },
};

static const struct param queue_set_params[] = {
	{ "queue", PARAM_TEXT, true, 0, JOB_NAME_MAX, "its name" },
	{ "concurrency", PARAM_NUMBER, false, 1, 100000, "runs at the same time" },
	{ "paused", PARAM_FLAG, .doc = "starts nothing" },
	{ NULL },
};

static const struct param subscribe_params[] = {
	{ "job", PARAM_NUMBER, false, 1, ID_MAX, "only events of the job with this id" },
	{ NULL },
};

static const struct param backup_params[] = {
	{ "path", PARAM_TEXT, true, 0, TEXT_MAX, "absolute path of a file that does not exist" },
	{ NULL },
};

const struct method methods[] = {
	{ "job.add", "Adds a job", NULL, .takes_fields = true, .is_change = true,
	  .ask = job_add_ask, .render = job_changed_render },
	{ "job.set", "Changes fields of a job", job_params, .takes_fields = true, .is_change = true,
	  .ask = job_set_ask, .render = job_changed_render },
	{ "job.cancel", "Removes a job", job_cancel_params, .is_change = true,
	  .ask = job_cancel_ask, .render = job_changed_render },
	{ "job.pause", "Lets a job claim nothing until it is resumed", job_params,
	  .is_change = true, .ask = job_pause_ask, .render = job_changed_render },
	{ "job.resume", "Lets a paused job go on", job_params, .is_change = true,
	  .ask = job_resume_ask, .render = job_changed_render },
	{ "job.run", "Starts a run of a job now", job_run_params, .is_change = true,
	  .ask = job_run_ask, .render = job_run_render },
	{ "job.get", "Tells everything about a job", job_params, .ask = job_get_ask,
	  .render = job_get_render },
	{ "job.list", "Lists jobs, the one that is due first at the top", job_list_params,
	  .ask = job_list_ask, .render = job_list_render },
	{ "job.next", "Tells the next instants at which a job is due", job_next_params,
	  .ask = job_get_ask, .render = job_next_render },
	{ "job.why", "Tells what happened to a job at an instant, and why", job_why_params,
	  .ask = job_why_ask, .render = job_why_render },
	{ "run.list", "Lists runs, the newest at the top", run_list_params, .ask = run_list_ask,
	  .render = run_list_render },
	{ "run.get", "Tells everything about a run", run_params, .ask = run_get_ask,
	  .render = run_get_render },
	{ "run.output", "Gives a piece of what an attempt wrote", run_output_params,
	  .ask = run_output_ask, .render = run_output_render },
	{ "run.cancel", "Ends a waiting or running run", run_cancel_params, .is_change = true,
	  .ask = run_cancel_ask, .render = run_cancel_render },
	{ "run.retry", "Starts a new run in the place of one that has ended", run_params,
	  .is_change = true, .ask = run_retry_ask, .render = run_retry_render },
	{ "queue.list", "Lists queues", NULL, .ask = queue_list_ask, .render = queue_list_render },
	{ "queue.set", "Changes a queue", queue_set_params, .is_change = true, .ask = queue_set_ask,
	  .render = queue_set_render },
	{ "schedule.next", "Tells the next instants of a schedule", schedule_next_params,
	  .takes_fields = true, .answer = schedule_next_answer },
	{ "event.subscribe", "Sends an event notification for all that happens to runs",
	  subscribe_params, .answer = event_subscribe_answer },
	{ "daemon.status", "Tells how the daemon is", NULL, .renders_trouble = true,
	  .ask = daemon_status_ask, .render = daemon_status_render },
	{ "daemon.reload", "Reads the configuration anew", NULL, .answer = daemon_reload_answer },
	{ "daemon.restart", "Replaces the daemon; running work goes on", NULL,
	  .answer = daemon_restart_answer },
	{ "daemon.backup", "Copies the database into a file", backup_params,
	  .ask = daemon_backup_ask, .render = daemon_backup_render },
	{ "daemon.check", "Checks the whole database while it is used", NULL,
	  .ask = daemon_check_ask, .render = daemon_check_render },
	{ "daemon.methods", "Lists the methods and the fields of a job", NULL,
	  .answer = daemon_methods_answer },
};
const size_t nmethods = sizeof(methods) / sizeof(methods[0]);

const struct method *
method_find(const char *name)
{
	for (size_t i = 0; i < nmethods; i++) {
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	}
	return NULL;
}
