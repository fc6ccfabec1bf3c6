/* asched show: everything about one job, its last runs and its next times; or about one run. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "cli/answer.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/facts.h"
#include "cli/find.h"
#include "cli/show_run.h"
#include "cli/table.h"
#include "cli/words.h"
#include "model/field.h"

#define NNEXT 5
#define NRUNS 5

static void
print_state(const struct screen *screen, const json_t *job)
{
	const char *state = answer_text(job, "state");
	int64_t nrunning = answer_int(job, "running"), nwaiting = answer_int(job, "waiting");
	enum color color = strcmp(state, "paused") == 0 ? YELLOW : PLAIN;
	if (nrunning || nwaiting)
		fact(screen, "state", color, "%s, %lld running, %lld waiting", state,
		     (long long)nrunning, (long long)nwaiting);
	else
		fact(screen, "state", color, "%s", state);
}

static void
print_user(const struct screen *screen, const char *label, int64_t uid)
{
	char name[WORDS_MAX];
	fact(screen, label, PLAIN, "%s", words_user(uid, name));
}

/* The value of a field as text; of lists, item by item. */
static void
print_value(const struct screen *screen, const struct field *field, json_t *value)
{
	const char *key;
	json_t *item;
	const char *mark = field->type == FIELD_HEADERS ? ": " : "=";
	if (json_is_string(value))
		fact(screen, field->name, PLAIN, "%s", json_string_value(value));
	else if (field->type == FIELD_USER && json_is_integer(value))
		print_user(screen, field->name, json_integer_value(value));
	else if (json_is_integer(value))
		fact(screen, field->name, PLAIN, "%lld", (long long)json_integer_value(value));
	else if (json_is_true(value))
		fact(screen, field->name, PLAIN, "yes");
	else if (json_is_real(value))
		fact(screen, field->name, PLAIN, "%g", json_real_value(value));
	json_object_foreach(value, key, item)
		fact(screen, field->name, PLAIN, "%s%s%s", key, mark, json_string_value(item));
}

static bool
is_standard(const struct field *field, const json_t *value)
{
	char number[32] = "";
	if (!value || json_is_null(value) || json_is_false(value) ||
	    (json_is_object(value) && json_object_size(value) == 0))
		return true;
	if (json_is_integer(value))
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		snprintf(number, sizeof(number), "%g", json_real_value(value));
	const char *text = json_is_string(value) ? json_string_value(value) : number;
	struct buf standard = BUF_EMPTY;
	field_print_standard(field, &standard);
	bool is_equal = standard.len && strcmp(text, buf_text(&standard)) == 0;
	buf_fini(&standard);
	return is_equal;
}

/* Is the field part of a line of its own? */
static bool
is_shown(const struct field *field)
{
	static const char *const names[] = {
		"name", "schedule", "command", "shell", "url", "method"
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], field->name) == 0)
			return true;
	}
	return false;
}

/* The fields that have another value than the default. */
static void
print_fields(const struct screen *screen, const json_t *job)
{
	for (size_t i = 0; i < nfields; i++) {
		char key[FIELD_KEY_MAX];
		json_t *value = json_object_get(job, field_key(fields[i].name, key));
		if (!is_shown(&fields[i]) && !is_standard(&fields[i], value))
			print_value(screen, &fields[i], value);
	}
}

static const char *
dst_mark(const json_t *time)
{
	if (answer_bool(time, "shifted"))
		return " (the local time is skipped that day)";
	return answer_bool(time, "repeated") ? " (the local time comes twice that day)" : "";
}

static void
print_times(const struct screen *screen, const json_t *times)
{
	char time[SCREEN_TIME_MAX], span[WORDS_MAX];
	size_t i;
	json_t *item;
	json_array_foreach(times, i, item) {
		usec_t at = answer_int(item, "at_us");
		fact(screen, i ? "" : "next", PLAIN, "%s, %s%s", screen_long_time(screen, at, time),
		     words_when(at, screen->now, span), dst_mark(item));
	}
}

