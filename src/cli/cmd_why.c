/* asched why: what happened to a job at an instant, or will, and why. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "cli/answer.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/find.h"
#include "cli/screen.h"
#include "cli/text.h"
#include "cli/when.h"

#define LOOK_BACK 50 /* runs searched for the last one by the schedule */
#define CLOCK_LEN 19 /* "2026-11-20T10:00:00" */

/* Reads the instant that a person wrote. False: it is none, and that was said. */
static bool
read_instant(const struct cli_options *options, const char *text, usec_t *at)
{
	const struct when_options none = { 0 };
	struct schedule schedule;
	struct when when;
	struct err err = { 0 };
	bool is_well = when_init(&when, &none, &err) == 0 &&
		       schedule_parse(&schedule, SCHEDULE_AT, text, &when.context, &err) == 0;
	if (is_well) {
		*at = schedule_next(&schedule, 0, NULL);
		schedule_fini(&schedule);
	} else {
		err_in_field(&err, "at");
		say_error(options, &err, EXIT_USAGE);
	}
	when_fini(&when);
	return is_well;
}

/* Without --at: the last instant on record, else the next one, else now (0). */
static bool
choose_instant(struct client *client, int64_t job, usec_t *at)
{
	size_t i;
	json_t *run;
	json_t *params = json_pack("{s:I, s:i}", "job", (json_int_t)job, "limit", LOOK_BACK);
	json_t *page = client_call(client, "run.list", params);
	*at = 0;
	if (!page)
		return false;
	json_array_foreach(json_object_get(page, "items"), i, run) {
		if (*at == 0 && strcmp(answer_text(run, "trigger"), "schedule") == 0)
			*at = answer_int(run, "last_due_us");
	}
	json_decref(page);
	if (*at)
		return true;
	json_t *answer = client_call(client, "job.get", json_pack("{s:I}", "job", (json_int_t)job));
	bool is_well = answer;
	*at = answer_int(answer, "next_due_us");
	json_decref(answer);
	return is_well;
}

/*
 * An instant for the reader and, where their clocks differ, as the clock of the job's zone shows
 * it: by that go the sentences. Which zone that is only the daemon knows.
 */
static void
print_instant(const struct screen *screen, const json_t *answer, const char *key, usec_t at)
{
	char time[SCREEN_TIME_MAX], local[CLOCK_LEN + 1];
	const char *text = answer_text(answer, key), *offset = text + CLOCK_LEN;
	printf("%s", screen_long_time(screen, at, time));
	if (strlen(text) < CLOCK_LEN)
		return;
	snprintf(local, sizeof(local), "%.10s %s", text, text + 11);
	offset += strcspn(offset, "+-Z");
	if (strncmp(screen_time(screen, at, time), local, CLOCK_LEN) != 0)
		printf(" (%s %s)", local, offset);
}

static void
print_chain(const struct cli_options *options, const json_t *answer)
{
	struct screen screen;
	size_t i;
	json_t *sentence;
	screen_init(&screen, options);
	printf("%s", screen_on(&screen, BOLD));
	print_instant(&screen, answer, "at", answer_int(answer, "at_us"));
	printf("%s\n", screen_off(&screen, BOLD));
	json_array_foreach(json_object_get(answer, "why"), i, sentence) {
		struct buf safe = BUF_EMPTY;
		const char *text = json_string_value(sentence);
		text_add_safe(&safe, text ? text : "", text ? strlen(text) : 0);
		printf("  %s\n", buf_text(&safe));
		buf_fini(&safe);
	}
	if (answer_int(answer, "following_us") > 0) {
		printf("  due next after that: ");
		print_instant(&screen, answer, "following", answer_int(answer, "following_us"));
		printf("\n");
	}
}

/* Asks about the instant; at 0 is for us to choose. */
static int
tell_why(const struct cli_options *options, const char *word, usec_t at)
{
	struct client *client = client_new(options);
	struct err err = { 0 };
	int64_t job = find_job(client, word, &err);
	if (!job)
		client_say(client, &err);
	if (!job || (!at && !choose_instant(client, job, &at)))
		return client_free(client);
	json_t *params = json_pack("{s:I}", "job", (json_int_t)job);
	if (at)
		json_object_set_new(params, "at", json_integer(at));
	json_t *answer = client_call(client, "job.why", params);
	if (answer && !print_if_json(options, answer))
		print_chain(options, answer);
	json_decref(answer);
	return client_free(client);
}

int
cmd_why(const struct cli_options *options, int argc, char **argv)
{
	const char *at_text = NULL;
	usec_t at = 0;
	int exit_code;
	const struct option table[] = {
		{ "at", 0, OPTION_TEXT, &at_text, "TIME",
		  "this instant; without it the last one on record, else the next one" },
	};
	struct args args = { .globals = options,
			     .options = table,
			     .noptions = sizeof(table) / sizeof(table[0]),
			     .least = 1,
			     .most = 1 };
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	if (at_text && !read_instant(options, at_text, &at))
		return EXIT_USAGE;
	return tell_why(options, args.words[0], at);
}
