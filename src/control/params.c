/* Parameters as values; and the check of their form against a method's table. */
#include "control/params.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "control/changes.h"
#include "control/method.h"
#include "control/server.h"
#include "model/field.h"
#include "when/civil.h"
#include "when/schedule.h"

static json_t *
get(const struct call *call, const char *name)
{
	json_t *value = json_object_get(call->params, name);
	return json_is_null(value) ? NULL : value;
}

bool
params_have(const struct call *call, const char *name)
{
	return get(call, name) != NULL;
}

const char *
params_text(const struct call *call, const char *name)
{
	return json_string_value(get(call, name));
}

int64_t
params_number(const struct call *call, const char *name, int64_t otherwise)
{
	const json_t *value = get(call, name);
	return value ? json_integer_value(value) : otherwise;
}

int64_t
params_page(const struct call *call)
{
	int64_t n = params_number(call, "limit", PAGE_STANDARD);
	if (!call->who.is_operator)
		peer_charge(call_peer(call), (size_t)(n / PAGE_CHARGE));
	return n;
}

bool
params_flag(const struct call *call, const char *name)
{
	return json_is_true(get(call, name));
}

usec_t
params_instant(const struct call *call, const char *name, usec_t otherwise)
{
	const json_t *value = get(call, name);
	usec_t at = otherwise;
	if (value)
		params_read_instant(name, value, &at, NULL);
	return at;
}

static bool
is_digits(const char *text)
{
	return text[0] && text[strspn(text, "0123456789")] == '\0';
}

/* A uid, or a name: only for those who may name others, because the look-up can wait (NSS). */
int
params_find_user(const struct call *call, const char *field, const char *name, uid_t *uid,
		 struct err *err)
{
	if (is_digits(name)) {
		unsigned long long number = strtoull(name, NULL, 10);
		*uid = (uid_t)number;
		return number < UINT32_MAX
			       ? 0
			       : err_invalid(err, field, "\"%.40s\" is not a uid", name);
	}
	if (!call->who.is_operator)
		return err_invalid(err, field, "\"%.100s\": only operators name other users", name);
	const struct passwd *user = getpwnam(name);
	if (!user)
		return err_invalid(err, field, "no user \"%.100s\"", name);
	*uid = user->pw_uid;
	return 0;
}

int
params_user(const struct call *call, const char *name, uid_t *uid, struct err *err)
{
	const json_t *value = get(call, name);
	if (!json_is_integer(value))
		return params_find_user(call, name, json_string_value(value), uid, err);
	*uid = (uid_t)json_integer_value(value);
	return 0;
}

static int
name_job(const struct call *call, const char *text, struct job_ref *ref, struct err *err)
{
	const char *slash = strchr(text, '/');
	int result = 0;
	ref->owner = call->who.uid;
	ref->name = mem_dup(slash ? slash + 1 : text);
	if (slash && !call->who.is_operator)
		return err_invalid(err, "job", "\"%.100s\": only operators name jobs of others",
				   text);
	if (slash) {
		char *owner = mem_dup_bytes(text, (size_t)(slash - text));
		result = params_find_user(call, "job", owner, &ref->owner, err);
		free(owner);
	}
	return result;
}

int
params_job(const struct call *call, struct intent *intent, struct err *err)
{
	const json_t *value = get(call, "job");
	const char *text = json_string_value(value);
	if (json_is_integer(value))
		intent->ref.id = json_integer_value(value);
	else if (is_digits(text))
		intent->ref.id = strtoll(text, NULL, 10);
	else
		return name_job(call, text, &intent->ref, err);
	return 0;
}

static int
check_number(const struct param *param, const json_t *value, struct err *err)
{
	json_int_t n = json_integer_value(value);
	if (!json_is_integer(value))
		return err_invalid(err, param->name, "the value is not an integer");
	if (n < param->min || n > param->max)
		return err_invalid(err, param->name, "%lld is not in %lld to %lld", (long long)n,
				   (long long)param->min, (long long)param->max);
	return 0;
}

