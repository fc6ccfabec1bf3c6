/* A table on stdout. */
#include "cli/table.h"

#include <assert.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "cli/text.h"

#define GAP    2  /* columns between two columns */
#define HIDDEN -1 /* as a width */

struct cell {
	char *text;
	int width;
	enum color color;
};

struct table {
	const struct screen *screen;
	const struct column *columns;
	size_t ncolumns;
	struct cell *cells;
	size_t ncells, cap;
	int *widths;
	bool is_settled; /* the widths are, and the title line is printed */
};

struct table *
table_new(const struct screen *screen, const struct column *columns, size_t n)
{
	struct table *table = mem_alloc(sizeof(*table));
	table->screen = screen;
	table->columns = columns;
	table->ncolumns = n;
	table->widths = mem_array(n, sizeof(*table->widths));
	return table;
}

static void
forget_cells(struct table *table)
{
	for (size_t i = 0; i < table->ncells; i++)
		free(table->cells[i].text);
	table->ncells = 0;
}

void
table_free(struct table *table)
{
	forget_cells(table);
	free(table->cells);
	free(table->widths);
	free(table);
}

void
table_add(struct table *table, enum color color, const char *fmt, ...)
{
	struct buf safe = BUF_EMPTY;
	char *text = NULL;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n > 0)
		text_add_safe(&safe, text, (size_t)n);
	free(text);
	if (table->ncells == table->cap) {
		table->cap = table->cap ? 2 * table->cap : 256;
		table->cells = mem_resize(table->cells, table->cap, sizeof(*table->cells));
	}
	struct cell *cell = &table->cells[table->ncells++];
	cell->text = buf_take(&safe);
	cell->width = text_width(cell->text);
	cell->color = color;
}

static int
total_width(const struct table *table)
{
	int total = -GAP;
	for (size_t i = 0; i < table->ncolumns; i++) {
		if (table->widths[i] != HIDDEN)
			total += GAP + table->widths[i];
	}
	return total;
}

/* The columns that it can be made narrower by. */
static int
spare_width(const struct table *table, size_t i)
{
	int least = table->columns[i].least;
	return least && table->widths[i] > least ? table->widths[i] - least : 0;
}

/* Hides columns until the table can be made to fit, or has none to hide any more. */
static void
hide(struct table *table)
{
	for (;;) {
		int width = total_width(table), which = -1;
		for (size_t i = 0; i < table->ncolumns; i++) {
			width -= spare_width(table, i);
			int rank = table->widths[i] == HIDDEN ? 0 : table->columns[i].rank;
			if (rank && (which < 0 || rank > table->columns[which].rank))
				which = (int)i;
		}
		if (width <= table->screen->width || which < 0)
			return;
		table->widths[which] = HIDDEN;
	}
}

/* Takes from the column that exceeds its least width by most, until the table fits. */
static void
shrink(struct table *table)
{
	int over = total_width(table) - table->screen->width;
	while (over-- > 0) {
		int most = 0;
		size_t which = 0;
		for (size_t i = 0; i < table->ncolumns; i++) {
			int spare = spare_width(table, i);
			if (spare > most) {
				most = spare;
				which = i;
			}
		}
		if (most == 0)
			return;
		table->widths[which]--;
	}
}

static void
settle(struct table *table)
{
	for (size_t i = 0; i < table->ncolumns; i++)
		table->widths[i] = text_width(table->columns[i].title);
	for (size_t i = 0; i < table->ncells; i++) {
		int *width = &table->widths[i % table->ncolumns];
		if (table->cells[i].width > *width)
			*width = table->cells[i].width;
	}
	if (table->screen->width) {
		hide(table);
		shrink(table);
	}
}

static void
pad(int n)
{
	if (n > 0)
		printf("%*s", n, "");
}

static bool
is_last(const struct table *table, size_t i)
{
	while (++i < table->ncolumns) {
		if (table->widths[i] != HIDDEN)
			return false;
	}
	return true;
}

/* Without a terminal nothing is cut: who reads it may want all of it. */
static void
print_cell(const struct table *table, size_t i, const struct cell *cell)
{
	const struct screen *screen = table->screen;
	const char *mark = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? "…" : "+";
	int room = table->widths[i], width = cell->width;
	size_t len = strlen(cell->text);
	bool is_cut = screen->width && width > room;
	if (room == HIDDEN)
		return;
	if (is_cut) {
		len = text_fit(cell->text, room - 1);
		width = room;
	}
	if (i > 0 && (*cell->text || !is_last(table, i)))
		pad(GAP);
	if (table->columns[i].is_right)
		pad(room - width);
	if (len > 0)
		printf("%s%.*s%s%s", screen_on(screen, cell->color), (int)len, cell->text,
		       is_cut ? mark : "", screen_off(screen, cell->color));
	if (!table->columns[i].is_right && !is_last(table, i))
		pad(room - width);
}

static void
print_title(const struct table *table)
{
	for (size_t i = 0; i < table->ncolumns; i++) {
		struct cell cell = { .text = (char *)(uintptr_t)table->columns[i].title,
				     .color = BOLD };
		cell.width = text_width(cell.text);
		print_cell(table, i, &cell);
	}
	putchar('\n');
}

void
table_flush(struct table *table)
{
	assert(table->ncells % table->ncolumns == 0);
	if (!table->is_settled) {
		settle(table);
		print_title(table);
		table->is_settled = true;
	}
	for (size_t i = 0; i < table->ncells; i++) {
		print_cell(table, i % table->ncolumns, &table->cells[i]);
		if ((i + 1) % table->ncolumns == 0)
			putchar('\n');
	}
	forget_cells(table);
}
