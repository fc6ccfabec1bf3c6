/* asched events: what happens to runs, as it happens. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "cli/answer.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/find.h"
#include "cli/output.h"
#include "cli/screen.h"
#include "cli/text.h"
#include "cli/words.h"

/* "13:26:20  ended    run 41 of backup: ok, 1.2s" */
static void
print_event(const struct screen *screen, const json_t *event)
{
	char time[SCREEN_TIME_MAX], text[WORDS_MAX];
	struct buf job = BUF_EMPTY;
	const json_t *run = json_object_get(event, "run");
	const char *name = answer_text(event, "job");
	enum color color = color_result(run);
	text_add_safe(&job, name, strlen(name));
	if (!*name)
		buf_printf(&job, "job %lld", (long long)answer_int(run, "job_id"));
	printf("%s  %-8s  run %lld of %s%s%s",
	       screen_time(screen, answer_int(event, "at_us"), time), answer_text(event, "event"),
	       (long long)answer_int(run, "id"), screen_on(screen, BOLD), buf_text(&job),
	       screen_off(screen, BOLD));
	if (run_has_ended(run))
		printf(": %s%s%s", screen_on(screen, color), words_result(run, text),
		       screen_off(screen, color));
	if (answer_has(event, "took_us"))
		printf(", %s", words_took(answer_int(event, "took_us"), text));
	putchar('\n');
	buf_fini(&job);
}

/* Until the connection ends, or n events were shown (0: no limit). */
static void
show_events(struct client *client, const struct cli_options *options, int64_t n)
{
	struct screen screen;
	json_t *event;
	screen_init(&screen, options);
	for (int64_t i = 0; (n == 0 || i < n) && (event = client_event(client)); i++) {
		if (options->json)
			put_json(event, JSON_COMPACT);
		if (options->json)
			putchar('\n');
		else
			print_event(&screen, event);
		fflush(stdout);
		json_decref(event);
	}
}

static int
follow(const struct cli_options *options, const char *word, int64_t n)
{
	struct client *client = client_new(options);
	struct err err = { 0 };
	json_t *params = json_object();
	int64_t job = word ? find_job(client, word, &err) : 0;
	if (job)
		json_object_set_new(params, "job", json_integer(job));
	/* Of a number it is not known yet whether there is such a job: nothing would ever come. */
	json_t *known =
		job ? client_call(client, "job.get", json_pack("{s:I}", "job", (json_int_t)job))
		    : NULL;
	if (word && !job)
		client_say(client, &err);
	if (word && !known) {
		json_decref(params);
		return client_free(client);
	}
	json_decref(known);
	json_t *answer = client_call(client, "event.subscribe", params);
	if (answer)
		show_events(client, options, n);
	json_decref(answer);
	return client_free(client);
}

int
cmd_events(const struct cli_options *options, int argc, char **argv)
{
	int64_t n = 0;
	int exit_code;
	const struct option table[] = {
		{ "limit", 'n', OPTION_COUNT, &n, "N", "end after so many (0: never)" },
	};
	struct args args = { .globals = options, .options = table, .noptions = 1, .most = 1 };
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	return follow(options, args.nwords ? args.words[0] : NULL, n);
}
