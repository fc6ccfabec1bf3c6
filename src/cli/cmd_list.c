/* asched list: the jobs, soonest first. What people look at all day. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/answer.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/listing.h"
#include "cli/text.h"
#include "cli/words.h"

struct query {
	const struct cli_options *options;
	bool with_ended, only_failed, only_running;
	bool only_ids, only_names; /* one a line, for scripts */
	const char *owner, *queue;
	int64_t limit; /* 0: none */
};

static const struct column columns[] = {
	{ "ID", 0, true },
	{ "NAME", 12 },
	{ "STATE", 0 },
	{ "SCHEDULE", 10, .rank = 1 },
	{ "NEXT", .rank = 3 },
	{ "IN", 0 },
	{ "LAST", .rank = 4 },
	{ "RESULT", 8 },
	{ "COMMAND", 8, .rank = 2 },
};
#define NCOLUMNS (sizeof(columns) / sizeof(columns[0]))

static json_t *
make_params(const struct query *query, const char *glob)
{
	json_t *params = json_object();
	if (query->with_ended)
		json_object_set_new(params, "all", json_true());
	if (query->only_failed)
		json_object_set_new(params, "failed", json_true());
	if (query->only_running)
		json_object_set_new(params, "running", json_true());
	if (query->owner)
		json_object_set_new(params, "owner", json_string(query->owner));
	if (query->queue)
		json_object_set_new(params, "queue", json_string(query->queue));
	if (glob)
		json_object_set_new(params, "name", json_string(glob));
	return params;
}

/* "active", or what is happening now: "running", "running x3", "waiting". */
static void
add_state(struct table *table, const json_t *job)
{
	const char *state = answer_text(job, "state");
	int64_t nrunning = answer_int(job, "running"), nwaiting = answer_int(job, "waiting");
	if (nrunning > 1)
		table_add(table, CYAN, "running x%lld", (long long)nrunning);
	else if (nrunning)
		table_add(table, CYAN, "running");
	else if (nwaiting)
		table_add(table, CYAN, "waiting");
	else if (state[0] == 'p')
		table_add(table, YELLOW, "%s", state);
	else if (state[0] == 'd')
		table_add(table, RED, "%s", state);
	else
		table_add(table, state[0] == 'a' ? PLAIN : DIM, "%s", state);
}

static void
add_row(struct table *table, const struct screen *screen, const json_t *job)
{
	char text[WORDS_MAX], time[SCREEN_TIME_MAX];
	struct buf command = BUF_EMPTY, schedule = BUF_EMPTY, name = BUF_EMPTY;
	const json_t *last = json_object_get(job, "last_run");
	bool is_active = strcmp(answer_text(job, "state"), "active") == 0;
	usec_t due = is_active ? answer_int(job, "next_due_us") : 0,
	       ended = answer_int(last, "ended_us");
	words_name(job, "name", &name);
	table_add(table, PLAIN, "%lld", (long long)answer_int(job, "id"));
	table_add(table, BOLD, "%s", name.len ? name.data : "-");
	add_state(table, job);
	words_schedule(job, &schedule);
	table_add(table, PLAIN, "%s", buf_text(&schedule));
	table_add(table, PLAIN, "%s", screen_short_time(screen, due, time));
	table_add(table, PLAIN, "%s",
		  due > screen->now ? words_span(due - screen->now, text)
		  : due > 0         ? "now"
				    : "-");
	table_add(table, DIM, "%s", words_when(ended, screen->now, text));
	table_add(table, color_result(last), "%s", words_result(last, text));
	if (answer_has(job, "user"))
		buf_printf(&command, "(%s) ", words_user(answer_int(job, "user"), text));
	words_command(job, &command);
	table_add(table, PLAIN, "%s", buf_text(&command));
	buf_fini(&command);
	buf_fini(&schedule);
	buf_fini(&name);
}

static void
print_id(const json_t *job)
{
	printf("%lld\n", (long long)answer_int(job, "id"));
}

/* As it is for a script, safe to look at on a terminal. */
static void
print_name(const json_t *job)
{
	struct buf name = BUF_EMPTY, safe = BUF_EMPTY;
	words_name(job, "name", &name);
	text_add_safe(&safe, buf_text(&name), name.len);
	if (name.len)
		puts(isatty(STDOUT_FILENO) ? safe.data : name.data);
	else
		print_id(job);
	buf_fini(&safe);
	buf_fini(&name);
}

static void
tell_nothing(const struct query *query, bool has_globs)
{
	if (query->only_failed || query->only_running || query->with_ended || query->queue ||
	    query->owner || has_globs)
		say("no such jobs");
	else
		say("no jobs; asched add makes one, asched list --all shows finished ones too");
}

static int
list_jobs(const struct query *query, const struct args *args)
{
	struct client *client = client_new(query->options);
	struct listing listing = {
		.options = query->options,
		.client = client,
		.columns = columns,
		.ncolumns = NCOLUMNS,
		.add_row = add_row,
		.print = query->only_names ? print_name
			 : query->only_ids ? print_id
					   : NULL,
		.limit = query->limit,
		.shown = args->nwords > 1 ? json_object() : NULL,
	};
	listing_begin(&listing);
	for (size_t i = 0; i < args->nwords && !listing.has_more; i++)
		listing_add(&listing, "job.list", make_params(query, args->words[i]));
	if (!args->nwords)
		listing_add(&listing, "job.list", make_params(query, NULL));
	listing_end(&listing);
	json_decref(listing.shown);
	if (listing_is_table(&listing) && listing.nshown == 0 && client_is_well(client))
		tell_nothing(query, args->nwords > 0);
	else if (listing_is_table(&listing) && listing.has_more)
		say("there are more; --limit 0 shows all");
	return client_free(client);
}

int
cmd_list(const struct cli_options *options, int argc, char **argv)
{
	struct query query = { .options = options };
	int exit_code;
	const struct option table[] = {
		{ "all", 'a', OPTION_FLAG, &query.with_ended, NULL,
		  "finished and cancelled jobs too" },
		{ "failed", 'f', OPTION_FLAG, &query.only_failed, NULL,
		  "only jobs whose last run failed" },
		{ "running", 'r', OPTION_FLAG, &query.only_running, NULL,
		  "only jobs that run now" },
		{ "queue", 0, OPTION_TEXT, &query.queue, "NAME", "only jobs of this queue" },
		{ "owner", 'u', OPTION_TEXT, &query.owner, "USER", "only jobs of this user" },
		{ "limit", 'n', OPTION_COUNT, &query.limit, "N", "at most so many (0: no limit)" },
		{ "quiet", 'q', OPTION_FLAG, &query.only_ids, NULL, "print only the ids" },
		{ "names", 0, OPTION_FLAG, &query.only_names, NULL,
		  "print only the names (the id of a job without one)" },
	};
	struct args args = { .globals = options,
			     .options = table,
			     .noptions = sizeof(table) / sizeof(table[0]),
			     .most = SIZE_MAX };
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	return list_jobs(&query, &args);
}
