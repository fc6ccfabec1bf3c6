/* asched status, reload, restart: the daemon itself. */
#include <stdio.h>

#include "cli/answer.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/screen.h"
#include "cli/words.h"

#define LABEL_COLUMNS 14

static void
print_label(const struct screen *screen, const char *label)
{
	printf("%s%-*s%s", screen_on(screen, BOLD), LABEL_COLUMNS, label, screen_off(screen, BOLD));
}

/* "p50 0.1 ms  p99 0.4 ms  max 2 ms" */
static void
print_latency(const struct screen *screen, const char *label, const json_t *latency)
{
	static const char *const ranks[] = { "p50", "p99", "max" };
	print_label(screen, label);
	for (size_t i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++) {
		if (answer_has(latency, ranks[i]))
			printf("%s%s %.2f ms", i ? "  " : "", ranks[i],
			       (double)answer_int(latency, ranks[i]) / USEC_PER_MSEC);
	}
	putchar('\n');
}

static void
print_store(const struct screen *screen, const json_t *store)
{
	const char *state = answer_text(store, "state"), *detail = answer_text(store, "detail");
	enum color color = state[0] == 'o' ? GREEN : RED;
	print_label(screen, "store");
	printf("%s%s%s%s%s\n", screen_on(screen, color), state, screen_off(screen, color),
	       *detail ? ": " : "", detail);
}

static void
print_status(const struct screen *screen, const json_t *status)
{
	char text[WORDS_MAX], time[SCREEN_TIME_MAX];
	usec_t uptime = answer_int(status, "uptime_us");
	print_label(screen, "asched");
	printf("%s, pid %lld (spawner %lld)\n", answer_text(status, "version"),
	       (long long)answer_int(status, "pid"), (long long)answer_int(status, "spawner_pid"));
	print_label(screen, "up");
	printf("%s, since %s\n", words_took(uptime, text),
	       screen_long_time(screen, screen->now - uptime, time));
	print_label(screen, "jobs");
	printf("%lld\n", (long long)answer_int(status, "jobs"));
	print_label(screen, "runs");
	printf("%lld running, %lld waiting\n", (long long)answer_int(status, "runs_running"),
	       (long long)answer_int(status, "runs_waiting"));
	print_store(screen, json_object_get(status, "store"));
	print_latency(screen, "start late", json_object_get(status, "start_late_us"));
	print_latency(screen, "commit", json_object_get(status, "commit_us"));
	print_latency(screen, "loop lag", json_object_get(status, "loop_lag_us"));
	print_label(screen, "memory");
	printf("%s\n", words_bytes(answer_int(status, "rss_kib") * 1024, text));
	if (answer_has(status, "database_bytes")) {
		print_label(screen, "database");
		printf("%s, %lld runs on record\n",
		       words_bytes(answer_int(status, "database_bytes"), text),
		       (long long)answer_int(status, "runs"));
	}
	if (answer_has(status, "last_trouble")) {
		print_label(screen, "last trouble");
		printf("%s\n", answer_text(status, "last_trouble"));
	}
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
	screen_init(&screen, options);
	if (status && options->json)
		print_json(json_incref(status));
	else if (status)
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
	if (answer && options->json)
		print_json(json_incref(answer));
	else if (answer)
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
			  "the daemon is replaced; running work goes on");
}
