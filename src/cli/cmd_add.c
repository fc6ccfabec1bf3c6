/* asched add: makes a job. Its id goes to stdout, what asched understood to stderr. */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "cli/answer.h"
#include "cli/client.h"
#include "cli/params.h"
#include "cli/preview.h"
#include "cli/screen.h"

#define NPREVIEW 3 /* next times in the echo */

static void
tell_added(const struct cli_options *options, struct client *client, const json_t *answer)
{
	struct screen screen;
	const char *name = answer_text(answer, "name");
	screen_init(&screen, options);
	printf("%lld\n", (long long)answer_int(answer, "id"));
	fflush(stdout);
	preview_say(client, &screen, answer, *name ? name : "job", NPREVIEW);
}

static int
add_job(const struct cli_options *options, json_t *params, bool is_quiet)
{
	struct client *client = client_new(options);
	json_t *answer = client_change(client, "job.add", params);
	if (answer && options->json)
		print_json(json_incref(answer));
	else if (answer && is_quiet)
		printf("%lld\n", (long long)answer_int(answer, "id"));
	else if (answer)
		tell_added(options, client, answer);
	json_decref(answer);
	return client_free(client);
}

/* The words of the command line that are no options: WHEN, and the command behind "--". */
static int
take_words(const struct params *params, const struct args *args)
{
	int exit_code = EXIT_DONE;
	if (args->nwords)
		exit_code = params_text(params, "when", args->words[0]);
	if (exit_code == EXIT_DONE && args->rest)
		exit_code = params_command(params, args->rest, args->nrest);
	return exit_code == EXIT_DONE ? params_finish(params) : exit_code;
}

int
cmd_add(const struct cli_options *options, int argc, char **argv)
{
	bool is_quiet = false;
	int exit_code;
	struct option *table = mem_array(1 + params_noptions(), sizeof(*table));
	struct params params = { .globals = options, .object = json_object() };
	table[0] = (struct option){ "quiet",   'q',  OPTION_FLAG,
				    &is_quiet, NULL, "Print the id and nothing else",
				    NULL };
	struct args args = { .globals = options,
			     .options = table,
			     .noptions = 1 + params_options(table + 1),
			     .most = 1,
			     .takes_rest = true,
			     .take = params_take,
			     .arg = &params };
	if (args_read(&args, argc, argv, &exit_code)) {
		exit_code = take_words(&params, &args);
		if (exit_code == EXIT_DONE)
			exit_code = add_job(options, json_incref(params.object), is_quiet);
	}
	json_decref(params.object);
	free(table);
	return exit_code;
}
