/* asched logs: what a run printed, also while it prints it. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/answer.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/find.h"
#include "cli/output.h"
#include "cli/screen.h"
#include "cli/words.h"

#define LOOK_BACK 50                  /* runs searched for the newest one that was started */
#define WAIT_NS   (250 * 1000 * 1000) /* between two looks for a first run */

struct query {
	const char *word;     /* a job, or a run when there is no such job; NULL: the newest run */
	const char *run_text; /* --run */
	int64_t attempt;      /* 0: the last */
	struct output_style style;
};

/* The newest run of the job (0: of all jobs) that was started; 0 when there is none. */
static bool
find_newest(struct client *client, int64_t job, int64_t *run, struct err *err)
{
	size_t i;
	json_t *item, *params = json_pack("{s:i}", "limit", LOOK_BACK);
	if (job)
		json_object_set_new(params, "job", json_integer(job));
	json_t *page = client_try(client, "run.list", params, err);
	*run = 0;
	json_array_foreach(json_object_get(page, "items"), i, item) {
		if (*run == 0 && answer_int(item, "attempt") > 0)
			*run = answer_int(item, "id");
	}
	bool is_well = page;
	json_decref(page);
	return is_well;
}

/* The newest run; the first one is waited for when it is followed. 0: none, which was said. */
static int64_t
find_run(struct client *client, const struct query *query)
{
	const struct timespec wait = { .tv_nsec = WAIT_NS };
	struct err err = { 0 };
	int64_t run = 0, job = query->word ? find_job(client, query->word, &err) : 0;
	while (!query->word || job) {
		bool is_well = find_newest(client, job, &run, &err);
		if (run)
			return run;
		/* A number that is no job may be a run. */
		if (!is_well && err.code == ERR_NOT_FOUND && query->word &&
		    is_id(query->word, &run))
			return run;
		if (is_well && !query->style.follow)
			err_set(&err, ERR_NOT_FOUND,
				query->word ? "%s has not run yet" : "%s has run yet",
				query->word ? query->word : "no job");
		if (!is_well || !query->style.follow)
			break;
		nanosleep(&wait, NULL);
	}
	client_say(client, &err);
	return 0;
}

/* Says whose output it is to a person who did not ask for a certain run. */
static void
tell_run(struct client *client, const struct screen *screen, int64_t run)
{
	struct err err = { 0 };
	char when[WORDS_MAX], result[WORDS_MAX];
	json_t *object =
		client_try(client, "run.get", json_pack("{s:I}", "run", (json_int_t)run), &err);
	const char *name = answer_text(object, "job");
	char job[WORDS_MAX];
	snprintf(job, sizeof(job), "job %" PRId64, answer_int(object, "job_id"));
	if (object)
		say("run %" PRId64 " of %s, started %s: %s", run, *name ? name : job,
		    words_when(answer_int(object, "started_us"), screen->now, when),
		    words_result(object, result));
	json_decref(object);
}

static int
show_logs(const struct cli_options *options, const struct query *query)
{
	struct client *client = client_new(options);
	struct screen screen;
	screen_init(&screen, options);
	int64_t run = 0;
	if (!query->run_text || !is_id(query->run_text, &run))
		run = find_run(client, query);
	if (run && screen.is_terminal && !query->run_text && !options->json)
		tell_run(client, &screen, run);
	if (run)
		output_show(client, run, (int)query->attempt, &query->style);
	return client_free(client);
}

int
cmd_logs(const struct cli_options *options, int argc, char **argv)
{
	struct query query = { .style.is_json = options->json };
	int64_t run;
	bool only_stdout = false, only_stderr = false;
	int exit_code;
	const struct option table[] = {
		{ "follow", 'f', OPTION_FLAG, &query.style.follow, NULL,
		  "go on until the run has ended; wait for the first one" },
		{ "run", 'r', OPTION_TEXT, &query.run_text, "RUN", "of this run" },
		{ "attempt", 'a', OPTION_COUNT, &query.attempt, "N",
		  "of this attempt (0: the last)" },
		{ "stdout", 0, OPTION_FLAG, &only_stdout, NULL,
		  "only standard output, of a job with --split-output" },
		{ "stderr", 0, OPTION_FLAG, &only_stderr, NULL, "only standard error" },
		{ "raw", 0, OPTION_FLAG, &query.style.is_raw, NULL,
		  "the very bytes, control bytes included" },
	};
	struct args args = { .globals = options,
			     .options = table,
			     .noptions = sizeof(table) / sizeof(table[0]),
			     .most = 1 };
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	if (query.run_text && !is_id(query.run_text, &run))
		return say_usage(options, "run", "\"%s\" is not the number of a run",
				 query.run_text);
	if (query.run_text && args.nwords)
		return say_usage(options, "run", "names one run; what is \"%s\" beside it?",
				 args.words[0]);
	if (query.attempt > INT_MAX)
		return say_usage(options, "attempt", "%lld is not in 0 to %d",
				 (long long)query.attempt, INT_MAX);
	if (only_stdout && only_stderr)
		return say_usage(options, "stdout", "give it or --stderr, or neither for both");
	query.style.streams = only_stdout   ? STREAMS_STDOUT
			      : only_stderr ? STREAMS_STDERR
					    : STREAMS_BOTH;
	query.word = args.nwords ? args.words[0] : NULL;
	return show_logs(options, &query);
}
