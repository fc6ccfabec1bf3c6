/* From JSON values to changes of fields. */
#include "control/changes.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "control/params.h"
#include "model/field.h"
#include "when/schedule.h"

#define NUMBER_TEXT 40

/* The ways to say when that are no field: each means the schedule, read as its kind. */
static const struct {
	const char *name;
	enum schedule_kind kind;
} schedules[] = {
	{ "when", SCHEDULE_ANY },    { "schedule", SCHEDULE_ANY },
	{ "cron", SCHEDULE_CRON },   { "calendar", SCHEDULE_CALENDAR },
	{ "every", SCHEDULE_EVERY }, { "at", SCHEDULE_AT },
	{ "in", SCHEDULE_IN },       { "on_start", SCHEDULE_ON_START },
};

#define NSCHEDULES (sizeof(schedules) / sizeof(schedules[0]))

/* The index in schedules[]; NSCHEDULES: it is none. */
static size_t
find_schedule(const char *name)
{
	size_t i = 0;
	while (i < NSCHEDULES && strcmp(schedules[i].name, name) != 0)
		i++;
	return i;
}

bool
change_is_known(const char *name)
{
	return find_schedule(name) < NSCHEDULES || field_find(name, strlen(name));
}

bool
changes_have(const struct intent *intent, const char *name)
{
	for (size_t i = 0; i < intent->nchanges; i++) {
		if (strcmp(intent->changes[i].field->name, name) == 0)
			return true;
	}
	return false;
}

static void
add_change(struct intent *intent, const struct field *field, const char *text, size_t len)
{
	size_t n = intent->nchanges;
	if ((n & (n - 1)) == 0) /* full: the room is always a power of two */
		intent->changes =
			mem_resize(intent->changes, n ? 2 * n : 1, sizeof(*intent->changes));
	intent->changes[intent->nchanges++] = (struct change){
		.field = field,
		.kind = SCHEDULE_ANY,
		.text = text ? mem_dup_bytes(text, len) : NULL,
		.len = len,
	};
}

static int
refuse_type(const struct field *field, const char *wanted, struct err *err)
{
	return err_invalid(err, field->name, "the value is not %s", wanted);
}

/* Microseconds since 1970 as the text that the field wants. */
static int
add_instant(struct intent *intent, const struct field *field, const char *name, const json_t *value,
	    struct err *err)
{
	char text[SCHEDULE_TIME_MAX];
	usec_t at;
	if (params_read_instant(name, value, &at, err) != 0)
		return -1;
	schedule_print_time(NULL, at, text);
	add_change(intent, field, text, strlen(text));
	return 0;
}

static int
read_schedule(struct intent *intent, size_t i, const json_t *value, struct err *err)
{
	const struct field *field = field_find("schedule", strlen("schedule"));
	const char *name = schedules[i].name;
	bool is_start = schedules[i].kind == SCHEDULE_ON_START;
	if (json_is_null(value))
		return 0;
	if (changes_have(intent, "schedule"))
		return err_invalid(err, name, "there is another schedule: give only one");
	bool is_instant = schedules[i].kind == SCHEDULE_AT && json_is_integer(value);
	if (is_start ? !json_is_true(value) : !is_instant && !json_is_string(value))
		return err_invalid(err, name, "the value is not %s",
				   is_start ? "true" : "a string");
	if (is_instant && add_instant(intent, field, name, value, err) != 0)
		return -1;
	if (is_start)
		add_change(intent, field, "", 0);
	else if (!is_instant)
		add_change(intent, field, json_string_value(value), json_string_length(value));
	intent->changes[intent->nchanges - 1].kind = schedules[i].kind;
	return 0;
}

static int
check_count(const struct field *field, size_t n, struct err *err)
{
	if (n > FIELD_LIST_MAX)
		return err_invalid(err, field->name, "%zu items; %d are allowed", n,
				   FIELD_LIST_MAX);
	return 0;
}

