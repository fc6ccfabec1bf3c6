/*
 * The methods of the control protocol as a table; asched-protocol(7) and daemon.methods say the
 * same. A new method is a row in methods.c and a function or two.
 */
#ifndef CONTROL_METHOD_H
#define CONTROL_METHOD_H

#include <stdbool.h>
#include <stddef.h>

#include "control/call.h"

enum param_type {
	PARAM_TEXT,
	PARAM_NUMBER, /* an integer in min to max */
	PARAM_FLAG,
	PARAM_JOB,     /* an id, or a name, or "owner/name" */
	PARAM_INSTANT, /* RFC 3339, or microseconds since 1970 */
	PARAM_USER,    /* a uid or a name */
};

struct param {
	const char *name; /* NULL ends a list */
	enum param_type type;
	bool is_required;
	int64_t min, max; /* of numbers */
	const char *doc;
};

struct method {
	const char *name;
	const char *doc; /* one sentence without a full stop */
	const struct param *params;
	bool takes_fields;    /* the fields of a job, and its schedule, as parameters, too */
	bool is_change;       /* takes `key` */
	bool renders_trouble; /* render() is asked, too, when the store could not answer */
	/* Either: an intent for the store, NULL with *err; and the answer of what came back. */
	struct intent *(*ask)(struct call *call, struct err *err);
	json_t *(*render)(struct call *call, const struct intent *intent);
	/* Or: the answer at once; NULL with *err. */
	json_t *(*answer)(struct call *call, struct err *err);
};

extern const struct method methods[];
extern const size_t nmethods;

const struct method *method_find(const char *name); /* NULL: none */

/*
 * Checks names and types of the parameters against the method's table; every name that neither
 * it nor the field table has is refused, with the nearest one. 0, or -1 with *err.
 */
int method_check(const struct method *method, const json_t *params, struct err *err);

struct intent *job_add_ask(struct call *call, struct err *err);
struct intent *job_set_ask(struct call *call, struct err *err);
struct intent *job_cancel_ask(struct call *call, struct err *err);
struct intent *job_pause_ask(struct call *call, struct err *err);
struct intent *job_resume_ask(struct call *call, struct err *err);
struct intent *job_run_ask(struct call *call, struct err *err);
struct intent *job_get_ask(struct call *call, struct err *err);
struct intent *job_list_ask(struct call *call, struct err *err);
struct intent *job_why_ask(struct call *call, struct err *err);
json_t *job_changed_render(struct call *call, const struct intent *intent);
json_t *job_run_render(struct call *call, const struct intent *intent);
json_t *job_get_render(struct call *call, const struct intent *intent);
json_t *job_list_render(struct call *call, const struct intent *intent);
json_t *job_next_render(struct call *call, const struct intent *intent);
json_t *job_why_render(struct call *call, const struct intent *intent);

struct intent *run_list_ask(struct call *call, struct err *err);
struct intent *run_get_ask(struct call *call, struct err *err);
struct intent *run_output_ask(struct call *call, struct err *err);
struct intent *run_cancel_ask(struct call *call, struct err *err);
struct intent *run_retry_ask(struct call *call, struct err *err);
json_t *run_list_render(struct call *call, const struct intent *intent);
json_t *run_get_render(struct call *call, const struct intent *intent);
json_t *run_output_render(struct call *call, const struct intent *intent);
json_t *run_cancel_render(struct call *call, const struct intent *intent);
json_t *run_retry_render(struct call *call, const struct intent *intent);

struct intent *queue_list_ask(struct call *call, struct err *err);
struct intent *queue_set_ask(struct call *call, struct err *err);
json_t *queue_list_render(struct call *call, const struct intent *intent);
json_t *queue_set_render(struct call *call, const struct intent *intent);

json_t *schedule_next_answer(struct call *call, struct err *err);
json_t *event_subscribe_answer(struct call *call, struct err *err);

struct intent *daemon_status_ask(struct call *call, struct err *err);
struct intent *daemon_backup_ask(struct call *call, struct err *err);
struct intent *daemon_check_ask(struct call *call, struct err *err);
json_t *daemon_status_render(struct call *call, const struct intent *intent);
json_t *daemon_backup_render(struct call *call, const struct intent *intent);
json_t *daemon_check_render(struct call *call, const struct intent *intent);
json_t *daemon_reload_answer(struct call *call, struct err *err);
json_t *daemon_restart_answer(struct call *call, struct err *err);
json_t *daemon_methods_answer(struct call *call, struct err *err);

#endif
