/*
 * The configuration's keys as a table, and its sections. The grammar is lines.h's; the fields of
 * [defaults] are rows of the field table.
 */
#include "daemon/conf.h"

#include <errno.h>
#include <ini.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "daemon/lines.h"
#include "model/field.h"

#define OUTPUT_LIMIT      ((int64_t)1 << 30)
#define CONCURRENCY_LIMIT 100000

/* One key: how its text becomes the member at `offset`. */
struct key {
	const char *name;
	int (*set)(const struct key *key, void *member, const char *text, struct err *err);
	size_t offset;
	int64_t min, max;
};

static int
set_text(const struct key *key, void *member, const char *text, struct err *err)
{
	char **to = member;
	if (!text[0])
		return err_invalid(err, key->name, "the value is empty");
	free(*to);
	*to = mem_dup(text);
	return 0;
}

static int
set_path(const struct key *key, void *member, const char *text, struct err *err)
{
	if (text[0] != '/')
		return err_invalid(err, key->name, "\"%s\" is not an absolute path", text);
	return set_text(key, member, text, err);
}

static int
set_duration(const struct key *key, void *member, const char *text, struct err *err)
{
	usec_t *to = member;
	if (usec_parse_duration(text, to, err) != 0) {
		err_in_field(err, key->name);
		return -1;
	}
	if (*to < key->min || *to > key->max) {
		char min[USEC_TEXT_MAX], max[USEC_TEXT_MAX];
		return err_invalid(err, key->name, "\"%s\" is not in %s to %s", text,
				   usec_print_duration(key->min, min),
				   usec_print_duration(key->max, max));
	}
	return 0;
}

/* Digits, and what follows them in *end; -1: none, or out of range. */
static int64_t
read_digits(const char *text, const char **end)
{
	char *stop;
	errno = 0;
	long long n = text[0] >= '0' && text[0] <= '9' ? strtoll(text, &stop, 10) : -1;
	if (n < 0 || errno)
		return -1;
	*end = stop;
	return n;
}

static int
set_number(const struct key *key, void *member, const char *text, struct err *err)
{
	const char *end;
	int64_t n = read_digits(text, &end);
	if (n < 0 || *end)
		return err_invalid(err, key->name, "\"%s\" is not a number", text);
	if (n < key->min || n > key->max)
		return err_invalid(err, key->name, "\"%s\" is not in %lld to %lld", text,
				   (long long)key->min, (long long)key->max);
	*(int64_t *)member = n;
	return 0;
}

static int
set_int(const struct key *key, void *member, const char *text, struct err *err)
{
	int64_t n;
	if (set_number(key, &n, text, err) != 0)
		return -1;
	*(int *)member = (int)n;
	return 0;
}

/* Bytes: a number, with K, M, G or T for powers of 1024. */
static int
set_size(const struct key *key, void *member, const char *text, struct err *err)
{
	static const char units[] = "KMGT";
	const char *end;
	int64_t n = read_digits(text, &end);
	const char *unit = n >= 0 && *end ? strchr(units, *end) : NULL;
	if (n < 0 || (*end && (!unit || end[1])))
		return err_invalid(err, key->name,
				   "\"%s\" is not a size (a number, or one with K M G T)", text);
	int shift = unit ? 10 * (int)(unit - units + 1) : 0;
	if (n > (key->max >> shift) || (n << shift) < key->min)
		return err_invalid(err, key->name, "\"%s\" is not in %lld to %lld bytes", text,
				   (long long)key->min, (long long)key->max);
	*(int64_t *)member = n << shift;
	return 0;
}

static int
set_level(const struct key *key, void *member, const char *text, struct err *err)
{
	if (log_parse_level(text, member) != 0)
		return err_invalid(err, key->name,
				   "\"%s\" is not error, warning, notice, info or debug", text);
	return 0;
}

static int
set_format(const struct key *key, void *member, const char *text, struct err *err)
{
	enum log_format format;
	if (log_parse_format(text, &format) != 0)
		return err_invalid(err, key->name, "\"%s\" is not text, json or journal", text);
	return set_text(key, member, text, err);
}

static int
find_uid(const struct key *key, const char *name, uid_t *uid, struct err *err)
{
	const char *end;
	int64_t n = read_digits(name, &end);
	if (n >= 0 && !*end && n < UINT32_MAX) {
		*uid = (uid_t)n;
		return 0;
	}
	errno = 0;
	const struct passwd *user = getpwnam(name);
	if (!user)
		return err_invalid(err, key->name, "%s: no such user", name);
	*uid = user->pw_uid;
	return 0;
}

