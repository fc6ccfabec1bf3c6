/* Jobs: making, checking, copying, and the form they are stored in. */
#include "model/job.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "model/field.h"
#include "model/request.h"
#include "model/retry.h"

static const char *const state_names[JOB_NSTATES] = {
	[JOB_ACTIVE] = "active",
	[JOB_PAUSED] = "paused",
	[JOB_FINISHED] = "finished",
	[JOB_CANCELLED] = "cancelled",
};

void
strings_add(struct strings *list, const char *text, size_t len)
{
	list->items = mem_resize(list->items, list->n + 1, sizeof(char *));
	list->items[list->n++] = mem_dup_bytes(text, len);
}

void
strings_fini(struct strings *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct strings){ 0 };
}

void
strings_copy(struct strings *to, const struct strings *from)
{
	*to = (struct strings){ 0 };
	for (size_t i = 0; i < from->n; i++)
		strings_add(to, from->items[i], strlen(from->items[i]));
}

void
job_init(struct job *job)
{
	*job = (struct job){ .next_due = USEC_NEVER, .next_start_at = USEC_NEVER };
	for (size_t i = 0; i < nfields; i++) {
		if (fields[i].standard_text ||
		    fields[i].standard != 0) /* the others are so already */
			field_clear(job, &fields[i]);
	}
}

static bool
is_list(const struct field *field)
{
	return field->type == FIELD_ARGV || field->type == FIELD_PAIRS ||
	       field->type == FIELD_HEADERS;
}

static bool
is_text(const struct field *field)
{
	return field->type == FIELD_STRING || field->type == FIELD_PATH ||
	       field->type == FIELD_SCHEDULE;
}

void
job_fini(struct job *job)
{
	for (size_t i = 0; i < nfields; i++) {
		void *member = (char *)job + fields[i].offset;
		if (is_list(&fields[i]))
			strings_fini(member);
		else if (is_text(&fields[i]))
			free(*(char **)member);
	}
	*job = (struct job){ 0 };
}

void
job_copy(struct job *to, const struct job *from)
{
	*to = *from;
	for (size_t i = 0; i < nfields; i++) {
		void *member = (char *)to + fields[i].offset;
		const void *source = (const char *)from + fields[i].offset;
		if (is_list(&fields[i]))
			strings_copy(member, source);
		else if (is_text(&fields[i]))
			*(char **)member = mem_dup(*(char *const *)source);
	}
}

bool
job_is_http(const struct job *job)
{
	return job->url != NULL;
}

uid_t
job_uid(const struct job *job)
{
	return job->user >= 0 ? (uid_t)job->user : job->owner;
}

int
job_check_name(const char *field, const char *name, struct err *err)
{
	size_t len = strlen(name);
	if (len == 0 || len > JOB_NAME_MAX)
		return err_invalid(err, field, "\"%.70s\" has %zu bytes, not 1-%d", name, len,
				   JOB_NAME_MAX);
	if (strspn(name, "0123456789") == len)
		return err_invalid(err, field, "\"%s\" is all digits, which would be an id", name);
	if (name[0] == '-')
		return err_invalid(err, field, "\"%s\" would be an option to commands", name);
	for (const char *p = name; *p; p++) {
		unsigned char c = (unsigned char)*p;
		if (c <= ' ' || c == 0x7f || strchr("/*?[]\"'\\", c))
			return err_invalid(
				err, field,
				"\"%s\" has a blank, a control byte or one of / * ? [ ] \" ' \\",
				name);
	}
	return 0;
}

static int
check_action(const struct job *job, struct err *err)
{
	int nactions = (job->command.n > 0) + (job->shell != NULL) + (job->url != NULL);
	if (nactions == 0)
		return err_invalid(err, "command", "there is none: give command, shell or url");
	if (nactions > 1)
		return err_invalid(err, job->url ? "url" : "shell",
				   "give only one of command, shell and url");
	if (job->command.n && job->command.items[0][0] == '\0')
		return err_invalid(err, "command", "the program's name is empty");
	if (job->shell && strspn(job->shell, " \t\n") == strlen(job->shell))
		return err_invalid(err, "shell", "is empty");
	return 0;
}

