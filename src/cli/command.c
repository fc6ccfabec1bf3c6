/* The command table. */
#include "cli/command.h"

#include <stddef.h>
#include <string.h>

#include "cli/text.h"

#define NEAR 3 /* a name that far away is no suggestion any more */

const struct command commands[] = {
	{ "add", "[WHEN] [OPTIONS] -- COMMAND...",
	  "Add a job: a command, --shell STRING or --http URL; no WHEN: once, now", cmd_add },
	{ "list", "[GLOB...] [OPTIONS]", "List jobs, soonest first", cmd_list },
	{ "show", "JOB | --run RUN", "Show everything about one job or run", cmd_show },
	{ "runs", "[JOB] [OPTIONS]", "List runs, newest first: what became of every due instant",
	  cmd_runs },
	{ "logs", "[JOB or RUN] [OPTIONS]", "Show what a run printed, also while it runs",
	  cmd_logs },
	{ "why", "JOB [--at TIME]", "Tell what happened at an instant, and why", cmd_why },
	{ "cancel", "JOB... | --run RUN", "Remove jobs, or stop one run", cmd_cancel },
	{ "set", "JOB OPTIONS [-- COMMAND...]", "Change fields of a job", cmd_set },
	{ "pause", "JOB...", "Stop jobs from becoming due", cmd_pause },
	{ "resume", "JOB...", "Let paused jobs become due again", cmd_resume },
	{ "run", "JOB [OPTIONS]", "Start a job now", cmd_run },
	{ "retry", "RUN...", "Run again what failed", cmd_retry },
	{ "next", "[WHEN] [OPTIONS]", "Show when a schedule is due; needs no daemon", cmd_next },
	{ "explain", "[WHEN] [OPTIONS]", "Say a schedule in words; needs no daemon", cmd_explain },
	{ "lint", "[WHEN or FILE] [OPTIONS]",
	  "Point out the usual mistakes in schedules; needs no daemon", cmd_lint },
	{ "events", "[JOB] [OPTIONS]", "Show what happens to runs, as it happens", cmd_events },
	{ "queues", "[NAME OPTIONS]", "List the queues, or change one", cmd_queues },
	{ "status", "", "Show how the daemon is", cmd_status },
	{ "reload", "", "Make the daemon read its configuration again", cmd_reload },
	{ "restart", "", "Replace the daemon; running work goes on", cmd_restart },
	{ "backup", "FILE", "Copy the database while the daemon runs", cmd_backup },
	{ "check", "", "Check the whole database while the daemon runs", cmd_check },
	{ "completion", "bash", "Print the completion for a shell", cmd_completion },
};
const size_t ncommands = sizeof(commands) / sizeof(commands[0]);

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; i < ncommands; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

const char *
command_suggest(const char *name)
{
	const char *best = NULL;
	int least = NEAR;
	for (size_t i = 0; i < ncommands; i++) {
		int distance = text_distance(name, commands[i].name);
		if (distance < least) {
			least = distance;
			best = commands[i].name;
		}
	}
	return best;
}
