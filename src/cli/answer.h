/*
 * What stands in the daemon's answers. All take NULL and a missing or null member, and then give
 * the empty value.
 */
#ifndef CLI_ANSWER_H
#define CLI_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/usec.h"
#include "cli/command.h"

const char *answer_text(const json_t *object, const char *key); /* "" */
int64_t answer_int(const json_t *object, const char *key);      /* 0 */
bool answer_has(const json_t *object, const char *key);         /* there, and not null */
bool answer_bool(const json_t *object, const char *key);

/* Is the whole text a decimal number from 1 on? */
bool is_id(const char *text, int64_t *id);
/* How a person names a job: an id becomes a number, anything else stays text (new reference). */
json_t *job_reference(const char *text);

/* Puts JSON on stdout. On a terminal in ASCII: texts are of anybody's, and may be to deceive. */
void put_json(const json_t *value, size_t flags);
/* Prints the value as JSON and a newline on stdout. Takes it. */
void print_json(json_t *value);
/* With --json: prints it, and tells that it did. */
bool print_if_json(const struct cli_options *options, json_t *value);

#endif
