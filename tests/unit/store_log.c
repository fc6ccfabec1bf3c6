/* The log's writes, gathered, on a disk that is full for a moment. */
#include "unit/store_place.h"

#include <errno.h>
#include <sqlite3.h>
#include <unistd.h>

#include "fake/trial_disk.h"
#include "store/sqlite_db.h"

#define NROWS 600 /* before the transaction; none of them is in the cache when it is looked up */

static void
run(struct sqlite *s, const char *sql)
{
	assert_int_equal(sqlite3_exec(s->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void
run_printf(struct sqlite *s, const char *form, int n)
{
	char sql[256];
	snprintf(sql, sizeof(sql), form, n);
	run(s, sql);
}

static int
read_int(struct sqlite *s, const char *sql)
{
	sqlite3_stmt *stmt;
	assert_int_equal(sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int value = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	return value;
}

static void
open_small(struct sqlite *s, const struct place *place, int cache_size)
{
	assert_int_equal(sqlite3_open(place->path, &s->db), SQLITE_OK);
	run(s, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
	       "PRAGMA temp_store = MEMORY; PRAGMA synchronous = OFF");
	run_printf(s, "PRAGMA cache_size = %d", cache_size);
	run(s,
	    "CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER NOT NULL, x TEXT NOT NULL) STRICT;"
	    "CREATE UNIQUE INDEX tv ON t (v)");
	run_printf(s,
		   "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d)"
		   " INSERT INTO t SELECT i, i, hex(zeroblob(400)) FROM c",
		   NROWS);
	sqlite_log_gather(s);
}

/* 1: the disk was full for one write, and the transaction went on after it. */
static int
go_on_after_full_disk(struct place *place, int cache_size, int nadded)
{
	struct sqlite s = { 0 };
	open_small(&s, place, cache_size);
	run(&s, "BEGIN IMMEDIATE");
	run_printf(&s,
		   "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d)"
		   " INSERT INTO t SELECT 1000 + i, 1000 + i, hex(randomblob(2000)) FROM c",
		   nadded);
	run(&s, "SAVEPOINT intent");
	trial_disk_set("write", ENOSPC, 1, 1);
	int rc = sqlite3_exec(s.db, "UPDATE t SET v = v + 100000 WHERE id IN (3, 5)", NULL, NULL,
			      NULL);
	trial_disk_set("", 0, 0, 0);
	bool goes_on = rc == SQLITE_FULL && !sqlite3_get_autocommit(s.db);
	if (goes_on)
		run(&s, "ROLLBACK TO intent; RELEASE intent; COMMIT");
	sqlite3_close(s.db);
	if (goes_on) {
		assert_int_equal(sqlite3_open(place->path, &s.db), SQLITE_OK);
		assert_int_equal(read_int(&s, "SELECT count(*) FROM pragma_integrity_check"
					      " WHERE integrity_check = 'ok'"),
				 1);
		assert_int_equal(read_int(&s, "SELECT count(*) FROM t"), NROWS + nadded);
		sqlite3_close(s.db);
	}
	unlink(place->path);
	return goes_on;
}

static void
what_is_committed_after_a_full_disk_is_whole(void **state)
{
	int ntimes = 0;
	for (int cache_size = 10; cache_size <= 120; cache_size += 55) {
		for (int nadded = 20; nadded <= 300; nadded += 21)
			ntimes += go_on_after_full_disk(*state, cache_size, nadded);
	}
	assert_true(ntimes > 0); /* it is a fault that SQLite goes on after */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_committed_after_a_full_disk_is_whole,
						place_set_up_fast, place_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
