/* asched queues: the lanes that runs go through; asked with a name and an option, changes one. */
#include "cli/answer.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/screen.h"
#include "cli/table.h"

static const struct column columns[] = {
	{ "QUEUE", 8 },         { "STATE", 0 },         { "SLOTS", 0, true },
	{ "RUNNING", 0, true }, { "WAITING", 0, true },
};
#define NCOLUMNS (sizeof(columns) / sizeof(columns[0]))

static void
print_queues(const struct cli_options *options, const json_t *items)
{
	struct screen screen;
	size_t i;
	json_t *queue;
	screen_init(&screen, options);
	struct table *table = table_new(&screen, columns, NCOLUMNS);
	json_array_foreach(items, i, queue)
	{
		bool is_paused = answer_bool(queue, "paused");
		table_add(table, BOLD, "%s", answer_text(queue, "name"));
		table_add(table, is_paused ? YELLOW : PLAIN, is_paused ? "paused" : "open");
		table_add(table, PLAIN, "%lld", (long long)answer_int(queue, "concurrency"));
		table_add(table, PLAIN, "%lld", (long long)answer_int(queue, "running"));
		table_add(table, PLAIN, "%lld", (long long)answer_int(queue, "waiting"));
	}
	table_flush(table);
	table_free(table);
}

static int
list_queues(const struct cli_options *options)
{
	struct client *client = client_new(options);
	json_t *answer = client_call(client, "queue.list", NULL);
	json_t *items = json_object_get(answer, "items");
	if (answer && options->json)
		print_json(json_incref(items));
	else if (answer)
		print_queues(options, items);
	json_decref(answer);
	return client_free(client);
}

static int
set_queue(const struct cli_options *options, json_t *params)
{
	struct client *client = client_new(options);
	const char *name = answer_text(params, "queue");
	json_t *answer = client_change(client, "queue.set", json_incref(params));
	if (answer && options->json)
		print_json(json_incref(answer));
	else if (answer)
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
