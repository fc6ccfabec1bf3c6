/* The server that misbehaves. */
#include "badhttp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"

#define CONNS_MAX   4096
#define PATHS_MAX   1024
#define REQUEST_MAX (1 << 20)
#define DRIP_MS     20
#define REFILL      16384 /* bytes of an endless answer that are made at a time */

enum mode { MODE_READ, MODE_ANSWER, MODE_ENDLESS, MODE_DRIP, MODE_HANG, MODE_RESET, MODE_LAST };

struct conn {
	int fd;
	enum mode mode;
	struct buf in, out;
	const char *more; /* MODE_ENDLESS: what comes again and again */
	int64_t write_at; /* not before this instant in ms */
	bool is_once;
};

static struct {
	struct conn *conns[CONNS_MAX];
	struct pollfd polls[CONNS_MAX + 1];
	size_t nconns;
	struct count {
		char *path;
		long n;
	} counts[PATHS_MAX];
	size_t ncounts;
} server;

static int64_t
now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int
badhttp_listen(int port, int *got)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&addr, len) < 0 || listen(fd, SOMAXCONN) < 0 ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) < 0) {
		close(fd);
		return -1;
	}
	*got = ntohs(addr.sin_port);
	return fd;
}

static struct count *
find_count(const char *path)
{
	for (size_t i = 0; i < server.ncounts; i++) {
		if (strcmp(server.counts[i].path, path) == 0)
			return &server.counts[i];
	}
	if (server.ncounts == PATHS_MAX)
		exit(EXIT_FAILURE);
	server.counts[server.ncounts].path = mem_dup(path);
	return &server.counts[server.ncounts++];
}

static void
answer(struct conn *conn, int status, const char *headers, const char *body, size_t len)
{
	buf_printf(&conn->out, "HTTP/1.1 %d Status\r\nContent-Length: %zu\r\n%s\r\n", status, len,
		   headers);
	buf_add(&conn->out, body, len);
	conn->mode = MODE_ANSWER;
}

static void
answer_ok(struct conn *conn, const char *rest, const struct buf *request)
{
	(void)rest;
	(void)request;
	answer(conn, 200, "Content-Type: text/plain\r\n", "ok\n", 3);
}

static void
answer_status(struct conn *conn, const char *rest, const struct buf *request)
{
	(void)request;
	answer(conn, (int)strtol(rest, NULL, 10), "", "", 0);
}

static void
answer_echo(struct conn *conn, const char *rest, const struct buf *request)
{
	(void)rest;
	answer(conn, 200, "", request->data, request->len);
}

static void
answer_big(struct conn *conn, const char *rest, const struct buf *request)
{
	size_t len = strtoul(rest, NULL, 10);
	char *body = mem_alloc(len);
	(void)request;
	memset(body, 'x', len);
	answer(conn, 200, "", body, len);
	free(body);
}

static void
answer_late(struct conn *conn, const char *rest, const struct buf *request)
{
	answer_ok(conn, rest, request);
	conn->write_at = now_ms() + strtol(rest, NULL, 10);
}

static void
hang(struct conn *conn, const char *rest, const struct buf *request)
{
	(void)rest;
	(void)request;
	conn->mode = MODE_HANG;
}

static void
drip(struct conn *conn, const char *rest, const struct buf *request)
{
	(void)rest;
	(void)request;
	buf_add_text(&conn->out, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
	conn->mode = MODE_DRIP;
}

static void
begin_endless(struct conn *conn, const char *first, const char *more)
{
	buf_add_text(&conn->out, first);
	conn->more = more;
	conn->mode = MODE_ENDLESS;
}

static void
answer_endless_body(struct conn *conn, const char *rest, const struct buf *request)
{
	(void)rest;
	(void)request;
	begin_endless(conn, "HTTP/1.1 200 OK\r\n\r\n", "for ever and ever\n");
}

static void
answer_endless_headers(struct conn *conn, const char *rest, const struct buf *request)
{
	(void)rest;
	(void)request;
	begin_endless(conn, "HTTP/1.1 200 OK\r\n", "X-More: of the same\r\n");
}

static void
answer_endless_interim(struct conn *conn, const char *rest, const struct buf *request)
{
	(void)rest;
	(void)request;
	begin_endless(conn, "", "HTTP/1.1 103 Early Hints\r\n\r\n");
}

static void
reset(struct conn *conn, const char *rest, const struct buf *request)
{
	size_t len = strtoul(rest, NULL, 10);
	answer_big(conn, "100000", request);
	if (conn->out.len > len)
		conn->out.len = len;
	conn->mode = MODE_RESET;
}

static void
redirect(struct conn *conn, const char *rest, const struct buf *request)
{
	(void)rest;
	(void)request;
	answer(conn, 302, "Location: /ok\r\n", "", 0);
}

static void
answer_retry_after(struct conn *conn, const char *rest, const struct buf *request)
{
	char *header = mem_printf("Retry-After: %s\r\n", rest);
	(void)request;
	for (char *p = header; *p; p++)
		*p = *p == '+' ? ' ' : *p;
	answer(conn, 503, header, "", 0);
	free(header);
}

static void
answer_once(struct conn *conn, const char *rest, const struct buf *request)
{
	answer_ok(conn, rest, request);
	conn->is_once = true;
}

static void
answer_seen(struct conn *conn, const char *rest, const struct buf *request)
{
	char *path = mem_printf("/%s", rest), *body = mem_printf("%ld", find_count(path)->n);
	(void)request;
	answer(conn, 200, "", body, strlen(body));
	free(body);
	free(path);
}

static const struct route {
	const char *prefix;
	void (*respond)(struct conn *conn, const char *rest, const struct buf *request);
} routes[] = {
	{ "/ok", answer_ok },
	{ "/status/", answer_status },
	{ "/echo", answer_echo },
	{ "/big/", answer_big },
	{ "/delay/", answer_late },
	{ "/hang", hang },
	{ "/drip", drip },
	{ "/endless-body", answer_endless_body },
	{ "/endless-headers", answer_endless_headers },
	{ "/endless-interim", answer_endless_interim },
	{ "/reset/", reset },
	{ "/redirect", redirect },
	{ "/retry-after/", answer_retry_after },
	{ "/once", answer_once },
	{ "/seen/", answer_seen },
};

/* The length of a whole request at the front of the input; 0: not all there. */
static size_t
find_request(const struct conn *conn)
{
	const char *head = buf_text(&conn->in), *end = strstr(head, "\r\n\r\n");
	const char *length = strcasestr(head, "\r\nContent-Length:");
	if (!end)
		return 0;
	size_t len = (size_t)(end - head) + 4;
	if (length && length < end)
		len += strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
	return conn->in.len >= len ? len : 0;
}

static void
respond(struct conn *conn, const struct buf *request)
{
	const char *path = strchr(request->data, ' ');
	path = path ? path + 1 : "";
	char *name = mem_dup_bytes(path, strcspn(path, " "));
	find_count(name)->n++;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		size_t len = strlen(routes[i].prefix);
		if (strncmp(name, routes[i].prefix, len) == 0) {
			routes[i].respond(conn, name + len, request);
			free(name);
			return;
		}
	}
	answer(conn, 404, "", "", 0);
	free(name);
}

