/* What the files of control/ share and its owner does not see. */
#ifndef CONTROL_CONTROL_STATE_H
#define CONTROL_CONTROL_STATE_H

#include "control/control.h"
#include "control/rpc.h"
#include "control/server.h"

/* What a connection has here: the data of its peer. */
struct session {
	struct rpc rpc;
	struct peer *peer;
	struct requester who;
	bool is_subscribed;
	int64_t job_id;               /* of the subscription: only this job; 0: all */
	struct session *next, **link; /* of the subscribers */
};

struct control {
	struct control_ports ports;
	struct server *server;
	struct session *subscribers;
	struct buf busy, denied, too_long; /* lines of the server */
};

/* From now on the session is told of every event that it may know of. */
void session_subscribe(struct session *session, struct control *control, int64_t job_id);

#endif
