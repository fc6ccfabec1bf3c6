/* asched set: changes fields of a job. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/answer.h"
#include "cli/client.h"
#include "cli/params.h"
#include "cli/preview.h"
#include "cli/screen.h"
#include "model/field.h"

#define NPREVIEW 3

static const struct option unset = { "unset", 0,       OPTION_TAKE,
				     NULL,    "FIELD", "Give a field its default again",
				     NULL };

struct changes {
	struct params params;
	json_t *unset; /* as keys of an object */
};

static int
take(void *arg, const struct option *option, const char *value)
{
	struct changes *changes = arg;
	const struct params *params = &changes->params;
	if (strcmp(option->name, unset.name) != 0)
		return params_take(&changes->params, option, value);
	const struct field *field = field_find(value, strlen(value));
	if (!field) {
		const char *near = field_suggest(value);
		return say_usage(params->globals, unset.name, "\"%s\" is no field%s%s%s", value,
				 near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	}
	char key[FIELD_KEY_MAX];
	json_object_set_new(changes->unset, field_key(field->name, key), json_null());
	return EXIT_DONE;
}

static int
unset_fields(const struct changes *changes)
{
	const char *key;
	json_t *value;
	json_object_foreach(changes->unset, key, value) {
		if (json_object_get(changes->params.object, key))
			return say_usage(changes->params.globals, unset.name,
					 "\"%s\" is set by another option", key);
	}
	json_object_update(changes->params.object, changes->unset);
	return EXIT_DONE;
}

static int
set_job(const struct cli_options *options, const char *job, json_t *params)
{
	struct client *client = client_new(options);
	struct screen screen;
	screen_init(&screen, options);
	json_object_set_new(params, "job", job_reference(job));
	json_t *answer = client_change(client, "job.set", json_incref(params));
	if (answer && !print_if_json(options, answer))
		preview_say(client, &screen, answer, job, NPREVIEW);
	json_decref(answer);
	return client_free(client);
}

int
cmd_set(const struct cli_options *options, int argc, char **argv)
{
	int exit_code;
	struct option *table = mem_array(1 + params_noptions(), sizeof(*table));
	struct changes changes = { .params = { .globals = options, .object = json_object() },
				   .unset = json_object() };
	const struct params *params = &changes.params;
	table[0] = unset;
	struct args args = { .globals = options,
			     .options = table,
			     .noptions = 1 + params_options(table + 1),
			     .least = 1,
			     .most = 1,
			     .takes_rest = true,
			     .take = take,
			     .arg = &changes };
	bool goes_on = args_read(&args, argc, argv, &exit_code);
	if (goes_on && args.rest)
		exit_code = params_command(params, args.rest, args.nrest);
	if (goes_on && exit_code == EXIT_DONE)
		exit_code = params_finish(params);
	if (goes_on && exit_code == EXIT_DONE)
		exit_code = unset_fields(&changes);
	if (goes_on && exit_code == EXIT_DONE && json_object_size(params->object) == 0)
		exit_code = say_usage(options, "", "nothing to change; see asched set --help");
	if (goes_on && exit_code == EXIT_DONE)
		exit_code = set_job(options, args.words[0], params->object);
	json_decref(params->object);
	json_decref(changes.unset);
	free(table);
	return exit_code;
}
