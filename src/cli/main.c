/* Program asched: the options that stand for all commands, then the command. */
#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/streams.h"
#include "cli/command.h"
#include "cli/screen.h"

static const struct {
	const char *option, *doc;
} globals[] = {
	{ "--socket PATH", "Where the daemon is (else ASCHED_SOCKET, your own, the system's)" },
	{ "--json", "Print JSON; errors too, on standard error" },
	{ "--utc", "Print times in UTC" },
	{ "--color WHEN", "auto, always or never" },
	{ "--version", "Print the version" },
	{ "--help", "Print this text; asched COMMAND --help tells about one command" },
};

static int
show_help(void)
{
	puts("Usage: asched [OPTIONS] COMMAND ...\n\n"
	     "Runs work at the right time and never loses track of it.\n\n"
	     "  asched add 'every 10m' -- /usr/bin/backup --all\n"
	     "  asched add --name report '30 6 * * Mon-Fri' --shell 'make report | mail boss'\n"
	     "  asched add 'tomorrow 09:00' --http https://example.com/hook\n"
	     "  asched list\n"
	     "  asched logs report\n\n"
	     "Commands:");
	for (size_t i = 0; i < ncommands; i++)
		printf("  %-11s %s\n", commands[i].name, commands[i].summary);
	puts("\nOptions, before or after the command:");
	for (size_t i = 0; i < sizeof(globals) / sizeof(globals[0]); i++)
		printf("  %-15s %s\n", globals[i].option, globals[i].doc);
	puts("\nExit codes: 0 done, 1 failed, 2 usage or invalid input, 3 daemon not reachable,\n"
	     "4 no such job or run, 5 permission denied, 6 busy or unknown outcome: try again.");
	return EXIT_DONE;
}

static int
show_version(void)
{
	puts("asched " PACKAGE_VERSION);
	return EXIT_DONE;
}

static int
read_color(struct cli_options *options, const char *when)
{
	static const char *const names[] = { "auto", "always", "never" };
	for (int i = 0; i < 3; i++) {
		if (strcmp(when, names[i]) == 0) {
			options->color = (enum color_mode)i;
			return EXIT_DONE;
		}
	}
	return say_usage(options, "color", "\"%s\" is not auto, always or never", when);
}

/* Is argv[*i] the option NAME? Its *value follows "=" or is the next word, or NULL: is missing. */
static bool
has_value(const char *name, char **argv, int argc, int *i, const char **value)
{
	size_t len = strlen(name);
	const char *word = argv[*i];
	if (strncmp(word, name, len) != 0 || (word[len] != '=' && word[len] != '\0'))
		return false;
	*value = word[len] ? word + len + 1 : *i + 1 < argc ? argv[++*i] : NULL;
	return true;
}

/*
 * Takes the options for all commands out of argv, wherever they stand before "--"; *argc becomes
 * the number of the words that are left.
 */
static int
take_globals(struct cli_options *options, int *argc, char **argv)
{
	int n = 1, i = 1, exit_code = EXIT_DONE;
	for (; i < *argc && strcmp(argv[i], "--") != 0; i++) {
		const char *value;
		if (strcmp(argv[i], "--json") == 0)
			options->json = true;
		else if (strcmp(argv[i], "--utc") == 0)
			options->utc = true;
		else if (strcmp(argv[i], "--version") == 0)
			options->version = true;
		else if (has_value("--socket", argv, *argc, &i, &options->socket))
			exit_code = options->socket && *options->socket
					    ? EXIT_DONE
					    : say_usage(options, "socket", "needs a value: PATH");
		else if (has_value("--color", argv, *argc, &i, &value))
			exit_code = value ? read_color(options, value)
					  : say_usage(options, "color", "needs a value: WHEN");
		else
			argv[n++] = argv[i];
		if (exit_code != EXIT_DONE)
			return exit_code;
	}
	while (i < *argc)
		argv[n++] = argv[i++];
	argv[n] = NULL;
	*argc = n;
	return EXIT_DONE;
}

static int
run_command(const struct cli_options *options, int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "--help";
	if (options->version)
		return show_version();
	const struct command *command = command_find(name);
	if (command)
		return command->run(options, argc - 1, argv + 1);
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		show_help();
		return argc > 1 ? EXIT_DONE : EXIT_USAGE;
	}
	if (strcmp(name, "help") == 0 && argc > 2 && (command = command_find(argv[2]))) {
		char *asked[] = { argv[2], (char[]){ "--help" }, NULL };
		return command->run(options, 2, asked);
	}
	if (strcmp(name, "help") == 0 && argc == 2)
		return show_help();
	if (name[0] == '-')
		return say_usage(options, "", "unknown option %s; see asched --help", name);
	if (strcmp(name, "help") == 0)
		name = argv[2];
	const char *near = command_suggest(name);
	if (near)
		return say_usage(options, "", "unknown command %s; did you mean %s?", name, near);
	return say_usage(options, "", "unknown command %s; see asched --help", name);
}

/* An earlier flush may have failed, as that of an id that is shown at once: the cause is gone. */
static int
close_output(int exit_code)
{
	if (fflush(stdout) != 0)
		perror("asched: standard output");
	else if (ferror(stdout))
		fputs("asched: standard output: not all could be written\n", stderr);
	else
		return exit_code;
	return exit_code == EXIT_DONE ? EXIT_FAILED : exit_code;
}

int
main(int argc, char **argv)
{
	struct cli_options options = { 0 };
	streams_hold();
	/* A request or an answer with holes would be a lie: rather none. */
	json_set_alloc_funcs(mem_room, free);
	/* Only for the widths of characters; texts and numbers stay the same everywhere. */
	if (!setlocale(LC_CTYPE, ""))
		setlocale(LC_CTYPE, "C.UTF-8");
	int exit_code = take_globals(&options, &argc, argv);
	if (exit_code == EXIT_DONE)
		exit_code = run_command(&options, argc, argv);
	return close_output(exit_code);
}
