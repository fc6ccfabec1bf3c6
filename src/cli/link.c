/* The way to the daemon. */
#include "cli/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"

#define SYSTEM_SOCKET  RUN_DIR "/asched/socket"
#define CONNECT_WAIT_S 10 /* for a place in the server's backlog */
#define CHUNK          65536

static char *
own_socket(void)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	if (dir && dir[0] == '/')
		return mem_printf("%s/asched/socket", dir);
	return mem_printf("/run/user/%lu/asched/socket", (unsigned long)getuid());
}

char *
link_find(const struct cli_options *options)
{
	const char *named = options->socket ? options->socket : getenv("ASCHED_SOCKET");
	struct stat st;
	if (named && *named)
		return mem_dup(named);
	char *own = own_socket();
	if (lstat(own, &st) == 0)
		return own;
	free(own);
	return mem_dup(SYSTEM_SOCKET);
}

/*
 * The address of the path. One that is too long for sun_path is reached through a descriptor of
 * its directory, which *dir_fd then is.
 */
static int
make_address(const char *path, struct sockaddr_un *address, int *dir_fd, struct err *err)
{
	const char *slash = strrchr(path, '/');
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	*dir_fd = -1;
	if (strlen(path) < sizeof(address->sun_path)) {
		strncpy(address->sun_path, path, sizeof(address->sun_path) - 1);
		return 0;
	}
	char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : NULL;
	*dir_fd = dir ? open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	free(dir);
	if (*dir_fd < 0)
		return err_errno(err, "%s", path);
	int n = snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s",
			 *dir_fd, slash + 1);
	if (n >= (int)sizeof(address->sun_path))
		return err_set(err, ERR_SYSTEM, "%s: the file name is too long for a socket", path);
	return 0;
}

static int
check_peer(int fd, const char *path, struct err *err)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return err_errno(err, "%s", path);
	if (peer.uid == 0 || peer.uid == getuid())
		return 0;
	return err_set(
		err, ERR_DENIED,
		"%s is served by uid %lu, which is neither root nor you (--socket trusts it)", path,
		(unsigned long)peer.uid);
}

int
link_open(struct link *link, const char *path, bool is_trusted, struct err *err)
{
	struct timeval wait = { .tv_sec = CONNECT_WAIT_S };
	struct sockaddr_un address;
	int dir_fd = -1, result = -1;
	*link = (struct link){ .fd = -1 };
	if (make_address(path, &address, &dir_fd, err) != 0)
		goto out;
	link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (link->fd < 0) {
		err_errno(err, "socket");
		goto out;
	}
	setsockopt(link->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(link->fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		err_set(err, ERR_SYSTEM,
			"no daemon answers at %s: %s (aschedd is one; --socket names another)",
			path, strerror(errno));
		goto out;
	}
	result = is_trusted ? 0 : check_peer(link->fd, path, err);
out:
	if (dir_fd >= 0)
		close(dir_fd);
	if (result != 0)
		link_close(link);
	return result;
}

void
link_close(struct link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
	buf_fini(&link->in);
}

int
link_send(struct link *link, const char *data, size_t len, struct err *err)
{
	while (len > 0) {
		ssize_t n = send(link->fd, data, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "the connection to the daemon is lost");
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Waits for bytes and adds them to link->in. */
static int
fill(struct link *link, int wait_s, struct err *err)
{
	struct pollfd ready = { .fd = link->fd, .events = POLLIN };
	int n;
	do
		n = poll(&ready, 1, wait_s ? wait_s * 1000 : -1);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return err_set(err, ERR_UNKNOWN_OUTCOME, "the daemon did not answer within %d s",
			       wait_s);
	ssize_t got = recv(link->fd, buf_reserve(&link->in, CHUNK), CHUNK, 0);
	if (got < 0 && errno == EINTR)
		return 0;
	if (got < 0)
		return err_errno(err, "the connection to the daemon is lost");
	if (got == 0)
		return err_set(err, ERR_SYSTEM, "the daemon closed the connection");
	link->in.len += (size_t)got;
	return 0;
}

int
link_receive(struct link *link, struct buf *line, int wait_s, struct err *err)
{
	size_t searched = 0;
	buf_clear(line);
	for (;;) {
		const char *data = buf_text(&link->in);
		const char *end = memchr(data + searched, '\n', link->in.len - searched);
		if (end) {
			buf_add(line, data, (size_t)(end - data));
			buf_drop_front(&link->in, line->len + 1);
			return 0;
		}
		searched = link->in.len;
		if (searched > LINK_LINE_MAX)
			return err_set(err, ERR_SYSTEM,
				       "the daemon's answer is longer than %u bytes",
				       LINK_LINE_MAX);
		if (fill(link, wait_s, err) != 0)
			return -1;
	}
}
