/* The conversation with the daemon, and what it has us tell the service manager. */
#include "spawn/link.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "spawn/loop.h"
#include "spawn/run.h"
#include "spawn/say.h"
#include "spawn/ticks.h"

#define READ_ROUND_MAX 16 /* requests; then what has ended gets its turn */

static void
close_link(struct spawner *sp)
{
	if (sp->link.fd < 0)
		return;
	loop_unwatch(sp, sp->link.fd);
	close(sp->link.fd);
	sp->link.fd = -1;
}

/* A daemon that could not be heard is told so by the end of its link, and ends. */
void
link_open(struct spawner *sp, int fd)
{
	sp->link = (struct link){ .fd = fd, .stop = MSG_STOP_SOFT };
	if (loop_watch(sp, fd, LOOP_LINK, 0) < 0)
		close_link(sp);
}

void
link_signal(struct spawner *sp, int signo)
{
	sp->link.owes_signals |= UINT64_C(1) << signo;
}

/* True: sent, or there is nobody any more to send it to. */
static bool
send_msg(struct spawner *sp, struct msg msg, const int *fds)
{
	msg.version = MSG_VERSION;
	return msg_send(sp->link.fd, &msg, NULL, fds) == 0 ||
	       (errno != EAGAIN && errno != ENOBUFS && errno != ETOOMANYREFS);
}

static bool
send_signals(struct spawner *sp)
{
	for (; sp->link.owes_signals != 0; sp->link.owes_signals &= sp->link.owes_signals - 1) {
		int signo = __builtin_ctzll(sp->link.owes_signals);
		struct msg msg = { .kind = MSG_SIGNAL_RECEIVED, .signo = signo };
		if (!send_msg(sp, msg, NULL))
			return false;
	}
	return true;
}

static bool
send_welcome(struct spawner *sp)
{
	struct msg msg = { .kind = MSG_WELCOME, .welcome.epoch = sp->estate->epoch };
	memcpy(msg.welcome.instance, sp->estate->instance, MSG_ID_MAX);
	memcpy(msg.welcome.boot, sp->boot, MSG_ID_MAX);
	return send_msg(sp, msg, NULL);
}

/* The descriptors go with the first message about a run; its files are the same for all. */
static bool
send_slot(struct spawner *sp, const struct slot *slot)
{
	static const enum msg_kind kinds[SLOT_NSTATES] = {
		[SLOT_STARTING] = MSG_STARTED,    [SLOT_RUNNING] = MSG_STARTED,
		[SLOT_LINGERING] = MSG_STARTED,   [SLOT_EXITED] = MSG_EXITED,
		[SLOT_FAILED] = MSG_START_FAILED,
	};
	struct msg msg = {
		.kind = kinds[slot->state],
		.run_id = slot->run_id,
		.attempt = slot->attempt,
		.report = slot->report,
	};
	bool has_files = !slot->is_told && slot->state != SLOT_FAILED;
	return send_msg(sp, msg, has_files ? slot->outputs : NULL);
}

/* Nothing is said about runs before the WELCOME; false: the socket is full. */
static bool
send_owed(struct spawner *sp)
{
	struct link *link = &sp->link;
	if (!send_signals(sp))
		return false;
	if (!link->has_greeted)
		return true;
	for (struct slot *slot; (slot = slots_to_tell(sp->slots)); slots_told(sp->slots, slot)) {
		if (!send_slot(sp, slot))
			return false;
	}
	if (link->owes_replay_end && !send_msg(sp, (struct msg){ .kind = MSG_REPLAY_END }, NULL))
		return false;
	link->owes_replay_end = false;
	return true;
}

void
link_flush(struct spawner *sp)
{
	if (sp->link.fd < 0)
		return;
	bool is_full = !send_owed(sp);
	if (is_full != sp->link.wants_write) {
		sp->link.wants_write = is_full;
		loop_want_write(sp, is_full);
	}
}

