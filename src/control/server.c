/*
 * DESIGN. Reading, answering and closing are apart. Input is read in the peer's own watcher, a
 * bounded number of lines a turn; a peer with lines left over is served again by an idle watcher
 * of the highest priority, so that the loop does not wait and the others have their turns.
 * Answers are gathered in memory and written when the loop is about to wait: all answers of a
 * turn go in one write. A peer is closed only from these top-level callbacks, never from inside
 * peer_send() or peer_release(), so that whoever answers need not fear for his peer.
 */
#include "control/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/log.h"

#define READ_SIZE    65536
#define ACCEPTS      32    /* connections taken in one turn */
#define OVERFLOW_UID 65534 /* what the kernel tells of uids that this user namespace lacks */

struct peer {
	struct server *server;
	struct peer *next, **link; /* of the server's list */
	ev_io reads, writes;
	uid_t uid;
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
	struct peer *peers;
	int64_t npeers;
	uint64_t nsweeps;
	int spare_fd;   /* given up for a moment to refuse a connection when there are no others */
	bool was_short; /* of descriptors: said once */
};

uid_t
peer_uid(const struct peer *peer)
{
	return peer->uid;
}

void *
peer_data(const struct peer *peer)
{
	return peer->data;
}

size_t
peer_unread(const struct peer *peer)
{
	return peer->out.len - peer->nsent;
}

int64_t
server_npeers(const struct server *server)
{
	return server->npeers;
}

static void
touch(struct peer *peer)
{
	peer->active_at = peer->server->nsweeps;
}

void
peer_send(struct peer *peer, const char *text, size_t len)
{
	peer->is_dirty = true;
	if (peer->is_broken)
		return;
	if (peer_unread(peer) == 0)
		touch(peer);
	if (peer_unread(peer) + len > SERVER_OUTPUT_MAX)
		peer->is_broken = true;
	else
		buf_add(&peer->out, text, len);
}

void
peer_hold(struct peer *peer)
{
	peer->nheld++;
}

void
peer_release(struct peer *peer)
{
	peer->nheld--;
	peer->is_dirty = true;
	touch(peer);
}

void
peer_keep(struct peer *peer)
{
	peer->is_kept = true;
}

static void
peer_close(struct peer *peer)
{
	struct server *server = peer->server;
	server->events.closed(server->events.arg, peer);
	ev_io_stop(server->loop, &peer->reads);
	ev_io_stop(server->loop, &peer->writes);
	close(peer->reads.fd);
	*peer->link = peer->next;
	if (peer->next)
		peer->next->link = peer->link;
	server->npeers--;
	if (server->npeers == 0)
		ev_timer_stop(server->loop, &server->sweep);
	buf_fini(&peer->in);
	buf_fini(&peer->out);
	free(peer);
}

/* Neither too much asked nor too much unread. */
static bool
may_take(const struct peer *peer)
{
	return !peer->is_broken && peer->nheld < SERVER_HELD_MAX &&
	       peer_unread(peer) <= SERVER_BACKLOG_MAX;
}

/* Is there input in memory that was not looked at? It stays so while !may_take(). */
static bool
has_unserved(const struct peer *peer)
{
	return peer->nscanned < peer->in.len;
}

static char *
find_newline(struct peer *peer)
{
	if (!has_unserved(peer))
		return NULL;
	char *from = peer->in.data + peer->nscanned;
	char *newline = memchr(from, '\n', peer->in.len - peer->nscanned);
	peer->nscanned = newline ? (size_t)(newline - peer->in.data) + 1 : peer->in.len;
	return newline;
}

static void
refuse_long_line(struct peer *peer)
{
	const char *line = peer->server->config.too_long;
	buf_clear(&peer->in);
	peer->nscanned = 0;
	peer->is_ended = true;
	peer_send(peer, line, strlen(line));
}

/* Serves a turn's worth of whole lines. */
static void
take_lines(struct peer *peer)
{
	struct server *server = peer->server;
	size_t start = 0;
	char *newline;
	peer->is_dirty = true;
	for (int n = 0; n < SERVER_TURN_LINES && may_take(peer); n++) {
		if (!(newline = find_newline(peer)))
			break;
		size_t len = (size_t)(newline - peer->in.data) - start;
		if (len > SERVER_LINE_MAX) {
			refuse_long_line(peer);
			return;
		}
		*newline = '\0';
		server->events.line(server->events.arg, peer, peer->in.data + start, len);
		touch(peer);
		start = peer->nscanned;
	}
	buf_drop_front(&peer->in, start);
	peer->nscanned -= start;
	if (peer->nscanned > SERVER_LINE_MAX)
		refuse_long_line(peer);
}

