/*
 * Rows as C structs: a table of columns says where in the struct each one lives, so that binding
 * and reading are loops over the same table.
 */
#ifndef STORE_SQLITE_ROW_H
#define STORE_SQLITE_ROW_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum column_type {
	COLUMN_INT,  /* int */
	COLUMN_UINT, /* unsigned: ids of users, enums */
	COLUMN_INT64,
	COLUMN_UINT64, /* stored as the int64_t of the same bits */
	COLUMN_BOOL,
	COLUMN_TEXT, /* char array, NUL-terminated */
};

struct column {
	size_t offset;
	size_t size;
	enum column_type type;
};

#define COLUMN(record, field)                                                                          \
	{                                                                                              \
		offsetof(struct record, field), sizeof(((struct record *)0)->field),                 \
	  _Generic(((struct record *)0)->field, int: COLUMN_INT, unsigned: COLUMN_UINT,        \
	           int64_t: COLUMN_INT64, uint64_t: COLUMN_UINT64, bool: COLUMN_BOOL,          \
	           char *: COLUMN_TEXT) \
	}
#define NCOLUMNS(table) (sizeof(table) / sizeof((table)[0]))

/* Binds the columns of *record to the parameters from number `first` (1 is the first). */
void row_bind(sqlite3_stmt *stmt, int first, const struct column *columns, size_t n,
	      const void *record);
/* Reads the result's columns from number `first` (0 is the first). Longer texts are cut. */
void row_read(sqlite3_stmt *stmt, int first, const struct column *columns, size_t n, void *record);

#endif
