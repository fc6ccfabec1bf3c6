/* Queues: settings in a table, counts from the indexes of waiting and running runs. */
#include "store/sqlite_db.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

static enum backend_result
count(struct sqlite *s, enum sql number, const char *name, int64_t *n, struct err *err)
{
	sqlite3_stmt *stmt = sql_use(s, number);
	sql_bind_text(stmt, 1, name);
	return sql_number(s, stmt, n, err);
}

enum backend_result
sqlite_queue_load(struct backend *backend, const char *name, struct queue *queue, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	*queue = (struct queue){ .concurrency = QUEUE_CONCURRENCY };
	snprintf(queue->name, sizeof(queue->name), "%s", name);
	sqlite3_stmt *stmt = sql_use(s, SQL_QUEUE_LOAD);
	sql_bind_text(stmt, 1, name);
	enum backend_result result = sql_row(s, stmt, err);
	if (result == BACKEND_ERROR)
		return result;
	if (result == BACKEND_OK) {
		queue->concurrency = sqlite3_column_int(stmt, 0);
		queue->is_paused = sqlite3_column_int(stmt, 1) != 0;
		sqlite3_reset(stmt);
	}
	return count(s, SQL_QUEUE_RUNNING, name, &queue->nrunning, err);
}

enum backend_result
sqlite_queue_save(struct backend *backend, const struct queue *queue, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_QUEUE_SAVE);
	sql_bind_text(stmt, 1, queue->name);
	sqlite3_bind_int(stmt, 2, queue->concurrency);
	sqlite3_bind_int(stmt, 3, queue->is_paused);
	return sql_change(s, stmt, err);
}

/* A name that was cut would be found again behind itself, for ever. */
static void
take_name(sqlite3_stmt *stmt, char name[JOB_NAME_MAX + 1])
{
	int len =
		snprintf(name, JOB_NAME_MAX + 1, "%s", (const char *)sqlite3_column_text(stmt, 0));
	assert(len <= JOB_NAME_MAX);
}

/* The next name after *name in its order. */
static enum backend_result
next_name(struct sqlite *s, char name[JOB_NAME_MAX + 1], struct err *err)
{
	sqlite3_stmt *stmt = sql_use(s, SQL_QUEUES_NAMES);
	sql_bind_text(stmt, 1, name);
	enum backend_result result = sql_row(s, stmt, err);
	if (result != BACKEND_OK)
		return result;
	if (sqlite3_column_type(stmt, 0) == SQLITE_NULL)
		result = BACKEND_NONE;
	else
		take_name(stmt, name);
	sqlite3_reset(stmt);
	return result;
}

enum backend_result
sqlite_queues_list(struct backend *backend, struct queue **queues, size_t *n, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	char name[JOB_NAME_MAX + 1] = "";
	*queues = NULL;
	*n = 0;
	enum backend_result result;
	while ((result = next_name(s, name, err)) == BACKEND_OK) {
		*queues = mem_resize(*queues, *n + 1, sizeof(**queues));
		struct queue *queue = &(*queues)[(*n)++];
		if (sqlite_queue_load(backend, name, queue, err) != BACKEND_OK ||
		    count(s, SQL_QUEUE_WAITING, name, &queue->nwaiting, err) != BACKEND_OK) {
			result = BACKEND_ERROR;
			break;
		}
	}
	if (result != BACKEND_ERROR)
		return BACKEND_OK;
	free(*queues);
	*queues = NULL;
	*n = 0;
	return BACKEND_ERROR;
}

enum backend_result
sqlite_queues_ready(struct backend *backend, const char *after, size_t max,
		    char (*names)[JOB_NAME_MAX + 1], size_t *n, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	char name[JOB_NAME_MAX + 1];
	snprintf(name, sizeof(name), "%s", after);
	*n = 0;
	while (*n < max) {
		sqlite3_stmt *stmt = sql_use(s, SQL_QUEUE_NEXT_READY);
		sql_bind_text(stmt, 1, name);
		enum backend_result result = sql_row(s, stmt, err);
		if (result == BACKEND_ERROR)
			return result;
		if (result == BACKEND_NONE)
			break;
		/* The least gate stands first, and GATE_OPEN is the least. */
		bool is_open = sqlite3_column_int(stmt, 1) == GATE_OPEN;
		take_name(stmt, name);
		sqlite3_reset(stmt);
		if (is_open)
			snprintf(names[(*n)++], sizeof(*names), "%s", name);
	}
	return BACKEND_OK;
}
