/* The environment of a run: built from nothing, in a child, which may allocate. */
#ifndef SPAWN_ENV_H
#define SPAWN_ENV_H

#include <stddef.h>

struct env {
	char **items; /* NULL-terminated once env_init() is done */
	size_t n, cap;
};

/* Each returns 0, or -1 with errno. */
int env_init(struct env *env);
int env_put(struct env *env, const char *text); /* NAME=VALUE; replaces what has that name */
int env_put_pair(struct env *env, const char *name, const char *value);

/*
 * Puts every line NAME=VALUE of the file; blank lines and those that begin with '#' are nothing,
 * and one pair of quotes around the value is taken off. EINVAL: a line is something else, or it
 * is no regular file; EPERM: a name that jobs may not have (variable_is_reserved()); EFBIG: more
 * than 64 KiB.
 */
int env_put_file(struct env *env, const char *path);

/* The value of NAME; "" when there is none. */
const char *env_get(const struct env *env, const char *name);

#endif
