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

static void
write_line(const char *fmt, va_list args, const char *why)
{
	char text[LINE_MAX_BYTES];
	struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };
	vsnprintf(text, sizeof(text), fmt, args);
	if (poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT))
		dprintf(STDERR_FILENO, "asched-spawn: %s%s%s\n", text, why ? ": " : "",
			why ? why : "");
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
