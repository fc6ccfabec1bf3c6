/* What stands in the daemon's answers. */
#include "cli/answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *
answer_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

int64_t
answer_int(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

bool
answer_has(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	return value && !json_is_null(value);
}

bool
answer_bool(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

bool
is_id(const char *text, int64_t *id)
{
	if (!*text || strspn(text, "0123456789") != strlen(text))
		return false;
	errno = 0;
	*id = strtoll(text, NULL, 10);
	return errno == 0 && *id > 0;
}

json_t *
job_reference(const char *text)
{
	int64_t id;
	return is_id(text, &id) ? json_integer(id) : json_string(text);
}

void
put_json(const json_t *value, size_t flags)
{
	json_dumpf(value, stdout,
		   flags | JSON_ENCODE_ANY | (isatty(STDOUT_FILENO) ? JSON_ENSURE_ASCII : 0));
}

void
print_json(json_t *value)
{
	put_json(value, JSON_INDENT(2));
	putchar('\n');
	json_decref(value);
}

bool
print_if_json(const struct cli_options *options, json_t *value)
{
	if (options->json)
		print_json(json_incref(value));
	return options->json;
}
