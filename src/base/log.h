/*
 * The log: a short sentence, then key=value pairs, one line an event, on stderr. Never blocks
 * longer than a write to a pipe that is full: such lines are dropped and counted.
 * Set up once by a program's main; the lines may come from any thread.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdint.h>

#include "base/usec.h"

enum log_level {
	LOG_LEVEL_ERROR,   /* someone must act */
	LOG_LEVEL_WARNING, /* someone should look */
	LOG_LEVEL_NOTICE,  /* the daemon's life */
	LOG_LEVEL_INFO,    /* the jobs' life */
	LOG_LEVEL_DEBUG,
};

enum log_format {
	LOG_FORMAT_TEXT,    /* 2026-11-20T10:00:00.000Z notice: ready socket=/run/asched/socket */
	LOG_FORMAT_JSON,    /* one object a line: time level message and the pairs */
	LOG_FORMAT_JOURNAL, /* <5>ready socket=...: sd-daemon(3) prefixes, the journal adds times */
};

struct log_pair {
	const char *key;  /* NULL ends the list */
	const char *text; /* or NULL for a number; control bytes are escaped when shown */
	int64_t number;
};

#define log_int(k, v) ((struct log_pair){ .key = (k), .number = (v) })
#define log_str(k, v) ((struct log_pair){ .key = (k), .text = (v) ? (v) : "" })
#define log_at(level, message, ...) \
	log_write((level), (message), (const struct log_pair[]){ __VA_ARGS__ __VA_OPT__(, ){ 0 } })
#define log_error(message, ...)   log_at(LOG_LEVEL_ERROR, message, ##__VA_ARGS__)
#define log_warning(message, ...) log_at(LOG_LEVEL_WARNING, message, ##__VA_ARGS__)
#define log_notice(message, ...)  log_at(LOG_LEVEL_NOTICE, message, ##__VA_ARGS__)
#define log_info(message, ...)    log_at(LOG_LEVEL_INFO, message, ##__VA_ARGS__)
#define log_debug(message, ...)   log_at(LOG_LEVEL_DEBUG, message, ##__VA_ARGS__)

/* The clock is passed in: only the daemon's clock file reads one. */
void log_init(enum log_level most, enum log_format format, usec_t (*now)(void));
void log_write(enum log_level level, const char *message, const struct log_pair *pairs);
/*
 * From now on lines of info and debug that this thread has to say are gathered until there are
 * some, until it has one of more weight, or says so. For one thread, a loop, which flushes before it
 * waits. A failed assertion, and a fault of that thread, write them before the process dies of its
 * signal; what cannot be caught loses them.
 */
void log_gather(void);
void log_flush(void);
uint64_t log_ndropped(void); /* lines lost to a full sink so far */

int log_parse_level(const char *text, enum log_level *out);   /* -1: no such level */
int log_parse_format(const char *text, enum log_format *out); /* text json journal; -1: none */

#endif
