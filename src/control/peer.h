/* One connection, and what it and the server know of each other (server.h). */
#ifndef CONTROL_PEER_H
#define CONTROL_PEER_H

#include "base/buf.h"
#include "control/rate.h"
#include "control/server.h"

struct peer {
	struct server *server;
	struct peer *next, **link; /* of the server's list */
	ev_io reads, writes;
	uid_t uid;
	struct rate *rate; /* of his user */
	void *data;
	struct buf in;
	size_t nscanned; /* of in: no newline before here */
	struct buf out;
	size_t nsent; /* of out */
	int nheld;
	bool is_kept;
	bool is_dirty;      /* to be looked at before the loop waits */
	bool is_ended;      /* will send no more; or must not */
	bool is_broken;     /* to be closed at the next look */
	uint64_t active_at; /* sweep of the last progress */
};

struct server {
	struct ev_loop *loop;
	struct server_config config;
	struct server_events events;
	ev_io accepts;
	ev_prepare waits;
	ev_idle more;
	ev_timer sweep;
	ev_timer thaw; /* while a user has asked too much */
	struct rates rates;
	struct peer *peers;
	int64_t npeers;
	size_t nunread; /* bytes, of all peers */
	uint64_t nsweeps;
	int spare_fd;   /* given up for a moment to refuse a connection when there are no others */
	bool was_short; /* of descriptors: said once */
};

void peer_new(struct server *server, int fd, uid_t uid); /* takes fd */
void peer_close(struct peer *peer);                      /* frees it */

/* Serves whole lines that are in memory, a turn's worth. */
void peer_serve(struct peer *peer);
/* Could it be served again at once? */
bool peer_has_more(const struct peer *peer);

/* Writes what the peer takes, brings its watchers in line with its state, or closes it. */
void peer_settle(struct peer *peer);

/* A line that does not end, an answer that is not read, or nothing at all, for too long. */
bool peer_is_stalled(const struct peer *peer);

#endif
