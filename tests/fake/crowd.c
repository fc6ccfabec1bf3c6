/*
 * Many clients that behave badly, in one process:
 *
 *	crowd SOCKET slow N      N connections send a request a byte at a time, and stay
 *	crowd SOCKET leave N     N times: asks and goes away, before or in the middle of the answer
 *	crowd SOCKET deaf N      N connections ask for pages of jobs as long as they are read, and
 *	                         read nothing; they stay
 *	crowd SOCKET idle N      opens N connections, or as many as there are, and stays
 *	crowd SOCKET flood N     adds N jobs, as fast as the server reads
 *	crowd SOCKET probe N     asks for the status N times, one after the other; prints
 *	                         p50_us, p99_us and max_us
 *
 * Those that stay print "ready" and end with their stdin.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define STATUS "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"daemon.status\"}\n"
#define ADD \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"job.add\",\"params\":{\"every\":\"1h\",\"command\":[\"true\"]}}\n"
#define LIST    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"job.list\",\"params\":{\"limit\":500}}\n"
#define N_MAX   1000000
#define WAIT_MS 20000

static const char *path;

static int
connect_once(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int
say_ready(void)
{
	char c;
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		continue;
	return 0;
}

static int
be_slow(int n)
{
	static int fds[N_MAX];
	char c;
	for (int i = 0; i < n; i++)
		fds[i] = connect_once();
	puts("ready");
	fflush(stdout);
	struct pollfd end = { .fd = STDIN_FILENO, .events = POLLIN };
	for (size_t at = 0; poll(&end, 1, 100) == 0 || read(STDIN_FILENO, &c, 1) > 0; at++) {
		for (int i = 0; i < n; i++) {
			if (fds[i] >= 0)
				(void)!send(fds[i], &STATUS[at % strlen(STATUS)], 1,
					    MSG_NOSIGNAL | MSG_DONTWAIT);
		}
	}
	return 0;
}

static int
leave(int n)
{
	char bytes[16];
	for (int i = 0; i < n; i++) {
		int fd = connect_once();
		if (fd < 0)
			continue;
		(void)!send(fd, STATUS, strlen(STATUS), MSG_NOSIGNAL);
		if (i % 2)
			(void)!read(fd, bytes, sizeof(bytes));
		close(fd);
	}
	return 0;
}

/* Until nobody has taken anything for half a second. */
static int
be_deaf(int n)
{
	static int fds[N_MAX];
	for (int i = 0; i < n; i++)
		fds[i] = connect_once();
	for (int nquiet = 0; nquiet < 5;) {
		int nsent = 0;
		for (int i = 0; i < n; i++)
			nsent += send(fds[i], LIST, strlen(LIST), MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
		nquiet = nsent ? 0 : nquiet + 1;
		if (!nsent)
			usleep(100000);
	}
	return say_ready();
}

static int
be_idle(int n)
{
	for (int i = 0; i < n; i++)
		(void)connect_once();
	return say_ready();
}

static int
flood(int n)
{
	char bytes[65536];
	int fd = connect_once();
	if (fd < 0)
		return 1;
	for (int i = 0; i < n; i++) {
		if (send(fd, ADD, strlen(ADD), MSG_NOSIGNAL) < 0)
			break;
		while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
			continue;
	}
	shutdown(fd, SHUT_WR);
	while (read(fd, bytes, sizeof(bytes)) > 0)
		continue;
	return 0;
}

static long
now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int
compare(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;
	return (x > y) - (x < y);
}

/* True: an answer came, and it was one. */
static int
ask(int fd)
{
	char bytes[16384];
	struct pollfd answer = { .fd = fd, .events = POLLIN };
	if (send(fd, STATUS, strlen(STATUS), MSG_NOSIGNAL) < 0 || poll(&answer, 1, WAIT_MS) != 1)
		return 0;
	ssize_t n = read(fd, bytes, sizeof(bytes) - 1);
	bytes[n > 0 ? n : 0] = '\0';
	return strstr(bytes, "\"result\"") != NULL;
}

static int
probe(int n)
{
	static long took[N_MAX];
	for (int i = 0; i < n; i++) {
		long began = now_us();
		int fd = connect_once();
		if (fd < 0 || !ask(fd)) {
			fprintf(stderr, "probe %d: no answer\n", i);
			return 1;
		}
		close(fd);
		took[i] = now_us() - began;
		usleep(2000);
	}
	qsort(took, (size_t)n, sizeof(took[0]), compare);
	printf("p50_us=%ld p99_us=%ld max_us=%ld\n", took[n / 2], took[n * 99 / 100], took[n - 1]);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*behave)(int n);
	} ways[] = {
		{ "slow", be_slow }, { "leave", leave }, { "deaf", be_deaf },
		{ "idle", be_idle }, { "flood", flood }, { "probe", probe },
	};
	int n = argc == 4 ? (int)strtol(argv[3], NULL, 10) : 0;
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	for (size_t i = 0; n > 0 && n <= N_MAX && i < sizeof(ways) / sizeof(ways[0]); i++) {
		path = argv[1];
		if (strcmp(argv[2], ways[i].name) == 0)
			return ways[i].behave(n);
	}
	fprintf(stderr, "usage: crowd SOCKET slow|leave|deaf|idle|flood|probe N\n");
	return 2;
}
