/* A queue of intents, first in, first out, linked through their own `next`. */
#ifndef STORE_INTENTS_H
#define STORE_INTENTS_H

#include "engine/store.h"

struct intents {
	struct intent *first, *last;
	size_t n;
};

static inline void
intents_push(struct intents *list, struct intent *intent)
{
	intent->next = NULL;
	if (list->last)
		list->last->next = intent;
	else
		list->first = intent;
	list->last = intent;
	list->n++;
}

static inline struct intent *
intents_pop(struct intents *list)
{
	struct intent *intent = list->first;
	if (!intent)
		return NULL;
	list->first = intent->next;
	if (!list->first)
		list->last = NULL;
	list->n--;
	intent->next = NULL;
	return intent;
}

/* Moves all of `from` behind the end of `to`. */
static inline void
intents_move(struct intents *to, struct intents *from)
{
	struct intent *intent;
	while ((intent = intents_pop(from)))
		intents_push(to, intent);
}

#endif
