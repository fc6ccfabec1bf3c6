/*
 * Bytes to and from a Unix socket, for tests that speak the protocol by hand or break it:
 *
 *	talk SOCKET <requests >answers
 *
 * Everything on stdin is sent, then nothing more; answers are copied to stdout until the server
 * closes. A server that closes early is no error.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WAIT_MS 20000 /* without a byte for so long, it gives up */

static int
connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		perror(path);
		return -1;
	}
	return fd;
}

/* Copies what is there; false at its end. */
static int
copy(int from, int to, int is_socket)
{
	char bytes[65536];
	ssize_t n = read(from, bytes, sizeof(bytes));
	if (n <= 0)
		return 0;
	for (ssize_t sent = 0; sent < n;) {
		size_t rest = (size_t)(n - sent);
		ssize_t one = is_socket ? send(to, bytes + sent, rest, MSG_NOSIGNAL)
		                        : write(to, bytes + sent, rest);
		if (one <= 0)
			return 0;
		sent += one;
	}
	return 1;
}

int
main(int argc, char **argv)
{
	int fd = argc == 2 ? connect_to(argv[1]) : -1;
	struct pollfd polls[2] = { { .fd = fd, .events = POLLIN },
		                   { .fd = STDIN_FILENO, .events = POLLIN } };
	if (fd < 0)
		return 1;
	while (poll(polls, 2, WAIT_MS) > 0) {
		if (polls[0].revents && !copy(fd, STDOUT_FILENO, 0))
			return 0;
		if (polls[1].revents && !copy(STDIN_FILENO, fd, 1)) {
			shutdown(fd, SHUT_WR);
			polls[1].fd = -1;
		}
	}
	fputs("talk: nothing came any more\n", stderr);
	return 1;
}
