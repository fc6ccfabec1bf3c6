/* The message format: what a valid message is, sending, receiving. */
#include "spawn/msg.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What else has to hold for a message of each kind. */
static const struct {
	bool is_of_run;
	bool has_payload;
	int nvalues; /* the body is a number below this; 0: it is not */
} rules[MSG_NKINDS] = {
	[MSG_HELLO] = { 0 },
	[MSG_START] = { .is_of_run = true, .has_payload = true },
	[MSG_SIGNAL] = { .is_of_run = true, .nvalues = MSG_STOP_NKINDS },
	[MSG_FORGET] = { .is_of_run = true },
	[MSG_NOTIFY] = { .nvalues = MSG_NOTIFY_NKINDS },
	[MSG_STOP] = { .nvalues = MSG_STOP_NKINDS },
	[MSG_WELCOME] = { 0 },
	[MSG_STARTED] = { .is_of_run = true },
	[MSG_EXITED] = { .is_of_run = true },
	[MSG_START_FAILED] = { .is_of_run = true },
	[MSG_REPLAY_END] = { 0 },
	[MSG_SIGNAL_RECEIVED] = { .nvalues = 65 },
};

const char *
msg_next_string(const char *payload, size_t nbytes, size_t *at)
{
	if (*at >= nbytes)
		return NULL;
	const char *text = payload + *at;
	const char *end = memchr(text, '\0', nbytes - *at);
	if (!end)
		return NULL;
	*at += (size_t)(end - text) + 1;
	return text;
}

/* Exactly the strings that are announced, then the text for stdin. */
static bool
is_valid_start(const struct msg_start *start, const char *payload, size_t nbytes)
{
	size_t at = 0;
	uint64_t nstrings = UINT64_C(0) + MSG_START_NAMES + start->nargs + start->nenv;
	if (start->nargs == 0 || start->umask < 0 || start->umask > 0777 || start->output_max < 0)
		return false;
	if (start->tty < 0 || (start->reads_files && start->tty > 0))
		return false;
	if (start->reads_files && (start->nargs != MSG_NFILES || start->splits_output))
		return false;
	if (nstrings > nbytes || start->stdin_len > nbytes)
		return false;
	size_t ntext = nbytes - start->stdin_len;
	for (uint64_t i = 0; i < nstrings; i++) {
		if (!msg_next_string(payload, ntext, &at))
			return false;
	}
	return at == ntext;
}

bool
msg_is_valid(const struct msg *msg, const char *payload, size_t size)
{
	if (size < sizeof(*msg) || msg->version != MSG_VERSION || msg->kind >= MSG_NKINDS)
		return false;
	if (msg->nbytes > MSG_PAYLOAD_MAX || size != sizeof(*msg) + msg->nbytes)
		return false;
	if (msg->nbytes != 0 && !rules[msg->kind].has_payload)
		return false;
	if (rules[msg->kind].is_of_run ? msg->run_id <= 0 || msg->attempt <= 0
				       : msg->run_id != 0 || msg->attempt != 0)
		return false;
	if (msg->kind == MSG_START)
		return is_valid_start(&msg->start, payload, msg->nbytes);
	int nvalues = rules[msg->kind].nvalues;
	return nvalues == 0 || (msg->stop >= 0 && msg->stop < nvalues);
}

/* Room for the descriptors, without padding in which one more would fit. */
union control {
	struct cmsghdr head;
	char bytes[CMSG_LEN(MSG_NOUTPUTS * sizeof(int))];
};

int
msg_send(int fd, const struct msg *msg, const void *payload, const int fds[MSG_NOUTPUTS])
{
	union control control = { 0 };
	struct iovec parts[] = {
		{ (void *)(uintptr_t)msg, sizeof(*msg) },
		{ (void *)(uintptr_t)payload, msg->nbytes },
	};
	struct msghdr packet = { .msg_iov = parts, .msg_iovlen = msg->nbytes ? 2 : 1 };
	size_t nfds = 0;
	while (fds && nfds < MSG_NOUTPUTS && fds[nfds] >= 0)
		nfds++;
	if (nfds > 0) {
		packet.msg_control = &control;
		packet.msg_controllen = control.head.cmsg_len = CMSG_LEN(nfds * sizeof(int));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&control.head), fds, nfds * sizeof(int));
	}
	ssize_t n;
	do
		n = sendmsg(fd, &packet, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

static void
take_fds(struct msghdr *packet, int fds[MSG_NOUTPUTS])
{
	const struct cmsghdr *head = CMSG_FIRSTHDR(packet);
	memset(fds, 0xff, MSG_NOUTPUTS * sizeof(int));
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
		memcpy(fds, CMSG_DATA(head), head->cmsg_len - CMSG_LEN(0));
}

int
msg_recv(int fd, struct msg *msg, void *payload, size_t cap, int fds[MSG_NOUTPUTS])
{
	union control control;
	struct iovec parts[] = { { msg, sizeof(*msg) }, { payload, cap } };
	struct msghdr packet = { .msg_iov = parts, .msg_iovlen = cap ? 2 : 1 };
	if (fds) {
		packet.msg_control = &control;
		packet.msg_controllen = sizeof(control.bytes);
	}
	ssize_t n;
	do /* ECONNRESET comes once, before what a dead peer had sent: it is not the end of that */
		n = recvmsg(fd, &packet, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0)
		return -1;
	if (fds)
		take_fds(&packet, fds);
	if (n == 0)
		return 0;
	if (!(packet.msg_flags & MSG_TRUNC) && msg_is_valid(msg, payload, (size_t)n))
		return 1;
	for (int i = 0; fds && i < MSG_NOUTPUTS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
	bool is_other = (size_t)n >= sizeof(msg->version) && msg->version != MSG_VERSION;
	errno = is_other ? EPROTO : EBADMSG;
	return -1;
}
