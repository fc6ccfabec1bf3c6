/* asched pause, resume, retry: one request for each word. */
#include "cli/answer.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/screen.h"

/* What is asked for one word; params are made by `make`. */
struct request {
	const char *method;
	json_t *(*make)(const char *word); /* NULL: the word is wrong */
	void (*tell)(const struct screen *screen, const char *word, const json_t *answer);
};

static json_t *
make_job_params(const char *word)
{
	return json_pack("{s:o}", "job", job_reference(word));
}

static json_t *
make_run_params(const char *word)
{
	int64_t id;
	return is_id(word, &id) ? json_pack("{s:I}", "run", (json_int_t)id) : NULL;
}

/* Does it for every word, going on after a failure; the first one makes the exit code. */
static int
do_each(const struct cli_options *options, const struct request *request, const struct args *args)
{
	struct client *client = client_new(options);
	struct screen screen;
	int wrong = EXIT_DONE;
	screen_init(&screen, options);
	for (size_t i = 0; i < args->nwords; i++) {
		json_t *params = request->make(args->words[i]);
		if (!params) {
			wrong = say_usage(options, "run", "\"%s\" is not the number of a run",
					  args->words[i]);
			continue;
		}
		json_t *answer = client_change(client, request->method, params);
		if (answer && !print_if_json(options, answer))
			request->tell(&screen, args->words[i], answer);
		json_decref(answer);
	}
	int exit_code = client_free(client);
	return exit_code != EXIT_DONE ? exit_code : wrong;
}

static void
tell_paused(const struct screen *screen, const char *word, const json_t *answer)
{
	(void)screen;
	(void)answer;
	say("%s is paused; asched resume %s lets it go on", word, word);
}

static void
tell_resumed(const struct screen *screen, const char *word, const json_t *answer)
{
	char time[SCREEN_TIME_MAX];
	usec_t due = answer_int(answer, "next_due_us");
	if (due > 0)
		say("%s goes on; next: %s", word, screen_long_time(screen, due, time));
	else
		say("%s goes on", word);
}

static void
tell_retried(const struct screen *screen, const char *word, const json_t *answer)
{
	(void)screen;
	(void)word;
	printf("%" JSON_INTEGER_FORMAT "\n", (json_int_t)answer_int(answer, "run"));
}

static int
read_and_do(const struct cli_options *options, const struct request *request, int argc, char **argv)
{
	struct args args = { .globals = options, .least = 1, .most = SIZE_MAX };
	int exit_code;
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	return do_each(options, request, &args);
}

int
cmd_pause(const struct cli_options *options, int argc, char **argv)
{
	static const struct request request = { "job.pause", make_job_params, tell_paused };
	return read_and_do(options, &request, argc, argv);
}

int
cmd_resume(const struct cli_options *options, int argc, char **argv)
{
	static const struct request request = { "job.resume", make_job_params, tell_resumed };
	return read_and_do(options, &request, argc, argv);
}

int
cmd_retry(const struct cli_options *options, int argc, char **argv)
{
	static const struct request request = { "run.retry", make_run_params, tell_retried };
	return read_and_do(options, &request, argc, argv);
}
