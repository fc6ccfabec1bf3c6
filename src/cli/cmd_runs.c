/* asched runs: the ledger, newest first. */
#include <string.h>

#include "cli/answer.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/find.h"
#include "cli/listing.h"
#include "cli/words.h"

#define LIMIT_STANDARD 50

struct query {
	const struct cli_options *options;
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
add_row(struct table *table, const struct screen *screen, const json_t *run)
{
	char text[WORDS_MAX], time[SCREEN_TIME_MAX];
	struct buf job = BUF_EMPTY;
	words_name(run, "job", &job);
	table_add(table, PLAIN, "%lld", (long long)answer_int(run, "id"));
	if (job.len)
		table_add(table, BOLD, "%s", job.data);
	else
		table_add(table, BOLD, "%lld", (long long)answer_int(run, "job_id"));
	table_add(table, PLAIN, "%s", screen_short_time(screen, answer_int(run, "due_us"), time));
	table_add(table, DIM, "%s", answer_text(run, "trigger"));
	table_add(table, color_result(run), "%s", words_result(run, text));
	table_add(table, PLAIN, "%s", words_when(answer_int(run, "started_us"), screen->now, text));
	table_add(table, strcmp(answer_text(run, "state"), "running") == 0 ? CYAN : PLAIN, "%s",
		  words_run_took(run, screen->now, text));
	table_add(table, PLAIN, "%lld", (long long)answer_int(run, "attempt"));
	buf_fini(&job);
}

static json_t *
make_params(const struct query *query, int64_t job)
{
	json_t *params = json_object();
	if (job)
		json_object_set_new(params, "job", json_integer(job));
	if (query->only_failed)
		json_object_set_new(params, "failed", json_true());
	if (query->only_running)
		json_object_set_new(params, "running", json_true());
	return params;
}

static void
list_runs(struct client *client, const struct query *query, int64_t job)
{
	struct listing listing = {
		.options = query->options,
		.client = client,
		.columns = columns,
		.ncolumns = NCOLUMNS,
		.add_row = add_row,
		.limit = query->limit,
	};
	listing_begin(&listing);
	listing_add(&listing, "run.list", make_params(query, job));
	listing_end(&listing);
	if (!listing_is_table(&listing))
		return;
	if (listing.has_more)
		say("older runs are not shown; --limit 0 shows all");
	else if (listing.nshown == 0 && client_is_well(client))
		say(query->only_failed || query->only_running ? "no such runs" : "no runs yet");
}

int
cmd_runs(const struct cli_options *options, int argc, char **argv)
{
	struct query query = { .options = options, .limit = LIMIT_STANDARD };
	struct err err = { 0 };
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
	struct client *client = client_new(options);
	int64_t job = args.nwords ? find_job(client, args.words[0], &err) : 0;
	if (job || !args.nwords)
		list_runs(client, &query, job);
	else
		client_say(client, &err);
	return client_free(client);
}
