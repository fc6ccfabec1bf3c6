/*
 * Puts jobs into a beanstalkd on loopback: beanstalk PORT N BATCH, BATCH puts a write, each batch
 * answered before the next. Waits for the server. Prints `per_second`. protocol.txt of beanstalkd:
 * "put <pri> <delay> <ttr> <bytes>\r\n<data>\r\n", "INSERTED <id>\r\n".
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECT_TRIES    500
#define CONNECT_PAUSE_NS 10000000
#define PUT              "put 1024 0 60 21\r\n/usr/bin/backup --all\r\n"

static double
seconds(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static FILE *
connect_to(int port)
{
	const struct timespec pause = { 0, CONNECT_PAUSE_NS };
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_port = htons((uint16_t)port),
					     .sin_addr = { htonl(INADDR_LOOPBACK) } };
	for (int i = 0; i < CONNECT_TRIES; i++) {
		int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
			return fdopen(fd, "r+");
		close(fd);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	int port = argc == 4 ? (int)strtol(argv[1], NULL, 10) : 0;
	int n = argc == 4 ? (int)strtol(argv[2], NULL, 10) : 0;
	int batch = argc == 4 ? (int)strtol(argv[3], NULL, 10) : 0;
	FILE *server = n > 0 && batch > 0 ? connect_to(port) : NULL;
	char line[256];
	if (!server) {
		fputs("usage: beanstalk PORT N BATCH, with a beanstalkd at that port\n", stderr);
		return EXIT_FAILURE;
	}
	double began = seconds();
	for (int i = 0; i < n; i += batch) {
		int last = i + batch < n ? batch : n - i;
		for (int j = 0; j < last; j++)
			fputs(PUT, server);
		fflush(server);
		for (int j = 0; j < last; j++) {
			if (!fgets(line, sizeof(line), server) || strncmp(line, "INSERTED", 8) != 0)
				return EXIT_FAILURE;
		}
		fseek(server, 0, SEEK_CUR); /* from reading to writing */
	}
	printf("per_second %.0f\n", n / (seconds() - began));
	return EXIT_SUCCESS;
}