static int
read_array(struct intent *intent, const struct field *field, const json_t *value, struct err *err)
{
	size_t i;
	json_t *item;
	if (check_count(field, json_array_size(value), err) != 0)
		return -1;
	if (json_array_size(value) == 0)
		add_change(intent, field, NULL, 0);
	json_array_foreach((json_t *)(uintptr_t)value, i, item) {
		if (!json_is_string(item))
			return refuse_type(field, "an array of strings", err);
		add_change(intent, field, json_string_value(item), json_string_length(item));
	}
	return 0;
}

/* {"NAME":"value"} becomes NAME=value, or "Name: value". */
static int
read_object(struct intent *intent, const struct field *field, json_t *value, struct err *err)
{
	const char *mark = field->type == FIELD_HEADERS ? ": " : "=";
	const char *name;
	json_t *item;
	if (check_count(field, json_object_size(value), err) != 0)
		return -1;
	if (json_object_size(value) == 0)
		add_change(intent, field, NULL, 0);
	json_object_foreach(value, name, item) {
		if (!json_is_string(item))
			return refuse_type(field, "an object of strings", err);
		if (!name[0] || strchr(name, mark[0]))
			return err_invalid(err, field->name, "\"%.60s\" is not a name", name);
		struct buf text = BUF_EMPTY;
		buf_add_text(&text, name);
		buf_add_text(&text, mark);
		buf_add(&text, json_string_value(item), json_string_length(item));
		add_change(intent, field, buf_text(&text), text.len);
		buf_fini(&text);
	}
	return 0;
}

static int
read_list(struct intent *intent, const struct field *field, json_t *value, struct err *err)
{
	if (json_is_array(value))
		return read_array(intent, field, value, err);
	if (field->type != FIELD_ARGV && json_is_object(value))
		return read_object(intent, field, value, err);
	return refuse_type(
		field, field->type == FIELD_ARGV ? "an array of strings" : "an object of strings",
		err);
}

static int
read_number(struct intent *intent, const struct field *field, const json_t *value, struct err *err)
{
	char text[NUMBER_TEXT];
	int len =
		json_is_integer(value)
			? snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value))
			: snprintf(text, sizeof(text), "%.17g", json_real_value(value));
	if (field->type != FIELD_INT && field->type != FIELD_NUMBER &&
	    field->type != FIELD_DURATION && field->type != FIELD_SIZE && field->type != FIELD_USER)
		return refuse_type(field, "a string", err);
	add_change(intent, field, text, (size_t)len);
	return 0;
}

static int
read_field(struct intent *intent, const struct field *field, json_t *value, struct err *err)
{
	if (json_is_null(value)) {
		add_change(intent, field, NULL, 0);
		return 0;
	}
	if (field->type == FIELD_ARGV || field->type == FIELD_PAIRS || field->type == FIELD_HEADERS)
		return read_list(intent, field, value, err);
	if (field->type == FIELD_FLAG) {
		if (!json_is_boolean(value))
			return refuse_type(field, "true or false", err);
		const char *text = json_is_true(value) ? "yes" : "no";
		add_change(intent, field, text, strlen(text));
		return 0;
	}
	if (field->type == FIELD_INSTANT && json_is_integer(value))
		return add_instant(intent, field, field->name, value, err);
	if (json_is_number(value))
		return read_number(intent, field, value, err);
	if (!json_is_string(value))
		return refuse_type(field, "a string", err);
	if (json_string_length(value) > FIELD_TEXT_MAX)
		return err_invalid(err, field->name, "%zu bytes; %d are allowed",
				   json_string_length(value), FIELD_TEXT_MAX);
	add_change(intent, field, json_string_value(value), json_string_length(value));
	return 0;
}

int
changes_read(struct intent *intent, const json_t *params, struct err *err)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)params, name, value) {
		size_t schedule = find_schedule(name);
		const struct field *field = field_find(name, strlen(name));
		int result = 0;
		if (schedule < NSCHEDULES)
			result = read_schedule(intent, schedule, value, err);
		else if (field)
			result = read_field(intent, field, value, err);
		if (result != 0)
			return -1;
	}
	return 0;
}
