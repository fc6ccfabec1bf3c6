/*
 * asched lint: the usual mistakes in a schedule, or in each line of a file. In a file blank lines,
 * comments and assignments but CRON_TZ are passed over, and a crontab's commands are left off.
 */
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "cli/answer.h"
#include "cli/command.h"
#include "cli/screen.h"
#include "cli/when.h"
#include "when/lint.h"

#define LINE_MAX_BYTES  4096
#define CRONTAB_NFIELDS 5

struct linter {
	const struct cli_options *options;
	struct when when;
	const char *file; /* NULL: the schedule came as a word */
	char *tz;         /* of the file's last CRON_TZ; NULL: none */
	int line;
	json_t *results; /* with --json */
	int exit_code;
};

static void
add_json(struct linter *linter, const char *text, const struct err *err, char *remarks)
{
	json_t *list = json_array(), *result;
	char *save = NULL;
	for (char *one = strtok_r(remarks, "\n", &save); one; one = strtok_r(NULL, "\n", &save))
		json_array_append_new(list, json_string(one));
	result = json_pack("{s:s, s:o}", "schedule", text, "remarks", list);
	if (linter->file)
		json_object_set_new(result, "line", json_integer(linter->line));
	if (err)
		json_object_set_new(result, "error", json_sprintf("%s: %s", err->field, err->text));
	json_array_append_new(linter->results, result);
}

static void
print_lines(const struct linter *linter, char *remarks)
{
	char *save = NULL;
	for (char *one = strtok_r(remarks, "\n", &save); one; one = strtok_r(NULL, "\n", &save)) {
		if (linter->file)
			printf("%s:%d: ", linter->file, linter->line);
		puts(one);
	}
}

/* Lints one text; the worst exit code stays. */
static void
lint_text(struct linter *linter, enum schedule_kind kind, const char *text)
{
	struct schedule s;
	struct err err = { 0 };
	struct buf remarks = BUF_EMPTY;
	bool is_valid = schedule_parse(&s, kind, text, &linter->when.context, &err) == 0;
	if (is_valid) {
		if (lint_schedule(&s, text, linter->when.context.now, &remarks) > 0 &&
		    linter->exit_code == EXIT_DONE)
			linter->exit_code = EXIT_FAILED;
		schedule_fini(&s);
	} else {
		linter->exit_code = EXIT_USAGE;
	}
	char *lines = buf_take(&remarks);
	if (linter->options->json)
		add_json(linter, text, is_valid ? NULL : &err, lines);
	else if (is_valid)
		print_lines(linter, lines);
	else if (linter->file)
		say("%s:%d: %s: %s", linter->file, linter->line, err.field, err.text);
	else
		say_error(linter->options, &err, EXIT_USAGE);
	free(lines);
}

/* Cuts a crontab line behind its schedule; the user and the command are no part of it. */
static void
cut_command(char *line)
{
	char *p = line;
	int nfields = *line == '@' ? 1 : CRONTAB_NFIELDS;
	if (!isdigit((unsigned char)*line) && !strchr("*@~H", *line))
		return;
	for (int i = 0; i < nfields; i++) {
		p += strspn(p, " \t");
		p += strcspn(p, " \t");
	}
	*p = '\0';
}

/* A schedule that stands alone on its line keeps all its words. */
static bool
is_schedule(struct linter *linter, const char *line)
{
	struct schedule s;
	if (schedule_parse(&s, SCHEDULE_ANY, line, &linter->when.context, NULL) < 0)
		return false;
	schedule_fini(&s);
	return true;
}

static bool
is_assignment(const char *line)
{
	size_t len =
		strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
	line += len;
	return len > 0 && line[strspn(line, " \t")] == '=' && !strchr(line, '*');
}

/* CRON_TZ holds for the lines that follow, until it is set again. */
static void
take_assignment(struct linter *linter, char *line)
{
	static const char blanks_and_quotes[] = " \t\"'";
	size_t len = strcspn(line, " \t=");
	if (len != strlen("CRON_TZ") || strncmp(line, "CRON_TZ", len) != 0)
		return;
	char *value = strchr(line, '=') + 1;
	value += strspn(value, blanks_and_quotes);
	value[strcspn(value, blanks_and_quotes)] = '\0';
	free(linter->tz);
	linter->tz = mem_dup(value);
	linter->when.context.tz = linter->tz;
}

static int
lint_file(struct linter *linter)
{
	char line[LINE_MAX_BYTES];
	struct err err = { 0 };
	FILE *file = fopen(linter->file, "re");
	if (!file) {
		err_errno(&err, "%s", linter->file);
		say_error(linter->options, &err, EXIT_FAILED);
		return EXIT_FAILED;
	}
	while (fgets(line, sizeof(line), file)) {
		linter->line++;
		line[strcspn(line, "\n")] = '\0';
		char *text = line + strspn(line, " \t");
		if (*text == '\0' || *text == '#')
			continue;
		if (is_assignment(text)) {
			take_assignment(linter, text);
			continue;
		}
		if (!is_schedule(linter, text))
			cut_command(text);
		lint_text(linter, SCHEDULE_ANY, text);
	}
	bool is_read = !ferror(file);
	if (!is_read) {
		err_errno(&err, "%s", linter->file);
		say_error(linter->options, &err, EXIT_FAILED);
	}
	fclose(file);
	return is_read ? linter->exit_code : EXIT_FAILED;
}

/* No schedule begins as a path does. */
static bool
is_file(const char *word)
{
	struct stat st;
	return word[0] == '/' || strncmp(word, "./", 2) == 0 || strncmp(word, "../", 3) == 0 ||
	       (stat(word, &st) == 0 && S_ISREG(st.st_mode));
}

static int
lint_words(struct linter *linter, const struct when_options *given, const char *word)
{
	struct err err = { 0 };
	enum schedule_kind kind;
	const char *text;
	if (when_init(&linter->when, given, &err) < 0 ||
	    when_choose(given, word, &kind, &text, &err) < 0) {
		say_error(linter->options, &err, EXIT_USAGE);
		return EXIT_USAGE;
	}
	if (kind != SCHEDULE_ANY || !is_file(text)) {
		lint_text(linter, kind, text);
		return linter->exit_code;
	}
	linter->file = text;
	return lint_file(linter);
}

int
cmd_lint(const struct cli_options *options, int argc, char **argv)
{
	struct when_options given = { 0 };
	struct option table[WHEN_NOPTIONS];
	when_options(&given, table);
	struct args args = {
		.globals = options, .options = table, .noptions = WHEN_NOPTIONS, .most = 1
	};
	int exit_code;
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	struct linter linter = { .options = options, .results = json_array() };
	exit_code = lint_words(&linter, &given, args.nwords ? args.words[0] : NULL);
	if (options->json && (exit_code == EXIT_DONE || json_array_size(linter.results) > 0))
		print_json(json_incref(linter.results));
	json_decref(linter.results);
	when_fini(&linter.when);
	free(linter.tz);
	return exit_code;
}