int
params_read_instant(const char *name, const json_t *value, usec_t *at, struct err *err)
{
	const struct civil end = { CIVIL_YEAR_MAX + 1, 1, 1, 0, 0, 0, 0 };
	if (!json_is_integer(value) && !json_is_string(value))
		return err_invalid(err, name, "the value is not a time");
	if (json_is_integer(value)) {
		*at = json_integer_value(value);
	} else if (schedule_parse_rfc3339(json_string_value(value), at, err) != 0) {
		err_in_field(err, name);
		return -1;
	}
	if (*at < 0 || *at >= civil_join(&end))
		return err_invalid(err, name, "the time is not in the years %d-%d", CIVIL_YEAR_MIN,
				   CIVIL_YEAR_MAX);
	return 0;
}

static bool
is_id_or_text(const json_t *value)
{
	return json_is_integer(value) ? json_integer_value(value) >= 0
				      : json_is_string(value) && json_string_length(value) > 0;
}

static int
check_value(const struct param *param, const json_t *value, struct err *err)
{
	static const char *const wanted[] = {
		[PARAM_TEXT] = "a string",
		[PARAM_FLAG] = "true or false",
		[PARAM_JOB] = "an id or a name",
		[PARAM_USER] = "a uid or a user's name",
	};
	bool is_right = false;
	usec_t at;
	switch (param->type) {
	case PARAM_NUMBER:
		return check_number(param, value, err);
	case PARAM_INSTANT:
		return params_read_instant(param->name, value, &at, err);
	case PARAM_TEXT:
		is_right = json_is_string(value);
		break;
	case PARAM_FLAG:
		is_right = json_is_boolean(value);
		break;
	case PARAM_JOB:
	case PARAM_USER:
		is_right = is_id_or_text(value);
		break;
	}
	if (!is_right)
		return err_invalid(err, param->name, "the value is not %s", wanted[param->type]);
	if (param->type == PARAM_TEXT && (int64_t)json_string_length(value) < param->min)
		return err_invalid(err, param->name, "is empty");
	if (param->max > 0 && json_string_length(value) > (size_t)param->max)
		return err_invalid(err, param->name, "%zu bytes; %lld are allowed",
				   json_string_length(value), (long long)param->max);
	return 0;
}

static const struct param key_param = {
	"key",
	PARAM_TEXT,
	.min = 1,
	.max = INTENT_KEY_MAX,
	.doc = "the same key again gives the same answer, for 24 hours",
};

static const struct param *
find_param(const struct method *method, const char *name)
{
	if (method->is_change && strcmp(name, key_param.name) == 0)
		return &key_param;
	for (const struct param *param = method->params; param && param->name; param++) {
		if (strcmp(param->name, name) == 0)
			return param;
	}
	return NULL;
}

static int
refuse_unknown(const struct method *method, const char *name, struct err *err)
{
	const char *near = method->takes_fields ? field_suggest(name) : NULL;
	char key[FIELD_KEY_MAX];
	if (near)
		return err_invalid(err, name, "no such parameter; is \"%s\" meant?",
				   field_key(near, key));
	return err_invalid(err, name, "%s has no such parameter", method->name);
}

int
method_check(const struct method *method, const json_t *params, struct err *err)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)params, name, value) {
		const struct param *param = find_param(method, name);
		if (!param && !(method->takes_fields && change_is_known(name)))
			return refuse_unknown(method, name, err);
		if (param && !json_is_null(value) && check_value(param, value, err) != 0)
			return -1;
	}
	for (const struct param *param = method->params; param && param->name; param++) {
		value = json_object_get(params, param->name);
		if (param->is_required && (!value || json_is_null(value)))
			return err_invalid(err, param->name, "is missing");
	}
	return 0;
}
