/*
 * Job fields as options of the command line, gathered as the parameters of job.add and job.set.
 * The daemon judges the values; here they only become JSON of the right kind.
 */
#ifndef CLI_PARAMS_H
#define CLI_PARAMS_H

#include <jansson.h>

#include "cli/args.h"

/* How many options params_options() appends at most. */
size_t params_noptions(void);
/*
 * Appends the options for schedules and fields to `options`, which has room for them. Returns how
 * many these were. Give params_take() and the object to fill as struct args' take and arg.
 */
size_t params_options(struct option *options);

struct params {
	const struct cli_options *globals;
	json_t *object; /* borrowed */
	bool is_here;   /* --here was given */
};
int params_take(void *params, const struct option *option, const char *value);

/* The words behind "--" as the command. EXIT_DONE, or EXIT_USAGE after saying why not. */
int params_command(const struct params *params, char **words, size_t n);
/* When all options are read. The same. */
int params_finish(const struct params *params);
/* A plain text member. The same. */
int params_text(const struct params *params, const char *key, const char *text);

#endif