/* Nobody could tell what the others are relative to. */
static int
check_paths(const struct job *job, struct err *err)
{
	for (size_t i = 0; i < nfields; i++) {
		if (fields[i].type != FIELD_PATH)
			continue;
		const char *path = *(char *const *)((const char *)job + fields[i].offset);
		if (path && path[0] != '/')
			return err_invalid(err, fields[i].name, "\"%.80s\" is not an absolute path",
					   path);
	}
	return 0;
}

/* What was good enough when it was given is not asked about again. */
static bool
is_given(const char *text, const char *before)
{
	return text && (!before || strcmp(text, before) != 0);
}

/* What a variable that is not set leaves in a script is no value. */
static int
check_words(const struct job *job, const struct job *before, struct err *err)
{
	if (is_given(job->name, before->name) && job_check_name("name", job->name, err) < 0)
		return -1;
	if (is_given(job->queue, before->queue) && job_check_name("queue", job->queue, err) < 0)
		return -1;
	if (is_given(job->tz, before->tz) && !*job->tz)
		return err_invalid(err, "tz", "is empty");
	if (is_given(job->output, before->output) && !*job->output)
		return err_invalid(err, "output", "is empty");
	return job->queue ? 0 : err_invalid(err, "queue", "is empty");
}

/* Each field belongs to one kind of action; setting it for the other would be ignored. */
static int
check_groups(const struct job *job, struct err *err)
{
	enum field_group other = job_is_http(job) ? GROUP_EXEC : GROUP_HTTP;
	struct job standard = { 0 };
	int rc = 0;
	for (size_t i = 0; i < nfields && rc == 0; i++) {
		if (fields[i].group != other)
			continue;
		field_clear(&standard, &fields[i]);
		if (field_differs(job, &standard, &fields[i]))
			rc = err_invalid(err, fields[i].name, "is only for %s jobs",
					 job_is_http(job) ? "command" : "HTTP");
	}
	job_fini(&standard);
	return rc;
}

/* Everything goes to the run in one message (spawn/msg.h): what is too much is refused here. */
static int
check_size(const struct job *job, struct err *err)
{
	const struct field *largest = NULL;
	size_t total = 0, most = 0;
	struct buf text = BUF_EMPTY;
	for (size_t i = 0; i < nfields; i++) {
		size_t nbytes = 0;
		for (size_t k = 0;
		     fields[i].group == GROUP_EXEC && k < field_nitems(job, &fields[i]); k++) {
			buf_clear(&text);
			field_print(job, &fields[i], k, &text);
			nbytes += text.len + 1;
		}
		total += nbytes;
		if (nbytes > most) {
			most = nbytes;
			largest = &fields[i];
		}
	}
	buf_fini(&text);
	if (total <= JOB_COMMAND_BYTES_MAX)
		return 0;
	return err_invalid(err, largest->name,
			   "%zu bytes, with all else of the command %zu; %d are allowed", most,
			   total, JOB_COMMAND_BYTES_MAX);
}

static int
check_policies(const struct job *job, struct err *err)
{
	if (job->retry_on && retry_on_check(job->retry_on, err) < 0)
		return -1;
	if (job->until && job->not_before && job->until <= job->not_before)
		return err_invalid(err, "until", "is not after not-before");
	if (job->retry_max_delay < job->retry_delay)
		return err_invalid(err, "retry-max-delay", "is shorter than retry-delay");
	return 0;
}

int
job_check(const struct job *job, struct err *err)
{
	const struct job nothing = { 0 };
	return job_check_change(job, &nothing, err);
}

