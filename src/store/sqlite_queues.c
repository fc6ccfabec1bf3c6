/*
 * Queues: settings in a table, counts from the indexes of waiting and running runs. No row of
 * another table tells what a queue's settings were, so there is a copy of them with a checksum in
 * `meta`: when a bit has flipped in one of the two, the other one counts.
 */
#include "store/sqlite_db.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "store/seal.h"

#define COPY_PREFIX "queue "
#define COPY_MAX    64
#define MEND_MAX    1000 /* queues in one round of the patrol */

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

static int64_t
seal_queue(const struct queue *queue)
{
	int64_t numbers[JOB_NAME_MAX + 2] = { queue->concurrency, queue->is_paused };
	size_t len = strlen(queue->name);
	for (size_t i = 0; i < len; i++)
		numbers[2 + i] = queue->name[i];
	return seal_of(numbers, 2 + len);
}

static enum backend_result
save_copy(struct sqlite *s, const struct queue *queue, struct err *err)
{
	char name[sizeof(COPY_PREFIX) + JOB_NAME_MAX], text[COPY_MAX];
	snprintf(name, sizeof(name), COPY_PREFIX "%s", queue->name);
	snprintf(text, sizeof(text), "%d %d %" PRId64, queue->concurrency, queue->is_paused,
		 seal_queue(queue));
	return sqlite_meta_save(&s->backend, name, text, err);
}

enum backend_result
sqlite_queue_save(struct backend *backend, const struct queue *queue, struct err *err)
{
	struct sqlite *s = sqlite_of(backend);
	sqlite3_stmt *stmt = sql_use(s, SQL_QUEUE_SAVE);
	sql_bind_text(stmt, 1, queue->name);
	sqlite3_bind_int(stmt, 2, queue->concurrency);
	sqlite3_bind_int(stmt, 3, queue->is_paused);
	enum backend_result result = sql_change(s, stmt, err);
	return result == BACKEND_OK ? save_copy(s, queue, err) : result;
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

/* Rows and their copies, also where one of them is missing. */
static const char both[] =
	"SELECT q.name, q.concurrency, q.is_paused, m.value FROM queues q"
	" LEFT JOIN meta m ON m.name = '" COPY_PREFIX "' || q.name"
	" UNION ALL SELECT substr(name, length('" COPY_PREFIX "') + 1), NULL, NULL, value"
	" FROM meta WHERE name GLOB '" COPY_PREFIX "*'"
	" AND substr(name, length('" COPY_PREFIX "') + 1) NOT IN (SELECT name FROM queues)";

enum { BOTH_NAME, BOTH_CONCURRENCY, BOTH_PAUSED, BOTH_COPY };

/* Of a copy that is whole. */
static bool
read_copy(const char *text, struct queue *queue)
{
	int paused;
	int64_t seal;
	if (!text || sscanf(text, "%d %d %" SCNd64, &queue->concurrency, &paused, &seal) != 3)
		return false;
	queue->is_paused = paused != 0;
	return seal == seal_queue(queue);
}

/* Has the row settings that are to be stored again? Then these are in *queue. */
static bool
is_damaged(sqlite3_stmt *stmt, struct queue *queue)
{
	struct queue copy = { 0 };
	const char *name = (const char *)sqlite3_column_text(stmt, BOTH_NAME);
	const char *text = (const char *)sqlite3_column_text(stmt, BOTH_COPY);
	bool has_row = sqlite3_column_type(stmt, BOTH_CONCURRENCY) != SQLITE_NULL;
	*queue = (struct queue){ .concurrency = sqlite3_column_int(stmt, BOTH_CONCURRENCY),
				 .is_paused = sqlite3_column_int(stmt, BOTH_PAUSED) != 0 };
	if (!name || strlen(name) > JOB_NAME_MAX)
		return false; /* no queue's */
	snprintf(queue->name, sizeof(queue->name), "%s", name);
	snprintf(copy.name, sizeof(copy.name), "%s", name);
	if (!read_copy(text, &copy))
		return has_row; /* made before there were copies, or the copy is damaged */
	if (has_row && copy.concurrency == queue->concurrency && copy.is_paused == queue->is_paused)
		return false;
	*queue = copy;
	return true;
}

/* False: there is none. */
static bool
find_damaged(struct sqlite *s, struct queue *queue)
{
	sqlite3_stmt *stmt = NULL;
	bool is_found = false;
	if (sqlite3_prepare_v2(s->db, both, -1, &stmt, NULL) == SQLITE_OK) {
		while (!is_found && sqlite3_step(stmt) == SQLITE_ROW)
			is_found = is_damaged(stmt, queue);
	}
	sqlite3_finalize(stmt);
	return is_found;
}

static bool
save_again(struct sqlite *s, const struct queue *queue)
{
	struct backend *db = &s->backend;
	struct err err = { 0 };
	if (db->ops->begin(db, &err) != BACKEND_OK)
		return false;
	if (sqlite_queue_save(db, queue, &err) == BACKEND_OK &&
	    db->ops->commit(db, &err) == BACKEND_OK)
		return true;
	db->ops->rollback(db);
	return false;
}

void
sqlite_queues_mend(struct sqlite *s)
{
	struct queue queue;
	for (int i = 0; i < MEND_MAX && find_damaged(s, &queue) && save_again(s, &queue); i++) {
		s->mended = "settings of a queue";
		log_error("the settings of a queue were stored anew, as one of their two copies "
			  "has them: look for what damaged the database",
			  log_str("queue", queue.name), log_int("concurrency", queue.concurrency),
			  log_int("paused", queue.is_paused));
	}
}
