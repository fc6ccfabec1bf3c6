/* Binding and reading of rows by a table of columns. */
#include "store/sqlite_row.h"

#include <string.h>

/* The rows are what C says they are: enums are unsigned here, user ids too. */
_Static_assert(sizeof(int) == 4 && sizeof(bool) == 1, "column types rely on it");

void
row_bind(sqlite3_stmt *stmt, int first, const struct column *columns, size_t n, const void *record)
{
	for (size_t i = 0; i < n; i++) {
		const char *at = (const char *)record + columns[i].offset;
		int number = first + (int)i;
		switch (columns[i].type) {
		case COLUMN_INT:
			sqlite3_bind_int(stmt, number, *(const int *)at);
			break;
		case COLUMN_UINT:
			sqlite3_bind_int64(stmt, number, *(const unsigned *)at);
			break;
		case COLUMN_INT64:
			sqlite3_bind_int64(stmt, number, *(const int64_t *)at);
			break;
		case COLUMN_UINT64:
			sqlite3_bind_int64(stmt, number, (int64_t) * (const uint64_t *)at);
			break;
		case COLUMN_BOOL:
			sqlite3_bind_int(stmt, number, *(const bool *)at);
			break;
		case COLUMN_TEXT:
			sqlite3_bind_text(stmt, number, at, -1, SQLITE_STATIC);
			break;
		}
	}
}

static void
read_text(sqlite3_stmt *stmt, int number, char *to, size_t size)
{
	const void *text = sqlite3_column_text(stmt, number);
	size_t len = (size_t)sqlite3_column_bytes(stmt, number);
	if (len >= size)
		len = size - 1;
	if (len > 0)
		memcpy(to, text, len);
	to[len] = '\0';
}

void
row_read(sqlite3_stmt *stmt, int first, const struct column *columns, size_t n, void *record)
{
	for (size_t i = 0; i < n; i++) {
		char *at = (char *)record + columns[i].offset;
		int number = first + (int)i;
		switch (columns[i].type) {
		case COLUMN_INT:
			*(int *)at = sqlite3_column_int(stmt, number);
			break;
		case COLUMN_UINT:
			*(unsigned *)at = (unsigned)sqlite3_column_int64(stmt, number);
			break;
		case COLUMN_INT64:
			*(int64_t *)at = sqlite3_column_int64(stmt, number);
			break;
		case COLUMN_UINT64:
			*(uint64_t *)at = (uint64_t)sqlite3_column_int64(stmt, number);
			break;
		case COLUMN_BOOL:
			*(bool *)at = sqlite3_column_int(stmt, number) != 0;
			break;
		case COLUMN_TEXT:
			read_text(stmt, number, at, columns[i].size);
			break;
		}
	}
}