int
job_check_change(const struct job *job, const struct job *before, struct err *err)
{
	if (check_words(job, before, err) < 0)
		return -1;
	if (job->user >= 0 && job->owner != 0) {
		err_set(err, ERR_DENIED, "permission denied: only jobs of root run as other users");
		err_in_field(err, "user");
		return -1;
	}
	if (check_action(job, err) < 0 || check_paths(job, err) < 0 || check_groups(job, err) < 0)
		return -1;
	if (job_is_http(job) && request_check(job, err) < 0)
		return -1;
	return check_size(job, err) < 0 ? -1 : check_policies(job, err);
}

static struct schedule_context
context(const struct job *job, struct zones *zones, usec_t now)
{
	return (struct schedule_context){
		.zones = zones,
		.tz = job->tz,
		.dst = job->dst,
		.now = now,
		.anchor = job->created_at,
		.seed = job->seed,
	};
}

int
job_schedule(const struct job *job, struct zones *zones, struct schedule *s, struct err *err)
{
	struct schedule_context c = context(job, zones, job->created_at);
	return schedule_parse(s, job->kind, job->schedule, &c, err);
}

int
job_set_schedule(struct job *job, enum schedule_kind kind, const char *text, struct zones *zones,
		 usec_t now, struct err *err)
{
	struct schedule s;
	struct schedule_context c = context(job, zones, now);
	if (schedule_parse(&s, kind, text, &c, err) < 0) {
		err_in_field(err, kind == SCHEDULE_ANY ? "when" : schedule_kind_name(kind));
		return -1;
	}
	struct buf canonical = BUF_EMPTY;
	schedule_print(&s, &canonical);
	free(job->schedule);
	job->schedule = buf_take(&canonical);
	job->kind = schedule_kind(&s);
	schedule_fini(&s);
	return 0;
}

void
job_pack(const struct job *job, struct buf *out)
{
	struct job standard;
	job_init(&standard);
	for (size_t i = 0; i < nfields; i++) {
		const struct field *field = &fields[i];
		if (!field_differs(job, &standard, field))
			continue;
		for (size_t item = 0; item < field_nitems(job, field); item++) {
			buf_add(out, field->name, strlen(field->name) + 1);
			if (field->type == FIELD_SCHEDULE)
				buf_printf(out, "%s ", schedule_kind_name(job->kind));
			field_print(job, field, item, out);
			buf_add_char(out, '\0');
		}
	}
	job_fini(&standard);
}

static int
unpack_schedule(struct job *job, const char *text, struct err *err)
{
	char kind[16];
	size_t n = strcspn(text, " ");
	if (text[n] == '\0' || n >= sizeof(kind))
		return err_set(err, ERR_INVALID, "stored schedule \"%.40s\" has no kind", text);
	memcpy(kind, text, n);
	kind[n] = '\0';
	job->kind = schedule_kind_find(kind);
	if (job->kind == SCHEDULE_NKINDS)
		return err_set(err, ERR_INVALID, "stored schedule kind \"%s\" is unknown", kind);
	free(job->schedule);
	job->schedule = mem_dup(text + n + 1);
	return 0;
}

int
job_unpack(struct job *job, const void *data, size_t len, struct err *err)
{
	const char *p = data, *end = p + len;
	if (len && end[-1] != '\0')
		return err_set(err, ERR_INVALID, "stored job is cut off");
	while (p < end) {
		const char *name = p;
		p += strlen(name) + 1;
		const struct field *field = field_find(name, strlen(name));
		if (!field || p >= end)
			return err_set(err, ERR_INVALID, "stored field \"%.40s\" is unknown", name);
		size_t n = strlen(p);
		int rc = field->type == FIELD_SCHEDULE ? unpack_schedule(job, p, err)
						       : field_set(job, field, p, n, err);
		if (rc < 0)
			return -1;
		p += n + 1;
	}
	return 0;
}

const char *
job_state_name(enum job_state state)
{
	return (unsigned)state < JOB_NSTATES ? state_names[state] : "none";
}
