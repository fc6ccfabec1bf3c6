/*
 * One call of a method, from its parameters to its answer. It lives until it is answered, also
 * when its peer is gone meanwhile: then the answer goes nowhere. Everything on the loop's thread.
 */
#ifndef CONTROL_CALL_H
#define CONTROL_CALL_H

#include <jansson.h>

#include "engine/store.h"

struct control;
struct message;
struct method;
struct peer;

struct call {
	struct control *control;
	const struct method *method;
	json_t *params; /* an object, checked against the method's table; owned */
	struct requester who;
	usec_t now;
	struct message *message; /* whose answer this call's is part of */
	json_t *id;              /* NULL: a notification, it gets no answer; owned */
};

/* The connection that asked; NULL: it is gone. */
struct peer *call_peer(const struct call *call);

#endif