/* Names or uids, separated by commas or blanks. */
static int
set_users(const struct key *key, void *member, const char *text, struct err *err)
{
	struct uid_list *list = member;
	char *copy = mem_dup(text), *rest = copy;
	int result = 0;
	for (char *name; result == 0 && (name = strsep(&rest, ", \t"));) {
		if (!*name)
			continue;
		list->uids = mem_resize(list->uids, list->n + 1, sizeof(*list->uids));
		if (list->n == CONF_UIDS_MAX)
			result = err_invalid(err, key->name, "over %d users", CONF_UIDS_MAX);
		else if ((result = find_uid(key, name, &list->uids[list->n], err)) == 0)
			list->n++;
	}
	free(copy);
	if (result == 0 && list->n == 0)
		return err_invalid(err, key->name, "the list is empty");
	return result;
}

bool
uid_list_has(const struct uid_list *list, uid_t uid)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->uids[i] == uid)
			return true;
	}
	return false;
}

#define IN_CONF(member) offsetof(struct conf, member)
#define NO_LIMIT        INT64_MAX

static const struct key daemon_keys[] = {
	{ "user", set_text, IN_CONF(user) },
	{ "socket", set_path, IN_CONF(socket) },
	{ "database", set_path, IN_CONF(database) },
	{ "output-dir", set_path, IN_CONF(output_dir) },
	{ "policy", set_path, IN_CONF(policy) },
	{ "backup-dir", set_path, IN_CONF(backup_dir) },
	{ "log-level", set_level, IN_CONF(log_level) },
	{ "log-format", set_format, IN_CONF(log_format) },
	{ "stop-timeout", set_duration, IN_CONF(stop_timeout), 0, USEC_PER_DAY },
	{ "retain", set_duration, IN_CONF(retain), 0, NO_LIMIT },
	{ "retain-runs", set_number, IN_CONF(retain_runs), 0, NO_LIMIT },
	{ "retain-bytes", set_size, IN_CONF(retain_bytes), 0, NO_LIMIT },
	{ "output-max", set_size, IN_CONF(output_max), 4096, OUTPUT_LIMIT },
	{ "max-connections", set_number, IN_CONF(max_connections), 4, 65536 },
	{ "max-connections-per-user", set_number, IN_CONF(max_connections_per_user), 1, 65536 },
	{ NULL },
};

static const struct key access_keys[] = {
	{ "operators", set_users, IN_CONF(operators) },
	{ "allow", set_users, IN_CONF(allow) },
	{ "deny", set_users, IN_CONF(deny) },
	{ "max-jobs-per-user", set_number, IN_CONF(limits.jobs), 0, NO_LIMIT },
	{ "max-runs-per-user", set_number, IN_CONF(limits.runs), 0, NO_LIMIT },
	{ "max-bytes-per-user", set_size, IN_CONF(limits.bytes), 0, NO_LIMIT },
	{ "max-requests-per-user", set_number, IN_CONF(max_requests_per_user), 0, 1000000 },
	{ NULL },
};

static const struct key queue_keys[] = {
	{ "concurrency", set_int, offsetof(struct queue, concurrency), 1, CONCURRENCY_LIMIT },
	{ NULL },
};

#define NKEYS_MAX   32
#define NFIELDS_MAX 128

/* One reading of a file. */
struct reading {
	struct conf *conf;
	const char *path;
	struct lines lines;
	struct buf value;       /* the pieces so far */
	const struct key *keys; /* of the section; NULL in [defaults] */
	void *base;             /* what their offsets count from */
	bool seen_sections[3];
	bool seen[NKEYS_MAX]; /* keys of the section */
	bool seen_fields[NFIELDS_MAX];
};

static const struct {
	const char *name;
	const struct key *keys;
} sections[] = {
	{ "daemon", daemon_keys },
	{ "access", access_keys },
	{ "defaults", NULL },
};

static int
enter_queue(struct reading *r, const char *name, struct err *err)
{
	struct conf *conf = r->conf;
	if (job_check_name("queue", name, err) != 0)
		return -1;
	for (size_t i = 0; i < conf->nqueues; i++) {
		if (strcmp(conf->queues[i].name, name) == 0)
			return err_set(err, ERR_INVALID, "[queue %s] stands twice", name);
	}
	if (conf->nqueues == CONF_QUEUES_MAX)
		return err_set(err, ERR_INVALID, "over %d queues", CONF_QUEUES_MAX);
	conf->queues = mem_resize(conf->queues, conf->nqueues + 1, sizeof(*conf->queues));
	struct queue *queue = &conf->queues[conf->nqueues++];
	*queue = (struct queue){ 0 };
	snprintf(queue->name, sizeof(queue->name), "%s", name);
	r->keys = queue_keys;
	r->base = queue;
	return 0;
}

static int
enter_section(void *arg, const char *name, struct err *err)
{
	struct reading *r = arg;
	memset(r->seen, 0, sizeof(r->seen));
	if (strncmp(name, "queue ", strlen("queue ")) == 0)
		return enter_queue(r, name + strlen("queue "), err);
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		if (strcmp(name, sections[i].name) != 0)
			continue;
		if (r->seen_sections[i])
			return err_set(err, ERR_INVALID, "[%s] stands twice", name);
		r->seen_sections[i] = true;
		r->keys = sections[i].keys;
		r->base = r->conf;
		return 0;
	}
	return err_set(err, ERR_INVALID,
		       "[%s] is not [daemon], [access], [defaults] or [queue NAME]", name);
}

