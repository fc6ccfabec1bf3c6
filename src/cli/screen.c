/* Standard output and standard error. */
#include "cli/screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "base/buf.h"
#include "cli/text.h"
#include "model/field.h"

#define WIDTH_MIN      40 /* what a table needs at least */
#define WIDTH_STANDARD 80

/* COLUMNS first, as a person can set it; then what the terminal says. */
static int
find_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	long width = columns ? strtol(columns, NULL, 10) : 0;
	if (width <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	if (width <= 0 || width > 10000)
		width = WIDTH_STANDARD;
	return width < WIDTH_MIN ? WIDTH_MIN : (int)width;
}

static bool
wants_color(enum color_mode mode, bool is_terminal)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	if (mode != COLOR_AUTO)
		return mode == COLOR_ALWAYS;
	return is_terminal && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

void
screen_init(struct screen *screen, const struct cli_options *options)
{
	screen->is_terminal = isatty(STDOUT_FILENO);
	screen->has_color = wants_color(options->color, screen->is_terminal);
	screen->is_utc = options->utc;
	screen->width = screen->is_terminal ? find_width() : 0;
	screen->now = screen_clock();
}

usec_t
screen_clock(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

const char *
screen_on(const struct screen *screen, enum color color)
{
	static const char *const codes[] = {
		[PLAIN] = "",        [BOLD] = "\033[1m",   [DIM] = "\033[2m",
		[RED] = "\033[31m",  [GREEN] = "\033[32m", [YELLOW] = "\033[33m",
		[CYAN] = "\033[36m",
	};
	return screen->has_color ? codes[color] : "";
}

const char *
screen_off(const struct screen *screen, enum color color)
{
	return screen->has_color && color != PLAIN ? "\033[0m" : "";
}

/* The reader's wall clock at that instant. */
static bool
read_clock(const struct screen *screen, usec_t at, struct tm *tm)
{
	time_t seconds = (time_t)(at / USEC_PER_SEC);
	return screen->is_utc ? gmtime_r(&seconds, tm) : localtime_r(&seconds, tm);
}

static const char *
print_time(const struct screen *screen, usec_t at, const char *format, char *out)
{
	struct tm tm;
	if (at <= 0 || at == USEC_NEVER || !read_clock(screen, at, &tm) ||
	    strftime(out, SCREEN_TIME_MAX, format, &tm) == 0)
		return "-";
	return out;
}

const char *
screen_time(const struct screen *screen, usec_t at, char out[SCREEN_TIME_MAX])
{
	return print_time(screen, at, screen->is_utc ? "%Y-%m-%d %H:%M:%SZ" : "%Y-%m-%d %H:%M:%S",
			  out);
}

const char *
screen_short_time(const struct screen *screen, usec_t at, char out[SCREEN_TIME_MAX])
{
	struct tm tm, today;
	if (!screen->is_terminal || screen->is_utc || !read_clock(screen, at, &tm) ||
	    !read_clock(screen, screen->now, &today))
		return screen_time(screen, at, out);
	if (tm.tm_year == today.tm_year && tm.tm_yday == today.tm_yday)
		return print_time(screen, at, "%H:%M:%S", out);
	bool is_near = at > screen->now && at - screen->now < 6 * USEC_PER_DAY;
	return print_time(screen, at, is_near ? "%a %H:%M" : "%Y-%m-%d %H:%M", out);
}

const char *
screen_long_time(const struct screen *screen, usec_t at, char out[SCREEN_TIME_MAX])
{
	return print_time(screen, at,
			  screen->is_utc ? "%a %Y-%m-%d %H:%M:%S UTC" : "%a %Y-%m-%d %H:%M:%S %Z",
			  out);
}

/* In one write, so that lines of several processes do not mix. */
static void
say_line(const char *prefix, const char *text)
{
	struct buf line = BUF_EMPTY;
	buf_add_text(&line, prefix);
	text_add_safe(&line, text, strlen(text));
	buf_add_char(&line, '\n');
	fflush(stdout);
	fwrite(line.data, 1, line.len, stderr);
	buf_fini(&line);
}

void
say(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	say_line("", text);
	free(text);
}

static void
say_json(const struct err *err, int exit_code)
{
	char key[FIELD_KEY_MAX];
	json_t *error =
		json_pack("{s:{s:s, s:s*, s:s, s:i}}", "error", "code", err_code_name(err->code),
			  "field", err->field[0] ? field_key(err->field, key) : NULL, "message",
			  err->text, "exit", exit_code);
	char *text = json_dumps(error, JSON_COMPACT);
	say_line("", text ? text : "{\"error\":{}}");
	free(text);
	json_decref(error);
}

void
say_error(const struct cli_options *options, const struct err *err, int exit_code)
{
	struct buf line = BUF_EMPTY;
	if (options->json) {
		say_json(err, exit_code);
		return;
	}
	/* The protocol has _ where options have -. */
	for (const char *p = err->field; *p; p++)
		buf_add_char(&line, *p == '_' ? '-' : *p);
	bool is_named =
		strncmp(err->text, buf_text(&line), line.len) == 0 && err->text[line.len] == ':';
	if (is_named)
		buf_clear(&line);
	else if (line.len)
		buf_add_text(&line, ": ");
	buf_add_text(&line, err->text);
	say_line("asched: ", buf_text(&line));
	buf_fini(&line);
}

int
say_usage(const struct cli_options *options, const char *field, const char *fmt, ...)
{
	struct err err = { .code = ERR_INVALID };
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err.text, sizeof(err.text), fmt, ap);
	va_end(ap);
	snprintf(err.field, sizeof(err.field), "%s", field);
	say_error(options, &err, EXIT_USAGE);
	return EXIT_USAGE;
}
