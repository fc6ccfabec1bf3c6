/* Expected HTTP statuses. */
#include "model/expect.h"

#include <string.h>

#define STATUS_MIN    100
#define STATUS_MAX    999
#define STATUS_DIGITS 3

struct range {
	int first, last;
};

/* Reads three digits into *status. Returns the byte after them, NULL when they are not there. */
static const char *
read_status(const char *p, int *status)
{
	if (strspn(p, "0123456789") != STATUS_DIGITS)
		return NULL;
	*status = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
	return *status < STATUS_MIN ? NULL : p + STATUS_DIGITS;
}

/* Reads one item up to ',' or the end. Returns where the next begins (or the NUL), else NULL. */
static const char *
read_item(const char *p, struct range *range)
{
	p = read_status(p + strspn(p, " "), &range->first);
	if (!p)
		return NULL;
	range->last = range->first;
	if (*p == '-')
		p = read_status(p + 1, &range->last);
	if (!p || range->last < range->first)
		return NULL;
	p += strspn(p, " ");
	if (*p == ',')
		return p[1] ? p + 1 : NULL;
	return *p ? NULL : p;
}

int
expect_parse(const char *list, struct err *err)
{
	int nitems = 0;
	const char *p = list;
	do {
		struct range range;
		const char *item = p;
		p = read_item(item, &range);
		if (!p)
			return err_set(
				err, ERR_INVALID,
				"\"%.40s\" is not a list of statuses from %d to %d like 200-299,304",
				item, STATUS_MIN, STATUS_MAX);
		if (++nitems > EXPECT_ITEMS_MAX)
			return err_set(err, ERR_INVALID, "more than %d statuses or ranges",
				       EXPECT_ITEMS_MAX);
	} while (*p);
	return 0;
}

bool
expect_matches(const char *list, int status)
{
	struct range range;
	const char *p = list ? list : EXPECT_STANDARD;
	do {
		p = read_item(p, &range);
		if (p && range.first <= status && status <= range.last)
			return true;
	} while (p && *p);
	return false;
}
