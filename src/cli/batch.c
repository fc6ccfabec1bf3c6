/*
 * asched next --batch. A line costs one parse of its JSON and nothing else that allocates; answers
 * leave whenever input has to be waited for, so that it can be used as a coprocess.
 */
#include "cli/batch.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/write.h"
#include "cli/command.h"
#include "cli/screen.h"

#define READ_SIZE  (256 * 1024)
#define WRITE_SIZE (256 * 1024)

/* What a line asks for. */
struct request {
	const json_t *id; /* NULL: none */
	enum schedule_kind kind;
	const char *text;
	struct schedule_context context;
	json_int_t n;
};

/* One member of the line's object into *request. */
struct member {
	const char *key;
	int (*read)(struct request *request, const json_t *value, struct err *err);
};

static int
read_id(struct request *request, const json_t *value, struct err *err)
{
	if (json_is_object(value) || json_is_array(value))
		return err_invalid(err, "id", "not a text or a number");
	request->id = value;
	return 0;
}

static int
read_text(struct request *request, enum schedule_kind kind, const char *key, const json_t *value,
	  struct err *err)
{
	if (!json_is_string(value))
		return err_invalid(err, key, "not a text");
	if (request->text)
		return err_invalid(err, key, "a second schedule");
	request->kind = kind;
	request->text = json_string_value(value);
	return 0;
}

static int
read_expr(struct request *request, const json_t *value, struct err *err)
{
	return read_text(request, SCHEDULE_ANY, "expr", value, err);
}

static int
read_calendar(struct request *request, const json_t *value, struct err *err)
{
	return read_text(request, SCHEDULE_CALENDAR, "calendar", value, err);
}

static int
read_tz(struct request *request, const json_t *value, struct err *err)
{
	if (!json_is_string(value))
		return err_invalid(err, "tz", "not a text");
	request->context.tz = json_string_value(value);
	return 0;
}

static int
read_from(struct request *request, const json_t *value, struct err *err)
{
	if (!json_is_string(value))
		return err_invalid(err, "from", "not a text");
	if (schedule_parse_rfc3339(json_string_value(value), &request->context.now, err) == 0)
		return 0;
	err_in_field(err, "from");
	return -1;
}

static int
read_n(struct request *request, const json_t *value, struct err *err)
{
	request->n = json_integer_value(value);
	if (json_is_integer(value) && request->n >= 1 && request->n <= BATCH_COUNT_MAX)
		return 0;
	return err_invalid(err, "n", "not a number in 1-%d", BATCH_COUNT_MAX);
}

static int
read_dst(struct request *request, const json_t *value, struct err *err)
{
	const char *name = json_string_value(value);
	request->context.dst = name ? dst_rule_find(name) : DST_NRULES;
	if (request->context.dst != DST_NRULES)
		return 0;
	return err_invalid(err, "dst", "not cron, literal, first or utc");
}

static const struct member members[] = {
	{ "id", read_id },   { "expr", read_expr }, { "calendar", read_calendar },
	{ "tz", read_tz },   { "from", read_from }, { "n", read_n },
	{ "dst", read_dst },
};

static int
read_member(struct request *request, const char *key, const json_t *value, struct err *err)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (strcmp(members[i].key, key) == 0)
			return json_is_null(value) ? 0 : members[i].read(request, value, err);
	}
	return err_invalid(err, "", "unknown key \"%.40s\"", key);
}

static int
read_request(struct request *request, json_t *object, struct err *err)
{
	const char *key;
	json_t *value;
	int status = 0;
	if (!json_is_object(object))
		return err_invalid(err, "", "the line is not a JSON object");
	/* All are read even when one is wrong: the answer needs the id. */
	json_object_foreach(object, key, value) {
		if (read_member(request, key, value, status < 0 ? NULL : err) < 0)
			status = -1;
	}
	if (status == 0 && !request->text)
		return err_invalid(err, "expr", "missing");
	request->context.anchor = request->context.now;
	return status;
}

static int
add_bytes(const char *data, size_t len, void *arg)
{
	buf_add(arg, data, len);
	return 0;
}

static void
add_id(const json_t *id, struct buf *out)
{
	char number[24];
	buf_add_text(out, "{\"id\":");
	if (json_is_integer(id))
		buf_add(out, number,
			(size_t)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
					 json_integer_value(id)));
	else if (!id || json_dump_callback(id, add_bytes, out, JSON_COMPACT | JSON_ENCODE_ANY) < 0)
		buf_add_text(out, "null");
}

