/* Setting and printing fields through the field table (field_table.c). */
#include "model/field.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "base/variable.h"
#include "model/request.h"

static bool
is_name_equal(const char *name, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (name[i] != (text[i] == '_' ? '-' : text[i]))
			return false;
	}
	return name[len] == '\0';
}

char *
field_key(const char *name, char key[FIELD_KEY_MAX])
{
	snprintf(key, FIELD_KEY_MAX, "%s", name);
	for (char *p = strchr(key, '-'); p; p = strchr(p, '-'))
		*p = '_';
	return key;
}

const struct field *
field_find(const char *name, size_t len)
{
	for (size_t i = 0; i < nfields; i++) {
		if (is_name_equal(fields[i].name, name, len))
			return &fields[i];
	}
	return NULL;
}

/* Edit distance of two short words (Levenshtein). */
static size_t
distance(const char *a, const char *b)
{
	enum { WORD_MAX = 31 };
	size_t na = strlen(a), nb = strlen(b), row[WORD_MAX + 1];
	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t least = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < least)
				least = row[j] + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			row[j] = least;
		}
	}
	return row[nb];
}

const char *
field_suggest(const char *name)
{
	const char *best = NULL;
	size_t best_distance = 3; /* two slips are a slip; three are another word */
	for (size_t i = 0; i < nfields; i++) {
		size_t d = distance(name, fields[i].name);
		if (d < best_distance) {
			best = fields[i].name;
			best_distance = d;
		}
	}
	return best;
}

static void *
place(const struct job *job, const struct field *field)
{
	return (char *)(uintptr_t)job + field->offset;
}

static int
set_string(char **to, const char *text, size_t len)
{
	free(*to);
	*to = mem_dup_bytes(text, len);
	return 0;
}

static int
parse_int(const struct field *field, const char *text, int base, int *out, struct err *err)
{
	char *end;
	errno = 0;
	long value = strtol(text, &end, base);
	if (end == text || *end || errno || value < (long)field->min || value > (long)field->max)
		return err_invalid(err, field->name,
				   base == 8 ? "\"%.40s\" is not an octal mode in %lo-%lo"
					     : "\"%.40s\" is not a whole number in %ld-%ld",
				   text, (long)field->min, (long)field->max);
	*out = (int)value;
	return 0;
}

static int
set_number(double *to, const struct field *field, const char *text, struct err *err)
{
	char *end;
	double value = strtod(text, &end);
	if (end == text || *end || !(value >= field->min && value <= field->max))
		return err_invalid(err, field->name, "\"%.40s\" is not a number in %g-%g", text,
				   field->min, field->max);
	*to = value;
	return 0;
}

static int
set_duration(usec_t *to, const struct field *field, const char *text, struct err *err)
{
	usec_t value;
	if (usec_parse_duration(text, &value, err) < 0) {
		err_in_field(err, field->name);
		return -1;
	}
	if (value < (usec_t)field->min || value > (usec_t)field->max) {
		char most[USEC_TEXT_MAX];
		return err_invalid(err, field->name, "\"%.40s\" is longer than %s", text,
				   usec_print_duration((usec_t)field->max, most));
	}
	*to = value;
	return 0;
}

static int
set_size(int64_t *to, const struct field *field, const char *text, struct err *err)
{
	if (size_parse(text, to) == 0 && *to <= (int64_t)field->max)
		return 0;
	return err_invalid(err, field->name, "\"%.40s\" is not a size such as 512M, at most 1024T",
			   text);
}

static int
set_user(int64_t *to, const struct field *field, const char *text, struct err *err)
{
	char *end;
	errno = 0;
	long long uid = strtoll(text, &end, 10);
	if (end == text || *end || errno || uid < 0 || uid > (int64_t)field->max)
		return err_invalid(err, field->name, "\"%.40s\" is not a uid", text);
	*to = uid;
	return 0;
}

static int
set_instant(usec_t *to, const struct field *field, const char *text, struct err *err)
{
	if (strcmp(text, "0") == 0) {
		*to = 0;
		return 0;
	}
	if (schedule_parse_rfc3339(text, to, err) < 0) {
		err_in_field(err, field->name);
		return -1;
	}
	return 0;
}

