/*
 * What a job of `make bench` runs whose instants are multiples of PERIOD_US: stamp FILE PERIOD_US
 * adds a line with how many microseconds ago the newest one was, by this process's own clock.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct timespec at;
	char line[32];
	clock_gettime(CLOCK_REALTIME, &at);
	int64_t now = (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
	int64_t period = argc == 3 ? strtoll(argv[2], NULL, 10) : 0;
	if (period <= 0)
		return EXIT_FAILURE;
	int len = snprintf(line, sizeof(line), "%" PRId64 "\n", now % period);
	int fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return fd >= 0 && write(fd, line, (size_t)len) == len ? EXIT_SUCCESS : EXIT_FAILURE;
}
