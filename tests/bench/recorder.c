/* A bare recorder of requests. */
#include "bench/recorder.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"

#define PAIRS_MAX 4096 /* more than are ever in flight */

static const char schema[] =
	"PRAGMA locking_mode = exclusive; PRAGMA journal_mode = wal;"
	"PRAGMA synchronous = full;"
	"CREATE TABLE runs (id INTEGER PRIMARY KEY, job_id INTEGER NOT NULL,"
	" due INTEGER NOT NULL, state INTEGER NOT NULL, started_at INTEGER NOT NULL,"
	" ended_at INTEGER NOT NULL, code INTEGER NOT NULL) STRICT;"
	"CREATE UNIQUE INDEX runs_due ON runs (job_id, due)";

struct pair {
	int ended, begun;
};

/* put: what came; taken: what is being written; done: what is on the disk. */
struct pairs {
	struct pair pair[PAIRS_MAX];
	int n;
};

struct recorder {
	sqlite3 *db;
	sqlite3_stmt *begin, *insert, *update, *commit;
	void (*on_commit)(void *arg);
	void *arg;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t is_more;
	struct pairs put, done;
	bool is_closing;
};

static int64_t
now_us(void)
{
	struct timespec at;
	clock_gettime(CLOCK_REALTIME, &at);
	return at.tv_sec * INT64_C(1000000) + at.tv_nsec / 1000;
}

static void
step(struct recorder *recorder, sqlite3_stmt *stmt)
{
	if (sqlite3_step(stmt) != SQLITE_DONE || sqlite3_reset(stmt) != SQLITE_OK) {
		fprintf(stderr, "recorder: %s\n", sqlite3_errmsg(recorder->db));
		exit(EXIT_FAILURE);
	}
}

static void
write_pair(struct recorder *recorder, struct pair pair)
{
	if (pair.ended) {
		sqlite3_bind_int(recorder->update, 1, pair.ended);
		sqlite3_bind_int64(recorder->update, 2, now_us());
		step(recorder, recorder->update);
	}
	if (pair.begun) {
		sqlite3_bind_int(recorder->insert, 1, pair.begun);
		sqlite3_bind_int64(recorder->insert, 2, now_us());
		step(recorder, recorder->insert);
	}
}

static void *
run(void *arg)
{
	struct recorder *recorder = arg;
	static struct pairs taken;
	pthread_mutex_lock(&recorder->mutex);
	for (;;) {
		while (recorder->put.n == 0 && !recorder->is_closing)
			pthread_cond_wait(&recorder->is_more, &recorder->mutex);
		if (recorder->put.n == 0)
			break;
		taken = recorder->put;
		recorder->put.n = 0;
		pthread_mutex_unlock(&recorder->mutex);
		step(recorder, recorder->begin);
		for (int i = 0; i < taken.n; i++)
			write_pair(recorder, taken.pair[i]);
		step(recorder, recorder->commit);
		pthread_mutex_lock(&recorder->mutex);
		for (int i = 0; i < taken.n; i++)
			recorder->done.pair[recorder->done.n++] = taken.pair[i];
		recorder->on_commit(recorder->arg);
	}
	pthread_mutex_unlock(&recorder->mutex);
	return NULL;
}

static bool
prepare(struct recorder *recorder, const char *path)
{
	const struct {
		sqlite3_stmt **stmt;
		const char *sql;
	} all[] = {
		{ &recorder->begin, "BEGIN IMMEDIATE" },
		{ &recorder->insert, "INSERT INTO runs VALUES (?1, ?1, 0, 1, ?2, 0, 0)" },
		{ &recorder->update, "UPDATE runs SET state = 2, ended_at = ?2, code = 200 "
				     "WHERE id = ?1 AND state = 1" },
		{ &recorder->commit, "COMMIT" },
	};
	if (sqlite3_open(path, &recorder->db) != SQLITE_OK ||
	    sqlite3_exec(recorder->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return false;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (sqlite3_prepare_v3(recorder->db, all[i].sql, -1, SQLITE_PREPARE_PERSISTENT,
				       all[i].stmt, NULL) != SQLITE_OK)
			return false;
	}
	return true;
}

struct recorder *
recorder_open(const char *path, void (*on_commit)(void *arg), void *arg)
{
	struct recorder *recorder = mem_alloc(sizeof(*recorder));
	recorder->on_commit = on_commit;
	recorder->arg = arg;
	pthread_mutex_init(&recorder->mutex, NULL);
	pthread_cond_init(&recorder->is_more, NULL);
	if (!prepare(recorder, path) || pthread_create(&recorder->thread, NULL, run, recorder) != 0)
		return NULL;
	return recorder;
}

void
recorder_put(struct recorder *recorder, int ended, int begun)
{
	pthread_mutex_lock(&recorder->mutex);
	recorder->put.pair[recorder->put.n++] = (struct pair){ ended, begun };
	pthread_cond_signal(&recorder->is_more);
	pthread_mutex_unlock(&recorder->mutex);
}

int
recorder_take(struct recorder *recorder, int *ended, int *begun)
{
	pthread_mutex_lock(&recorder->mutex);
	int n = recorder->done.n;
	if (n > 0) {
		*ended = recorder->done.pair[n - 1].ended;
		*begun = recorder->done.pair[n - 1].begun;
		recorder->done.n--;
	}
	pthread_mutex_unlock(&recorder->mutex);
	return n > 0;
}

void
recorder_close(struct recorder *recorder)
{
	pthread_mutex_lock(&recorder->mutex);
	recorder->is_closing = true;
	pthread_cond_signal(&recorder->is_more);
	pthread_mutex_unlock(&recorder->mutex);
	pthread_join(recorder->thread, NULL);
	sqlite3_stmt *all[] = { recorder->begin, recorder->insert, recorder->update,
				recorder->commit };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		sqlite3_finalize(all[i]);
	sqlite3_close(recorder->db);
	free(recorder);
}
