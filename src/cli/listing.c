/* A list from the daemon. */
#include "cli/listing.h"

#include <stdio.h>

#include "cli/answer.h"

bool
listing_is_table(const struct listing *listing)
{
	return !listing->options->json && !listing->print;
}

void
listing_begin(struct listing *listing)
{
	screen_init(&listing->screen, listing->options);
	listing->table = table_new(&listing->screen, listing->columns, listing->ncolumns);
	listing->nshown = 0;
	listing->has_more = false;
}

void
listing_end(struct listing *listing)
{
	/* What could not be read is not shown as empty, nor a part of it as the whole. */
	if (listing->options->json && client_is_well(listing->client))
		fputs(listing->nshown ? "\n]\n" : "[]\n", stdout);
	table_free(listing->table);
	listing->table = NULL;
}

static void
show_item(struct listing *listing, const json_t *item)
{
	if (listing->options->json) {
		fputs(listing->nshown ? ",\n " : "[\n ", stdout);
		put_json(item, JSON_COMPACT);
	} else if (listing->print) {
		listing->print(item);
	} else {
		listing->add_row(listing->table, &listing->screen, item);
	}
	listing->nshown++;
}

/* Was it shown already, because another pattern found it? */
static bool
is_repeated(struct listing *listing, const json_t *item)
{
	char key[24];
	if (!listing->shown)
		return false;
	snprintf(key, sizeof(key), "%" JSON_INTEGER_FORMAT,
		 json_integer_value(json_object_get(item, "id")));
	if (json_object_get(listing->shown, key))
		return true;
	json_object_set_new(listing->shown, key, json_true());
	return false;
}

/* False: the limit is reached. */
static bool
show_page(struct listing *listing, const json_t *items)
{
	size_t i;
	json_t *item;
	json_array_foreach(items, i, item) {
		if (is_repeated(listing, item))
			continue;
		if (listing->limit && listing->nshown == listing->limit) {
			listing->has_more = true;
			break;
		}
		show_item(listing, item);
	}
	if (listing_is_table(listing) && json_array_size(items) > 0)
		table_flush(listing->table);
	return !listing->has_more;
}

void
listing_add(struct listing *listing, const char *method, json_t *params)
{
	struct pages pages;
	json_t *items;
	bool goes_on = true;
	/* One more than the limit, to know whether there are more. */
	bool is_short = listing->limit && listing->limit < LISTING_PAGE;
	int64_t page = is_short ? listing->limit + 1 : LISTING_PAGE;
	if (!listing->is_whole)
		json_object_set_new(params, "limit", json_integer(page));
	pages_init(&pages, listing->client, method, params);
	while (goes_on && (items = pages_next(&pages))) {
		goes_on = show_page(listing, items);
		json_decref(items);
	}
	pages_fini(&pages);
}
