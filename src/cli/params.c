/* Job fields as options. */
#include "cli/params.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "cli/here.h"
#include "cli/path.h"
#include "cli/screen.h"
#include "model/field.h"

/* The ways to say when; each is a parameter of its own. */
static const struct option schedule_options[] = {
	{ "cron", 0, OPTION_TAKE, NULL, "EXPR", "a cron expression: '*/5 * * * *', @daily",
	  "When" },
	{ "calendar", 0, OPTION_TAKE, NULL, "EXPR", "as systemd timers: 'Mon..Fri 10:00'", NULL },
	{ "every", 0, OPTION_TAKE, NULL, "DURATION", "again and again: 90s, 1h30m", NULL },
	{ "at", 0, OPTION_TAKE, NULL, "TIME", "once: 2026-12-24T18:00, 'tomorrow 09:00'", NULL },
	{ "in", 0, OPTION_TAKE, NULL, "DURATION", "once, that long from now", NULL },
	{ "on-start", 0, OPTION_TAKE, NULL, NULL, "once whenever the machine starts", NULL },
};
#define NSCHEDULE (sizeof(schedule_options) / sizeof(schedule_options[0]))

static const struct option http_alias = { "http", 0,     OPTION_TAKE,
					  NULL,   "URL", "Send an HTTP request: the same as --url",
					  NULL };

static const char *const headings[] = {
	[GROUP_GENERAL] = "Job", [GROUP_SCHEDULE] = "Schedule", [GROUP_EXEC] = "Process",
	[GROUP_HTTP] = "HTTP",   [GROUP_POLICY] = "Policy",
};

static const struct option here_option = {
	"here", 0,    OPTION_TAKE,
	NULL,   NULL, "run with this environment, working directory and umask, as at(1) does",
	NULL
};

size_t
params_noptions(void)
{
	return NSCHEDULE + 2 + nfields;
}

/* Not options: the schedule has seven, the command stands behind "--". */
static bool
is_option(const struct field *field)
{
	return field->type != FIELD_SCHEDULE && field->type != FIELD_ARGV;
}

size_t
params_options(struct option *options)
{
	const char *heading = NULL;
	size_t n = NSCHEDULE;
	memcpy(options, schedule_options, sizeof(schedule_options));
	for (enum field_group group = GROUP_GENERAL; group <= GROUP_POLICY; group++) {
		if (group == GROUP_HTTP) {
			options[n] = http_alias;
			options[n++].heading = heading = headings[GROUP_HTTP];
		}
		for (size_t i = 0; i < nfields; i++) {
			const struct field *field = &fields[i];
			if (field->group != group || !is_option(field))
				continue;
			options[n++] = (struct option){
				.name = field->name,
				.kind = OPTION_TAKE,
				.argument = field->argument,
				.doc = field->doc,
				.heading = heading == headings[group] ? NULL : headings[group],
			};
			heading = headings[group];
		}
		if (group == GROUP_EXEC)
			options[n++] = here_option;
	}
	return n;
}

/* The text as JSON, or NULL when JSON cannot hold it. */
static json_t *
text_value(const char *text, size_t len)
{
	return json_stringn(text, len);
}

/* A number when the whole text is one; else the text, for the daemon to refuse by name. */
static json_t *
number_value(const char *text, bool is_whole)
{
	char *end;
	errno = 0;
	long long whole = strtoll(text, &end, 10);
	if (!errno && end != text && !*end)
		return json_integer(whole);
	double number = strtod(text, &end);
	if (!is_whole && end != text && !*end && isfinite(number))
		return json_real(number);
	return text_value(text, strlen(text));
}

/* Does "-" stand for standard input? It does for texts; what is a word may be that. */
static bool
takes_input(const struct field *field)
{
	static const char *const names[] = { "shell", "stdin", "body" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(field->name, names[i]) == 0)
			return true;
	}
	return false;
}

/* Standard input, for "-". NULL after saying what is wrong. */
static json_t *
read_standard_input(const struct params *params, const char *name)
{
	struct buf text = BUF_EMPTY;
	ssize_t n;
	while (text.len <= FIELD_TEXT_MAX) {
		n = read(STDIN_FILENO, buf_reserve(&text, 4096), 4096);
		if (n <= 0)
			break;
		text.len += (size_t)n;
	}
	json_t *value = text.len > FIELD_TEXT_MAX ? NULL : text_value(buf_text(&text), text.len);
	if (!value)
		say_usage(params->globals, name,
			  "standard input is no UTF-8 text of at most %d bytes", FIELD_TEXT_MAX);
	buf_fini(&text);
	return value;
}

