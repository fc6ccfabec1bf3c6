/* The table of runs. */
#include "spawn/slots.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

static const bool is_legal[SLOT_NSTATES][SLOT_NSTATES] = {
	[SLOT_FREE] = { [SLOT_STARTING] = true, [SLOT_FAILED] = true },
	[SLOT_STARTING] = { [SLOT_RUNNING] = true, [SLOT_FAILED] = true },
	[SLOT_RUNNING] = { [SLOT_LINGERING] = true, [SLOT_EXITED] = true },
	[SLOT_LINGERING] = { [SLOT_EXITED] = true },
	[SLOT_EXITED] = { [SLOT_FREE] = true },
	[SLOT_FAILED] = { [SLOT_FREE] = true },
};

int
slots_index(const struct slots *slots, const struct slot *slot)
{
	return (int)(slot - slots->slot);
}

/* The next at or behind `at` that has the key; slots->end: none. */
static int
search(const struct slots *slots, const int64_t *keys, int at, int64_t key)
{
	while (at < slots->end && keys[at] != key)
		at++;
	return at;
}

/* A slot that was used before, so that few pages are touched; else the next of the rest. */
struct slot *
slots_take(struct slots *slots, int64_t run_id, int32_t attempt)
{
	int i = search(slots, slots->run_ids, 0, 0);
	if (i == SLOTS_MAX)
		return NULL;
	if (i == slots->end)
		slots->end++;
	slots->run_ids[i] = run_id;
	slots->slot[i] = (struct slot){
		.run_id = run_id,
		.attempt = attempt,
		.outputs = { -1, -1 },
		.watches = { -1, -1 },
		.exec_fd = -1,
		.end_by = INT64_MAX,
		.stop = MSG_STOP_NONE,
	};
	return &slots->slot[i];
}

struct slot *
slots_find(struct slots *slots, int64_t run_id, int32_t attempt)
{
	int i = search(slots, slots->run_ids, 0, run_id);
	while (i < slots->end && slots->slot[i].attempt != attempt)
		i = search(slots, slots->run_ids, i + 1, run_id);
	return i < slots->end ? &slots->slot[i] : NULL;
}

struct slot *
slots_find_pid(struct slots *slots, pid_t pid)
{
	int i = search(slots, slots->pids, 0, pid);
	return pid != 0 && i < slots->end ? &slots->slot[i] : NULL;
}

bool
slots_is_alive(const struct slot *slot)
{
	return slot->state == SLOT_STARTING || slot->state == SLOT_RUNNING ||
	       slot->state == SLOT_LINGERING;
}

/* A pid is only good for finding a process while that process is ours and not reaped. */
void
slots_set_state(struct slots *slots, struct slot *slot, enum slot_state state)
{
	int i = slots_index(slots, slot);
	assert(is_legal[slot->state][state]);
	slots->nalive -= slots_is_alive(slot);
	slots->nlingering -= slot->state == SLOT_LINGERING;
	slot->state = state;
	slots->nalive += slots_is_alive(slot);
	slots->nlingering += state == SLOT_LINGERING;
	slots->pids[i] = slots_is_alive(slot) ? slot->report.pid : 0;
	if (state != SLOT_LINGERING) /* which is no news */
		slots->is_untold[i] = state != SLOT_FREE && state != SLOT_STARTING;
}

void
slots_drop(struct slots *slots, struct slot *slot)
{
	const int fds[] = { slot->outputs[MSG_STDOUT], slot->outputs[MSG_STDERR], slot->exec_fd };
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	slots_set_state(slots, slot, SLOT_FREE);
	slots->run_ids[slots_index(slots, slot)] = 0;
}

struct slot *
slots_next(struct slots *slots, int *at)
{
	while (*at < slots->end && slots->run_ids[*at] == 0)
		++*at;
	return *at < slots->end ? &slots->slot[(*at)++] : NULL;
}

void
slots_tell_all(struct slots *slots)
{
	int at = 0;
	for (struct slot *slot; (slot = slots_next(slots, &at));) {
		slot->is_told = false;
		slots->is_untold[slots_index(slots, slot)] = true;
	}
}

/* Those behind the last one first, so that none waits for others that change all the time. */
struct slot *
slots_to_tell(struct slots *slots)
{
	const char *all = slots->is_untold, *from = all + slots->tell_from;
	const char *found = memchr(from, true, (size_t)(slots->end - slots->tell_from));
	if (!found)
		found = memchr(all, true, (size_t)slots->tell_from);
	return found ? &slots->slot[found - all] : NULL;
}

void
slots_told(struct slots *slots, struct slot *slot)
{
	int i = slots_index(slots, slot);
	slots->is_untold[i] = false;
	slots->tell_from = i + 1;
	slot->is_told = true;
}
