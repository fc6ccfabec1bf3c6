/* A hash map from 64-bit ids (not 0) to pointers, open addressing. Owns only its table. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_slot {
	int64_t id; /* 0: free */
	void *value;
};

struct map {
	struct map_slot *slots;
	size_t n;
	size_t cap; /* a power of two */
};

void map_fini(struct map *map);
void *map_get(const struct map *map, int64_t id);       /* NULL: not there */
void map_put(struct map *map, int64_t id, void *value); /* replaces */
void *map_remove(struct map *map, int64_t id);          /* gives what was there, or NULL */
/* Walks in no order: pass 0 first, then what *at became; NULL at the end. No changes meanwhile. */
void *map_next(const struct map *map, size_t *at);

#endif
