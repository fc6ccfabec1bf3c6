/* asched run: starts a job now, and may stay until it has ended. */
#include <stdio.h>
#include <unistd.h>

#include "cli/answer.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/screen.h"
#include "cli/terminal.h"
#include "cli/words.h"

#define ANSWER_WAIT_MS 50

struct query {
	const char *job;
	bool is_forced, wait, follow, tty;
	struct terminal *terminal; /* of the run, with tty */
};

/* A run and the connection to ask about it. */
struct watch {
	struct client *client;
	int64_t run;
	bool is_asked;
};

/* Keys wait meanwhile, so it is not for long that an answer is waited for. */
static int
has_ended(void *arg)
{
	struct watch *watch = arg;
	struct err err;
	if (!watch->is_asked &&
	    client_ask(watch->client, "run.get", json_pack("{s:I}", "run", (json_int_t)watch->run),
		       &err) != 0)
		return -1;
	json_t *run = client_hear(watch->client, ANSWER_WAIT_MS, &err);
	watch->is_asked = !run && err.code == ERR_NONE;
	int result = run ? run_has_ended(run) : -1;
	json_decref(run);
	return result;
}

/* A terminal for the run, which is that of its job's user. False: it failed and was said. */
static bool
make_terminal(struct client *client, struct query *query)
{
	struct err err = { 0 };
	json_t *job = client_call(client, "job.get",
				  json_pack("{s:o}", "job", job_reference(query->job)));
	if (!job)
		return false;
	int64_t uid = answer_int(job, answer_has(job, "user") ? "user" : "owner");
	json_decref(job);
	query->terminal = terminal_new((uid_t)uid, &err);
	if (!query->terminal)
		client_say(client, &err);
	return query->terminal;
}

/* Gives the signal that ended it; the run is cancelled then. */
static int
be_its_terminal(struct client *client, const struct query *query, int64_t run)
{
	struct watch watch = { client, run, false };
	int signo = terminal_relay(query->terminal, has_ended, &watch);
	if (watch.is_asked)
		client_drop(client);
	if (signo)
		json_decref(client_change(client, "run.cancel",
					  json_pack("{s:I}", "run", (json_int_t)run)));
	return signo;
}

/* Waits for the end of the run; gives the code to exit with. */
static int
see_to_its_end(struct client *client, const struct cli_options *options, const struct query *query,
	       int64_t run)
{
	const struct output_style style = { .is_json = options->json, .follow = true };
	char result[WORDS_MAX];
	int signo = query->terminal ? be_its_terminal(client, query, run) : 0;
	if (signo)
		return 128 + signo;
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

static json_t *
ask_for_run(struct client *client, struct query *query)
{
	if (query->tty && !make_terminal(client, query))
		return NULL;
	json_t *params = json_pack("{s:o}", "job", job_reference(query->job));
	if (query->is_forced)
		json_object_set_new(params, "force", json_true());
	if (query->tty)
		json_object_set_new(params, "tty", json_integer(terminal_number(query->terminal)));
	return client_change(client, "job.run", params);
}

static int
run_job(const struct cli_options *options, struct query *query)
{
	struct client *client = client_new(options);
	int run_code = EXIT_DONE;
	json_t *answer = ask_for_run(client, query);
	int64_t run = answer_int(answer, "run");
	bool stays = query->wait || query->follow || query->tty;
	if (answer && query->follow)
		say("run %lld", (long long)run);
	else if (answer && !options->json && !query->tty)
		printf("%lld\n", (long long)run);
	else if (answer && !stays)
		print_json(json_incref(answer));
	fflush(stdout);
	if (answer && stays)
		run_code = see_to_its_end(client, options, query, run);
	json_decref(answer);
	terminal_free(query->terminal);
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
		{ "tty", 't', OPTION_FLAG, &query.tty, NULL,
		  "give it this terminal, and wait for its end as --wait does" },
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
	if (query.tty && query.follow)
		return say_usage(options, "tty", "what --follow shows is on the terminal already");
	if (query.tty && !isatty(STDIN_FILENO))
		return say_usage(options, "tty", "standard input is not a terminal");
	return run_job(options, &query);
}