static void
print_runs(const struct screen *screen, const json_t *runs)
{
	static const struct column columns[] = {
		{ "RUN", 0, true },
		{ "DUE", 0 },
		{ "TOOK", 0, true },
		{ "RESULT", 12 },
	};
	char time[SCREEN_TIME_MAX], text[WORDS_MAX];
	size_t i;
	json_t *run;
	struct table *table = table_new(screen, columns, sizeof(columns) / sizeof(columns[0]));
	json_array_foreach(runs, i, run) {
		table_add(table, PLAIN, "%lld", (long long)answer_int(run, "id"));
		table_add(table, PLAIN, "%s", screen_time(screen, answer_int(run, "due_us"), time));
		table_add(table, PLAIN, "%s", words_run_took(run, screen->now, text));
		table_add(table, color_result(run), "%s", words_result(run, text));
	}
	putchar('\n');
	table_flush(table);
	table_free(table);
}

/* What it is to do, and when. */
static void
print_definition(const struct screen *screen, const json_t *job, const json_t *next)
{
	struct buf command = BUF_EMPTY, schedule = BUF_EMPTY;
	const char *words = answer_text(next, "words");
	words_command(job, &command);
	words_schedule(job, &schedule);
	fact(screen, answer_has(job, "url") ? "request" : "command", PLAIN, "%s",
	     buf_text(&command));
	fact(screen, "schedule", PLAIN, "%s", buf_text(&schedule));
	if (strcmp(words, buf_text(&schedule)) != 0)
		fact(screen, "", DIM, "%s", words);
	print_times(screen, json_object_get(next, "times"));
	print_fields(screen, job);
	buf_fini(&command);
	buf_fini(&schedule);
}

static void
print_job(const struct screen *screen, const json_t *job, const json_t *next, const json_t *runs)
{
	fact(screen, "job", BOLD, "%lld", (long long)answer_int(job, "id"));
	fact(screen, "name", BOLD, "%s", answer_text(job, "name"));
	if (answer_has(job, "owner"))
		print_user(screen, "owner", answer_int(job, "owner"));
	print_state(screen, job);
	if (strcmp(answer_text(job, "state"), "damaged") == 0)
		fact(screen, "definition", RED,
		     "cannot be read: put a backup of the database in its place");
	else
		print_definition(screen, job, next);
	if (json_array_size(runs) > 0)
		print_runs(screen, runs);
}

/* Takes the job. */
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
	bool is_live = strcmp(answer_text(job, "state"), "active") == 0;
	if (!is_live)
		json_array_clear(json_object_get(next, "times"));
	if (options->json) {
		json_object_set(job, "next", next ? json_object_get(next, "times") : json_null());
		json_object_set(job, "last_runs", runs ? runs : json_null());
		print_json(job);
	} else {
		print_job(&screen, job, next, runs);
		json_decref(job);
	}
	json_decref(next);
	json_decref(page);
}

static int
find_and_show(const struct cli_options *options, const char *word)
{
	struct client *client = client_new(options);
	struct err err = { 0 };
	json_t *job = NULL;
	int64_t id = find_job(client, word, &err);
	if (id)
		job = client_call(client, "job.get", json_pack("{s:I}", "job", (json_int_t)id));
	else
		client_say(client, &err);
	if (job)
		show_job(client, options, job);
	return client_free(client);
}

static int
get_and_show_run(const struct cli_options *options, int64_t id)
{
	struct client *client = client_new(options);
	struct screen screen;
	json_t *run = client_call(client, "run.get", json_pack("{s:I}", "run", (json_int_t)id));
	screen_init(&screen, options);
	if (run && !print_if_json(options, run))
		show_run(&screen, run);
	json_decref(run);
	return client_free(client);
}

int
cmd_show(const struct cli_options *options, int argc, char **argv)
{
	const char *run_text = NULL;
	int64_t run;
	int exit_code;
	const struct option table[] = {
		{ "run", 'r', OPTION_TEXT, &run_text, "RUN", "this run and its attempts" },
	};
	struct args args = { .globals = options,
			     .options = table,
			     .noptions = sizeof(table) / sizeof(table[0]),
			     .most = 1 };
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	if (!run_text == !args.nwords)
		return say_usage(options, "",
				 "which one? JOB (asched list), or --run RUN (asched runs)");
	if (run_text && !is_id(run_text, &run))
		return say_usage(options, "run", "\"%s\" is not the number of a run", run_text);
	return run_text ? get_and_show_run(options, run) : find_and_show(options, args.words[0]);
}
