/* A command's words. */
#include "cli/args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/screen.h"
#include "cli/text.h"

#define DOC_COLUMN     30 /* where the explanations begin in --help */
#define WIDTH_STANDARD 80
#define NEAR           3 /* a name that far away is no suggestion any more */

/* Where reading stands. */
struct reader {
	struct args *args;
	int argc;
	char **argv;
	int at;
	int exit_code;
	bool is_over; /* nothing more to do: help shown, or wrong */
};

static const struct option help = { "help", 'h', OPTION_FLAG, NULL, NULL, "show this text", NULL };

/* The text in lines that fit, from the column where the explanations stand. */
static void
print_doc(const char *doc, int width)
{
	size_t room = (size_t)(width - DOC_COLUMN);
	while (strlen(doc) > room) {
		size_t len = room;
		while (len > 0 && doc[len] != ' ')
			len--;
		if (len == 0)
			break;
		printf("%.*s\n%*s", (int)len, doc, DOC_COLUMN, "");
		doc += len + 1;
	}
	puts(doc);
}

static void
print_option(const struct option *option, int width)
{
	char left[80];
	snprintf(left, sizeof(left), "  %c%c%c --%s%s%s", option->letter ? '-' : ' ',
		 option->letter ? option->letter : ' ', option->letter ? ',' : ' ', option->name,
		 option->argument ? " " : "", option->argument ? option->argument : "");
	if (strlen(left) + 2 > DOC_COLUMN)
		printf("%s\n%*s", left, DOC_COLUMN, "");
	else
		printf("%-*s", DOC_COLUMN, left);
	print_doc(option->doc, width);
}

static void
show_help(const struct args *args, const char *name)
{
	const struct command *command = command_find(name);
	struct screen screen;
	screen_init(&screen, args->globals);
	int width = screen.width ? screen.width : WIDTH_STANDARD;
	printf("Usage: asched %s%s%s\n%s.\n", command->name, *command->arguments ? " " : "",
	       command->arguments, command->summary);
	for (size_t i = 0; i < args->noptions; i++) {
		if (i == 0 || args->options[i].heading)
			printf("\n%s:\n",
			       args->options[i].heading ? args->options[i].heading : "Options");
		print_option(&args->options[i], width);
	}
	puts(args->noptions ? "" : "\nOptions:");
	print_option(&help, width);
	puts("\nOptions of all commands: asched --help. The manual: asched(1).");
}

static void
stop(struct reader *reader, int exit_code)
{
	reader->exit_code = exit_code;
	reader->is_over = true;
}

static const char *
nearest_option(const struct args *args, const char *name)
{
	const char *best = NULL;
	int least = NEAR;
	for (size_t i = 0; i < args->noptions; i++) {
		bool is_begun = *name && strncmp(name, args->options[i].name, strlen(name)) == 0;
		int distance = is_begun ? 0 : text_distance(name, args->options[i].name);
		if (distance < least) {
			least = distance;
			best = args->options[i].name;
		}
	}
	return best;
}

static void
refuse_option(struct reader *reader, const char *name)
{
	const char *near = nearest_option(reader->args, name);
	const struct cli_options *globals = reader->args->globals;
	const char *command = reader->argv[0];
	if (near)
		stop(reader,
		     say_usage(globals, "", "unknown option --%s; did you mean --%s?", name, near));
	else
		stop(reader, say_usage(globals, "", "unknown option --%s; see asched %s --help",
				       name, command));
}

static int
read_count(const struct args *args, const struct option *option, const char *value)
{
	char *end;
	errno = 0;
	long long n = strtoll(value, &end, 10);
	if (errno || end == value || *end || n < 0)
		return say_usage(args->globals, option->name, "\"%s\" is not a number from 0 on",
				 value);
	*(int64_t *)option->target = n;
	return EXIT_DONE;
}

static int
apply(const struct args *args, const struct option *option, const char *value)
{
	switch (option->kind) {
	case OPTION_FLAG:
		*(bool *)option->target = true;
		break;
	case OPTION_TEXT:
		*(const char **)option->target = value;
		break;
	case OPTION_COUNT:
		return read_count(args, option, value);
	case OPTION_TAKE:
		return args->take(args->arg, option, value);
	}
	return EXIT_DONE;
}

