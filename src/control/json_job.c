/* A job as an object: the system's record, then the field table. */
#include "control/json.h"

#include <stdlib.h>
#include <string.h>

#include "model/field.h"

static json_t *
list_value(const struct job *job, const struct field *field)
{
	json_t *list = json_array();
	struct buf text = BUF_EMPTY;
	for (size_t i = 0; i < field_nitems(job, field); i++) {
		buf_clear(&text);
		field_print(job, field, i, &text);
		json_array_append_new(list, json_text(buf_text(&text), text.len));
	}
	buf_fini(&text);
	return list;
}

/* NAME=VALUE, or "Name: value", as members; of a name that stands twice the last one counts. */
static json_t *
pairs_value(const struct job *job, const struct field *field)
{
	bool is_header = field->type == FIELD_HEADERS;
	json_t *pairs = json_object();
	struct buf text = BUF_EMPTY;
	for (size_t i = 0; i < field_nitems(job, field); i++) {
		buf_clear(&text);
		field_print(job, field, i, &text);
		char *name = text.data;
		char *mark = name ? strchr(name, is_header ? ':' : '=') : NULL;
		if (!mark)
			continue;
		const char *value = mark + 1 + (is_header ? strspn(mark + 1, " \t") : 0);
		json_t *safe = json_text(name, (size_t)(mark - name));
		json_set_text(pairs, json_string_value(safe), value);
		json_decref(safe);
	}
	buf_fini(&text);
	return pairs;
}

static json_t *
plain_value(const struct job *job, const struct field *field)
{
	struct buf text = BUF_EMPTY;
	json_t *value;
	field_print(job, field, 0, &text);
	if (field->type == FIELD_INT || field->type == FIELD_USER)
		value = json_integer(strtoll(buf_text(&text), NULL, 10));
	else if (field->type == FIELD_INSTANT && strcmp(buf_text(&text), "0") == 0)
		value = json_null();
	else if (field->type == FIELD_FLAG)
		value = json_boolean(strcmp(buf_text(&text), "yes") == 0);
	else if (field->type == FIELD_NUMBER)
		value = json_real(strtod(buf_text(&text), NULL));
	else
		value = json_text(buf_text(&text), text.len);
	buf_fini(&text);
	return value;
}

static json_t *
field_value(const struct job *job, const struct field *field)
{
	if (field->type == FIELD_PAIRS || field->type == FIELD_HEADERS)
		return pairs_value(job, field);
	if (field_nitems(job, field) == 0)
		return json_null();
	return field->type == FIELD_ARGV ? list_value(job, field) : plain_value(job, field);
}

/* What its user has set, but the schedule. */
static void
set_definition(json_t *object, const struct job *job)
{
	for (size_t i = 0; i < nfields; i++) {
		char key[FIELD_KEY_MAX];
		if (fields[i].type != FIELD_SCHEDULE && strcmp(fields[i].name, "name") != 0)
			json_object_set_new_nocheck(object, field_key(fields[i].name, key),
						    field_value(job, &fields[i]));
	}
}

static json_t *
owner_value(const struct job *job)
{
	return job->owner == JOB_OWNER_UNKNOWN ? json_null() : json_integer(job->owner);
}

/* Of a damaged job only the record, not defaults that it may not have had. */
json_t *
json_job(const struct job_item *item, struct zones *zones)
{
	const struct job *job = &item->job;
	struct zone *zone = json_zone(zones, job->tz);
	json_t *object = json_object();
	json_set_number(object, "id", job->id);
	json_set_text(object, "name", job->name);
	json_object_set_new_nocheck(object, "owner", owner_value(job));
	json_set_text(object, "state", job->is_damaged ? "damaged" : job_state_name(job->state));
	json_set_text(object, "schedule", job->schedule);
	json_set_text(object, "kind", job->is_damaged ? NULL : schedule_kind_name(job->kind));
	json_set_instant(object, "next_due", job->next_due, zone);
	json_set_instant(object, "next_start", job->next_start_at, zone);
	json_set_instant(object, "created", job->created_at, zone);
	json_set_instant(object, "paused", job->state == JOB_PAUSED ? job->paused_at : 0, zone);
	json_set_number(object, "running", item->nrunning);
	json_set_number(object, "waiting", item->nwaiting);
	json_set_number(object, "failed_in_a_row", job->nfailed);
	json_set_number(object, "runs", job->nruns);
	json_object_set_new(object, "last_run",
			    item->has_last ? json_run(&item->last, &item->last_attempt, zone)
					   : json_null());
	if (!job->is_damaged)
		set_definition(object, job);
	zone_unref(zone);
	return object;
}
