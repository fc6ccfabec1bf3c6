/* The conversation with the daemon. */
#include "spawn/link.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "spawn/cgroup.h"
#include "spawn/daemon.h"
#include "spawn/loop.h"
#include "spawn/notify.h"
#include "spawn/say.h"
#include "spawn/start.h"
#include "spawn/tree.h"

#define READ_ROUND_MAX 16 /* requests; then what has ended gets its turn */

void
link_open(struct spawner *sp, int fd)
{
	sp->link = (struct link){ .fd = fd, .stop = MSG_STOP_SOFT };
	loop_watch(sp, fd, LOOP_LINK, 0);
}

void
link_close(struct spawner *sp)
{
	if (sp->link.fd < 0)
		return;
	loop_unwatch(sp, sp->link.fd);
	close(sp->link.fd);
	sp->link.fd = -1;
}

static void
hello(struct spawner *sp, const struct msg *msg, const char *payload)
{
	(void)msg;
	(void)payload;
	sp->link.owes_welcome = true;
	sp->link.owes_replay_end = true;
	slots_tell_all(sp->slots);
}

static void
signal_run(struct spawner *sp, const struct msg *msg, const char *payload)
{
	(void)payload;
	struct slot *slot = slots_find(sp->slots, msg->run_id, msg->attempt);
	if (slot && msg->stop == MSG_STOP_HARD)
		cgroup_kill(sp, slot);
	if (slot)
		tree_stop(sp->tree, sp->slots, slot, (enum msg_stop)msg->stop, sp->now);
}

static void
forget_run(struct spawner *sp, const struct msg *msg, const char *payload)
{
	(void)payload;
	struct slot *slot = slots_find(sp->slots, msg->run_id, msg->attempt);
	if (slot && (slot->state == SLOT_EXITED || slot->state == SLOT_FAILED)) {
		cgroup_drop(sp, slot);
		slots_drop(sp->slots, slot);
	}
}

static void
notify(struct spawner *sp, const struct msg *msg, const char *payload)
{
	(void)payload;
	if (msg->notify == MSG_NOTIFY_READY)
		sp->daemon.was_ready = true;
	notify_send((enum msg_notify)msg->notify);
}

static void
plan_stop(struct spawner *sp, const struct msg *msg, const char *payload)
{
	(void)payload;
	sp->link.stop = (enum msg_stop)msg->stop;
}

/* What the daemon may ask. */
static void (*const requests[MSG_NKINDS])(struct spawner *, const struct msg *, const char *) = {
	[MSG_HELLO] = hello,       [MSG_START] = start_run, [MSG_SIGNAL] = signal_run,
	[MSG_FORGET] = forget_run, [MSG_NOTIFY] = notify,   [MSG_STOP] = plan_stop,
};

/*
 * Executes one request. False: there is none now, or no more of them. A daemon that talks
 * nonsense is not to be trusted with anything: it is killed, and the next one may do better.
 */
static bool
read_one(struct spawner *sp)
{
	static char payload[MSG_PAYLOAD_MAX];
	struct msg msg;
	int got = msg_recv(sp->link.fd, &msg, payload, sizeof(payload), NULL);
	if (got > 0 && requests[msg.kind]) {
		requests[msg.kind](sp, &msg, payload);
		return true;
	}
	if (got < 0 && errno == EAGAIN)
		return false;
	if (got != 0) {
		say("the daemon sends what is no request, and is killed pid=%d",
		    (int)sp->daemon.pid);
		kill(sp->daemon.pid, SIGKILL);
	}
	link_close(sp);
	return false;
}

void
link_read(struct spawner *sp)
{
	for (int i = 0; i < READ_ROUND_MAX; i++) {
		if (sp->link.fd < 0 || sp->link.owes_refusal || !read_one(sp))
			return;
	}
}

void
link_drain(struct spawner *sp)
{
	while (sp->link.fd >= 0 && read_one(sp))
		sp->link.owes_refusal = false; /* nobody is there to hear it */
}

void
link_signal(struct spawner *sp, int signo)
{
	sp->link.owes_signals |= UINT64_C(1) << signo;
}

