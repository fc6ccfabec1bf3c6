/* The id map: linear probing, removal by shifting back. */
#include "base/map.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"

static size_t
home(const struct map *map, int64_t id)
{
	uint64_t hash = (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(hash >> 32) & (map->cap - 1);
}

static struct map_slot *
find(const struct map *map, int64_t id)
{
	size_t pos = home(map, id);
	while (map->slots[pos].id != 0 && map->slots[pos].id != id)
		pos = (pos + 1) & (map->cap - 1);
	return &map->slots[pos];
}

void
map_fini(struct map *map)
{
	free(map->slots);
	*map = (struct map){ 0 };
}

void *
map_get(const struct map *map, int64_t id)
{
	return map->cap ? find(map, id)->value : NULL;
}

static void
grow(struct map *map)
{
	struct map old = *map;
	map->cap = old.cap ? old.cap * 2 : 16;
	map->slots = mem_array(map->cap, sizeof(*map->slots));
	for (size_t i = 0; i < old.cap; i++) {
		if (old.slots[i].id != 0)
			*find(map, old.slots[i].id) = old.slots[i];
	}
	free(old.slots);
}

void
map_put(struct map *map, int64_t id, void *value)
{
	assert(id != 0 && value);
	if (2 * (map->n + 1) > map->cap)
		grow(map);
	struct map_slot *slot = find(map, id);
	if (slot->id == 0)
		map->n++;
	*slot = (struct map_slot){ id, value };
}

void *
map_remove(struct map *map, int64_t id)
{
	if (!map->cap)
		return NULL;
	struct map_slot *hole = find(map, id);
	void *value = hole->value;
	if (hole->id == 0)
		return NULL;
	size_t mask = map->cap - 1;
	size_t at = (size_t)(hole - map->slots);
	for (size_t i = (at + 1) & mask; map->slots[i].id != 0; i = (i + 1) & mask) {
		size_t want = home(map, map->slots[i].id);
		if (((i - want) & mask) >= ((i - at) & mask)) {
			map->slots[at] = map->slots[i];
			at = i;
		}
	}
	map->slots[at] = (struct map_slot){ 0 };
	map->n--;
	return value;
}

void *
map_next(const struct map *map, size_t *at)
{
	while (*at < map->cap) {
		struct map_slot *slot = &map->slots[(*at)++];
		if (slot->id != 0)
			return slot->value;
	}
	return NULL;
}
