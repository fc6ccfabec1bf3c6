/*
 * Why something was refused, for people and for the protocol. Value type, no memory of its own.
 * The text is written once, where the cause is known, and passed up untouched.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_code {
	ERR_NONE,
	ERR_INVALID,         /* the input is wrong; `field` names where */
	ERR_NOT_FOUND,       /* no such job or run, or not yours to see */
	ERR_EXISTS,          /* the name is taken */
	ERR_DENIED,          /* you may not */
	ERR_BUSY,            /* a limit is reached or a run is active; try again */
	ERR_UNKNOWN_OUTCOME, /* the commit failed: it may or may not have happened */
	ERR_UNAVAILABLE,     /* the store is in trouble; nothing was changed */
	ERR_SYSTEM,          /* the system failed us */
	ERR_NCODES,
};

struct err {
	enum err_code code;
	char field[32]; /* the field of the job or the section.key of the file; "" if none */
	char text[480]; /* one line of printable UTF-8: "minute: 61 is not in 0-59" */
};

/* Each sets *err (may be NULL) and returns -1, so that callers can `return err_set(...)`. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int err_invalid(struct err *err, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* ERR_SYSTEM, the text followed by ": " and strerror(errno). */
int err_errno(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Names the field of an error that a deeper layer left without one. */
void err_in_field(struct err *err, const char *field);

/* "invalid", "not-found", ...: the name in the protocol; never NULL. */
const char *err_code_name(enum err_code code);

#endif
