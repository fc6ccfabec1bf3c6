/*
 * A client of the control protocol for `make bench`: puts load on a daemon and waits for it. The
 * socket is ASCHED_SOCKET. Facts are printed as `NAME VALUE`.
 *
 *	client add N BATCH PARAMS       job.add N times, BATCH a line; prints `per_second`
 *	client ask N PAUSE_US METHOD PARAMS
 *	                                asks N times; prints `p50_us p99_us max_us` of the answers
 *	client wait SECONDS NAME VALUE  until daemon.status has that number
 *	client replaced SECONDS PID     until it has another `pid`
 *	client run N COMMAND...         a process N times; prints `p50_us p99_us max_us`
 */
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_POLL_US    20000
#define WAIT_POLL_MAX   200000
#define CONNECT_POLL_US 1000
#define TIMES_MAX       1000000

struct client {
	FILE *in, *out;
	char *line;
	size_t size;
};

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "client: %s: %s\n", what, errno ? strerror(errno) : "refused");
	exit(EXIT_FAILURE);
}

static int64_t
now_us(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static void
pause_us(int64_t us)
{
	struct timespec pause = { us / 1000000, us % 1000000 * 1000 };
	nanosleep(&pause, NULL);
}

/* False: nobody listens. */
static bool
client_open(struct client *client)
{
	const char *path = getenv("ASCHED_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	*client = (struct client){ 0 };
	if (!path || strlen(path) >= sizeof(address.sun_path))
		die("ASCHED_SOCKET");
	memcpy(address.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		return false;
	}
	client->in = fdopen(fd, "r");
	client->out = fdopen(dup(fd), "w");
	return true;
}

static void
client_close(struct client *client)
{
	fclose(client->in);
	fclose(client->out);
	free(client->line);
}

static void
client_put(struct client *client, int64_t id, const char *method, const char *params)
{
	fprintf(client->out,
		"{\"jsonrpc\":\"2.0\",\"id\":%" PRId64 ",\"method\":\"%s\",\"params\":%s}", id,
		method, params);
}

/* Sends what was put; the answer's line, NULL when the daemon has gone. */
static const char *
client_get(struct client *client)
{
	putc('\n', client->out);
	if (fflush(client->out) != 0 || getline(&client->line, &client->size, client->in) <= 0)
		return NULL;
	return client->line;
}

static void
need_result(const char *answer)
{
	if (answer && !strstr(answer, "\"error\""))
		return;
	errno = 0;
	die(answer ? answer : "no answer");
}

static int
compare_times(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
	return (left > right) - (left < right);
}

static void
print_times(int64_t *times, int n)
{
	qsort(times, (size_t)n, sizeof(times[0]), compare_times);
	printf("p50_us %" PRId64 "\np99_us %" PRId64 "\nmax_us %" PRId64 "\n", times[n / 2],
	       times[(int64_t)n * 99 / 100], times[n - 1]);
}

static int64_t *
times_new(int n)
{
	int64_t *times = n > 0 && n <= TIMES_MAX ? calloc((size_t)n, sizeof(*times)) : NULL;
	if (!times)
		die("N");
	return times;
}

static void
add(int n, int batch, const char *params)
{
	struct client client;
	if (!client_open(&client))
		die("connect");
	int64_t began = now_us();
	for (int i = 0; i < n; i += batch) {
		int end = i + batch < n ? i + batch : n;
		for (int at = i; at < end; at++) {
			if (batch > 1)
				putc(at == i ? '[' : ',', client.out);
			client_put(&client, at + 1, "job.add", params);
		}
		if (batch > 1)
			putc(']', client.out);
		need_result(client_get(&client));
	}
	printf("per_second %.0f\n", n * 1e6 / (double)(now_us() - began));
	client_close(&client);
}

static void
ask(int n, int64_t pause, const char *method, const char *params)
{
	struct client client;
	int64_t *times = times_new(n);
	if (!client_open(&client))
		die("connect");
	for (int i = 0; i < n; i++) {
		if (pause > 0)
			pause_us(pause);
		int64_t began = now_us();
		client_put(&client, i + 1, method, params);
		need_result(client_get(&client));
		times[i] = now_us() - began;
	}
	print_times(times, n);
	client_close(&client);
	free(times);
}

/* The number behind "NAME": in the daemon's status; -1: no daemon, or no such number. */
static int64_t
status_number(const char *name)
{
	struct client client;
	char key[64];
	int64_t number = -1;
	if (!client_open(&client))
		return -1;
	client_put(&client, 1, "daemon.status", "{}");
	const char *answer = client_get(&client);
	int len = snprintf(key, sizeof(key), "\"%s\":", name);
	const char *at = answer ? strstr(answer, key) : NULL;
	if (at)
		number = strtoll(at + len, NULL, 10);
	client_close(&client);
	return number;
}

/* Who has waited for long looks less often: the answers come from the cores that are measured. */
static int64_t
wait_pause(int64_t waited)
{
	int64_t pause = waited / 20 > WAIT_POLL_US ? waited / 20 : WAIT_POLL_US;
	return pause < WAIT_POLL_MAX ? pause : WAIT_POLL_MAX;
}

static void
wait_for(int seconds, const char *name, int64_t wanted)
{
	int64_t began = now_us(), until = began + (int64_t)seconds * 1000000, number;
	while ((number = status_number(name)) != wanted) {
		if (now_us() > until) {
			errno = ETIMEDOUT;
			die(name);
		}
		pause_us(number < 0 ? CONNECT_POLL_US : wait_pause(now_us() - began));
	}
}

static void
wait_for_other(int seconds, int64_t pid)
{
	int64_t until = now_us() + (int64_t)seconds * 1000000, number;
	while ((number = status_number("pid")) == pid || number < 0) {
		if (now_us() > until) {
			errno = ETIMEDOUT;
			die("pid");
		}
		pause_us(CONNECT_POLL_US);
	}
}

static void
run(int n, char **command)
{
	extern char **environ;
	int64_t *times = times_new(n);
	for (int i = 0; i < n; i++) {
		int status;
		pid_t pid;
		int64_t began = now_us();
		if ((errno = posix_spawnp(&pid, command[0], NULL, NULL, command, environ)) != 0 ||
		    waitpid(pid, &status, 0) < 0)
			die(command[0]);
		times[i] = now_us() - began;
		if (status != 0) {
			errno = 0;
			die(command[0]);
		}
	}
	print_times(times, n);
	free(times);
}

int
main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";
	int n = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0;
	if (argc == 5 && strcmp(verb, "add") == 0 && strtol(argv[3], NULL, 10) > 0)
		add(n, (int)strtol(argv[3], NULL, 10), argv[4]);
	else if (argc == 6 && strcmp(verb, "ask") == 0)
		ask(n, strtoll(argv[3], NULL, 10), argv[4], argv[5]);
	else if (argc == 5 && strcmp(verb, "wait") == 0)
		wait_for(n, argv[3], strtoll(argv[4], NULL, 10));
	else if (argc == 4 && strcmp(verb, "replaced") == 0)
		wait_for_other(n, strtoll(argv[3], NULL, 10));
	else if (argc > 3 && strcmp(verb, "run") == 0)
		run(n, argv + 3);
	else {
		fputs("usage: client add|ask|wait|replaced|run ...\n", stderr);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