static void
take_request(struct conn *conn)
{
	size_t len = conn->mode == MODE_READ ? find_request(conn) : 0;
	if (len == 0)
		return;
	struct buf request = BUF_EMPTY;
	bool is_over = conn->is_once;
	buf_add(&request, conn->in.data, len);
	buf_drop_front(&conn->in, len);
	respond(conn, &request);
	if (is_over) {
		buf_clear(&conn->out);
		conn->mode = MODE_LAST;
	}
	buf_fini(&request);
}

/* False: the connection is over. */
static bool
conn_read(struct conn *conn)
{
	char data[REFILL];
	ssize_t n = read(conn->fd, data, sizeof(data));
	if (n == 0 || (n < 0 && errno != EAGAIN))
		return false;
	if (n > 0)
		buf_add(&conn->in, data, (size_t)n);
	take_request(conn);
	return conn->in.len <= REQUEST_MAX;
}

/* What comes when all has been written. False: the connection is over. */
static bool
conn_go_on(struct conn *conn)
{
	struct linger hard = { .l_onoff = 1 };
	switch (conn->mode) {
	case MODE_ENDLESS:
		while (conn->out.len < REFILL)
			buf_add_text(&conn->out, conn->more);
		return true;
	case MODE_DRIP:
		buf_add_char(&conn->out, '.');
		conn->write_at = now_ms() + DRIP_MS;
		return true;
	case MODE_RESET:
		setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		return false;
	case MODE_LAST:
		return false;
	case MODE_ANSWER:
		conn->mode = MODE_READ;
		take_request(conn);
		return true;
	case MODE_READ:
	case MODE_HANG:
		return true;
	}
	return false;
}

static bool
conn_write(struct conn *conn)
{
	if (conn->write_at > now_ms())
		return true;
	if (conn->out.len > 0) {
		ssize_t n = send(conn->fd, conn->out.data, conn->out.len, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN;
		buf_drop_front(&conn->out, (size_t)n);
	}
	return conn->out.len > 0 || conn_go_on(conn);
}

static void
accept_all(int listener)
{
	int fd;
	while (server.nconns < CONNS_MAX &&
	       (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct conn *conn = mem_alloc(sizeof(*conn));
		conn->fd = fd;
		server.conns[server.nconns++] = conn;
	}
}

static void
drop(size_t i)
{
	struct conn *conn = server.conns[i];
	close(conn->fd);
	buf_fini(&conn->in);
	buf_fini(&conn->out);
	free(conn);
	server.conns[i] = server.conns[--server.nconns];
}

/* What to wait for on a connection; lowers *wait_ms to when it may write again. */
static short
wants(const struct conn *conn, int64_t now, int *wait_ms)
{
	bool has_work = conn->out.len > 0 || conn->mode == MODE_ENDLESS ||
			conn->mode == MODE_LAST || conn->mode == MODE_RESET;
	if (!has_work)
		return POLLIN;
	if (conn->write_at <= now)
		return POLLIN | POLLOUT;
	if (*wait_ms < 0 || conn->write_at - now < *wait_ms)
		*wait_ms = (int)(conn->write_at - now);
	return POLLIN;
}

_Noreturn void
badhttp_serve(int listener)
{
	for (;;) {
		int wait_ms = -1;
		int64_t now = now_ms();
		size_t n = server.nconns;
		server.polls[0] = (struct pollfd){ listener, POLLIN, 0 };
		for (size_t i = 0; i < n; i++)
			server.polls[i + 1] =
				(struct pollfd){ server.conns[i]->fd,
						 wants(server.conns[i], now, &wait_ms), 0 };
		if (poll(server.polls, n + 1, wait_ms) < 0 && errno != EINTR)
			exit(EXIT_FAILURE);
		for (size_t i = n;
		     i-- > 0;) { /* from the end, for drop() moves the last one here */
			short got = server.polls[i + 1].revents;
			bool is_alive =
				!(got & (POLLIN | POLLHUP | POLLERR)) || conn_read(server.conns[i]);
			if (!is_alive || !conn_write(server.conns[i]))
				drop(i);
		}
		if (server.polls[0].revents)
			accept_all(listener);
	}
}