void
link_refuse(struct spawner *sp, const struct msg *msg, enum msg_stage stage, int error)
{
	sp->link.owes_refusal = true;
	sp->link.refusal = (struct msg){
		.version = MSG_VERSION,
		.kind = MSG_START_FAILED,
		.run_id = msg->run_id,
		.attempt = msg->attempt,
		.report = { .stage = (int32_t)stage, .error = error },
	};
}

/* True: sent, or there is nobody any more to send it to. */
static bool
send_msg(struct spawner *sp, const struct msg *msg, int fd)
{
	if (msg_send(sp->link.fd, msg, NULL, fd) == 0)
		return true;
	return errno != EAGAIN && errno != ENOBUFS && errno != ETOOMANYREFS;
}

static bool
send_plain(struct spawner *sp, enum msg_kind kind, int signo)
{
	struct msg msg = { .version = MSG_VERSION, .kind = kind, .signo = signo };
	return send_msg(sp, &msg, -1);
}

static bool
send_welcome(struct spawner *sp)
{
	struct msg msg = { .version = MSG_VERSION, .kind = MSG_WELCOME };
	memcpy(msg.welcome.instance, sp->instance, sizeof(sp->instance));
	memcpy(msg.welcome.boot, sp->boot, sizeof(sp->boot));
	msg.welcome.epoch = sp->daemon.epoch;
	return send_msg(sp, &msg, -1);
}

/* When the message after it finds no room, it is sent again with that. */
static bool
send_errors(struct spawner *sp, const struct slot *slot)
{
	struct msg msg = { .version = MSG_VERSION,
			   .kind = MSG_ERRORS,
			   .run_id = slot->run_id,
			   .attempt = slot->attempt };
	int fd = slot->outputs[SLOT_ERRORS].fd;
	return fd < 0 || send_msg(sp, &msg, fd);
}

/* The descriptor goes with the first message about a run; it is the same file for all of them. */
static bool
send_slot(struct spawner *sp, const struct slot *slot)
{
	static const enum msg_kind kinds[SLOT_NSTATES] = {
		[SLOT_STARTING] = MSG_STARTED,
		[SLOT_RUNNING] = MSG_STARTED,
		[SLOT_EXITED] = MSG_EXITED,
		[SLOT_FAILED] = MSG_START_FAILED,
	};
	struct msg msg = {
		.version = MSG_VERSION,
		.kind = kinds[slot->state],
		.run_id = slot->run_id,
		.attempt = slot->attempt,
		.report = slot->report,
	};
	if (slot->told == SLOT_STARTING && slot->state == SLOT_RUNNING)
		return true;
	bool with_fd = slot->told == SLOT_FREE && slot->state != SLOT_FAILED;
	if (with_fd && !send_errors(sp, slot))
		return false;
	return send_msg(sp, &msg, with_fd ? slot->outputs[SLOT_OUTPUT].fd : -1);
}

static bool
send_signals(struct spawner *sp)
{
	for (int signo = 1; sp->link.owes_signals >> signo; signo++) {
		uint64_t bit = UINT64_C(1) << signo;
		if (!(sp->link.owes_signals & bit))
			continue;
		if (!send_plain(sp, MSG_SIGNAL_RECEIVED, signo))
			return false;
		sp->link.owes_signals &= ~bit;
	}
	return true;
}

/* Nothing is said about runs before the WELCOME; false: the socket is full. */
static bool
send_owed(struct spawner *sp)
{
	struct link *link = &sp->link;
	if (!send_signals(sp))
		return false;
	if (link->owes_welcome && !send_welcome(sp))
		return false;
	link->is_greeted = link->is_greeted || link->owes_welcome;
	link->owes_welcome = false;
	if (!link->is_greeted)
		return true;
	if (link->owes_refusal && !send_msg(sp, &link->refusal, -1))
		return false;
	link->owes_refusal = false;
	for (struct slot *slot; (slot = slots_to_tell(sp->slots));) {
		if (!send_slot(sp, slot))
			return false;
		slots_told(sp->slots);
	}
	if (link->owes_replay_end && !send_plain(sp, MSG_REPLAY_END, 0))
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
		loop_want_write(sp, sp->link.fd, is_full);
	}
}