static int
set_key(struct reading *r, const char *name, const char *text, struct err *err)
{
	for (size_t i = 0; r->keys[i].name; i++) {
		const struct key *key = &r->keys[i];
		if (strcmp(key->name, name) != 0)
			continue;
		if (r->seen[i])
			return err_invalid(err, name, "stands twice");
		r->seen[i] = true;
		return key->set(key, (char *)r->base + key->offset, text, err);
	}
	return err_invalid(err, name, "no such key");
}

static bool
is_list(const struct field *field)
{
	return field->type == FIELD_PAIRS || field->type == FIELD_HEADERS;
}

/* Whatever makes sense for many jobs: not what a job is, nor when it runs. */
static bool
may_default(const struct field *field)
{
	static const char *const own[] = { "name", "user",  "schedule", "command",   "shell",
					   "url",  "stdin", "body",     "body-file", NULL };
	for (size_t i = 0; own[i]; i++) {
		if (strcmp(field->name, own[i]) == 0)
			return false;
	}
	return field->type != FIELD_SCHEDULE && field->type != FIELD_ARGV &&
	       field->type != FIELD_INSTANT;
}

static int
set_default(struct reading *r, const char *name, const char *text, struct err *err)
{
	const struct field *field = field_find(name, strlen(name));
	if (!field) {
		const char *near = field_suggest(name);
		return err_invalid(err, name, near ? "no such field; %s?" : "no such field", near);
	}
	if (!may_default(field))
		return err_invalid(err, name, "cannot have a default");
	size_t i = (size_t)(field - fields);
	if (i < NFIELDS_MAX && r->seen_fields[i] && !is_list(field))
		return err_invalid(err, name, "stands twice");
	if (i < NFIELDS_MAX)
		r->seen_fields[i] = true;
	r->conf->has_defaults = true;
	return field_set(&r->conf->defaults, field, text, strlen(text), err);
}

/* inih's handler: gathers the pieces of a value, then sets it. 0 tells inih of an error. */
static int
take_piece(void *arg, const char *section, const char *name, const char *piece)
{
	struct reading *r = arg;
	struct err *err = &r->lines.err;
	if (err->code != ERR_NONE)
		return 0;
	if (!r->lines.is_continued)
		buf_clear(&r->value);
	size_t start = r->value.len;
	buf_add_text(&r->value, piece);
	if (r->value.data)
		lines_unshield(r->value.data + start);
	if (!lines_is_whole(&r->lines))
		return 1;
	if (!section[0])
		return err_set(err, ERR_INVALID, "%s stands before the first section", name) == 0;
	if (!r->keys)
		return set_default(r, name, buf_text(&r->value), err) == 0;
	return set_key(r, name, buf_text(&r->value), err) == 0;
}

/* Do the defaults fit each other, for a job of either kind that sets nothing else? */
static int
check_defaults(const struct conf *conf, struct err *err)
{
	static const struct {
		const char *action, *text;
		enum field_group others;
	} kinds[] = {
		{ "shell", "true", GROUP_HTTP },
		{ "url", "http://localhost/", GROUP_EXEC },
	};
	int result = 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && result == 0; i++) {
		struct job job;
		job_copy(&job, &conf->defaults);
		field_clear_group(&job, kinds[i].others);
		field_set(&job, field_find(kinds[i].action, strlen(kinds[i].action)), kinds[i].text,
			  strlen(kinds[i].text), NULL);
		result = job_check(&job, err);
		job_fini(&job);
	}
	return result;
}

int
conf_parse(struct conf *conf, const char *path, const char *text, size_t len, struct err *err)
{
	struct reading r = { .conf = conf, .path = path };
	lines_init(&r.lines, text, len);
	r.lines.section = enter_section;
	r.lines.arg = &r;
	int line = ini_parse_stream(lines_next, &r.lines, take_piece, &r);
	buf_fini(&r.value);
	const struct err *cause = &r.lines.err;
	if (cause->code != ERR_NONE) /* the line says where: no field besides */
		return err_set(err, ERR_INVALID, "%s:%d: %s%s%s", path, r.lines.number,
			       cause->field, cause->field[0] ? ": " : "", cause->text);
	/* Our lines are stricter than inih's: it must not have found more. */
	if (line != 0)
		return err_set(err, ERR_INVALID, "%s:%d: not understood", path, line);
	struct err unfit;
	if (conf->has_defaults && check_defaults(conf, &unfit) != 0)
		return err_set(err, ERR_INVALID, "%s: [defaults]: %s: %s", path, unfit.field,
			       unfit.text);
	return 0;
}
