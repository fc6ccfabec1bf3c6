/* A list of messages. */
#include "runner/msg_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void
msg_queue_init(struct msg_queue *queue)
{
	*queue = (struct msg_queue){ .last = &queue->first };
}

void
msg_queue_fini(struct msg_queue *queue)
{
	while (queue->first)
		msg_queue_drop_first(queue);
}

void
msg_queue_add(struct msg_queue *queue, const struct msg *msg, const char *payload)
{
	struct queued_msg *item = mem_alloc(sizeof(*item) + msg->nbytes);
	item->msg = *msg;
	if (msg->nbytes)
		memcpy(item->payload, payload, msg->nbytes);
	*queue->last = item;
	queue->last = &item->next;
	queue->nbytes += sizeof(*item) + msg->nbytes;
}

void
msg_queue_drop_first(struct msg_queue *queue)
{
	struct queued_msg *item = queue->first;
	queue->nbytes -= sizeof(*item) + item->msg.nbytes;
	queue->first = item->next;
	if (!queue->first)
		queue->last = &queue->first;
	free(item);
}