static void
on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct peer *peer = io->data;
	(void)loop;
	(void)revents;
	if (peer->in.len == 0)
		touch(peer);
	ssize_t n = read(io->fd, buf_reserve(&peer->in, READ_SIZE), READ_SIZE);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	peer->is_dirty = true;
	if (n < 0)
		peer->is_broken = true;
	if (n <= 0) {
		peer->is_ended = true;
		return;
	}
	peer->in.len += (size_t)n;
	take_lines(peer);
}

/* As much as the peer takes without waiting. */
static void
flush(struct peer *peer)
{
	while (peer_unread(peer) > 0 && !peer->is_broken) {
		ssize_t n = send(peer->reads.fd, peer->out.data + peer->nsent, peer_unread(peer),
				 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			peer->is_broken = true;
		if (n <= 0)
			break;
		peer->nsent += (size_t)n;
		touch(peer);
	}
	if (peer_unread(peer) == 0) {
		/* A long answer's memory is not kept for the next short one. */
		if (peer->out.cap > READ_SIZE)
			buf_fini(&peer->out);
		buf_clear(&peer->out);
		peer->nsent = 0;
	}
}

static void
watch(struct ev_loop *loop, ev_io *io, bool is_wanted)
{
	if (is_wanted && !ev_is_active(io))
		ev_io_start(loop, io);
	else if (!is_wanted && ev_is_active(io))
		ev_io_stop(loop, io);
}

/* Brings a peer's watchers in line with its state, or closes it. */
static void
settle(struct peer *peer)
{
	struct server *server = peer->server;
	peer->is_dirty = false;
	flush(peer);
	bool is_through =
		peer->is_ended && peer->nheld == 0 && peer_unread(peer) == 0 && !has_unserved(peer);
	if (peer->is_broken || is_through) {
		peer_close(peer);
		return;
	}
	watch(server->loop, &peer->writes, peer_unread(peer) > 0);
	watch(server->loop, &peer->reads, !peer->is_ended && may_take(peer) && !has_unserved(peer));
	if (has_unserved(peer) && may_take(peer))
		ev_idle_start(server->loop, &server->more);
}

static void
on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
	(void)loop;
	(void)revents;
	settle(io->data);
}

void
server_flush(struct server *server)
{
	for (struct peer *peer = server->peers, *next; peer; peer = next) {
		next = peer->next;
		if (peer->is_dirty)
			settle(peer);
	}
}

static void
on_waits(struct ev_loop *loop, ev_prepare *prepare, int revents)
{
	(void)loop;
	(void)revents;
	server_flush(prepare->data);
}

/* Another turn for those whose input was not served to its end. */
static void
on_more(struct ev_loop *loop, ev_idle *more, int revents)
{
	struct server *server = more->data;
	bool has_more = false;
	(void)revents;
	for (struct peer *peer = server->peers; peer; peer = peer->next) {
		if (!has_unserved(peer) || !may_take(peer))
			continue;
		take_lines(peer);
		has_more = true;
	}
	if (!has_more)
		ev_idle_stop(loop, more);
}

/* A line that does not end, an answer that is not read, or nothing at all, for too long. */
static bool
is_stalled(const struct peer *peer)
{
	uint64_t quiet = peer->server->nsweeps - peer->active_at;
	if (peer_unread(peer) > 0)
		return quiet > SERVER_STALL;
	if (peer->nheld > 0)
		return false;
	if (peer->in.len > 0)
		return quiet > SERVER_STALL;
	return quiet > SERVER_IDLE && !peer->is_kept;
}

static void
on_sweep(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct server *server = timer->data;
	(void)loop;
	(void)revents;
	server->nsweeps++;
	for (struct peer *peer = server->peers, *next; peer; peer = next) {
		next = peer->next;
		if (is_stalled(peer))
			peer_close(peer);
	}
}

