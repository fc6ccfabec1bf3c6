/* daemon.*, queue.* and event.*: the daemon itself. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "control/control_state.h"
#include "control/json.h"
#include "control/method.h"
#include "control/params.h"

static int
check_operator(const struct call *call, struct err *err)
{
	if (call->who.is_operator)
		return 0;
	return err_set(err, ERR_DENIED, "%s: only root and operators may", call->method->name);
}

struct intent *
daemon_status_ask(struct call *call, struct err *err)
{
	(void)err;
	return intent_new(INTENT_STATS, call->now);
}

static json_t *
ranks_object(const struct control_ranks *ranks)
{
	json_t *object = json_object();
	json_set_number(object, "p50", ranks->p50);
	json_set_number(object, "p99", ranks->p99);
	json_set_number(object, "max", ranks->max);
	return object;
}

static json_t *
store_object(const struct control_status *status, const struct intent *intent)
{
	bool is_known = intent->err.code == ERR_NONE;
	json_t *store = json_object();
	json_set_text(store, "state", status->store_state == STORE_OK ? "ok" : "degraded");
	json_set_text(store, "detail",
		      status->store_detail[0] || is_known ? status->store_detail
							  : intent->err.text);
	return store;
}

/* Counts that only the store knows; null while it cannot say. */
static void
set_counts(json_t *answer, const struct intent *intent)
{
	const struct store_stats *stats = &intent->stats;
	const struct {
		const char *key;
		int64_t number;
	} counts[] = {
		{ "jobs", stats->njobs },
		{ "runs", stats->nruns },
		{ "runs_running", stats->nrunning },
		{ "runs_waiting", stats->nwaiting },
		{ "database_bytes", stats->database_bytes },
	};
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (intent->err.code == ERR_NONE)
			json_set_number(answer, counts[i].key, counts[i].number);
		else
			json_object_set_new(answer, counts[i].key, json_null());
	}
}

json_t *
daemon_status_render(struct call *call, const struct intent *intent)
{
	const struct control_ports *ports = &call->control->ports;
	struct control_status status = { 0 };
	struct engine_stats engine;
	ports->status(ports->arg, &status);
	engine_stats(ports->engine, &engine);
	struct zone *zone = json_zone(ports->zones, NULL);
	const struct control_ranks late = { engine.start_late_p50, engine.start_late_p99,
					    engine.start_late_max };
	json_t *answer = json_object();
	json_set_text(answer, "version", PACKAGE_VERSION);
	json_set_number(answer, "pid", status.pid);
	json_set_number(answer, "spawner_pid", status.spawner_pid);
	json_set_instant(answer, "started", status.started_at, zone);
	json_set_number(answer, "uptime_us", status.uptime);
	set_counts(answer, intent);
	json_object_set_new(answer, "store", store_object(&status, intent));
	json_set_number(answer, "requests_queued", status.nqueued);
	json_object_set_new(answer, "loop_lag_us", ranks_object(&status.loop_lag));
	json_object_set_new(answer, "commit_us", ranks_object(&status.commit));
	json_object_set_new(answer, "start_late_us", ranks_object(&late));
	json_set_number(answer, "live", engine.nlive);
	json_set_number(answer, "connections", server_npeers(call->control->server));
	json_set_number(answer, "rss_kib", status.rss_kib);
	json_set_text(answer, "node", status.node);
	json_set_number(answer, "log_lines_lost", status.nlog_lost);
	json_set_text(answer, "last_trouble", status.last_trouble[0] ? status.last_trouble : NULL);
	json_set_instant(answer, "last_trouble_at", status.last_trouble_at, zone);
	zone_unref(zone);
	return answer;
}

struct intent *
daemon_backup_ask(struct call *call, struct err *err)
{
	const char *path = params_text(call, "path");
	if (check_operator(call, err) != 0)
		return NULL;
	if (path[0] != '/') {
		err_invalid(err, "path", "\"%.100s\" is not an absolute path", path);
		return NULL;
	}
	struct intent *intent = intent_new(INTENT_BACKUP, call->now);
	intent->path = mem_dup(path);
	return intent;
}

json_t *
daemon_backup_render(struct call *call, const struct intent *intent)
{
	(void)call;
	json_t *answer = json_object();
	json_set_text(answer, "path", intent->path);
	return answer;
}

struct intent *
daemon_check_ask(struct call *call, struct err *err)
{
	return check_operator(call, err) == 0 ? intent_new(INTENT_CHECK, call->now) : NULL;
}

json_t *
daemon_check_render(struct call *call, const struct intent *intent)
{
	json_t *answer = json_object(), *problems = json_array();
	const char *line = buf_text(&intent->output);
	(void)call;
	for (size_t len; *line; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		json_array_append_new(problems, json_stringn(line, len));
	}
	json_set_flag(answer, "whole", json_array_size(problems) == 0);
	json_object_set_new(answer, "problems", problems);
	return answer;
}

