/* Small texts by name. */
#include "store/sqlite_db.h"

enum backend_result
sqlite_meta_load(struct backend *backend, const char *name, struct buf *out, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_META_LOAD);
	sql_bind_text(stmt, 1, name);
	enum backend_result result = sql_row(s, stmt, err);
	if (result != BACKEND_OK)
		return result;
	buf_add_text(out, (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_reset(stmt);
	return BACKEND_OK;
}

enum backend_result
sqlite_meta_save(struct backend *backend, const char *name, const char *text, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_META_SAVE);
	sql_bind_text(stmt, 1, name);
	sql_bind_text(stmt, 2, text);
	return sql_change(s, stmt, err);
}
