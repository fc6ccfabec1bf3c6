/* Lines on stderr. */
#include "spawn/say.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 512

/* Nothing is allocated, as by dprintf(3), and the line is written whole. */
static void
write_line(const char *fmt, va_list args, const char *why)
{
	char text[LINE_MAX_BYTES - 64], line[LINE_MAX_BYTES];
	vsnprintf(text, sizeof(text), fmt, args);
	int n = snprintf(line, sizeof(line), "asched-spawn: %s%s%s\n", text, why ? ": " : "",
			 why ? why : "");
	struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };
	if (n >= (int)sizeof(line))
		n = (int)sizeof(line) - 1;
	if (poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT))
		(void)!write(STDERR_FILENO, line, (size_t)n);
}

void
say(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	write_line(fmt, args, NULL);
	va_end(args);
}

void
say_and_die(const char *fmt, ...)
{
	const char *why = strerror(errno);
	va_list args;
	va_start(args, fmt);
	write_line(fmt, args, why);
	va_end(args);
	exit(1);
}
