/* asched runs: the ledger, newest first. */
#include "cli/answer.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/find.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "cli/words.h"

#define PAGE           200
#define LIMIT_STANDARD 50

struct query {
	int64_t job; /* 0: of all */
	bool only_failed, only_running;
	int64_t limit; /* 0: none */
};

static const struct column columns[] = {
	{ "RUN", 0, true },  { "JOB", 8 },
	{ "DUE", 0 },        { "TRIGGER", .rank = 2 },
	{ "RESULT", 12 },    { "STARTED", .rank = 1 },
	{ "TOOK", 0, true }, { "TRIES", 0, true, 3 },
};
#define NCOLUMNS (sizeof(columns) / sizeof(columns[0]))

static void
add_took(struct table *table, const struct screen *screen, const json_t *run)
{
	char text[WORDS_MAX];
	usec_t started = answer_int(run, "started_us"), ended = answer_int(run, "ended_us");
	if (!started)
		table_add(table, PLAIN, "-");
	else
		table_add(table, ended ? PLAIN : CYAN, "%s",
			  words_took((ended ? ended : screen->now) - started, text));
}

static void
add_row(struct table *table, const struct screen *screen, const json_t *run)
{
	char text[WORDS_MAX], time[SCREEN_TIME_MAX];
	const char *job = answer_text(run, "job");
	table_add(table, PLAIN, "%lld", (long long)answer_int(run, "id"));
	if (*job)
		table_add(table, BOLD, "%s", job);
	else
		table_add(table, BOLD, "%lld", (long long)answer_int(run, "job_id"));
	table_add(table, PLAIN, "%s", screen_short_time(screen, answer_int(run, "due_us"), time));
	table_add(table, DIM, "%s", answer_text(run, "trigger"));
	table_add(table, color_result(run), "%s", words_result(run, text));
	table_add(table, PLAIN, "%s", words_when(answer_int(run, "started_us"), screen->now, text));
	add_took(table, screen, run);
	table_add(table, PLAIN, "%lld", (long long)answer_int(run, "attempt"));
}

static json_t *
make_params(const struct query *query)
{
	json_t *params = json_object();
	if (query->job)
		json_object_set_new(params, "job", json_integer(query->job));
	if (query->only_failed)
		json_object_set_new(params, "failed", json_true());
	if (query->only_running)
		json_object_set_new(params, "running", json_true());
	int64_t page = query->limit && query->limit < PAGE ? query->limit : PAGE;
	json_object_set_new(params, "limit", json_integer(page));
	return params;
}

static int
list_runs(const struct cli_options *options, struct query *query, const char *word)
{
	struct client *client = client_new(options);
	struct err err = { 0 };
	struct json_list json;
	struct screen screen;
	struct pages pages;
	json_t *items, *run;
	size_t i;
	int64_t nshown = 0;
	if (word && !(query->job = find_job(client, word, &err))) {
		client_say(client, &err);
		return client_free(client);
	}
	screen_init(&screen, options);
	struct table *table = table_new(&screen, columns, NCOLUMNS);
	if (options->json)
		json_list_begin(&json);
	pages_init(&pages, client, "run.list", make_params(query));
	while ((items = pages_next(&pages))) {
		json_array_foreach(items, i, run)
		{
			if (query->limit && nshown >= query->limit)
				break;
			nshown++;
			if (options->json)
				json_list_add(&json, run);
			else
				add_row(table, &screen, run);
		}
		if (!options->json && json_array_size(items) > 0)
			table_flush(table);
		json_decref(items);
		if (query->limit && nshown >= query->limit)
			break;
	}
	bool has_more = !pages.at_end;
	pages_fini(&pages);
	table_free(table);
	if (options->json)
		json_list_end(&json);
	int exit_code = client_free(client);
	if (exit_code == EXIT_DONE && !options->json && (nshown == 0 || has_more))
		say(nshown ? "older runs are not shown; --limit 0 shows all" : "no runs yet");
	return exit_code;
}

int
cmd_runs(const struct cli_options *options, int argc, char **argv)
{
	struct query query = { .limit = LIMIT_STANDARD };
	int exit_code;
	const struct option table[] = {
		{ "failed", 'f', OPTION_FLAG, &query.only_failed, NULL, "only runs that failed" },
		{ "running", 'r', OPTION_FLAG, &query.only_running, NULL,
		  "only runs that run now" },
		{ "limit", 'n', OPTION_COUNT, &query.limit, "N",
		  "at most so many (50; 0: no limit)" },
	};
	struct args args = { .globals = options,
			     .options = table,
			     .noptions = sizeof(table) / sizeof(table[0]),
			     .most = 1 };
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	return list_runs(options, &query, args.nwords ? args.words[0] : NULL);
}
