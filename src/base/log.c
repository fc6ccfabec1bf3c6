/*
 * Log lines are built in memory and written whole, so that lines of two threads do not mix. A sink
 * that is full loses lines, not the scheduler's time: stderr is polled first, but for a file, which
 * is always ready. Up to PIPE_BUF bytes a pipe takes at once and whole when it polls as writable,
 * see pipe(7): so many are gathered for one write(2).
 */
#include "base/log.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

static const struct {
	const char *name;
	int syslog;
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", 3 },   [LOG_LEVEL_WARNING] = { "warning", 4 },
	[LOG_LEVEL_NOTICE] = { "notice", 5 }, [LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
};
static const char *const formats[] = {
	[LOG_FORMAT_TEXT] = "text",
	[LOG_FORMAT_JSON] = "json",
	[LOG_FORMAT_JOURNAL] = "journal",
};

#define LINE_USUAL 160 /* bytes; most lines are shorter */
#define NLEVELS    (sizeof(levels) / sizeof(levels[0]))
#define NFORMATS   (sizeof(formats) / sizeof(formats[0]))

static usec_t
no_clock(void)
{
	return 0;
}

/* The one sink of a process; written by log_init() before there are threads. */
static struct {
	enum log_level most;
	enum log_format format;
	usec_t (*now)(void);
	bool is_file;
	atomic_uint_fast64_t ndropped;
} sink = { .most = LOG_LEVEL_NOTICE, .now = no_clock };

/* What a thread has to say and has not written yet. */
static _Thread_local struct held {
	bool is_gathering;
	unsigned nlines;
	size_t len;
	char text[PIPE_BUF];
} held;

static struct held *gathered; /* of the thread that gathers; NULL: none does */

/* The time of the last line as text: few seconds have but one line. */
static _Thread_local struct {
	time_t seconds;
	char text[32];
} stamp;

void
log_init(enum log_level most, enum log_format format, usec_t (*now)(void))
{
	sink.most = most;
	sink.format = format;
	sink.now = now;
	struct stat st;
	sink.is_file = fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode);
}

static bool
is_writable(void)
{
	struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };
	return sink.is_file || (poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT));
}

static void
add_time(struct buf *line, usec_t now)
{
	time_t seconds = (time_t)(now / USEC_PER_SEC);
	struct tm tm;
	if (seconds != stamp.seconds || !stamp.text[0]) {
		gmtime_r(&seconds, &tm);
		strftime(stamp.text, sizeof(stamp.text), "%Y-%m-%dT%H:%M:%S", &tm);
		stamp.seconds = seconds;
	}
	buf_printf(line, "%s.%03dZ", stamp.text, (int)(now % USEC_PER_SEC / USEC_PER_MSEC));
}

/* A control character: its length in bytes, 1 or in UTF-8 2 (U+0080 to U+009f); 0: it is none. */
static size_t
control_length(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
		return 2;
	return p[0] < 0x20 || p[0] == 0x7f;
}

/* Quoted as in JSON; all other bytes above 0x7e pass, so that UTF-8 stays readable. */
static void
add_quoted(struct buf *line, const char *text)
{
	buf_add_char(line, '"');
	for (const char *p = text; *p; p++) {
		size_t n = control_length(p);
		if (*p == '"' || *p == '\\')
			buf_printf(line, "\\%c", *p);
		else if (n > 0)
			buf_printf(line, "\\u%04x", (unsigned char)p[n - 1]);
		else
			buf_add_char(line, *p);
		p += n == 2;
	}
	buf_add_char(line, '"');
}

static bool
is_plain(const char *text)
{
	if (!*text)
		return false;
	for (const char *p = text; *p; p++) {
		if (strchr(" \"\\=", *p) || control_length(p) > 0)
			return false;
	}
	return true;
}

static void
add_number(struct buf *line, int64_t number)
{
	char text[24], *end = text + sizeof(text), *p = end;
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	do
		*--p = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (number < 0)
		*--p = '-';
	buf_add(line, p, (size_t)(end - p));
}

