/* One connection: reading lines, gathering answers, closing. The design stands in server.c. */
#include "control/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"

#define READ_SIZE 65536

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
	if (peer_unread(peer) + len > SERVER_OUTPUT_MAX ||
	    peer->server->nunread + len > SERVER_UNREAD_MAX) {
		peer->is_broken = true;
		return;
	}
	peer->server->nunread += len;
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
peer_charge(struct peer *peer, size_t nrequests)
{
	struct server *server = peer->server;
	rate_take(&server->rates, peer->rate, nrequests, ev_now(server->loop));
	if (rate_is_spent(peer->rate) && !ev_is_active(&server->thaw))
		ev_timer_again(server->loop, &server->thaw);
}

void
peer_keep(struct peer *peer)
{
	peer->is_kept = true;
}

void
peer_close(struct peer *peer)
{
	struct server *server = peer->server;
	server->events.closed(server->events.arg, peer);
	ev_io_stop(server->loop, &peer->reads);
	ev_io_stop(server->loop, &peer->writes);
	close(peer->reads.fd);
	rate_release(peer->rate);
	*peer->link = peer->next;
	if (peer->next)
		peer->next->link = peer->link;
	server->npeers--;
	server->nunread -= peer_unread(peer);
	if (server->npeers == 0)
		ev_timer_stop(server->loop, &server->sweep);
	buf_fini(&peer->in);
	buf_fini(&peer->out);
	free(peer);
}

/* Neither too much asked, nor too fast, nor too much unread. */
static bool
may_take(const struct peer *peer)
{
	return !peer->is_broken && peer->nheld < SERVER_HELD_MAX && !rate_is_spent(peer->rate) &&
	       peer_unread(peer) <= SERVER_BACKLOG_MAX;
}

/* Is there input in memory that was not looked at? It stays so while !may_take(). */
static bool
has_unserved(const struct peer *peer)
{
	return peer->nscanned < peer->in.len;
}

bool
peer_has_more(const struct peer *peer)
{
	return has_unserved(peer) && may_take(peer);
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

void
peer_serve(struct peer *peer)
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
	if (peer->in.len == 0)
		buf_fini(&peer->in); /* a quiet connection costs little */
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
	peer_serve(peer);
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
		peer->server->nunread -= (size_t)n;
		touch(peer);
	}
	if (peer_unread(peer) == 0)
		buf_fini(&peer->out);
	else if (peer->nsent > SERVER_BACKLOG_MAX) /* else it would grow while it never empties */
		buf_drop_front(&peer->out, peer->nsent);
	else
		return;
	peer->nsent = 0;
}

static void
watch(struct ev_loop *loop, ev_io *io, bool is_wanted)
{
	if (is_wanted && !ev_is_active(io))
		ev_io_start(loop, io);
	else if (!is_wanted && ev_is_active(io))
		ev_io_stop(loop, io);
}

void
peer_settle(struct peer *peer)
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
	if (peer_has_more(peer))
		ev_idle_start(server->loop, &server->more);
}

static void
on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
	(void)loop;
	(void)revents;
	peer_settle(io->data);
}

bool
peer_is_stalled(const struct peer *peer)
{
	uint64_t quiet = peer->server->nsweeps - peer->active_at;
	if (peer_unread(peer) > 0)
		return quiet > SERVER_STALL;
	if (peer->nheld > 0 || rate_is_spent(peer->rate))
		return false;
	if (peer->in.len > 0)
		return quiet > SERVER_STALL;
	return quiet > SERVER_IDLE && !peer->is_kept;
}

void
peer_new(struct server *server, int fd, uid_t uid)
{
	struct peer *peer = mem_alloc(sizeof(*peer));
	peer->server = server;
	peer->uid = uid;
	peer->rate = rates_hold(&server->rates, uid, ev_now(server->loop));
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
