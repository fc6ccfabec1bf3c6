/* asched explain: a schedule in words. */
#include <jansson.h>
#include <stdio.h>

#include "cli/answer.h"
#include "cli/command.h"
#include "cli/screen.h"
#include "cli/when.h"

static void
print_words(const struct schedule *s, bool is_json)
{
	struct buf words = BUF_EMPTY, canonical = BUF_EMPTY;
	schedule_explain(s, &words);
	schedule_print(s, &canonical);
	if (is_json)
		print_json(json_pack("{s:s, s:s, s:s}", "kind",
				     schedule_kind_name(schedule_kind(s)), "schedule",
				     buf_text(&canonical), "words", buf_text(&words)));
	else
		puts(buf_text(&words));
	buf_fini(&words);
	buf_fini(&canonical);
}

int
cmd_explain(const struct cli_options *options, int argc, char **argv)
{
	struct when_options given = { 0 };
	struct option table[WHEN_NOPTIONS];
	when_options(&given, table);
	struct args args = {
		.globals = options, .options = table, .noptions = WHEN_NOPTIONS, .most = 1
	};
	struct when when;
	struct schedule s;
	struct err err = { 0 };
	enum schedule_kind kind;
	const char *text;
	int exit_code;
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	int status = when_init(&when, &given, &err);
	if (status == 0)
		status =
			when_choose(&given, args.nwords ? args.words[0] : NULL, &kind, &text, &err);
	if (status == 0)
		status = schedule_parse(&s, kind, text, &when.context, &err);
	if (status == 0) {
		print_words(&s, options->json);
		schedule_fini(&s);
	} else {
		say_error(options, &err, EXIT_USAGE);
	}
	when_fini(&when);
	return status == 0 ? EXIT_DONE : EXIT_USAGE;
}