/* The option with its value, which is `value` or else the next word. */
static void
read_option(struct reader *reader, const struct option *option, const char *value)
{
	struct args *args = reader->args;
	if (option == &help) {
		show_help(args, reader->argv[0]);
		stop(reader, EXIT_DONE);
		return;
	}
	if (value && !option->argument) {
		stop(reader, say_usage(args->globals, option->name, "takes no value"));
		return;
	}
	if (!value && option->argument) {
		if (reader->at >= reader->argc) {
			stop(reader, say_usage(args->globals, option->name, "needs a value: %s",
					       option->argument));
			return;
		}
		value = reader->argv[reader->at++];
	}
	int exit_code = apply(args, option, value ? value : "");
	if (exit_code != EXIT_DONE)
		stop(reader, exit_code);
}

static void
read_long(struct reader *reader, const char *word)
{
	const struct args *args = reader->args;
	size_t len = strcspn(word, "=");
	const char *value = word[len] ? word + len + 1 : NULL;
	char name[64];
	snprintf(name, sizeof(name), "%.*s", (int)len, word);
	if (strcmp(name, help.name) == 0) {
		read_option(reader, &help, value);
		return;
	}
	for (size_t i = 0; i < args->noptions; i++) {
		if (strcmp(args->options[i].name, name) == 0) {
			read_option(reader, &args->options[i], value);
			return;
		}
	}
	refuse_option(reader, name);
}

static const struct option *
find_letter(const struct args *args, char letter)
{
	for (size_t i = 0; i < args->noptions; i++) {
		if (args->options[i].letter == letter)
			return &args->options[i];
	}
	return letter == help.letter ? &help : NULL;
}

/* "-fn5" is -f -n 5. */
static void
read_letters(struct reader *reader, const char *letters)
{
	for (const char *p = letters; *p && !reader->is_over; p++) {
		const struct option *option = find_letter(reader->args, *p);
		if (!option) {
			stop(reader, say_usage(reader->args->globals, "",
					       "unknown option -%c; see asched %s --help", *p,
					       reader->argv[0]));
			return;
		}
		bool has_value = option->argument && p[1];
		read_option(reader, option, has_value ? p + 1 : NULL);
		if (has_value)
			return;
	}
}

static int
check_words(const struct args *args, const char *name)
{
	const struct command *command = command_find(name);
	if (args->nwords > args->most)
		return say_usage(args->globals, "",
				 "\"%s\" is one word too many; usage: asched %s%s%s%s",
				 args->words[args->most], name, *command->arguments ? " " : "",
				 command->arguments,
				 args->takes_rest ? " (a command stands behind --)" : "");
	if (args->nwords < args->least)
		return say_usage(args->globals, "", "something is missing; usage: asched %s %s",
				 name, command->arguments);
	if (args->rest && !args->takes_rest)
		return say_usage(args->globals, "", "asched %s takes nothing behind --", name);
	return EXIT_DONE;
}

bool
args_read(struct args *args, int argc, char **argv, int *exit_code)
{
	struct reader reader = { .args = args, .argc = argc, .argv = argv, .at = 1 };
	args->words = argv + 1;
	args->nwords = 0;
	while (reader.at < argc && !reader.is_over) {
		char *word = argv[reader.at++];
		if (strcmp(word, "--") == 0) {
			args->rest = argv + reader.at;
			args->nrest = (size_t)(argc - reader.at);
			break;
		}
		if (strncmp(word, "--", 2) == 0)
			read_long(&reader, word + 2);
		else if (word[0] == '-' && word[1])
			read_letters(&reader, word + 1);
		else
			args->words[args->nwords++] = word;
	}
	if (!reader.is_over)
		reader.exit_code = check_words(args, argv[0]);
	*exit_code = reader.exit_code;
	return !reader.is_over && reader.exit_code == EXIT_DONE;
}
