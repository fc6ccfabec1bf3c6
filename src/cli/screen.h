/*
 * What standard output is: a terminal of some width, with colours or not, and how its reader
 * wants times. Data goes to stdout; words about it to stderr, each line with "asched: " before it.
 */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/usec.h"
#include "cli/command.h"

enum color { PLAIN, BOLD, DIM, RED, GREEN, YELLOW, CYAN };

struct screen {
	bool is_terminal;
	bool has_color;
	bool is_utc;
	int width;  /* columns; 0: no limit */
	usec_t now; /* when it was looked at */
};

void screen_init(struct screen *screen, const struct cli_options *options);

usec_t screen_clock(void); /* the time now */

/* What switches to the colour and back; "" without colours. */
const char *screen_on(const struct screen *screen, enum color color);
const char *screen_off(const struct screen *screen, enum color color);

/* "2026-11-20 10:00:00" in the reader's zone (with Z when that is UTC by --utc). "-" for 0. */
#define SCREEN_TIME_MAX 64
const char *screen_time(const struct screen *screen, usec_t at, char out[SCREEN_TIME_MAX]);
/* On a terminal shorter: "10:00:00" today, "Mon 10:00" within six days, else without seconds. */
const char *screen_short_time(const struct screen *screen, usec_t at, char out[SCREEN_TIME_MAX]);
/* With weekday and zone: "Fri 2026-11-20 10:00:00 CET". */
const char *screen_long_time(const struct screen *screen, usec_t at, char out[SCREEN_TIME_MAX]);

/* One line on stderr, made safe to show. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "asched: field: text" on stderr; with --json an object. */
void say_error(const struct cli_options *options, const struct err *err, int exit_code);
/* Says that the input is wrong. `field` may be "". Returns EXIT_USAGE. */
int say_usage(const struct cli_options *options, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
