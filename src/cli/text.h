/*
 * Text that may come from anybody, made safe to show: no control byte, no direction override and
 * no broken UTF-8 reaches the terminal. Widths are in terminal columns.
 */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Adds the text with everything unsafe written as ^X, \xNN or \u{N}. text_add_lines() keeps
 * newlines and tabs, and leaves the bytes of a character that is cut off by the end alone: it
 * returns how many bytes it took.
 */
void text_add_safe(struct buf *out, const char *text, size_t len);
size_t text_add_lines(struct buf *out, const char *text, size_t len);

/* Columns that a safe text takes. */
int text_width(const char *text);
/* How many bytes of it fit into that many columns. */
size_t text_fit(const char *text, int columns);

/* How far two names are apart: insertions, deletions, changes and swaps of neighbours. */
int text_distance(const char *a, const char *b);

#endif
