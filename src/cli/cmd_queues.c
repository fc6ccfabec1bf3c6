/* asched queues: the lanes that runs go through; asked with a name and an option, changes one. */
#include "cli/answer.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/listing.h"

static const struct column columns[] = {
	{ "QUEUE", 8 },         { "STATE", 0 },         { "SLOTS", 0, true },
	{ "RUNNING", 0, true }, { "WAITING", 0, true },
};
#define NCOLUMNS (sizeof(columns) / sizeof(columns[0]))

static void
add_row(struct table *table, const struct screen *screen, const json_t *queue)
{
	bool is_paused = answer_bool(queue, "paused");
	(void)screen;
	table_add(table, BOLD, "%s", answer_text(queue, "name"));
	table_add(table, is_paused ? YELLOW : PLAIN, is_paused ? "paused" : "open");
	table_add(table, PLAIN, "%lld", (long long)answer_int(queue, "concurrency"));
	table_add(table, PLAIN, "%lld", (long long)answer_int(queue, "running"));
	table_add(table, PLAIN, "%lld", (long long)answer_int(queue, "waiting"));
}

static int
list_queues(const struct cli_options *options)
{
	struct client *client = client_new(options);
	struct listing listing = { .options = options,
				   .client = client,
				   .columns = columns,
				   .ncolumns = NCOLUMNS,
				   .add_row = add_row,
				   .is_whole = true };
	listing_begin(&listing);
	listing_add(&listing, "queue.list", json_object());
	listing_end(&listing);
	return client_free(client);
}

static int
set_queue(const struct cli_options *options, json_t *params)
{
	struct client *client = client_new(options);
	const char *name = answer_text(params, "queue");
	json_t *answer = client_change(client, "queue.set", json_incref(params));
	if (answer && !print_if_json(options, answer))
		say("queue %s is changed", name);
	json_decref(answer);
	json_decref(params);
	return client_free(client);
}

int
cmd_queues(const struct cli_options *options, int argc, char **argv)
{
	int64_t concurrency = -1;
	bool pauses = false, resumes = false;
	int exit_code;
	const struct option table[] = {
		{ "concurrency", 'c', OPTION_COUNT, &concurrency, "N",
		  "runs at the same time at most" },
		{ "pause", 0, OPTION_FLAG, &pauses, NULL, "let its runs wait" },
		{ "resume", 0, OPTION_FLAG, &resumes, NULL, "let its runs start again" },
	};
	struct args args = { .globals = options,
			     .options = table,
			     .noptions = sizeof(table) / sizeof(table[0]),
			     .most = 1 };
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	bool is_change = concurrency >= 0 || pauses || resumes;
	if (pauses && resumes)
		return say_usage(options, "pause", "and --resume exclude each other");
	if (is_change != (args.nwords == 1))
		return say_usage(options, "", "a queue's name and what to change go together");
	if (!is_change)
		return list_queues(options);
	json_t *params = json_pack("{s:s}", "queue", args.words[0]);
	if (concurrency >= 0)
		json_object_set_new(params, "concurrency", json_integer(concurrency));
	if (pauses || resumes)
		json_object_set_new(params, "paused", json_boolean(pauses));
	return set_queue(options, params);
}
