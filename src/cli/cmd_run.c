/* asched run: starts a job now, and may stay until it has ended. */
#include <stdio.h>

#include "cli/answer.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/screen.h"
#include "cli/words.h"

struct query {
	const char *job;
	bool is_forced, wait, follow;
};

/* Waits for the end of the run; gives the code to exit with. */
static int
see_to_its_end(struct client *client, const struct cli_options *options, const struct query *query,
	       int64_t run)
{
	const struct output_style style = { .follow = true };
	char result[WORDS_MAX];
	if (query->follow && !output_show(client, run, 0, &style))
		return EXIT_FAILED;
	json_t *object = run_wait(client, run);
	if (!object)
		return EXIT_FAILED;
	int exit_code = run_exit_code(object);
	if (options->json)
		print_json(json_incref(object));
	else if (exit_code != EXIT_DONE)
		say("asched: run %lld: %s", (long long)run, words_result(object, result));
	json_decref(object);
	return exit_code;
}

static int
run_job(const struct cli_options *options, const struct query *query)
{
	struct client *client = client_new(options);
	int run_code = EXIT_DONE;
	json_t *params = json_pack("{s:o}", "job", job_reference(query->job));
	if (query->is_forced)
		json_object_set_new(params, "force", json_true());
	json_t *answer = client_change(client, "job.run", params);
	int64_t run = answer_int(answer, "run");
	if (answer && query->follow)
		say("run %lld", (long long)run);
	else if (answer && !options->json)
		printf("%lld\n", (long long)run);
	else if (answer && !query->wait)
		print_json(json_incref(answer));
	fflush(stdout);
	if (answer && (query->wait || query->follow))
		run_code = see_to_its_end(client, options, query, run);
	json_decref(answer);
	int exit_code = client_free(client);
	return exit_code != EXIT_DONE ? exit_code : run_code;
}

int
cmd_run(const struct cli_options *options, int argc, char **argv)
{
	struct query query = { 0 };
	int exit_code;
	const struct option table[] = {
		{ "wait", 'w', OPTION_FLAG, &query.wait, NULL,
		  "wait for its end, exit with its code (128+n: a signal, 124: time-out)" },
		{ "follow", 'f', OPTION_FLAG, &query.follow, NULL, "show its output meanwhile" },
		{ "force", 0, OPTION_FLAG, &query.is_forced, NULL,
		  "even if it runs already, whatever overlap says" },
	};
	struct args args = { .globals = options,
			     .options = table,
			     .noptions = sizeof(table) / sizeof(table[0]),
			     .least = 1,
			     .most = 1 };
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	query.job = args.words[0];
	return run_job(options, &query);
}
