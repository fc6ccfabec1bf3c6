/* asched next: when a schedule is due, without a daemon. */
#include <stdio.h>

#include "cli/batch.h"
#include "cli/command.h"
#include "cli/screen.h"
#include "cli/when.h"
#include "cli/words.h"

#define COUNT_DEFAULT 5
#define COUNT_MAX     100000

static const char *
mark_text(unsigned marks)
{
	if (marks & SCHEDULE_SHIFTED)
		return "  (shifted: the local time is skipped that day)";
	if (marks & SCHEDULE_REPEATED)
		return "  (the local time comes twice that day)";
	return "";
}

/* A zone that is NULL is UTC. */
static void
print_line(struct zone *zone, usec_t at, unsigned marks, usec_t now)
{
	char time[SCHEDULE_TIME_MAX], span[WORDS_MAX];
	usec_t local = at + (zone ? zone_span_at(zone, at)->offset : 0), clock;
	const char *day = civil_weekday_names[civil_weekday(civil_day_of(local, &clock))];
	printf("%s  %.3s  %s%s\n", schedule_print_time(zone, at, time), day,
	       words_when(at, now, span), mark_text(marks));
}

/* Prints up to n times; false: there is none at all. */
static bool
print_times(const struct schedule *s, struct zone *zone, usec_t from, int64_t n, bool is_json)
{
	char time[SCHEDULE_TIME_MAX];
	unsigned marks;
	usec_t at = schedule_next(s, from, &marks);
	if (at == USEC_NEVER)
		return false;
	if (is_json)
		putchar('[');
	for (int64_t i = 0; i < n && at != USEC_NEVER; i++) {
		if (is_json)
			printf("%s\"%s\"", i ? "," : "", schedule_print_time(zone, at, time));
		else
			print_line(zone, at, marks, from);
		at = schedule_next(s, at, &marks);
	}
	if (is_json)
		puts("]");
	return true;
}

/* Why there is no next time, in words that fit the kind. */
static int
refuse_never(const struct schedule *s, usec_t from, struct err *err)
{
	char time[SCHEDULE_TIME_MAX];
	const char *name = schedule_kind_name(schedule_kind(s));
	switch (schedule_kind(s)) {
	case SCHEDULE_ON_START:
		return err_invalid(err, name, "due once after each boot, not by the clock");
	default:
		return err_invalid(err, name, "never due after %s",
				   schedule_print_time(schedule_zone(s), from, time));
	}
}

static int
show_next(const struct cli_options *options, const struct when *when, const struct schedule *s,
	  int64_t n, struct err *err)
{
	struct zone *zone = options->utc ? NULL : schedule_zone(s);
	if (print_times(s, zone, when->context.now, n, options->json))
		return 0;
	return refuse_never(s, when->context.now, err);
}

static int
next_of_words(const struct cli_options *options, const struct when_options *given,
	      const struct args *args, int64_t n)
{
	struct when when;
	struct schedule s;
	struct err err = { 0 };
	enum schedule_kind kind;
	const char *text;
	int status = when_init(&when, given, &err);
	if (status == 0)
		status = when_choose(given, args->nwords ? args->words[0] : NULL, &kind, &text,
				     &err);
	if (status == 0 && (n < 1 || n > COUNT_MAX))
		status = err_invalid(&err, "count", "%lld is not in 1-%d", (long long)n, COUNT_MAX);
	if (status == 0)
		status = schedule_parse(&s, kind, text, &when.context, &err);
	if (status == 0) {
		status = show_next(options, &when, &s, n, &err);
		schedule_fini(&s);
	}
	if (status < 0)
		say_error(options, &err, EXIT_USAGE);
	when_fini(&when);
	return status < 0 ? EXIT_USAGE : EXIT_DONE;
}

static int
next_of_batch(const struct cli_options *options, const struct when_options *given)
{
	struct when when;
	struct err err = { 0 };
	int exit_code = EXIT_USAGE;
	if (when_init(&when, given, &err) < 0)
		say_error(options, &err, exit_code);
	else
		exit_code = batch_run(&when.context, options->utc);
	when_fini(&when);
	return exit_code;
}

int
cmd_next(const struct cli_options *options, int argc, char **argv)
{
	struct when_options given = { 0 };
	bool is_batch = false;
	int64_t n = -1;
	struct option table[WHEN_NOPTIONS + 2] = {
		{ "count", 'n', OPTION_COUNT, &n, "N", "how many times (5)", NULL },
		{ "batch", 0, OPTION_FLAG, &is_batch, NULL,
		  "read one JSON object a line from standard input and answer each with a line",
		  NULL },
	};
	when_options(&given, table + 2);
	struct args args = {
		.globals = options, .options = table, .noptions = WHEN_NOPTIONS + 2, .most = 1
	};
	int exit_code;
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	if (!is_batch)
		return next_of_words(options, &given, &args, n < 0 ? COUNT_DEFAULT : n);
	if (args.nwords || n >= 0 || when_is_given(&given))
		return say_usage(options, "batch",
				 "takes schedules and how many times from standard input");
	return next_of_batch(options, &given);
}