static void
add_error(const json_t *id, const struct err *err, struct buf *out)
{
	add_id(id, out);
	buf_add_text(out, ",\"error\":");
	json_t *text = json_sprintf("%s%s%s", err->field, *err->field ? ": " : "", err->text);
	if (!text) /* a byte that is not UTF-8 was quoted */
		text = json_sprintf("%s%snot valid UTF-8", err->field, *err->field ? ": " : "");
	json_dump_callback(text, add_bytes, out, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(text);
	buf_add_text(out, "}\n");
}

/* Adds the times; -1 with *err and nothing added when there is none. */
static int
add_times(const struct request *request, const struct schedule *s, struct zone *zone,
	  struct buf *out, struct err *err)
{
	char time[SCHEDULE_TIME_MAX];
	usec_t at = schedule_next(s, request->context.now, NULL);
	if (at == USEC_NEVER)
		return err_invalid(err, schedule_kind_name(schedule_kind(s)), "never due after %s",
				   schedule_print_time(zone, request->context.now, time));
	add_id(request->id, out);
	buf_add_text(out, ",\"times\":[");
	for (json_int_t i = 0; i < request->n && at != USEC_NEVER; i++) {
		buf_add_text(out, i ? ",\"" : "\"");
		buf_add_text(out, schedule_print_time(zone, at, time));
		buf_add_char(out, '"');
		if (i + 1 < request->n)
			at = schedule_next(s, at, NULL);
	}
	buf_add_text(out, "]}\n");
	return 0;
}

static int
answer_request(const struct request *request, bool is_utc, struct buf *out, struct err *err)
{
	struct schedule s;
	if (schedule_parse(&s, request->kind, request->text, &request->context, err) < 0)
		return -1;
	int status = add_times(request, &s, is_utc ? NULL : schedule_zone(&s), out, err);
	schedule_fini(&s);
	return status;
}

void
batch_answer(const struct schedule_context *context, bool is_utc, const char *line, size_t len,
	     struct buf *out)
{
	struct request request = { .context = *context, .n = 1 };
	struct err err = { 0 };
	json_error_t where;
	json_t *object = NULL;
	int status;
	if (len <= BATCH_LINE_MAX)
		object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &where);
	if (len > BATCH_LINE_MAX)
		status = err_invalid(&err, "", "the line is longer than %d KiB",
				     BATCH_LINE_MAX / 1024);
	else if (!object)
		status = err_invalid(&err, "", "not JSON: %s", where.text);
	else
		status = read_request(&request, object, &err);
	if (status == 0)
		status = answer_request(&request, is_utc, out, &err);
	if (status < 0)
		add_error(request.id, &err, out);
	json_decref(object);
}

static int
flush(struct buf *out)
{
	if (write_all(STDOUT_FILENO, out->data, out->len) != 0) {
		say("standard output: %s", strerror(errno));
		return -1;
	}
	buf_clear(out);
	return 0;
}

/* The lines of standard input as they come. */
struct input {
	struct buf in;
	size_t at;        /* where the next line begins */
	bool is_skipping; /* within a line that is too long */
	bool is_over;
};

/* Reads more behind what is not answered yet. -1: it cannot be read. */
static int
fill(struct input *input)
{
	buf_drop_front(&input->in, input->at);
	input->at = 0;
	ssize_t n;
	do
		n = read(STDIN_FILENO, buf_reserve(&input->in, READ_SIZE), READ_SIZE);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		say("standard input: %s", strerror(errno));
		return -1;
	}
	input->is_over = n == 0;
	input->in.len += (size_t)n;
	return 0;
}

/* The next whole line; false: more input is needed. At the end the rest is a line. */
static bool
next_line(struct input *input, const char **line, size_t *len)
{
	size_t left = input->in.len - input->at;
	*line = left ? input->in.data + input->at : "";
	const char *end = left ? memchr(*line, '\n', left) : NULL;
	if (!end && (!input->is_over || left == 0))
		return false;
	*len = end ? (size_t)(end - *line) : left;
	input->at += *len + (end ? 1 : 0);
	return true;
}

int
batch_run(const struct schedule_context *context, bool is_utc)
{
	struct input input = { 0 };
	struct buf out = BUF_EMPTY;
	int status = 0;
	while (status == 0 && !input.is_over) {
		const char *line;
		size_t len;
		status = fill(&input);
		while (status == 0 && next_line(&input, &line, &len)) {
			if (!input.is_skipping && len > 0)
				batch_answer(context, is_utc, line, len, &out);
			input.is_skipping = false;
			if (out.len > WRITE_SIZE)
				status = flush(&out);
		}
		/* A line without end must not fill the memory: its rest is read and forgotten. */
		len = input.in.len - input.at;
		if (len > BATCH_LINE_MAX) {
			if (!input.is_skipping)
				batch_answer(context, is_utc, input.in.data + input.at, len, &out);
			input.is_skipping = true;
			input.at = input.in.len;
		}
		if (status == 0)
			status = flush(&out);
	}
	buf_fini(&input.in);
	buf_fini(&out);
	return status == 0 ? EXIT_DONE : EXIT_FAILED;
}
