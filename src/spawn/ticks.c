/* Clocks. */
#include "spawn/ticks.h"

#include <time.h>
#include <unistd.h>

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
