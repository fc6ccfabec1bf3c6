/* Bit sets as lists. */
#include "when/bitlist.h"

#define RANGE_MIN 3 /* 1,2 is easier to read than 1-2 */

struct bitlist
bitlist_of(uint64_t bits, int min, int max)
{
	return (struct bitlist){ .words = { bits }, .min = min, .max = max };
}

bool
bitlist_has(const struct bitlist *list, int n)
{
	return n >= list->min && n <= list->max && (list->words[n / 64] >> n % 64 & 1);
}

int
bitlist_next(const struct bitlist *list, int n)
{
	for (n = n < list->min ? list->min : n; n <= list->max; n++) {
		if (bitlist_has(list, n))
			return n;
	}
	return -1;
}

int
bitlist_count(const struct bitlist *list)
{
	int count = 0;
	for (int n = list->min; n <= list->max; n++)
		count += bitlist_has(list, n);
	return count;
}

bool
bitlist_is_full(const struct bitlist *list)
{
	return bitlist_count(list) == list->max - list->min + 1;
}

bool
bitlist_is_regular(const struct bitlist *list, int *first, int *last, int *step)
{
	int count = 1;
	*first = bitlist_next(list, 0);
	int n = bitlist_next(list, *first + 1);
	if (*first < 0 || n < 0)
		return false;
	*step = n - *first;
	for (*last = *first; n >= 0; n = bitlist_next(list, n + 1)) {
		if (n - *last != *step)
			return false;
		*last = n;
		count++;
	}
	return count >= RANGE_MIN;
}

static void
print_runs(const struct bitlist *list, const char *range, int digits, struct buf *out)
{
	const char *comma = "";
	int base = list->base;
	for (int n = bitlist_next(list, 0); n >= 0; n = bitlist_next(list, n + 1)) {
		int last = n;
		while (bitlist_has(list, last + 1))
			last++;
		if (last - n + 1 >= RANGE_MIN) {
			buf_printf(out, "%s%0*d%s%0*d", comma, digits, n + base, range, digits,
				   last + base);
			n = last;
		} else {
			buf_printf(out, "%s%0*d", comma, digits, n + base);
		}
		comma = ",";
	}
}

bool
bitlist_is_open(const struct bitlist *list, int *first, int *step)
{
	int last;
	return bitlist_is_regular(list, first, &last, step) && last + *step > list->max;
}

void
bitlist_print(const struct bitlist *list, const char *range, int digits, struct buf *out)
{
	int first, last, step;
	if (!bitlist_is_regular(list, &first, &last, &step) || step == 1) {
		print_runs(list, range, digits, out);
		return;
	}
	buf_printf(out, "%0*d%s%0*d/%d", digits, first + list->base, range, digits,
		   last + list->base, step);
}
