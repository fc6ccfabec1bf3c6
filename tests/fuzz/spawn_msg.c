/*
 * Any datagram that the spawner may get from a daemon gone wrong: received as it receives it,
 * and every string of a valid START is read as it reads them. Input beyond the struct is payload.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "spawn/msg.h"

#define INPUT_MAX 4096

/* What msg_is_valid() promises of a START. */
static void
check_start(const struct msg *msg, const char *payload)
{
	size_t at = 0;
	uint64_t nstrings = (uint64_t)MSG_START_NAMES + msg->start.nargs + msg->start.nenv;
	for (uint64_t i = 0; i < nstrings; i++) {
		const char *text = msg_next_string(payload, msg->nbytes, &at);
		if (!text || text + strlen(text) + 1 != payload + at || at > msg->nbytes)
			abort();
	}
	if (at + msg->start.stdin_len != msg->nbytes)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2];
	if (size == 0 || size > INPUT_MAX)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0 ||
	    send(pair[0], data, size, 0) != (ssize_t)size)
		abort();
	struct msg msg;
	char *payload = malloc(INPUT_MAX); /* so that a sanitizer sees its end */
	if (!payload)
		abort();
	int got = msg_recv(pair[1], &msg, payload, INPUT_MAX, NULL);
	if (got == 1 && msg.kind == MSG_START)
		check_start(&msg, payload);
	free(payload);
	close(pair[0]);
	close(pair[1]);
	return 0;
}
