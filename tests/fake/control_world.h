/*
 * A control side on a loop of its own, between clients (real sockets) and a store that does
 * nothing but keep the intents until the test answers them.
 */
#ifndef FAKE_CONTROL_WORLD_H
#define FAKE_CONTROL_WORLD_H

#include <ev.h>
#include <jansson.h>

#include "base/zonedir.h"
#include "control/control.h"

struct control_world {
	struct ev_loop *loop;
	struct engine *engine;
	struct control *control;
	struct zonedir zonedir;
	struct zones *zones;
	struct world_store {
		struct store port;
		struct intent *first, **last;
		size_t n;
	} store;
	struct job defaults;
	bool has_defaults, is_operator, may_connect;
	int nreloads, nrestarts;
	char dir[32], path[64];
};

#define WORLD_RATE 200 /* requests a second of who is no operator */

/* At most so many connections, in all and of one user. */
void world_open(struct control_world *world, int64_t max, int64_t max_per_user);
void world_close(struct control_world *world); /* frees the intents that nobody answered */

/* A connected client; the loop has seen it. */
int world_connect(struct control_world *world);

/* Lets the loop go on until it has nothing to do. */
void world_turn(struct control_world *world);

void world_send(struct control_world *world, int fd, const char *text);
/* The next line of the client, without its newline; NULL: none has come, or the end. free() it. */
char *world_line(struct control_world *world, int fd);
bool world_is_at_end(struct control_world *world, int fd); /* did the server close it? */

/* Sends a request and reads the answer's line as JSON. */
json_t *world_ask(struct control_world *world, int fd, const char *request);

/* The oldest intent that is not answered (still the store's); NULL: there is none. */
struct intent *world_intent(struct control_world *world);
/* Answers it as it is: the test has filled it in. */
void world_answer(struct control_world *world);

#endif
