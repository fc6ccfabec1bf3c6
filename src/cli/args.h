/*
 * A command's words: its options from a table, which also makes its --help, and the rest. Options
 * and words may stand in any order; what follows "--" is left alone.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/command.h"

enum option_kind {
	OPTION_FLAG,  /* target is a bool, which becomes true */
	OPTION_TEXT,  /* target is a const char *, borrowed from argv */
	OPTION_COUNT, /* target is an int64_t, 0 or more */
	OPTION_TAKE,  /* args.take is called; without `argument` its value is "" */
};

struct option {
	const char *name; /* without the dashes */
	char letter;      /* 0: none */
	enum option_kind kind;
	void *target;
	const char *argument; /* "N"; NULL: takes none */
	const char *doc;      /* one line without a full stop */
	const char *heading;  /* of the options from here on, in --help; or NULL */
};

struct args {
	/* Set by the caller. */
	const struct cli_options *globals;
	const struct option *options;
	size_t noptions;
	size_t least, most; /* how many words there have to be, and may be */
	bool takes_rest;    /* "--" and what follows it is allowed */
	/* For OPTION_TAKE. EXIT_DONE, or another exit code after saying why not. */
	int (*take)(void *arg, const struct option *option, const char *value);
	void *arg;

	/* The result: parts of argv. */
	char **words;
	size_t nwords;
	char **rest; /* behind "--"; NULL: there was none */
	size_t nrest;
};

/*
 * Reads argv, of which argv[0] is the command's name, and reorders it. True: go on. False: help
 * was shown, or what is wrong was said; *exit_code tells which.
 */
bool args_read(struct args *args, int argc, char **argv, int *exit_code);

#endif
