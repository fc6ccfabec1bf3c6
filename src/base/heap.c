/* The heap. */
#include "base/heap.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"

void
heap_init(struct heap *heap, bool (*is_less)(const void *, const void *),
	  void (*set_pos)(void *, size_t))
{
	*heap = (struct heap){ .is_less = is_less, .set_pos = set_pos };
}

void
heap_fini(struct heap *heap)
{
	free(heap->items);
	heap->items = NULL;
	heap->n = heap->cap = 0;
}

static void
put(struct heap *heap, size_t pos, void *item)
{
	heap->items[pos] = item;
	heap->set_pos(item, pos);
}

static void
sift_up(struct heap *heap, size_t pos)
{
	void *item = heap->items[pos];
	while (pos > 0) {
		size_t parent = (pos - 1) / 2;
		if (!heap->is_less(item, heap->items[parent]))
			break;
		put(heap, pos, heap->items[parent]);
		pos = parent;
	}
	put(heap, pos, item);
}

static void
sift_down(struct heap *heap, size_t pos)
{
	void *item = heap->items[pos];
	for (;;) {
		size_t child = 2 * pos + 1;
		if (child >= heap->n)
			break;
		if (child + 1 < heap->n &&
		    heap->is_less(heap->items[child + 1], heap->items[child]))
			child++;
		if (!heap->is_less(heap->items[child], item))
			break;
		put(heap, pos, heap->items[child]);
		pos = child;
	}
	put(heap, pos, item);
}

void
heap_push(struct heap *heap, void *item)
{
	if (heap->n == heap->cap) {
		heap->cap = heap->cap ? heap->cap * 2 : 16;
		heap->items = mem_resize(heap->items, heap->cap, sizeof(void *));
	}
	heap->items[heap->n++] = item;
	sift_up(heap, heap->n - 1);
}

void *
heap_peek(const struct heap *heap)
{
	return heap->n ? heap->items[0] : NULL;
}

void
heap_remove(struct heap *heap, size_t pos)
{
	assert(pos < heap->n);
	heap->set_pos(heap->items[pos], HEAP_NOWHERE);
	void *last = heap->items[--heap->n];
	if (pos == heap->n)
		return;
	put(heap, pos, last);
	heap_moved(heap, pos);
}

void
heap_moved(struct heap *heap, size_t pos)
{
	assert(pos < heap->n);
	sift_down(heap, pos);
	sift_up(heap, pos);
}
