/* A snapshot of the caller's surroundings. */
#include "cli/here.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "cli/screen.h"
#include "model/field.h"

/* What at(1) leaves out: these say something of the terminal and the shell, not of the work. */
static bool
is_of_the_shell(const char *text)
{
	static const char *const names[] = { "TERM=",      "DISPLAY=",       "_=",
					     "SHELLOPTS=", "BASH_VERSINFO=", "EUID=",
					     "GROUPS=",    "PPID=",          "UID=" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(text, names[i], strlen(names[i])) == 0)
			return true;
	}
	return false;
}

/* May a job have this variable, and can JSON hold it? */
static bool
may_have(const char *text)
{
	struct job job;
	json_t *value = json_string(text);
	bool may = value != NULL;
	job_init(&job);
	if (may)
		may = field_set(&job, field_find("env", strlen("env")), text, strlen(text), NULL) ==
		      0;
	job_fini(&job);
	json_decref(value);
	return may;
}

static int
take_directory(const struct params *params)
{
	char *dir = getcwd(NULL, 0);
	int exit_code = EXIT_DONE;
	if (!dir)
		exit_code = say_usage(params->globals, "here", "the working directory is gone");
	else if (!json_object_get(params->object, "cwd"))
		exit_code = params_text(params, "cwd", dir);
	free(dir);
	return exit_code;
}

static int
take_umask(const struct params *params)
{
	char text[8];
	mode_t mask = umask(0);
	umask(mask);
	snprintf(text, sizeof(text), "%03o", (unsigned)mask);
	return json_object_get(params->object, "umask") ? EXIT_DONE
							: params_text(params, "umask", text);
}

/*
 * One variable: taken, or its name added to *left_out. False: a job may have it, but not
 * that long.
 */
static bool
take_variable(const char *text, json_t *env, struct buf *left_out)
{
	size_t len = strcspn(text, "=");
	char *bare = mem_dup_bytes(text, len + (text[len] == '=')); /* without the value */
	bool is_long = strlen(text) > FIELD_TEXT_MAX && may_have(bare);
	bool is_taken = !is_long && may_have(text);
	bare[len] = '\0';
	if (!is_long && !is_taken)
		buf_printf(left_out, " %s", bare);
	else if (is_taken && !json_object_get(env, bare))
		json_object_set_new(env, bare, json_string(text + len + 1));
	free(bare);
	return !is_long;
}

static int
take_environment(const struct params *params)
{
	struct buf left_out = BUF_EMPTY;
	json_t *env = json_object_get(params->object, "env");
	if (!env) {
		env = json_object();
		json_object_set_new(params->object, "env", env);
	}
	for (char **at = environ; *at; at++) {
		if (is_of_the_shell(*at) || take_variable(*at, env, &left_out))
			continue;
		buf_fini(&left_out);
		return say_usage(params->globals, "here", "%.*s has %zu bytes; %d are allowed",
				 (int)strcspn(*at, "="), *at, strlen(*at), FIELD_TEXT_MAX);
	}
	if (left_out.len)
		say("asched: here: left out:%s", buf_text(&left_out));
	buf_fini(&left_out);
	return EXIT_DONE;
}

int
here_take(const struct params *params)
{
	if (json_object_get(params->object, "user"))
		return say_usage(params->globals, "here",
				 "these surroundings are not the ones of --user");
	int exit_code = take_directory(params);
	if (exit_code == EXIT_DONE)
		exit_code = take_umask(params);
	return exit_code == EXIT_DONE ? take_environment(params) : exit_code;
}
