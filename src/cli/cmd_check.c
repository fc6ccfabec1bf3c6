/* asched check: is the whole database as it should be? */
#include "cli/answer.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/screen.h"

static void
print_problems(const json_t *answer)
{
	const json_t *problem, *problems = json_object_get(answer, "problems");
	size_t i;
	json_array_foreach(problems, i, problem)
		say("%s", json_string_value(problem));
	if (answer_bool(answer, "whole"))
		say("the database is whole");
	else
		say("the database is damaged: stop the daemon and put a backup in its place");
}

int
cmd_check(const struct cli_options *options, int argc, char **argv)
{
	struct args args = { .globals = options };
	int exit_code;
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	struct client *client = client_new(options);
	client_wait_long(client);
	json_t *answer = client_call(client, "daemon.check", NULL);
	bool is_damaged = answer && !answer_bool(answer, "whole");
	if (answer && !print_if_json(options, answer))
		print_problems(answer);
	json_decref(answer);
	exit_code = client_free(client);
	return is_damaged ? EXIT_FAILED : exit_code;
}
