/* asched show: everything about one job, its last runs and its next times. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "cli/answer.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/find.h"
#include "cli/preview.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/words.h"
#include "model/field.h"

#define LABEL_COLUMNS 16
#define NNEXT         5
#define NRUNS         5

/* One line; the value comes from people and is made safe. */
static void
print_line(const struct screen *screen, const char *label, enum color color, const char *value)
{
	struct buf safe = BUF_EMPTY;
	text_add_safe(&safe, value, strlen(value));
	printf("%s%-*s%s %s%s%s\n", screen_on(screen, BOLD), LABEL_COLUMNS, label,
	       screen_off(screen, BOLD), screen_on(screen, color), buf_text(&safe),
	       screen_off(screen, color));
	buf_fini(&safe);
}

static void
print_state(const struct screen *screen, const json_t *job)
{
	char line[WORDS_MAX];
	const char *state = answer_text(job, "state");
	int64_t nrunning = answer_int(job, "running"), nwaiting = answer_int(job, "waiting");
	int n = snprintf(line, sizeof(line), "%s", state);
	if (nrunning || nwaiting)
		snprintf(line + n, sizeof(line) - (size_t)n, ", %lld running, %lld waiting",
			 (long long)nrunning, (long long)nwaiting);
	print_line(screen, "state", state[0] == 'p' ? YELLOW : PLAIN, line);
}

/* The value of a field as text; of objects, pair by pair. */
static void
print_value(const struct screen *screen, const struct field *field, const json_t *value)
{
	char number[32];
	const char *key;
	json_t *item;
	const char *separator = field->type == FIELD_HEADERS ? ": " : "=";
	if (json_is_string(value)) {
		print_line(screen, field->name, PLAIN, json_string_value(value));
	} else if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
		print_line(screen, field->name, PLAIN, number);
	} else if (json_is_real(value)) {
		snprintf(number, sizeof(number), "%g", json_real_value(value));
		print_line(screen, field->name, PLAIN, number);
	}
	json_object_foreach((json_t *)(uintptr_t)value, key, item)
	{
		struct buf line = BUF_EMPTY;
		buf_printf(&line, "%s%s%s", key, separator, json_string_value(item));
		print_line(screen, field->name, PLAIN, buf_text(&line));
		buf_fini(&line);
	}
}

static bool
is_standard(const struct field *field, const json_t *value)
{
	char number[32] = "";
	if (!value || json_is_null(value) ||
	    (json_is_object(value) && json_object_size(value) == 0))
		return true;
	if (json_is_integer(value))
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		snprintf(number, sizeof(number), "%g", json_real_value(value));
	const char *text = json_is_string(value) ? json_string_value(value) : number;
	return field->standard && strcmp(text, field->standard) == 0;
}

/* The fields that have another value than the default, but for those with a line of their own. */
static void
print_fields(const struct screen *screen, const json_t *job)
{
	static const char *const shown[] = {
		"name", "schedule", "command", "shell", "url", "method"
	};
	for (size_t i = 0; i < nfields; i++) {
		bool is_shown = false;
		char key[64];
		snprintf(key, sizeof(key), "%s", fields[i].name);
		for (char *p = strchr(key, '-'); p; p = strchr(p, '-'))
			*p = '_';
		for (size_t k = 0; k < sizeof(shown) / sizeof(shown[0]); k++)
			is_shown |= strcmp(shown[k], key) == 0;
		const json_t *value = json_object_get(job, key);
		if (!is_shown && !is_standard(&fields[i], value))
			print_value(screen, &fields[i], value);
	}
}

static void
print_times(const struct screen *screen, const json_t *times)
{
	char time[SCREEN_TIME_MAX], span[WORDS_MAX];
	size_t i;
	json_t *item;
	json_array_foreach((json_t *)(uintptr_t)times, i, item)
	{
		struct buf line = BUF_EMPTY;
		usec_t at = answer_int(item, "at_us");
		buf_printf(&line, "%s, %s", screen_long_time(screen, at, time),
			   words_when(at, screen->now, span));
		print_line(screen, i ? "" : "next", PLAIN, buf_text(&line));
		buf_fini(&line);
	}
}

