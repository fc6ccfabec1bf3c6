/*
 * The control socket: connections, who is at their other end, and lines. Owns every peer and
 * the listening descriptor. What a peer does hurts only itself: a line is at most
 * SERVER_LINE_MAX bytes, a peer with too many answers under way or unread is not read from, one
 * that stalls is dropped, a user's idle connections make room for his new ones, and who asks
 * faster than he may is read from that much later.
 * Everything happens on the loop's thread.
 */
#ifndef CONTROL_SERVER_H
#define CONTROL_SERVER_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SERVER_LINE_MAX    (1 << 20)   /* bytes, without the newline */
#define SERVER_HELD_MAX    64          /* answers under way; a batch may go beyond by itself */
#define SERVER_BACKLOG_MAX (1 << 20)   /* unread bytes beyond which nothing more is read */
#define SERVER_OUTPUT_MAX  (16 << 20)  /* unread bytes beyond which the peer is dropped */
#define SERVER_UNREAD_MAX  (128 << 20) /* of all peers: who adds to it is dropped */
#define SERVER_TURN_LINES  64          /* lines of one peer in one turn of the loop */
#define SERVER_SWEEP       5.0         /* seconds between looks at stalled peers */
#define SERVER_STALL       6           /* sweeps: a line or an unread answer without progress */
#define SERVER_IDLE        120         /* sweeps: nothing asked and nothing owed */
#define SERVER_THAW        0.05        /* seconds between looks at who has waited long enough */

struct server;
struct peer;

struct server_config {
	int fd;      /* listening, non-blocking; taken */
	int64_t max; /* connections */
	int64_t max_per_user;
	int64_t max_requests; /* of one user in a second, see peer_charge(); 0: no limit */
	const char *busy;     /* the line for who is refused because of the limits; borrowed */
	const char *denied;   /* the line for who may not connect */
	const char *too_long; /* the line for who sent a line over SERVER_LINE_MAX */
};

struct server_events {
	bool (*may_connect)(void *arg, uid_t uid);
	/* What the owner keeps of a peer: peer_data(). */
	void *(*opened)(void *arg, struct peer *peer);
	/* One line, NUL-terminated in place of its newline, which may be written to. */
	void (*line)(void *arg, struct peer *peer, char *line, size_t len);
	/* The peer goes away now: the owner frees its data and forgets it. */
	void (*closed)(void *arg, struct peer *peer);
	void *arg;
};

struct server *server_new(struct ev_loop *loop, const struct server_config *config,
			  const struct server_events *events);
void server_free(struct server *server); /* drops every peer */

void server_start(struct server *server);
void server_stop(struct server *server); /* accepts no more; what is connected stays */
int64_t server_npeers(const struct server *server);

/* Sends what is to be sent without waiting, as far as the peers take it. */
void server_flush(struct server *server);

uid_t peer_uid(const struct peer *peer);
void *peer_data(const struct peer *peer);

/* Appends to what the peer has to read. Never closes it from inside. */
void peer_send(struct peer *peer, const char *text, size_t len);
size_t peer_unread(const struct peer *peer);

/* Answers under way: each hold needs its release. Neither closes the peer from inside. */
void peer_hold(struct peer *peer);
void peer_release(struct peer *peer);

/* So many requests came; when his user's are too many, none is read until they are not. */
void peer_charge(struct peer *peer, size_t nrequests);

/* A subscriber is never idle. */
void peer_keep(struct peer *peer);

#endif
