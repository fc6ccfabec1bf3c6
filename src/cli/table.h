/*
 * A table on stdout: left-aligned or right-aligned columns that are as wide as their cells, cut
 * to the terminal's width when stdout is one. Cells are made safe to show. Owns its cells.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stddef.h>

#include "cli/screen.h"

struct column {
	const char *title;
	int least;     /* columns it keeps when the table has to shrink; 0: it never shrinks */
	bool is_right; /* aligned to the right: numbers */
	int rank;      /* if shrinking is not enough the highest rank is hidden first; 0: never */
};

struct table;

/* The columns and the screen are borrowed. */
struct table *table_new(const struct screen *screen, const struct column *columns, size_t n);
void table_free(struct table *table);

/* The next cell; cells come row by row. */
void table_add(struct table *table, enum color color, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Prints the rows added so far and forgets them. The title line comes before the first rows; the
 * widths are settled by the first call, so that a list can be printed page by page.
 */
void table_flush(struct table *table);

#endif
