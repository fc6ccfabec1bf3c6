/* The table of runs: two chained indexes, a free list, the tell list. */
#include "spawn/slots.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static const bool is_legal[SLOT_NSTATES][SLOT_NSTATES] = {
	[SLOT_FREE] = { [SLOT_STARTING] = true, [SLOT_FAILED] = true },
	[SLOT_STARTING] = { [SLOT_RUNNING] = true, [SLOT_FAILED] = true },
	[SLOT_RUNNING] = { [SLOT_EXITED] = true },
	[SLOT_EXITED] = { [SLOT_FREE] = true },
	[SLOT_FAILED] = { [SLOT_FREE] = true },
};

static bool
is_alive(enum slot_state state)
{
	return state == SLOT_STARTING || state == SLOT_RUNNING;
}

static uint16_t *
chain_of(uint16_t *chains, int64_t key)
{
	uint64_t hash = (uint64_t)key * UINT64_C(0x9e3779b97f4a7c15);
	return &chains[(hash >> 32) & (SLOTS_HASH - 1)];
}

uint16_t
slots_index(const struct slots *slots, const struct slot *slot)
{
	return (uint16_t)(slot - slots->slot);
}

void
slots_init(struct slots *slots)
{
	memset(slots->by_run, 0xff, sizeof(slots->by_run));
	memset(slots->by_pid, 0xff, sizeof(slots->by_pid));
	slots->free = SLOT_NONE;
	slots->tell_first = slots->tell_last = SLOT_NONE;
	slots->end = 0;
	slots->nused = slots->nalive = 0;
}

/* A slot that was used before, so that few pages are touched; else the next of the rest. */
struct slot *
slots_take(struct slots *slots, int64_t run_id, int32_t attempt)
{
	struct slot *slot;
	if (slots->free != SLOT_NONE) {
		slot = &slots->slot[slots->free];
		slots->free = slot->next[SLOT_BY_RUN];
	} else if (slots->end < SLOTS_MAX) {
		slot = &slots->slot[slots->end++];
	} else {
		return NULL;
	}
	uint16_t *chain = chain_of(slots->by_run, run_id);
	*slot = (struct slot){
		.run_id = run_id,
		.attempt = attempt,
		.outputs = { { .fd = -1, .watch = -1 }, { .fd = -1, .watch = -1 } },
		.exec_fd = -1,
		.next[SLOT_BY_RUN] = *chain,
	};
	*chain = slots_index(slots, slot);
	slots->nused++;
	return slot;
}

struct slot *
slots_find(struct slots *slots, int64_t run_id, int32_t attempt)
{
	for (uint16_t i = *chain_of(slots->by_run, run_id); i != SLOT_NONE;
	     i = slots->slot[i].next[SLOT_BY_RUN]) {
		if (slots->slot[i].run_id == run_id && slots->slot[i].attempt == attempt)
			return &slots->slot[i];
	}
	return NULL;
}

struct slot *
slots_find_pid(struct slots *slots, pid_t pid)
{
	for (uint16_t i = *chain_of(slots->by_pid, pid); i != SLOT_NONE;
	     i = slots->slot[i].next[SLOT_BY_PID]) {
		if (slots->slot[i].report.pid == pid)
			return &slots->slot[i];
	}
	return NULL;
}

/* Takes the slot out of the list that begins in *link; returns whom it stood behind, or NONE. */
static uint16_t
unlink_slot(struct slots *slots, enum slot_list list, uint16_t *link, const struct slot *slot)
{
	uint16_t before = SLOT_NONE;
	while (*link != slots_index(slots, slot)) {
		before = *link;
		link = &slots->slot[before].next[list];
	}
	*link = slot->next[list];
	return before;
}

void
slots_set_pid(struct slots *slots, struct slot *slot, pid_t pid)
{
	uint16_t *chain = chain_of(slots->by_pid, pid);
	assert(slot->state == SLOT_FREE && slot->report.pid == 0);
	slot->report.pid = pid;
	slot->next[SLOT_BY_PID] = *chain;
	*chain = slots_index(slots, slot);
}

static void
add_to_tell(struct slots *slots, struct slot *slot)
{
	if (slot->is_in_tell)
		return;
	uint16_t i = slots_index(slots, slot);
	slot->is_in_tell = true;
	slot->next[SLOT_TO_TELL] = SLOT_NONE;
	if (slots->tell_first == SLOT_NONE)
		slots->tell_first = i;
	else
		slots->slot[slots->tell_last].next[SLOT_TO_TELL] = i;
	slots->tell_last = i;
}

/* A pid is only good for finding a process while that process is ours and not reaped. */
void
slots_set_state(struct slots *slots, struct slot *slot, enum slot_state state)
{
	assert(is_legal[slot->state][state]);
	if (is_alive(slot->state) && !is_alive(state))
		unlink_slot(slots, SLOT_BY_PID, chain_of(slots->by_pid, slot->report.pid), slot);
	slots->nalive += is_alive(state) - is_alive(slot->state);
	slot->state = state;
	if (state != SLOT_FREE && state != SLOT_STARTING)
		add_to_tell(slots, slot);
}

static void
remove_from_tell(struct slots *slots, const struct slot *slot)
{
	uint16_t before = unlink_slot(slots, SLOT_TO_TELL, &slots->tell_first, slot);
	if (slots->tell_last == slots_index(slots, slot))
		slots->tell_last = before;
}

void
slots_drop(struct slots *slots, struct slot *slot)
{
	assert(!is_alive(slot->state));
	if (slot->is_in_tell)
		remove_from_tell(slots, slot);
	unlink_slot(slots, SLOT_BY_RUN, chain_of(slots->by_run, slot->run_id), slot);
	for (int i = 0; i < SLOT_NOUTPUTS; i++) {
		if (slot->outputs[i].fd >= 0)
			close(slot->outputs[i].fd);
	}
	if (slot->exec_fd >= 0)
		close(slot->exec_fd);
	if (slot->state != SLOT_FREE)
		slots_set_state(slots, slot, SLOT_FREE);
	slot->run_id = 0;
	slot->next[SLOT_BY_RUN] = slots->free;
	slots->free = slots_index(slots, slot);
	slots->nused--;
}

struct slot *
slots_next(struct slots *slots, uint16_t *at)
{
	while (*at < slots->end) {
		struct slot *slot = &slots->slot[(*at)++];
		if (slot->run_id != 0)
			return slot;
	}
	return NULL;
}

void
slots_tell_all(struct slots *slots)
{
	uint16_t at = 0;
	for (struct slot *slot; (slot = slots_next(slots, &at));) {
		slot->told = SLOT_FREE;
		add_to_tell(slots, slot);
	}
}

struct slot *
slots_to_tell(struct slots *slots)
{
	return slots->tell_first == SLOT_NONE ? NULL : &slots->slot[slots->tell_first];
}

void
slots_told(struct slots *slots)
{
	struct slot *slot = slots_to_tell(slots);
	assert(slot);
	slot->told = slot->state;
	slot->is_in_tell = false;
	remove_from_tell(slots, slot);
}