static int
set_enum(int *to, const struct field *field, const char *text, struct err *err)
{
	char list[128] = "";
	for (int i = 0; field->values[i]; i++) {
		if (strcmp(field->values[i], text) == 0) {
			*to = i;
			return 0;
		}
		size_t len = strlen(list);
		snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "", field->values[i]);
	}
	return err_invalid(err, field->name, "\"%.40s\" is not one of %s", text, list);
}

static int
set_flag(int *to, const struct field *field, const char *text, struct err *err)
{
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return err_invalid(err, field->name, "\"%.40s\" is not yes or no", text);
	*to = text[0] == 'y';
	return 0;
}

static int
set_dst(enum dst_rule *to, const struct field *field, const char *text, struct err *err)
{
	enum dst_rule rule = dst_rule_find(text);
	if (rule == DST_NRULES)
		return err_invalid(err, field->name,
				   "\"%.40s\" is not one of cron, literal, first, utc", text);
	*to = rule;
	return 0;
}

static int
check_pair(const struct field *field, const char *text, struct err *err)
{
	size_t n = variable_name(text);
	if (n == 0)
		return err_invalid(err, field->name, "\"%.60s\" is not NAME=VALUE", text);
	if (variable_is_reserved(text))
		return err_invalid(err, field->name, "%.*s is reserved", (int)n, text);
	return 0;
}

static int
add_item(struct strings *list, const struct field *field, const char *text, size_t len,
	 struct err *err)
{
	if (list->n >= FIELD_LIST_MAX)
		return err_invalid(err, field->name, "has more than %d items", FIELD_LIST_MAX);
	if (field->type == FIELD_PAIRS && check_pair(field, text, err) < 0)
		return -1;
	if (field->type == FIELD_HEADERS && request_check_header(text, err) < 0) {
		err_in_field(err, field->name);
		return -1;
	}
	strings_add(list, text, len);
	return 0;
}

int
field_set(struct job *job, const struct field *field, const char *text, size_t len, struct err *err)
{
	void *to = place(job, field);
	if (len > FIELD_TEXT_MAX)
		return err_invalid(err, field->name, "is %zu bytes long, more than %d", len,
				   FIELD_TEXT_MAX);
	if (memchr(text, '\0', len))
		return err_invalid(err, field->name, "has a NUL byte");
	switch (field->type) {
	case FIELD_STRING:
	case FIELD_PATH:
		return set_string(to, text, len);
	case FIELD_INT:
		return parse_int(field, text, 10, to, err);
	case FIELD_MODE:
		return parse_int(field, text, 8, to, err);
	case FIELD_NUMBER:
		return set_number(to, field, text, err);
	case FIELD_SIZE:
		return set_size(to, field, text, err);
	case FIELD_DURATION:
		return set_duration(to, field, text, err);
	case FIELD_INSTANT:
		return set_instant(to, field, text, err);
	case FIELD_FLAG:
		return set_flag(to, field, text, err);
	case FIELD_ENUM:
		return set_enum(to, field, text, err);
	case FIELD_DST:
		return set_dst(to, field, text, err);
	case FIELD_USER:
		return set_user(to, field, text, err);
	case FIELD_ARGV:
	case FIELD_PAIRS:
	case FIELD_HEADERS:
		return add_item(to, field, text, len, err);
	case FIELD_SCHEDULE:
		break;
	}
	return err_invalid(err, field->name, "cannot be set so");
}

/* Every job that is made or read begins with this, so defaults are values, not text. */
void
field_clear(struct job *job, const struct field *field)
{
	void *to = place(job, field);
	switch (field->type) {
	case FIELD_STRING:
	case FIELD_PATH:
	case FIELD_SCHEDULE:
		free(*(char **)to);
		*(char **)to = mem_dup(field->standard_text);
		break;
	case FIELD_INT:
	case FIELD_MODE:
	case FIELD_FLAG:
	case FIELD_ENUM:
	case FIELD_DST:
		*(int *)to = (int)field->standard;
		break;
	case FIELD_NUMBER:
		*(double *)to = field->standard;
		break;
	case FIELD_SIZE:
	case FIELD_DURATION:
	case FIELD_INSTANT:
	case FIELD_USER:
		*(int64_t *)to = (int64_t)field->standard;
		break;
	case FIELD_ARGV:
	case FIELD_PAIRS:
	case FIELD_HEADERS:
		strings_fini(to);
		break;
	}
}

