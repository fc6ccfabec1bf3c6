/*
 * A binary min-heap of pointers that tells each element its position, so that an element can be
 * moved or removed from the middle. Owns only its array.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

#define HEAP_NOWHERE ((size_t)-1)

struct heap {
	bool (*is_less)(const void *a, const void *b);
	void (*set_pos)(void *item, size_t pos); /* HEAP_NOWHERE when removed */
	void **items;
	size_t n;
	size_t cap;
};

void heap_init(struct heap *heap, bool (*is_less)(const void *, const void *),
	       void (*set_pos)(void *, size_t));
void heap_fini(struct heap *heap);
void heap_push(struct heap *heap, void *item);
void *heap_peek(const struct heap *heap); /* the least; NULL when empty */
void heap_remove(struct heap *heap, size_t pos);
void heap_moved(struct heap *heap, size_t pos); /* the item's key changed in place */

#endif