static void
print_runs(const struct screen *screen, const json_t *runs)
{
	static const struct column columns[] = {
		{ "RUN", 0, true },  { "DUE", 0 },    { "RESULT", 10 },
		{ "TOOK", 0, true }, { "DETAIL", 6 },
	};
	char time[SCREEN_TIME_MAX], text[WORDS_MAX];
	size_t i;
	json_t *run;
	struct table *table = table_new(screen, columns, sizeof(columns) / sizeof(columns[0]));
	json_array_foreach((json_t *)(uintptr_t)runs, i, run)
	{
		usec_t started = answer_int(run, "started_us"), ended = answer_int(run, "ended_us");
		table_add(table, PLAIN, "%lld", (long long)answer_int(run, "id"));
		table_add(table, PLAIN, "%s", screen_time(screen, answer_int(run, "due_us"), time));
		table_add(table, color_result(run), "%s", words_result(run, text));
		table_add(table, PLAIN, "%s",
			  started ? words_took((ended ? ended : screen->now) - started, text)
				  : "-");
		table_add(table, DIM, "%s", answer_text(run, "detail"));
	}
	putchar('\n');
	table_flush(table);
	table_free(table);
}

static void
print_job(const struct screen *screen, const json_t *job, const json_t *next, const json_t *runs)
{
	struct buf command = BUF_EMPTY, schedule = BUF_EMPTY;
	char text[64];
	const char *words = answer_text(next, "words");
	words_command(job, &command);
	snprintf(text, sizeof(text), "%lld", (long long)answer_int(job, "id"));
	print_line(screen, "job", BOLD, text);
	if (answer_has(job, "name"))
		print_line(screen, "name", BOLD, answer_text(job, "name"));
	if (json_is_string(json_object_get(job, "owner")))
		print_line(screen, "owner", PLAIN, answer_text(job, "owner"));
	print_state(screen, job);
	print_line(screen, answer_has(job, "url") ? "request" : "command", PLAIN,
		   buf_text(&command));
	words_schedule(job, &schedule);
	print_line(screen, "schedule", PLAIN, buf_text(&schedule));
	if (*words && strcmp(words, buf_text(&schedule)) != 0)
		print_line(screen, "", DIM, words);
	print_times(screen, json_object_get(next, "times"));
	print_fields(screen, job);
	if (json_array_size(runs) > 0)
		print_runs(screen, runs);
	buf_fini(&command);
	buf_fini(&schedule);
}

static void
show_job(struct client *client, const struct cli_options *options, json_t *job)
{
	struct screen screen;
	struct err err;
	json_t *id = json_object_get(job, "id");
	screen_init(&screen, options);
	json_t *next = client_try(client, "job.next",
				  json_pack("{s:O, s:i}", "job", id, "n", NNEXT), &err);
	json_t *page = client_try(client, "run.list",
				  json_pack("{s:O, s:i}", "job", id, "limit", NRUNS), &err);
	json_t *runs = json_object_get(page, "items");
	if (options->json) {
		json_object_set(job, "next", json_object_get(next, "times"));
		json_object_set(job, "runs", runs);
		print_json(json_incref(job));
	} else {
		print_job(&screen, job, next, runs);
	}
	json_decref(next);
	json_decref(page);
}

int
cmd_show(const struct cli_options *options, int argc, char **argv)
{
	struct args args = { .globals = options, .least = 1, .most = 1 };
	struct err err = { 0 };
	int exit_code;
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	struct client *client = client_new(options);
	int64_t id = find_job(client, args.words[0], &err);
	if (!id)
		client_say(client, &err);
	json_t *params = json_pack("{s:I}", "job", (json_int_t)id);
	json_t *job = id ? client_call(client, "job.get", json_incref(params)) : NULL;
	if (job)
		show_job(client, options, job);
	json_decref(job);
	json_decref(params);
	return client_free(client);
}
