/* asched cancel: removes jobs, or stops one run. */
#include "cli/answer.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/screen.h"

static int
cancel_run(const struct cli_options *options, int64_t run, bool is_hard)
{
	struct client *client = client_new(options);
	json_t *params = json_pack("{s:I}", "run", (json_int_t)run);
	if (is_hard)
		json_object_set_new(params, "kill", json_true());
	json_t *answer = client_change(client, "run.cancel", params);
	if (answer && !print_if_json(options, answer))
		say("run %lld is asked to stop", (long long)run);
	json_decref(answer);
	return client_free(client);
}

static int
cancel_jobs(const struct cli_options *options, const struct args *args, bool with_running)
{
	struct client *client = client_new(options);
	for (size_t i = 0; i < args->nwords; i++) {
		json_t *params = json_pack("{s:o}", "job", job_reference(args->words[i]));
		if (with_running)
			json_object_set_new(params, "kill", json_true());
		json_t *answer = client_change(client, "job.cancel", params);
		if (answer && !print_if_json(options, answer))
			say("%s is cancelled", args->words[i]);
		json_decref(answer);
	}
	return client_free(client);
}

int
cmd_cancel(const struct cli_options *options, int argc, char **argv)
{
	const char *run_text = NULL;
	bool is_hard = false;
	int64_t run = 0;
	int exit_code;
	const struct option table[] = {
		{ "run", 'r', OPTION_TEXT, &run_text, "RUN", "stop this run; its job stays" },
		{ "kill", 'k', OPTION_FLAG, &is_hard, NULL,
		  "also stop the job's running run; with --run, at once" },
	};
	struct args args = {
		.globals = options, .options = table, .noptions = 2, .most = SIZE_MAX
	};
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	if (run_text && !is_id(run_text, &run))
		return say_usage(options, "run", "\"%s\" is not the number of a run", run_text);
	if (run_text && args.nwords)
		return say_usage(options, "run", "stops one run; \"%s\" beside it is a job",
				 args.words[0]);
	if (!run_text && !args.nwords)
		return say_usage(options, "",
				 "which job? (asched list), or --run RUN (asched runs)");
	return run_text ? cancel_run(options, run, is_hard) : cancel_jobs(options, &args, is_hard);
}