static int
set_member(const struct params *params, json_t *object, const char *key, const char *name,
	   json_t *value)
{
	if (!value)
		return say_usage(params->globals, name, "the value is not valid UTF-8");
	if (json_object_set_new(object, key, value) != 0)
		return say_usage(params->globals, name, "\"%s\" is not valid UTF-8", key);
	return EXIT_DONE;
}

/* The object of a list field, made at its first item. */
static json_t *
list_object(json_t *params, const char *key)
{
	json_t *object = json_object_get(params, key);
	if (!object) {
		object = json_object();
		json_object_set_new(params, key, object);
	}
	return object;
}

/* NAME=VALUE, or NAME for its value here and now. */
static int
take_pair(const struct params *params, const char *key, const char *name, const char *text)
{
	size_t len = strcspn(text, "=");
	char *left = mem_dup_bytes(text, len);
	const char *value = text[len] ? text + len + 1 : getenv(left);
	int exit_code = EXIT_USAGE;
	if (value)
		exit_code = set_member(params, list_object(params->object, key), left, name,
				       text_value(value, strlen(value)));
	else
		say_usage(params->globals, name, "\"%s\" is neither NAME=VALUE nor set here", text);
	free(left);
	return exit_code;
}

/* "Name: value". A header given twice is joined, as RFC 9110 5.3 allows. */
static int
take_header(const struct params *params, const char *key, const char *name, const char *text)
{
	const char *colon = strchr(text, ':');
	if (!colon || colon == text)
		return say_usage(params->globals, name, "\"%s\" is not \"Name: value\"", text);
	json_t *object = list_object(params->object, key);
	char *left = mem_dup_bytes(text, (size_t)(colon - text));
	const char *value = colon + 1 + strspn(colon + 1, " \t");
	const char *before = json_string_value(json_object_get(object, left));
	char *joined = before ? mem_printf("%s, %s", before, value) : mem_dup(value);
	int exit_code = set_member(params, object, left, name, text_value(joined, strlen(joined)));
	free(joined);
	free(left);
	return exit_code;
}

static json_t *
path_value(const char *path)
{
	char *whole = path_absolute(path);
	json_t *value = text_value(whole, strlen(whole));
	free(whole);
	return value;
}

static int
take_field(const struct params *params, const struct field *field, const char *key,
	   const char *text)
{
	json_t *value;
	switch (field->type) {
	case FIELD_PAIRS:
		return take_pair(params, key, field->name, text);
	case FIELD_HEADERS:
		return take_header(params, key, field->name, text);
	case FIELD_FLAG:
		value = json_true();
		break;
	case FIELD_PATH:
		value = path_value(text);
		break;
	case FIELD_INT:
		value = number_value(text, true);
		break;
	case FIELD_NUMBER:
		value = number_value(text, false);
		break;
	default:
		if (takes_input(field) && strcmp(text, "-") == 0) {
			value = read_standard_input(params, field->name);
			if (!value)
				return EXIT_USAGE;
			break;
		}
		value = text_value(text, strlen(text));
	}
	return set_member(params, params->object, key, field->name, value);
}

int
params_take(void *arg, const struct option *option, const char *value)
{
	struct params *params = arg;
	const char *name = option->name;
	char key[FIELD_KEY_MAX];
	if (strcmp(name, here_option.name) == 0) {
		params->is_here = true;
		return EXIT_DONE;
	}
	if (strcmp(name, http_alias.name) == 0)
		name = "url";
	if (strcmp(name, "body") == 0 && value[0] == '@') { /* as curl has it */
		name = "body-file";
		value++;
	}
	field_key(name, key);
	const struct field *field = field_find(name, strlen(name));
	if (field && is_option(field))
		return take_field(params, field, key, value);
	if (!option->argument)
		return set_member(params, params->object, key, name, json_true());
	return set_member(params, params->object, key, name, text_value(value, strlen(value)));
}

int
params_command(const struct params *params, char **words, size_t n)
{
	json_t *command = json_array();
	for (size_t i = 0; i < n; i++) {
		if (json_array_append_new(command, text_value(words[i], strlen(words[i]))) != 0) {
			json_decref(command);
			return say_usage(params->globals, "command", "word %zu is not valid UTF-8",
					 i + 1);
		}
	}
	json_object_set_new(params->object, "command", command);
	return EXIT_DONE;
}

int
params_finish(const struct params *params)
{
	return params->is_here ? here_take(params) : EXIT_DONE;
}

int
params_text(const struct params *params, const char *key, const char *text)
{
	return set_member(params, params->object, key, key, text_value(text, strlen(text)));
}
