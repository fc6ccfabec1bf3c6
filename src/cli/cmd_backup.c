/* asched backup: a copy of the database, made by the running daemon. */
#include <stdlib.h>

#include "cli/answer.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/path.h"
#include "cli/screen.h"

int
cmd_backup(const struct cli_options *options, int argc, char **argv)
{
	struct args args = { .globals = options, .least = 1, .most = 1 };
	int exit_code;
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	struct client *client = client_new(options);
	char *path = path_absolute(args.words[0]);
	client_wait_long(client);
	json_t *params = json_pack("{s:s}", "path", path);
	json_t *answer = params ? client_call(client, "daemon.backup", params) : NULL;
	if (answer && !print_if_json(options, answer))
		say("%s holds a copy of the database", path);
	json_decref(answer);
	free(path);
	exit_code = client_free(client);
	return params ? exit_code
		      : say_usage(options, "path", "\"%s\" is not valid UTF-8", args.words[0]);
}