static void
add_json(struct buf *line, enum log_level level, const char *message, const struct log_pair *pairs)
{
	buf_add_text(line, "{\"time\":\"");
	add_time(line, sink.now());
	buf_printf(line, "\",\"level\":\"%s\",\"message\":", levels[level].name);
	add_quoted(line, message);
	for (; pairs->key; pairs++) {
		buf_printf(line, ",\"%s\":", pairs->key);
		if (pairs->text)
			add_quoted(line, pairs->text);
		else
			add_number(line, pairs->number);
	}
	buf_add_text(line, "}\n");
}

static void
add_text(struct buf *line, enum log_level level, const char *message, const struct log_pair *pairs)
{
	if (sink.format == LOG_FORMAT_JOURNAL) {
		buf_printf(line, "<%d>", levels[level].syslog);
	} else {
		add_time(line, sink.now());
		buf_printf(line, " %s: ", levels[level].name);
	}
	for (const char *p = message; *p; p++)
		buf_add_char(line, (unsigned char)*p < 0x20 ? ' ' : *p);
	for (; pairs->key; pairs++) {
		buf_add_char(line, ' ');
		buf_add_text(line, pairs->key);
		buf_add_char(line, '=');
		if (!pairs->text)
			add_number(line, pairs->number);
		else if (is_plain(pairs->text))
			buf_add_text(line, pairs->text);
		else
			add_quoted(line, pairs->text);
	}
	buf_add_char(line, '\n');
}

static void
put(const char *lines, size_t len, unsigned nlines)
{
	if (!is_writable() || write(STDERR_FILENO, lines, len) != (ssize_t)len)
		atomic_fetch_add(&sink.ndropped, nlines);
}

void
log_write(enum log_level level, const char *message, const struct log_pair *pairs)
{
	if (level > sink.most)
		return;
	struct buf line = BUF_EMPTY;
	buf_reserve(&line, LINE_USUAL);
	if (sink.format == LOG_FORMAT_JSON)
		add_json(&line, level, message, pairs);
	else
		add_text(&line, level, message, pairs);
	bool may_wait = held.is_gathering && level >= LOG_LEVEL_INFO;
	if (!may_wait || held.len + line.len > sizeof(held.text))
		log_flush();
	if (may_wait && line.len <= sizeof(held.text)) {
		memcpy(held.text + held.len, line.data, line.len);
		held.len += line.len;
		held.nlines++;
	} else {
		put(line.data, line.len, 1);
	}
	buf_fini(&line);
}

/* poll(2) and write(2) are all that it takes. The signal's own action follows. */
static void
say_the_rest(int number)
{
	if (gathered->nlines > 0)
		put(gathered->text, gathered->len, gathered->nlines);
	gathered->nlines = 0;
	raise(number);
}

/* Not where somebody else does: sanitizers tell of a fault in their own way. */
static void
catch_deaths(void)
{
	static const int deaths[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV };
	const struct sigaction action = { .sa_handler = say_the_rest, .sa_flags = SA_RESETHAND };
	for (size_t i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++) {
		struct sigaction old;
		if (sigaction(deaths[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(deaths[i], &action, NULL);
	}
}

void
log_gather(void)
{
	held.is_gathering = true;
	gathered = &held;
	catch_deaths();
}

void
log_flush(void)
{
	if (held.nlines > 0)
		put(held.text, held.len, held.nlines);
	held.len = held.nlines = 0;
}

uint64_t
log_ndropped(void)
{
	return atomic_load(&sink.ndropped);
}

int
log_parse_level(const char *text, enum log_level *out)
{
	for (size_t i = 0; i < NLEVELS; i++) {
		if (strcmp(text, levels[i].name) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

int
log_parse_format(const char *text, enum log_format *out)
{
	for (size_t i = 0; i < NFORMATS; i++) {
		if (strcmp(text, formats[i]) == 0) {
			*out = (enum log_format)i;
			return 0;
		}
	}
	return -1;
}
