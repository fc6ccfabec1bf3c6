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
#include "base/log.h"
#include "control/peer.h"

#define ACCEPTS      32    /* connections taken in one turn */
#define OVERFLOW_UID 65534 /* what the kernel tells of uids that this user namespace lacks */

int64_t
server_npeers(const struct server *server)
{
	return server->npeers;
}

void
server_flush(struct server *server)
{
	for (struct peer *peer = server->peers, *next; peer; peer = next) {
		next = peer->next;
		if (peer->is_dirty)
			peer_settle(peer);
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
		if (!peer_has_more(peer))
			continue;
		peer_serve(peer);
		has_more = true;
	}
	if (!has_more)
		ev_idle_stop(loop, more);
}

static void
on_sweep(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct server *server = timer->data;
	(void)revents;
	server->nsweeps++;
	rates_refill(&server->rates, ev_now(loop));
	for (struct peer *peer = server->peers, *next; peer; peer = next) {
		next = peer->next;
		if (peer_is_stalled(peer))
			peer_close(peer);
	}
}

/* Who had to wait may be read from again. */
static void
on_thaw(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct server *server = timer->data;
	(void)revents;
	if (!rates_refill(&server->rates, ev_now(loop)))
		ev_timer_stop(loop, timer);
	for (struct peer *peer = server->peers; peer; peer = peer->next)
		peer->is_dirty = true;
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
	ev_init(&server->thaw, on_thaw);
	server->sweep.repeat = SERVER_SWEEP;
	server->thaw.repeat = SERVER_THAW;
	server->rates.per_second = (double)config->max_requests;
	server->accepts.data = server->waits.data = server->more.data = server->sweep.data = server;
	server->thaw.data = server;
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
	ev_timer_stop(server->loop, &server->thaw);
	rates_fini(&server->rates);
	if (server->spare_fd >= 0)
		close(server->spare_fd);
	close(server->config.fd);
	free(server);
}
