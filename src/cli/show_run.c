/* One run and its attempts. */
#include "cli/show_run.h"

#include <stdio.h>

#include "cli/answer.h"
#include "cli/facts.h"
#include "cli/table.h"
#include "cli/words.h"

static const struct column columns[] = {
	{ "TRY", 0, true },  { "STARTED", 0 },   { "TOOK", 0, true },   { "RESULT", 12 },
	{ "PID", 0, true },  { "CPU", 0, true }, { "MEMORY", 0, true }, { "OUTPUT", 0, true },
	{ "LEFT", 0, true }, /* processes behind the main one */
};
#define NCOLUMNS (sizeof(columns) / sizeof(columns[0]))

/* A process's own end, and what there is to remark on it: that it shortened its output. */
static void
add_result(struct table *table, const json_t *attempt)
{
	const char *remark = answer_text(attempt, "text"), *colon = remark[0] ? ": " : "";
	if (!answer_has(attempt, "outcome"))
		table_add(table, CYAN, "running");
	else if (answer_bool(attempt, "timed_out"))
		table_add(table, RED, "timeout");
	else if (answer_has(attempt, "exit_code"))
		table_add(table, answer_int(attempt, "exit_code") ? RED : GREEN, "exit %lld%s%s",
			  (long long)answer_int(attempt, "exit_code"), colon, remark);
	else if (answer_has(attempt, "signal"))
		table_add(table, RED, "%s%s%s", answer_text(attempt, "signal"), colon, remark);
	else if (answer_has(attempt, "http_status"))
		table_add(table, PLAIN, "http %lld", (long long)answer_int(attempt, "http_status"));
	else
		table_add(table, RED, "%s: %s", answer_text(attempt, "outcome"), remark);
}

/* How much it wrote; "stdout + stderr" when these are kept apart. */
static void
add_output(struct table *table, const json_t *attempt)
{
	char output[WORDS_MAX], errors[WORDS_MAX];
	if (!answer_has(attempt, "output_bytes")) {
		table_add(table, PLAIN, "-");
		return;
	}
	const char *first = words_bytes(answer_int(attempt, "output_bytes"), output);
	if (answer_has(attempt, "stderr_bytes"))
		table_add(table, PLAIN, "%s + %s", first,
			  words_bytes(answer_int(attempt, "stderr_bytes"), errors));
	else
		table_add(table, PLAIN, "%s", first);
}

static void
add_attempt(struct table *table, const struct screen *screen, const json_t *attempt)
{
	char text[WORDS_MAX], time[SCREEN_TIME_MAX];
	usec_t started = answer_int(attempt, "started_us"), ended = answer_int(attempt, "ended_us");
	table_add(table, PLAIN, "%lld", (long long)answer_int(attempt, "number"));
	table_add(table, PLAIN, "%s", screen_time(screen, started, time));
	table_add(table, PLAIN, "%s",
		  started ? words_took((ended ? ended : screen->now) - started, text) : "-");
	add_result(table, attempt);
	if (answer_has(attempt, "pid"))
		table_add(table, PLAIN, "%lld", (long long)answer_int(attempt, "pid"));
	else
		table_add(table, PLAIN, "-");
	table_add(table, PLAIN, "%s",
		  answer_has(attempt, "cpu_us") ? words_took(answer_int(attempt, "cpu_us"), text)
						: "-");
	table_add(table, PLAIN, "%s",
		  answer_has(attempt, "peak_kib")
			  ? words_bytes(answer_int(attempt, "peak_kib") * 1024, text)
			  : "-");
	add_output(table, attempt);
	if (answer_int(attempt, "leftovers") > 0)
		table_add(table, YELLOW, "%lld", (long long)answer_int(attempt, "leftovers"));
	else
		table_add(table, PLAIN, "-");
}

void
show_run(const struct screen *screen, const json_t *run)
{
	char text[WORDS_MAX], time[SCREEN_TIME_MAX];
	const json_t *attempts = json_object_get(run, "attempts"), *attempt;
	size_t i;
	fact(screen, "run", BOLD, "%lld", (long long)answer_int(run, "id"));
	fact(screen, "job", BOLD, "%s%s%lld", answer_text(run, "job"),
	     answer_has(run, "job") ? ", " : "", (long long)answer_int(run, "job_id"));
	fact(screen, "due", PLAIN, "%s", screen_long_time(screen, answer_int(run, "due_us"), time));
	if (answer_int(run, "count") > 1)
		fact(screen, "to", PLAIN, "%s, %lld instants",
		     screen_long_time(screen, answer_int(run, "last_due_us"), time),
		     (long long)answer_int(run, "count"));
	fact(screen, "trigger", PLAIN, "%s%s%s", answer_text(run, "trigger"),
	     answer_bool(run, "catch_up") ? ", catching up" : "",
	     answer_bool(run, "forced") ? ", forced" : "");
	fact(screen, "result", color_result(run), "%s", words_result(run, text));
	if (json_array_size(attempts) == 0)
		return;
	putchar('\n');
	struct table *table = table_new(screen, columns, NCOLUMNS);
	json_array_foreach(attempts, i, attempt)
		add_attempt(table, screen, attempt);
	table_flush(table);
	table_free(table);
}
