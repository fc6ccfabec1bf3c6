/* asched status, reload, restart: the daemon itself. */
#include <string.h>

#include "cli/answer.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/facts.h"
#include "cli/screen.h"
#include "cli/words.h"

/* "p50 0.10 ms  p99 0.40 ms  max 2.00 ms" */
static void
print_latency(const struct screen *screen, const char *label, const json_t *latency)
{
	fact(screen, label, PLAIN, "p50 %.2f ms, p99 %.2f ms, max %.2f ms",
	     (double)answer_int(latency, "p50") / USEC_PER_MSEC,
	     (double)answer_int(latency, "p99") / USEC_PER_MSEC,
	     (double)answer_int(latency, "max") / USEC_PER_MSEC);
}

static void
print_store(const struct screen *screen, const json_t *status)
{
	const json_t *store = json_object_get(status, "store");
	const char *state = answer_text(store, "state"), *detail = answer_text(store, "detail");
	enum color color = strcmp(state, "ok") == 0 ? GREEN : RED;
	char text[WORDS_MAX];
	fact(screen, "store", color, "%s%s%s", state, *detail ? ": " : "", detail);
	if (answer_has(status, "database_bytes"))
		fact(screen, "database", PLAIN, "%s, %lld runs on record",
		     words_bytes(answer_int(status, "database_bytes"), text),
		     (long long)answer_int(status, "runs"));
}

static void
print_queues(const struct screen *screen, const json_t *queues)
{
	size_t i;
	const json_t *queue;
	json_array_foreach(queues, i, queue) {
		fact(screen, "queue", answer_bool(queue, "paused") ? YELLOW : PLAIN,
		     "%s: %lld of %lld running, %lld waiting%s", answer_text(queue, "name"),
		     (long long)answer_int(queue, "running"),
		     (long long)answer_int(queue, "concurrency"),
		     (long long)answer_int(queue, "waiting"),
		     answer_bool(queue, "paused") ? ", paused" : "");
	}
}

static void
print_trouble(const struct screen *screen, const json_t *status)
{
	char time[SCREEN_TIME_MAX];
	int64_t nlost = answer_int(status, "log_lines_lost");
	if (nlost > 0)
		fact(screen, "log", RED, "%lld lines lost: nobody reads it fast enough",
		     (long long)nlost);
	if (answer_has(status, "last_trouble"))
		fact(screen, "last trouble", RED, "%s, %s",
		     screen_long_time(screen, answer_int(status, "last_trouble_at_us"), time),
		     answer_text(status, "last_trouble"));
}

static void
print_status(const struct screen *screen, const json_t *status)
{
	char text[WORDS_MAX], time[SCREEN_TIME_MAX];
	usec_t uptime = answer_int(status, "uptime_us");
	fact(screen, "asched", PLAIN, "%s, pid %lld, spawner %lld", answer_text(status, "version"),
	     (long long)answer_int(status, "pid"), (long long)answer_int(status, "spawner_pid"));
	fact(screen, "up", PLAIN, "%s, since %s", words_took(uptime, text),
	     screen_long_time(screen, screen->now - uptime, time));
	if (answer_has(status, "jobs"))
		fact(screen, "jobs", PLAIN, "%lld", (long long)answer_int(status, "jobs"));
	if (answer_has(status, "runs_running"))
		fact(screen, "runs", PLAIN, "%lld running, %lld waiting",
		     (long long)answer_int(status, "runs_running"),
		     (long long)answer_int(status, "runs_waiting"));
	print_queues(screen, json_object_get(status, "queues"));
	print_store(screen, status);
	fact(screen, "requests", PLAIN, "%lld wait for the store, %lld connections",
	     (long long)answer_int(status, "requests_queued"),
	     (long long)answer_int(status, "connections"));
	print_latency(screen, "start late", json_object_get(status, "start_late_us"));
	print_latency(screen, "commit", json_object_get(status, "commit_us"));
	print_latency(screen, "loop lag", json_object_get(status, "loop_lag_us"));
	fact(screen, "memory", PLAIN, "%s",
	     words_bytes(answer_int(status, "rss_kib") * 1024, text));
	print_trouble(screen, status);
}

/* The store counts them for us; in trouble it cannot, and the rest is all the more wanted. */
static void
add_queues(struct client *client, json_t *status)
{
	struct err err = { 0 };
	json_t *list = client_try(client, "queue.list", NULL, &err);
	json_object_set(status, "queues", list ? json_object_get(list, "items") : json_null());
	json_decref(list);
}

int
cmd_status(const struct cli_options *options, int argc, char **argv)
{
	struct args args = { .globals = options };
	struct screen screen;
	int exit_code;
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	struct client *client = client_new(options);
	json_t *status = client_call(client, "daemon.status", NULL);
	if (status)
		add_queues(client, status);
	screen_init(&screen, options);
	if (status && !print_if_json(options, status))
		print_status(&screen, status);
	json_decref(status);
	return client_free(client);
}

/* A request without parameters, and what to say when it is done. */
static int
ask_daemon(const struct cli_options *options, int argc, char **argv, const char *method,
	   const char *done)
{
	struct args args = { .globals = options };
	int exit_code;
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	struct client *client = client_new(options);
	json_t *answer = client_call(client, method, NULL);
	if (answer && !print_if_json(options, answer))
		say("%s", done);
	json_decref(answer);
	return client_free(client);
}

int
cmd_reload(const struct cli_options *options, int argc, char **argv)
{
	return ask_daemon(options, argc, argv, "daemon.reload", "the configuration is reloaded");
}

int
cmd_restart(const struct cli_options *options, int argc, char **argv)
{
	return ask_daemon(options, argc, argv, "daemon.restart",
			  "the daemon starts anew; running work goes on");
}
