/*
 * A migration on a disk that fails: in its first call, its second ..., once or from there on. The
 * old database is there as it was, or whole in the format of the last step that was done; what is
 * wrong is said with the file and the cause; and with room the next start migrates it.
 */
#include "unit/store_place.h"

#include <errno.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fake/scratch.h"
#include "fake/trial_disk.h"
#include "store/schema.h"
#include "store/sqlite.h"

/* A database of format 1, as its daemon left it. */
struct migration {
	struct place *place;
	char *kept; /* where the copy of the old one goes */
	struct buf old, old_rows, new_rows;
	bool has_failed[SCHEMA_VERSION + 1]; /* on the way to that format; 1: in the copy */
};

static struct buf
sql_of_format_1(void)
{
	const char *source = getenv("ASCHED_SOURCE");
	char *path = mem_printf("%s/tests/blackbox/format_1.sql", source ? source : "..");
	struct buf sql = place_read(path);
	free(path);
	return sql;
}

static int
add_row(void *rows, int n, char **values, char **names)
{
	(void)names;
	for (int i = 0; i < n; i++)
		buf_printf(rows, "%s|", values[i] ? values[i] : "NULL");
	buf_add_char(rows, '\n');
	return 0;
}

/* All that users have in it; what the migration adds, too. */
static struct buf
rows_of(const char *path)
{
	static const char *const tables[] = {
		"SELECT *, hex(spec) FROM jobs", "SELECT * FROM runs",   "SELECT * FROM attempts",
		"SELECT * FROM outputs",         "SELECT * FROM queues", "PRAGMA user_version",
	};
	struct buf rows = BUF_EMPTY;
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		assert_int_equal(sqlite3_exec(db, tables[i], add_row, &rows, NULL), SQLITE_OK);
	sqlite3_close(db);
	return rows;
}

static void
has_rows(const char *path, struct buf *wanted)
{
	struct buf rows = rows_of(path);
	assert_string_equal(buf_text(&rows), buf_text(wanted));
	buf_fini(&rows);
}

static void
make_old(struct migration *m)
{
	struct buf sql = sql_of_format_1();
	sqlite3 *db;
	assert_int_equal(sqlite3_open(m->place->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, buf_text(&sql), NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode = wal", NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	buf_fini(&sql);
	m->old = place_read(m->place->path);
	m->old_rows = rows_of(m->place->path);
}

static void
put_old(struct migration *m)
{
	static const char *const others[] = { "asched.db-wal", "asched.db.mark", "asched.db.v1" };
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char *path = scratch_path(m->place->dir, others[i]);
		unlink(path);
		free(path);
	}
	place_write(m->place->path, m->old.data, m->old.len);
}

static void
set_up(struct migration *m, struct place *place)
{
	*m = (struct migration){ .place = place };
	m->kept = scratch_path(place->dir, "asched.db.v1");
	make_old(m);
	place_close(place_open(place));
	m->new_rows = rows_of(place->path);
}

static void
tear_down(struct migration *m)
{
	free(m->kept);
	buf_fini(&m->old);
	buf_fini(&m->old_rows);
	buf_fini(&m->new_rows);
}

/* The copy that was being made left nothing, and the old database has not changed. */
static void
is_as_before(const struct migration *m)
{
	struct buf now = place_read(m->place->path);
	char *part = mem_printf("%s.part", m->kept);
	assert_int_equal(now.len, m->old.len);
	assert_memory_equal(now.data, m->old.data, now.len);
	assert_int_not_equal(access(m->kept, F_OK), 0);
	assert_int_not_equal(access(part, F_OK), 0);
	free(part);
	buf_fini(&now);
}

/* It did not start: was that right, and well said? */
static void
judge(struct migration *m, const char *cause)
{
	const char *text = m->place->err.text, *format = strstr(text, "migration to format ");
	if (!strstr(text, m->place->path) || !strstr(text, cause))
		fail_msg("no cause \"%s\", or no file, in: %s", cause, text);
	if (strstr(text, "before the migration")) {
		m->has_failed[1] = true;
		is_as_before(m);
	} else if (format) {
		m->has_failed[strtol(format + strlen("migration to format "), NULL, 10)] = true;
		has_rows(m->kept, &m->old_rows);
	}
}

/* Call number k fails, and so do the next of them. False: there were less calls. */
static bool
migrate(struct migration *m, const char *call, int how, long k, long count)
{
	put_old(m);
	trial_disk_set(call, how, k, count);
	struct backend *backend = sqlite_backend_open(m->place->path, &m->place->err);
	bool was_hit = trial_disk_ncalls() >= k;
	trial_disk_set("", 0, 0, 0);
	if (backend)
		place_close(backend);
	else
		judge(m, how == ENOSPC ? "is full" : strerror(how));
	backend = place_open(m->place);
	assert_null(backend->ops->warning(backend));
	place_close(backend);
	has_rows(m->place->path, &m->new_rows);
	return was_hit;
}

static void
a_migration_that_a_disk_breaks_off_is_done_by_the_next_start(void **state)
{
	static const struct {
		const char *call;
		int how;
		long count;
	} cases[] = {
		{ "write", ENOSPC, 1000000 }, { "write", EDQUOT, 1000000 }, { "write", EIO, 1 },
		{ "sync", EIO, 1 },           { "sync", EDQUOT, 1000000 },
	};
	struct migration m;
	set_up(&m, *state);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(m.has_failed, 0, sizeof(m.has_failed));
		long k = 1;
		while (migrate(&m, cases[i].call, cases[i].how, k, cases[i].count))
			k++;
		for (int format = 1; format <= SCHEMA_VERSION; format++)
			assert_true(m.has_failed[format]);
	}
	tear_down(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_migration_that_a_disk_breaks_off_is_done_by_the_next_start,
			place_set_up_fast, place_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