/* sd_notify(3) by hand: one datagram to the socket in the environment, if there is one. */
static void
notify(enum msg_notify what)
{
	static const char *const words[MSG_NOTIFY_NKINDS] = {
		[MSG_NOTIFY_READY] = "READY=1",
		[MSG_NOTIFY_RELOADING] = "RELOADING=1",
		[MSG_NOTIFY_STOPPING] = "STOPPING=1",
		[MSG_NOTIFY_WATCHDOG] = "WATCHDOG=1",
	};
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char text[80];
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	if (len < 2 || len >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	int n = snprintf(text, sizeof(text), "%s\nMONOTONIC_USEC=%lld", words[what],
			 (long long)ticks_monotonic_us());
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	(void)sendto(fd, text, (size_t)n, MSG_NOSIGNAL, (const struct sockaddr *)&to,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

/* What the daemon may ask. False: that is no request, or more than it may. */
static bool
execute(struct spawner *sp, const struct msg *msg, const char *payload)
{
	struct slot *slot = slots_find(sp->slots, msg->run_id, msg->attempt);
	switch ((enum msg_kind)msg->kind) {
	case MSG_HELLO:
		sp->link.has_greeted = sp->link.owes_replay_end = true;
		slots_tell_all(sp->slots);
		return send_welcome(sp);
	case MSG_START: /* one that we have already is left alone */
		return slot || run_start(sp, msg, payload);
	case MSG_SIGNAL:
		if (slot)
			run_stop(sp, slot, (enum msg_stop)msg->stop);
		return true;
	case MSG_FORGET:
		if (slot)
			run_forget(sp, slot);
		return true;
	case MSG_NOTIFY:
		if (msg->notify == MSG_NOTIFY_READY)
			sp->estate->was_ready = true;
		notify((enum msg_notify)msg->notify);
		return true;
	case MSG_STOP:
		sp->link.stop = (enum msg_stop)msg->stop;
		return true;
	default:
		return false;
	}
}

/*
 * A daemon that talks nonsense is not to be trusted with anything: it is killed, and the next one
 * may do better. If it is only of another version than this program (its file was replaced, and
 * ours was not), that one is the daemon that we came with.
 */
static void
refuse_daemon(struct spawner *sp, bool is_other, uint32_t version)
{
	struct daemon *daemon = &sp->daemon;
	if (is_other && !sp->link.has_greeted) {
		say("the daemon speaks version %u of our messages and this program version %u: "
		    "aschedd and asched-spawn have to be installed together; it is killed pid=%d",
		    version, MSG_VERSION, (int)daemon->pid);
		daemon->is_kept = daemon->file_fd >= 0;
	} else {
		say("the daemon sends what is no request, and is killed pid=%d", (int)daemon->pid);
	}
	if (daemon->pid > 0) /* else it has ended by itself */
		kill(daemon->pid, SIGKILL);
}

/* Executes one request. False: there is none now, or no more of them. */
static bool
read_one(struct spawner *sp)
{
	static char payload[MSG_PAYLOAD_MAX];
	struct msg msg = { 0 };
	int got = msg_recv(sp->link.fd, &msg, payload, sizeof(payload), NULL);
	if (got < 0 && errno == EAGAIN)
		return false;
	bool is_done = got > 0 && execute(sp, &msg, payload);
	if (got > 0) /* texts of one user's, which no child of another's need find here */
		explicit_bzero(payload, msg.nbytes);
	if (is_done)
		return true;
	if (got != 0)
		refuse_daemon(sp, got < 0 && errno == EPROTO, msg.version);
	close_link(sp);
	return false;
}

void
link_read(struct spawner *sp)
{
	for (int i = 0; i < READ_ROUND_MAX; i++) {
		if (sp->link.fd < 0 || !read_one(sp))
			return;
	}
}

void
link_drain(struct spawner *sp)
{
	while (sp->link.fd >= 0 && read_one(sp))
		continue;
	close_link(sp);
}
