/* libcurl on libev. */
#include "runner/curl_loop.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"

static void
on_socket_ready(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct curl_loop *curl = io->data;
	int nactive, what = (revents & EV_READ ? CURL_CSELECT_IN : 0) |
			    (revents & EV_WRITE ? CURL_CSELECT_OUT : 0);
	(void)loop;
	curl_multi_socket_action(curl->multi, io->fd, what, &nactive);
	curl->worked(curl->arg);
}

static void
on_timer(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct curl_loop *curl = timer->data;
	int nactive;
	(void)loop;
	(void)revents;
	curl_multi_socket_action(curl->multi, CURL_SOCKET_TIMEOUT, 0, &nactive);
	curl->worked(curl->arg);
}

/* libcurl wants to know about this socket, or no more. `watcher` is ours on it, NULL at first. */
static int
watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *watcher)
{
	struct curl_loop *curl = arg;
	struct ev_io *io = watcher;
	(void)easy;
	if (!io) {
		io = mem_alloc(sizeof(*io));
		ev_init(io, on_socket_ready);
		io->data = curl;
		curl_multi_assign(curl->multi, fd, io);
	}
	ev_io_stop(curl->loop, io);
	if (what == CURL_POLL_REMOVE) {
		free(io);
		return 0;
	}
	ev_io_set(io, fd,
		  (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));
	ev_io_start(curl->loop, io);
	return 0;
}

static int
set_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct curl_loop *curl = arg;
	(void)multi;
	ev_timer_stop(curl->loop, &curl->timer);
	if (timeout_ms < 0)
		return 0;
	ev_timer_set(&curl->timer, (double)timeout_ms / 1e3, 0);
	ev_timer_start(curl->loop, &curl->timer);
	return 0;
}

void
curl_loop_init(struct curl_loop *curl, struct ev_loop *loop, void (*worked)(void *), void *arg)
{
	*curl = (struct curl_loop){
		.loop = loop, .multi = curl_multi_init(), .worked = worked, .arg = arg
	};
	assert(curl->multi);
	ev_init(&curl->timer, on_timer);
	curl->timer.data = curl;
	curl_multi_setopt(curl->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(curl->multi, CURLMOPT_SOCKETDATA, curl);
	curl_multi_setopt(curl->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(curl->multi, CURLMOPT_TIMERDATA, curl);
}

void
curl_loop_fini(struct curl_loop *curl)
{
	curl_multi_cleanup(curl->multi);
	ev_timer_stop(curl->loop, &curl->timer);
}