void
field_clear_group(struct job *job, enum field_group group)
{
	for (size_t i = 0; i < nfields; i++) {
		if (fields[i].group == group)
			field_clear(job, &fields[i]);
	}
}

void
field_print_standard(const struct field *field, struct buf *out)
{
	struct job job = { 0 };
	field_clear(&job, field);
	field_print(&job, field, 0, out);
	job_fini(&job);
}

bool
field_differs(const struct job *a, const struct job *b, const struct field *field)
{
	static const size_t plain_sizes[FIELD_SCHEDULE + 1] = {
		[FIELD_INT] = sizeof(int),         [FIELD_MODE] = sizeof(int),
		[FIELD_ENUM] = sizeof(int),        [FIELD_DST] = sizeof(enum dst_rule),
		[FIELD_NUMBER] = sizeof(double),   [FIELD_SIZE] = sizeof(int64_t),
		[FIELD_DURATION] = sizeof(usec_t), [FIELD_INSTANT] = sizeof(usec_t),
		[FIELD_USER] = sizeof(int64_t),    [FIELD_FLAG] = sizeof(int),
	}; /* 0: its memory is elsewhere */
	const void *x = place(a, field), *y = place(b, field);
	size_t n = field_nitems(a, field);
	if (plain_sizes[field->type])
		return memcmp(x, y, plain_sizes[field->type]) != 0;
	if (n != field_nitems(b, field))
		return true;
	if (field->type == FIELD_STRING || field->type == FIELD_PATH ||
	    field->type == FIELD_SCHEDULE)
		return n && strcmp(*(char *const *)x, *(char *const *)y) != 0;
	const struct strings *list = x, *other = y;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list->items[i], other->items[i]) != 0)
			return true;
	}
	return false;
}

size_t
field_nitems(const struct job *job, const struct field *field)
{
	const void *from = place(job, field);
	switch (field->type) {
	case FIELD_STRING:
	case FIELD_PATH:
	case FIELD_SCHEDULE:
		return *(char *const *)from ? 1 : 0;
	case FIELD_ARGV:
	case FIELD_PAIRS:
	case FIELD_HEADERS:
		return ((const struct strings *)from)->n;
	case FIELD_MODE:
		return *(const int *)from >= 0 ? 1 : 0;
	case FIELD_USER:
		return *(const int64_t *)from >= 0 ? 1 : 0;
	default:
		return 1;
	}
}

static void
print_instant(usec_t at, struct buf *out)
{
	char text[SCHEDULE_TIME_MAX];
	buf_add_text(out, at ? schedule_print_time(NULL, at, text) : "0");
}

void
field_print(const struct job *job, const struct field *field, size_t i, struct buf *out)
{
	const void *from = place(job, field);
	char text[USEC_TEXT_MAX];
	if (i >= field_nitems(job, field))
		return;
	switch (field->type) {
	case FIELD_STRING:
	case FIELD_PATH:
	case FIELD_SCHEDULE:
		buf_add_text(out, *(char *const *)from);
		break;
	case FIELD_INT:
		buf_printf(out, "%d", *(const int *)from);
		break;
	case FIELD_MODE:
		buf_printf(out, "%03o", (unsigned)*(const int *)from);
		break;
	case FIELD_NUMBER:
		buf_printf(out, "%.10g", *(const double *)from);
		break;
	case FIELD_SIZE:
		buf_add_text(out, size_print(*(const int64_t *)from, text));
		break;
	case FIELD_DURATION:
		buf_add_text(out, usec_print_duration(*(const usec_t *)from, text));
		break;
	case FIELD_INSTANT:
		print_instant(*(const usec_t *)from, out);
		break;
	case FIELD_USER:
		buf_printf(out, "%" PRId64, *(const int64_t *)from);
		break;
	case FIELD_FLAG:
		buf_add_text(out, *(const int *)from ? "yes" : "no");
		break;
	case FIELD_ENUM:
		buf_add_text(out, field->values[*(const int *)from]);
		break;
	case FIELD_DST:
		buf_add_text(out, dst_rule_name(*(const enum dst_rule *)from));
		break;
	case FIELD_ARGV:
	case FIELD_PAIRS:
	case FIELD_HEADERS:
		buf_add_text(out, ((const struct strings *)from)->items[i]);
		break;
	}
}