/* Makes room by dropping who was quiet the longest, at least a sweep; false: nobody was. */
static bool
evict(struct server *server, bool of_one_user, uid_t uid)
{
	struct peer *quietest = NULL;
	for (struct peer *peer = server->peers; peer; peer = peer->next) {
		if ((of_one_user && peer->uid != uid) || peer->nheld > 0 || peer->is_kept ||
		    peer_unread(peer) > 0 || peer->active_at == server->nsweeps)
			continue;
		if (!quietest || peer->active_at <= quietest->active_at)
			quietest = peer;
	}
	if (quietest)
		peer_close(quietest);
	return quietest != NULL;
}

static bool
has_room(struct server *server, uid_t uid)
{
	int64_t nof_user = 0;
	for (const struct peer *peer = server->peers; peer; peer = peer->next)
		nof_user += peer->uid == uid;
	if (nof_user >= server->config.max_per_user && !evict(server, true, uid))
		return false;
	return server->npeers < server->config.max || evict(server, false, uid);
}

static void
peer_new(struct server *server, int fd, uid_t uid)
{
	struct peer *peer = mem_alloc(sizeof(*peer));
	peer->server = server;
	peer->uid = uid;
	ev_io_init(&peer->reads, on_readable, fd, EV_READ);
	ev_io_init(&peer->writes, on_writable, fd, EV_WRITE);
	peer->reads.data = peer->writes.data = peer;
	peer->next = server->peers;
	peer->link = &server->peers;
	if (peer->next)
		peer->next->link = &peer->next;
	server->peers = peer;
	if (server->npeers++ == 0)
		ev_timer_again(server->loop, &server->sweep);
	touch(peer);
	ev_io_start(server->loop, &peer->reads);
	peer->data = server->events.opened(server->events.arg, peer);
}

static void
refuse(int fd, const char *line)
{
	/* It may fail: then the peer sees the end without a reason. */
	ssize_t n = send(fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)n;
	close(fd);
}

static void
welcome(struct server *server, int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid == (uid_t)-1 ||
	    peer.uid == OVERFLOW_UID || !server->events.may_connect(server->events.arg, peer.uid))
		refuse(fd, server->config.denied);
	else if (!has_room(server, peer.uid))
		refuse(fd, server->config.busy);
	else
		peer_new(server, fd, peer.uid);
}

/* No descriptor left: gives the spare one up for a moment, so that the peer learns of it. */
static void
refuse_one(struct server *server)
{
	if (!server->was_short)
		log_warning("no descriptors left: connections are refused");
	server->was_short = true;
	if (server->spare_fd < 0)
		return;
	close(server->spare_fd);
	int fd = accept4(server->accepts.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		refuse(fd, server->config.busy);
	server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
on_connection(struct ev_loop *loop, ev_io *io, int revents)
{
	struct server *server = io->data;
	(void)loop;
	(void)revents;
	for (int i = 0; i < ACCEPTS; i++) {
		int fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			server->was_short = false;
			welcome(server, fd);
		} else if (errno == EMFILE || errno == ENFILE) {
			refuse_one(server);
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return;
		}
	}
}

struct server *
server_new(struct ev_loop *loop, const struct server_config *config,
	   const struct server_events *events)
{
	struct server *server = mem_alloc(sizeof(*server));
	server->loop = loop;
	server->config = *config;
	server->events = *events;
	server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ev_io_init(&server->accepts, on_connection, config->fd, EV_READ);
	ev_prepare_init(&server->waits, on_waits);
	ev_idle_init(&server->more, on_more);
	ev_set_priority(&server->more, EV_MAXPRI);
	ev_init(&server->sweep, on_sweep);
	server->sweep.repeat = SERVER_SWEEP;
	server->accepts.data = server->waits.data = server->more.data = server->sweep.data = server;
	ev_prepare_start(loop, &server->waits);
	ev_unref(loop);
	return server;
}

void
server_start(struct server *server)
{
	ev_io_start(server->loop, &server->accepts);
}

void
server_stop(struct server *server)
{
	ev_io_stop(server->loop, &server->accepts);
}

void
server_free(struct server *server)
{
	if (!server)
		return;
	server_stop(server);
	while (server->peers)
		peer_close(server->peers);
	ev_ref(server->loop);
	ev_prepare_stop(server->loop, &server->waits);
	ev_idle_stop(server->loop, &server->more);
	if (server->spare_fd >= 0)
		close(server->spare_fd);
	close(server->config.fd);
	free(server);
}
