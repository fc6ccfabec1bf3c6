/* Messages to or from the spawner that wait, in their order. */
#ifndef RUNNER_MSG_QUEUE_H
#define RUNNER_MSG_QUEUE_H

#include "spawn/msg.h"

struct queued_msg {
	struct queued_msg *next;
	struct msg msg;
	char payload[];
};

struct msg_queue {
	struct queued_msg *first, **last;
	size_t nbytes;
};

void msg_queue_init(struct msg_queue *queue);
void msg_queue_fini(struct msg_queue *queue); /* drops all; it can be used again */
/* Copies the message and its payload. */
void msg_queue_add(struct msg_queue *queue, const struct msg *msg, const char *payload);
void msg_queue_drop_first(struct msg_queue *queue); /* there is one */

#endif
