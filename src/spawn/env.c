/* Environments. */
#include "spawn/env.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/variable.h"
#include "spawn/user_file.h"

#define FILE_BYTES_MAX 65536

static int
reserve(struct env *env, size_t n)
{
	if (n <= env->cap)
		return 0;
	size_t cap = env->cap * 2 > n ? env->cap * 2 : n;
	char **items = reallocarray(env->items, cap, sizeof(*items));
	if (!items)
		return -1;
	env->items = items;
	env->cap = cap;
	return 0;
}

int
env_init(struct env *env)
{
	*env = (struct env){ 0 };
	if (reserve(env, 64) < 0)
		return -1;
	env->items[0] = NULL;
	return 0;
}

static size_t
find(const struct env *env, const char *name, size_t len)
{
	size_t i = 0;
	while (i < env->n && !(strncmp(env->items[i], name, len) == 0 && env->items[i][len] == '='))
		i++;
	return i;
}

int
env_put(struct env *env, const char *text)
{
	size_t i = find(env, text, strcspn(text, "="));
	if (reserve(env, env->n + 2) < 0)
		return -1;
	env->items[i] = (char *)(uintptr_t)text;
	if (i == env->n)
		env->items[++env->n] = NULL;
	return 0;
}

int
env_put_pair(struct env *env, const char *name, const char *value)
{
	char *text;
	return asprintf(&text, "%s=%s", name, value) < 0 ? -1 : env_put(env, text);
}

const char *
env_get(const struct env *env, const char *name)
{
	size_t i = find(env, name, strlen(name));
	return i < env->n ? env->items[i] + strlen(name) + 1 : "";
}

static char *
read_whole(const char *path)
{
	int64_t size;
	int fd = user_file_open(path, FILE_BYTES_MAX, &size);
	if (fd < 0)
		return NULL;
	char *text = calloc(1, (size_t)size + 1);
	if (text && read(fd, text, (size_t)size) != size)
		text = NULL;
	close(fd);
	return text;
}

static int
put_line(struct env *env, char *line)
{
	size_t len = variable_name(line);
	if (line[strspn(line, " \t\r")] == '\0' || line[0] == '#')
		return 0;
	if (len == 0 || variable_is_reserved(line)) {
		errno = len == 0 ? EINVAL : EPERM;
		return -1;
	}
	char *value = line + len + 1;
	value[strcspn(value, "\r")] = '\0';
	size_t n = strlen(value);
	if (n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n - 1] == value[0]) {
		memmove(value, value + 1, n - 2);
		value[n - 2] = '\0';
	}
	return env_put(env, line);
}

int
env_put_file(struct env *env, const char *path)
{
	char *rest = read_whole(path);
	if (!rest)
		return -1;
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (put_line(env, line) < 0)
			return -1;
	}
	return 0;
}