json_t *
daemon_reload_answer(struct call *call, struct err *err)
{
	const struct control_ports *ports = &call->control->ports;
	if (check_operator(call, err) != 0 || ports->reload(ports->arg, err) != 0)
		return NULL;
	return json_pack("{s:b}", "reloaded", 1);
}

json_t *
daemon_restart_answer(struct call *call, struct err *err)
{
	const struct control_ports *ports = &call->control->ports;
	if (check_operator(call, err) != 0)
		return NULL;
	ports->restart(ports->arg);
	return json_pack("{s:b}", "restarting", 1);
}

static const char *
type_name(enum param_type type)
{
	static const char *const names[] = {
		[PARAM_TEXT] = "string", [PARAM_NUMBER] = "integer", [PARAM_FLAG] = "boolean",
		[PARAM_JOB] = "job",     [PARAM_INSTANT] = "time",   [PARAM_USER] = "user",
	};
	return names[type];
}

static json_t *
params_list(const struct method *method)
{
	json_t *list = json_array();
	for (const struct param *param = method->params; param && param->name; param++) {
		json_t *item = json_object();
		json_set_text(item, "name", param->name);
		json_set_text(item, "type", type_name(param->type));
		json_set_flag(item, "required", param->is_required);
		json_set_text(item, "doc", param->doc);
		json_array_append_new(list, item);
	}
	return list;
}

static json_t *
fields_list(void)
{
	struct buf standard = BUF_EMPTY;
	json_t *list = json_array();
	for (size_t i = 0; i < nfields; i++) {
		json_t *item = json_object();
		char key[FIELD_KEY_MAX];
		buf_clear(&standard);
		field_print_standard(&fields[i], &standard);
		json_set_text(item, "name", field_key(fields[i].name, key));
		json_set_text(item, "value", fields[i].argument);
		json_set_text(item, "default", standard.len ? buf_text(&standard) : NULL);
		json_set_text(item, "doc", fields[i].doc);
		json_array_append_new(list, item);
	}
	buf_fini(&standard);
	return list;
}

json_t *
daemon_methods_answer(struct call *call, struct err *err)
{
	(void)call;
	(void)err;
	json_t *list = json_array();
	for (size_t i = 0; i < nmethods; i++) {
		json_t *item = json_object();
		json_set_text(item, "name", methods[i].name);
		json_set_text(item, "doc", methods[i].doc);
		json_set_flag(item, "change", methods[i].is_change);
		json_set_flag(item, "takes_fields", methods[i].takes_fields);
		json_object_set_new(item, "params", params_list(&methods[i]));
		json_array_append_new(list, item);
	}
	return json_pack("{s:o,s:o}", "methods", list, "fields", fields_list());
}

struct intent *
queue_list_ask(struct call *call, struct err *err)
{
	(void)err;
	return intent_new(INTENT_QUEUE_LIST, call->now);
}

static json_t *
queue_object(const struct queue *queue)
{
	json_t *object = json_object();
	json_set_text(object, "name", queue->name);
	json_set_number(object, "concurrency", queue->concurrency);
	json_set_flag(object, "paused", queue->is_paused);
	json_set_number(object, "running", queue->nrunning);
	json_set_number(object, "waiting", queue->nwaiting);
	return object;
}

json_t *
queue_list_render(struct call *call, const struct intent *intent)
{
	(void)call;
	json_t *items = json_array();
	for (size_t i = 0; i < intent->nqueues; i++)
		json_array_append_new(items, queue_object(&intent->queues[i]));
	return json_page(items, NULL);
}

/* What is not given stays as it is. */
struct intent *
queue_set_ask(struct call *call, struct err *err)
{
	if (job_check_name("queue", params_text(call, "queue"), err) < 0)
		return NULL;
	if (!params_have(call, "concurrency") && !params_have(call, "paused")) {
		err_invalid(err, "queue", "nothing to change is given");
		return NULL;
	}
	struct intent *intent = intent_new(INTENT_QUEUE_SET, call->now);
	struct queue *queue = &intent->queue;
	snprintf(queue->name, sizeof(queue->name), "%s", params_text(call, "queue"));
	queue->concurrency = (int)params_number(call, "concurrency", 0);
	queue->is_paused = params_flag(call, "paused");
	intent->keeps_paused = !params_have(call, "paused");
	return intent;
}

json_t *
queue_set_render(struct call *call, const struct intent *intent)
{
	(void)call;
	return queue_object(&intent->queue);
}

json_t *
event_subscribe_answer(struct call *call, struct err *err)
{
	(void)err;
	session_subscribe(peer_data(call_peer(call)), call->control, params_number(call, "job", 0));
	return json_pack("{s:b}", "subscribed", 1);
}
