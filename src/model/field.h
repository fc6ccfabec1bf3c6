/*
 * The table of job fields. A row makes the JSON key (with _ for -), the INI key, the long option,
 * `show`, `export`, the completion and the list in asched(1). A new field is one row.
 */
#ifndef MODEL_FIELD_H
#define MODEL_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/job.h"

enum field_type {
	FIELD_STRING,
	FIELD_PATH, /* a string; job_check() wants it absolute */
	FIELD_INT,
	FIELD_NUMBER,   /* a decimal fraction */
	FIELD_SIZE,     /* int64_t bytes; text as size_parse() */
	FIELD_DURATION, /* usec_t; text as usec_parse_duration() */
	FIELD_INSTANT,  /* usec_t; text is RFC 3339; 0 is none */
	FIELD_MODE,     /* int; octal text; -1 is none */
	FIELD_FLAG,     /* int, 0 or 1; text no or yes; in JSON false or true */
	FIELD_ENUM,     /* int-sized enum; values[] names them */
	FIELD_ARGV,     /* strings; in JSON an array */
	FIELD_PAIRS,    /* strings NAME=VALUE; in JSON an object; the option may be repeated */
	FIELD_HEADERS,  /* strings "Name: value"; in JSON an object; the option may be repeated */
	FIELD_DST,      /* enum dst_rule */
	FIELD_USER,     /* int64_t; text is a uid in decimal; -1 is none */
	FIELD_SCHEDULE, /* the schedule's text; its kind goes before it when packed */
};

enum field_group { GROUP_GENERAL, GROUP_SCHEDULE, GROUP_EXEC, GROUP_HTTP, GROUP_POLICY };

struct field {
	const char *name; /* "retry-delay" */
	enum field_type type;
	enum field_group group;
	size_t offset;   /* in struct job */
	double min, max; /* of numbers, and of durations in microseconds; both 0: the type's */
	const char *const *values; /* of enums, NULL-terminated */
	double standard;           /* the default: a number, of enums its place in values[] */
	const char *standard_text; /* the default of strings; NULL: unset */
	const char *argument;      /* what stands for the value in usage: "DURATION" */
	const char *doc;           /* one line, no full stop */
};

#define FIELD_TEXT_MAX 65536 /* bytes of one value; and items of a list */
#define FIELD_LIST_MAX 1024

extern const struct field fields[];
extern const size_t nfields;

/* The name as a key of JSON, which has _ for -. Gives `key`. */
#define FIELD_KEY_MAX 48
char *field_key(const char *name, char key[FIELD_KEY_MAX]);
/* By name; '_' counts as '-'. NULL: none. */
const struct field *field_find(const char *name, size_t len);
/* The nearest name to a misspelt one, NULL when none is near. */
const char *field_suggest(const char *name);

/*
 * Sets the field from text. A list field gets one more item; field_clear() empties it first.
 * FIELD_SCHEDULE is refused: use job_set_schedule(). 0, or -1 with *err (field, value, range).
 */
int field_set(struct job *job, const struct field *field, const char *text, size_t len,
	      struct err *err);
void field_clear(struct job *job, const struct field *field); /* back to its default */
void field_clear_group(struct job *job, enum field_group group);
/* The default as field_print() would print it; nothing when it is unset. */
void field_print_standard(const struct field *field, struct buf *out);

/* Do the two jobs have different values? Compare with a job_init()ed one: is it set at all? */
bool field_differs(const struct job *a, const struct job *b, const struct field *field);

/*
 * The value as text that field_set() reads back; of list fields that of item i.
 * Nothing is added when the field is unset. field_nitems(): 1 for a plain field that is set.
 */
size_t field_nitems(const struct job *job, const struct field *field);
void field_print(const struct job *job, const struct field *field, size_t i, struct buf *out);

#endif
