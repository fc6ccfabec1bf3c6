/* What stands in the daemon's answers. */
#include "cli/answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
print_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	putchar('\n');
	json_decref(value);
}

void
json_list_begin(struct json_list *list)
{
	list->has_items = false;
	putchar('[');
}

void
json_list_add(struct json_list *list, const json_t *item)
{
	fputs(list->has_items ? ",\n " : "\n ", stdout);
	json_dumpf(item, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
	list->has_items = true;
}

void
json_list_end(struct json_list *list)
{
	fputs(list->has_items ? "\n]\n" : "]\n", stdout);
}
