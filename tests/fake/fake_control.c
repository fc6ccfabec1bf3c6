/*
 * A server of the control protocol that answers by a script, for tests of its client:
 *
 *	fake_control SOCKET <script >requests
 *
 * Each line of the script deals with one request: "close" hangs up without an answer, "hang"
 * never answers, anything else is sent as the answer, with @ standing for the request's id.
 * Requests are copied to stdout. It ends with the script.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The socket gets its name when it listens: who sees the name may connect. */
static int
listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s.new", path);
	unlink(address.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, 8) != 0 || rename(address.sun_path, path) != 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

static void
send_answer(FILE *peer, const char *answer, const char *request)
{
	const char *id = strstr(request, "\"id\":");
	for (const char *p = answer; *p; p++) {
		if (*p == '@')
			fprintf(peer, "%ld", id ? strtol(id + 5, NULL, 10) : 0);
		else
			putc(*p, peer);
	}
	fflush(peer);
}

int
main(int argc, char **argv)
{
	char *line = NULL, *request = NULL;
	size_t line_size = 0, request_size = 0;
	FILE *peer = NULL;
	if (argc != 2)
		return 2;
	int server = listen_at(argv[1]);
	while (getline(&line, &line_size, stdin) > 0) {
		while (!peer || getline(&request, &request_size, peer) <= 0) {
			if (peer)
				fclose(peer);
			peer = fdopen(accept(server, NULL, NULL), "r+");
		}
		fputs(request, stdout);
		fflush(stdout);
		if (strcmp(line, "hang\n") == 0)
			continue;
		if (strcmp(line, "close\n") != 0) {
			send_answer(peer, line, request);
			continue;
		}
		fclose(peer);
		peer = NULL;
	}
	unlink(argv[1]);
	return 0;
}
