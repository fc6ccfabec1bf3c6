/*
 * A command of `asched` is a row of the command table (command.c) and a file cmd_NAME.c with one
 * function. The row makes the usage text, the completion and the list in the manual.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/* Exit codes: a contract, see asched(1). */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,       /* usage or invalid input */
	EXIT_UNREACHABLE = 3, /* no daemon */
	EXIT_NOT_FOUND = 4,   /* no such job or run */
	EXIT_DENIED = 5,
	EXIT_BUSY = 6, /* busy or unknown outcome: try again */
};

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* What stands before the command's name. Borrowed from argv. */
struct cli_options {
	const char *socket; /* NULL: look in the usual places */
	bool json;
	bool utc;
	bool version; /* nothing else is wanted */
	enum color_mode color;
};

struct command {
	const char *name;
	const char *arguments; /* "[JOB]", for the usage line */
	const char *summary;   /* one sentence without a full stop */
	/* argv[0] is the command's name. Returns the exit code; says its own errors on stderr. */
	int (*run)(const struct cli_options *options, int argc, char **argv);
};

extern const struct command commands[];
extern const size_t ncommands;

const struct command *command_find(const char *name); /* NULL: none */
const char *command_suggest(const char *name);        /* the nearest name; NULL: none is near */

int cmd_add(const struct cli_options *options, int argc, char **argv);
int cmd_list(const struct cli_options *options, int argc, char **argv);
int cmd_show(const struct cli_options *options, int argc, char **argv);
int cmd_runs(const struct cli_options *options, int argc, char **argv);
int cmd_logs(const struct cli_options *options, int argc, char **argv);
int cmd_why(const struct cli_options *options, int argc, char **argv);
int cmd_cancel(const struct cli_options *options, int argc, char **argv);
int cmd_set(const struct cli_options *options, int argc, char **argv);
int cmd_pause(const struct cli_options *options, int argc, char **argv);
int cmd_resume(const struct cli_options *options, int argc, char **argv);
int cmd_run(const struct cli_options *options, int argc, char **argv);
int cmd_retry(const struct cli_options *options, int argc, char **argv);
int cmd_next(const struct cli_options *options, int argc, char **argv);
int cmd_explain(const struct cli_options *options, int argc, char **argv);
int cmd_lint(const struct cli_options *options, int argc, char **argv);
int cmd_events(const struct cli_options *options, int argc, char **argv);
int cmd_queues(const struct cli_options *options, int argc, char **argv);
int cmd_status(const struct cli_options *options, int argc, char **argv);
int cmd_reload(const struct cli_options *options, int argc, char **argv);
int cmd_restart(const struct cli_options *options, int argc, char **argv);
int cmd_backup(const struct cli_options *options, int argc, char **argv);
int cmd_check(const struct cli_options *options, int argc, char **argv);
int cmd_completion(const struct cli_options *options, int argc, char **argv);

#endif
