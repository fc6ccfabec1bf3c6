/*
 * A list from the daemon on stdout: a table, with --json one array, or a line an item. It is
 * printed page by page, so that a long one takes no memory; an array of which a page could not be
 * had has no end, and none at all when that was the first. Use:
 *
 *	listing_begin(&listing);
 *	listing_add(&listing, "job.list", params);   (any number of times)
 *	listing_end(&listing);
 */
#ifndef CLI_LISTING_H
#define CLI_LISTING_H

#include "cli/client.h"
#include "cli/table.h"

#define LISTING_PAGE 200 /* items of a request; the first page settles the table's widths */

struct listing {
	/* Set by the caller; borrowed. */
	const struct cli_options *options;
	struct client *client;
	const struct column *columns;
	size_t ncolumns;
	void (*add_row)(struct table *table, const struct screen *screen, const json_t *item);
	void (*print)(const json_t *item); /* instead of the table and of JSON; NULL: neither */
	int64_t limit;                     /* 0: none */
	bool is_whole;                     /* the method knows no pages: it gives all at once */
	json_t *shown; /* an object for the ids, if items may be found twice; NULL: they are not */

	/* The result. */
	int64_t nshown;
	bool has_more; /* than the limit let through */

	/* Its own. */
	struct screen screen;
	struct table *table;
};

void listing_begin(struct listing *listing);
/* Takes params. Failures are said by the client. */
void listing_add(struct listing *listing, const char *method, json_t *params);
void listing_end(struct listing *listing);

/* Is it a table, to which words for people may be added? */
bool listing_is_table(const struct listing *listing);

#endif
