/* START messages from jobs, outcomes from reports. */
#include "runner/process_msg.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static const char *const stages[] = {
	[STAGE_REQUEST] = "request",
	[STAGE_POLICY] = "policy",
	[STAGE_SLOT] = "slot",
	[STAGE_OUTPUT] = "output",
	[STAGE_STDIN] = "stdin",
	[STAGE_CGROUP] = "cgroup",
	[STAGE_FORK] = "fork",
	[STAGE_SESSION] = "session",
	[STAGE_FILES] = "files",
	[STAGE_LIMITS] = "limits",
	[STAGE_USER] = "user",
	[STAGE_GROUPS] = "groups",
	[STAGE_IDS] = "ids",
	[STAGE_PRIORITY] = "priority",
	[STAGE_CWD] = "cwd",
	[STAGE_ENV] = "env",
	[STAGE_EXEC] = "exec",
	[STAGE_ENV_FILE] = "env-file",
	[STAGE_OUTPUT_FILE] = "output-file",
	[STAGE_TTY] = "tty",
	[STAGE_HEADER_FILE] = "header-file",
	[STAGE_AUTH_FILE] = "auth-file",
	[STAGE_BODY_FILE] = "body-file",
};

const char *
process_msg_stage(int stage)
{
	return stage >= 0 && stage < STAGE_NKINDS ? stages[stage] : "unknown";
}

/* The string and its NUL. */
static void
add(struct buf *payload, const char *text)
{
	buf_add(payload, text, strlen(text) + 1);
}

static uint32_t
add_command(const struct job *job, struct buf *payload)
{
	if (job->shell) {
		add(payload, "/bin/sh");
		add(payload, "-c");
		add(payload, job->shell);
		return 3;
	}
	for (size_t i = 0; i < job->command.n; i++)
		add(payload, job->command.items[i]);
	return (uint32_t)job->command.n;
}

static void
add_due(const struct job *job, const struct run *run, struct zones *zones, struct buf *payload)
{
	char text[SCHEDULE_TIME_MAX];
	struct zone *zone = zones_get(zones, job->tz, NULL);
	if (!zone)
		zone = zones_get(zones, "UTC", NULL);
	buf_printf(payload, "ASCHED_DUE=%s", zone ? schedule_print_time(zone, run->due, text) : "");
	buf_add_char(payload, '\0');
	zone_unref(zone);
}

/* What a child knows of its run, then the job's own; the user's names are the child's to add. */
static uint32_t
add_env(const struct job *job, const struct run *run, struct zones *zones, struct buf *payload)
{
	const uint32_t nown = 4;
	if (job->name)
		buf_printf(payload, "ASCHED_JOB=%s", job->name);
	else
		buf_printf(payload, "ASCHED_JOB=%" PRId64, job->id);
	buf_add_char(payload, '\0');
	buf_printf(payload, "ASCHED_RUN=%" PRId64, run->id);
	buf_add_char(payload, '\0');
	buf_printf(payload, "ASCHED_ATTEMPT=%d", run->attempt);
	buf_add_char(payload, '\0');
	add_due(job, run, zones, payload);
	for (size_t i = 0; i < job->env.n; i++)
		add(payload, job->env.items[i]);
	return nown + (uint32_t)job->env.n;
}

void
process_msg_start(const struct job *job, const struct run *run, struct zones *zones,
		  struct msg_start *start, struct buf *payload)
{
	*start = (struct msg_start){
		.uid = job_uid(job),
		.umask = job->umask >= 0 ? job->umask : PROCESS_UMASK,
		.nice = job->nice,
		.splits_output = job->split_output,
		.ends_leftovers = job->leftovers == LEFTOVERS_KILL,
		.memory_max = job->memory_max,
		.pids_max = job->pids_max,
		.cpu_max = job->cpu_max,
		.tty = run->tty,
		.limits = {
			[RLIMIT_CPU] = (job->limit_cpu + USEC_PER_SEC - 1) / USEC_PER_SEC,
			[RLIMIT_AS] = job->limit_memory,
			[RLIMIT_FSIZE] = job->limit_file_size,
			[RLIMIT_NOFILE] = job->limit_open_files,
			[RLIMIT_NPROC] = job->limit_processes,
		},
	};
	add(payload, job->cwd ? job->cwd : "");
	add(payload, job->env_file ? job->env_file : "");
	add(payload, job->output ? job->output : "");
	start->nargs = add_command(job, payload);
	start->nenv = add_env(job, run, zones, payload);
	if (job->stdin_text) {
		start->stdin_len = (uint32_t)strlen(job->stdin_text);
		buf_add(payload, job->stdin_text, start->stdin_len);
	}
}

void
process_msg_files(const struct files_wish *wish, struct msg_start *start, struct buf *payload)
{
	_Static_assert(FILE_NUSES == MSG_NFILES && FILE_HEADERS == 0 && FILE_AUTH == 1 &&
			       FILE_BODY == 2,
		       "the order in which files are read");
	*start = (struct msg_start){
		.uid = wish->uid, .nargs = MSG_NFILES, .umask = PROCESS_UMASK, .reads_files = 1
	};
	for (int i = 0; i < MSG_START_NAMES; i++)
		add(payload, "");
	for (int i = 0; i < MSG_NFILES; i++)
		add(payload, wish->paths[i]);
}

static void
set_kind(struct outcome *outcome, const struct msg *msg)
{
	int status = msg->report.wait_status;
	if (msg->kind == MSG_START_FAILED) {
		outcome->kind = OUTCOME_START_FAILED;
		outcome->code = msg->report.error;
		snprintf(outcome->text, sizeof(outcome->text), "%s",
			 process_msg_stage(msg->report.stage));
	} else if (WIFSIGNALED(status)) {
		outcome->kind = OUTCOME_SIGNAL;
		outcome->code = WTERMSIG(status);
	} else {
		outcome->kind = OUTCOME_EXIT;
		outcome->code = WEXITSTATUS(status);
	}
}

void
process_msg_outcome(const struct msg *msg, const int fds[MSG_NOUTPUTS], struct outcome *outcome)
{
	const struct msg_report *report = &msg->report;
	*outcome = (struct outcome){
		.ended_at = report->ended_at,
		.cpu_us = msg->kind == MSG_EXITED ? report->cpu_us : -1,
		.peak_kib = msg->kind == MSG_EXITED ? report->peak_kib : -1,
		.nleftovers = report->nleftovers,
		.output_fd = fds[MSG_STDOUT],
		.output_bytes = report->output_bytes[MSG_STDOUT],
		.is_split = fds[MSG_STDERR] >= 0,
		.errors_fd = fds[MSG_STDERR],
		.errors_bytes = report->output_bytes[MSG_STDERR],
	};
	set_kind(outcome, msg);
	if (report->is_truncated && !outcome->text[0])
		snprintf(outcome->text, sizeof(outcome->text), "the run shortened its own output");
}
