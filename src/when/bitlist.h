/* Bit sets as lists of numbers: how patterns are written out again. */
#ifndef WHEN_BITLIST_H
#define WHEN_BITLIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define BITLIST_NWORDS 4

struct bitlist {
	uint64_t words[BITLIST_NWORDS];
	int min, max; /* bits outside are not looked at */
	int base;     /* added to a bit's number when it is written */
};

struct bitlist bitlist_of(uint64_t bits, int min, int max);

bool bitlist_has(const struct bitlist *list, int n);
bool bitlist_is_full(const struct bitlist *list);
int bitlist_count(const struct bitlist *list);
int bitlist_next(const struct bitlist *list, int n); /* the first at or above n; -1: none */

/*
 * If the set is first, first + step, ... for at least three values, sets these and returns true.
 * A set of neighbours has the step 1.
 */
bool bitlist_is_regular(const struct bitlist *list, int *first, int *last, int *step);

/* The same, and the next value would be beyond max: "from first on, every step". */
bool bitlist_is_open(const struct bitlist *list, int *first, int *step);

/* Writes "1,3-5" or "0-50/10": `range` stands between first and last ("-", ".."); `digits` pads. */
void bitlist_print(const struct bitlist *list, const char *range, int digits, struct buf *out);

#endif
