/* Clocks. */
#include "spawn/ticks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STAT_FIELDS_BEFORE_START 19 /* after the name: state is field 3, starttime field 22 */

static int64_t
read_us(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * TICKS_US_PER_SEC + now.tv_nsec / 1000;
}

int64_t
ticks_monotonic_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

int64_t
ticks_real_us(void)
{
	return read_us(CLOCK_REALTIME);
}

int64_t
ticks_since_boot(void)
{
	return read_us(CLOCK_BOOTTIME) / (TICKS_US_PER_SEC / sysconf(_SC_CLK_TCK));
}

int64_t
ticks_of_pid(pid_t pid)
{
	char path[64], text[1024];
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	const char *at = strrchr(text, ')'); /* the name may hold anything, parentheses too */
	for (int i = 0; at && i <= STAT_FIELDS_BEFORE_START; i++) {
		at = strchr(at, ' ');
		at += at != NULL;
	}
	return at ? strtoll(at, NULL, 10) : 0;
}
