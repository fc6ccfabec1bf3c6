/* Connections become sessions, lines become calls, events become notifications. */
#include "control/control.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "control/control_state.h"
#include "control/json.h"

static bool
may_connect(void *arg, uid_t uid)
{
	const struct control *control = arg;
	return control->ports.may_connect(control->ports.arg, uid);
}

static void *
on_opened(void *arg, struct peer *peer)
{
	(void)arg;
	struct session *session = mem_alloc(sizeof(*session));
	session->peer = peer;
	session->who.uid = peer_uid(peer);
	return session;
}

static void
unsubscribe(struct session *session)
{
	if (!session->is_subscribed)
		return;
	*session->link = session->next;
	if (session->next)
		session->next->link = session->link;
	session->is_subscribed = false;
}

static void
on_closed(void *arg, struct peer *peer)
{
	struct session *session = peer_data(peer);
	(void)arg;
	rpc_abandon(&session->rpc);
	unsubscribe(session);
	free(session);
}

/* Who is an operator may change with a reload: asked for every line. */
static void
on_line(void *arg, struct peer *peer, char *line, size_t len)
{
	struct control *control = arg;
	struct session *session = peer_data(peer);
	session->who.is_operator = control->ports.is_operator(control->ports.arg, session->who.uid);
	rpc_line(control, peer, line, len);
}

void
session_subscribe(struct session *session, struct control *control, int64_t job_id)
{
	session->job_id = job_id;
	if (session->is_subscribed)
		return;
	session->is_subscribed = true;
	session->next = control->subscribers;
	session->link = &control->subscribers;
	if (session->next)
		session->next->link = &session->next;
	control->subscribers = session;
	peer_keep(session->peer);
}

static bool
may_know(const struct session *session, const struct run_event *event)
{
	bool is_own = event->job && event->job->owner == session->who.uid;
	bool is_wanted = session->job_id == 0 || session->job_id == event->run->job_id;
	return is_wanted && (is_own || session->who.is_operator);
}

static json_t *
event_object(const struct control *control, const struct run_event *event)
{
	static const char *const names[] = {
		[RUN_EVENT_STARTING] = "starting",
		[RUN_EVENT_STARTED] = "started",
		[RUN_EVENT_ENDED] = "ended",
		[RUN_EVENT_SKIPPED] = "skipped",
	};
	struct zone *zone = json_zone(control->ports.zones, event->job ? event->job->tz : NULL);
	json_t *params = json_object();
	json_set_text(params, "event", names[event->kind]);
	json_set_instant(params, "at", control->ports.now(), zone);
	json_set_text(params, "job", event->job ? event->job->name : NULL);
	json_object_set_new(params, "run", json_run(event->run, NULL, zone));
	if (event->kind == RUN_EVENT_ENDED)
		json_set_number(params, "took_us", event->took);
	zone_unref(zone);
	return params;
}

void
control_publish(struct control *control, const struct run_event *event)
{
	char *line = NULL;
	for (struct session *session = control->subscribers; session; session = session->next) {
		if (!may_know(session, event))
			continue;
		if (!line) {
			json_t *message =
				json_pack("{s:s,s:s,s:o}", "jsonrpc", "2.0", "method", "event",
					  "params", event_object(control, event));
			char *text = json_dumps(message, JSON_COMPACT);
			line = mem_printf("%s\n", text);
			free(text);
			json_decref(message);
		}
		peer_send(session->peer, line, strlen(line));
	}
	free(line);
}

static void
make_refusals(struct control *control)
{
	struct err err;
	err_set(&err, ERR_BUSY, "too many connections; try again");
	rpc_add_error(&control->busy, &err);
	err_set(&err, ERR_DENIED, "this user may not use asched here");
	rpc_add_error(&control->denied, &err);
	err_invalid(&err, "", "the line is over %d bytes", SERVER_LINE_MAX);
	rpc_add_error(&control->too_long, &err);
}

struct control *
control_new(struct ev_loop *loop, const struct control_config *config,
	    const struct control_ports *ports)
{
	/* An answer in which a member is missing for want of memory would be a lie: rather none. */
	json_set_alloc_funcs(mem_room, free);
	struct control *control = mem_alloc(sizeof(*control));
	control->ports = *ports;
	make_refusals(control);
	const struct server_config server = {
		.fd = config->listen_fd,
		.max = config->max_connections,
		.max_per_user = config->max_connections_per_user,
		.max_requests = config->max_requests_per_user,
		.busy = control->busy.data,
		.denied = control->denied.data,
		.too_long = control->too_long.data,
	};
	const struct server_events events = {
		.may_connect = may_connect,
		.opened = on_opened,
		.line = on_line,
		.closed = on_closed,
		.arg = control,
	};
	control->server = server_new(loop, &server, &events);
	return control;
}

void
control_free(struct control *control)
{
	if (!control)
		return;
	server_free(control->server);
	buf_fini(&control->busy);
	buf_fini(&control->denied);
	buf_fini(&control->too_long);
	free(control);
}

void
control_start(struct control *control)
{
	server_start(control->server);
}

void
control_stop(struct control *control)
{
	server_stop(control->server);
}

void
control_flush(struct control *control)
{
	server_flush(control->server);
}
