# store: the ledger's rows in SQLite, and the thread that owns them.
noinst_LIBRARIES += libstore.a
libstore_a_CFLAGS = $(AM_CFLAGS) $(SQLITE3_CFLAGS)
libstore_a_SOURCES = \
	src/store/backend.h \
	src/store/check.c src/store/check.h \
	src/store/files.c src/store/files.h \
	src/store/filter.c src/store/filter.h \
	src/store/held.c src/store/held.h \
	src/store/intents.h \
	src/store/keeper.c src/store/keeper.h \
	src/store/latency.c src/store/latency.h \
	src/store/ledger.c src/store/ledger.h src/store/ledger_parts.h \
	src/store/ledger_active.c \
	src/store/ledger_ask.c \
	src/store/ledger_back.c \
	src/store/ledger_claim.c \
	src/store/ledger_claimed.c \
	src/store/ledger_cover.c \
	src/store/ledger_end.c \
	src/store/ledger_job.c \
	src/store/ledger_limits.c \
	src/store/ledger_promote.c \
	src/store/ledger_run.c \
	src/store/ledger_time.c \
	src/store/mark.c src/store/mark.h \
	src/store/reserve.c src/store/reserve.h \
	src/store/schema.c src/store/schema.h \
	src/store/seal.c src/store/seal.h \
	src/store/spec.c src/store/spec.h \
	src/store/sqlite.c src/store/sqlite.h \
	src/store/sqlite_alone.c \
	src/store/sqlite_attempts.c \
	src/store/sqlite_backup.c \
	src/store/sqlite_care.c \
	src/store/sqlite_db.h \
	src/store/sqlite_file.c src/store/sqlite_file.h \
	src/store/sqlite_jobs.c \
	src/store/sqlite_judge.c \
	src/store/sqlite_log.c \
	src/store/sqlite_memory.c \
	src/store/sqlite_meta.c \
	src/store/sqlite_open.c \
	src/store/sqlite_pages.c \
	src/store/sqlite_patrol.c \
	src/store/sqlite_prune.c \
	src/store/sqlite_queues.c \
	src/store/sqlite_requests.c \
	src/store/sqlite_row.c src/store/sqlite_row.h \
	src/store/sqlite_runs.c \
	src/store/sqlite_sql.c \
	src/store/sqlite_users.c \
	src/store/sqlite_words.c \
	src/store/thread.c src/store/thread.h

STORE_LIBS = libstore.a libengine.a libmodel.a libwhen.a libbase.a $(SQLITE3_LIBS)

UNIT_TESTS += tests/unit/store_backend
tests_unit_store_backend_SOURCES = tests/unit/store_backend.c tests/unit/store_backend.h \
	tests/unit/store_backend_jobs.c \
	tests/unit/store_backend_rest.c \
	tests/unit/store_backend_runs.c
tests_unit_store_backend_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/store_keeper
tests_unit_store_keeper_SOURCES = tests/unit/store_keeper.c \
	tests/unit/keeper_kit.c tests/unit/keeper_kit.h $(TEST_ZONES)
tests_unit_store_keeper_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/store_keeper_group
tests_unit_store_keeper_group_SOURCES = tests/unit/store_keeper_group.c \
	tests/unit/keeper_kit.c tests/unit/keeper_kit.h $(TEST_ZONES)
tests_unit_store_keeper_group_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/store_thread
tests_unit_store_thread_SOURCES = tests/unit/store_thread.c $(TEST_ZONES)
tests_unit_store_thread_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/store_sqlite
tests_unit_store_sqlite_CFLAGS = $(AM_CFLAGS) $(SQLITE3_CFLAGS)
tests_unit_store_sqlite_SOURCES = tests/unit/store_sqlite.c \
	tests/unit/store_place.c tests/unit/store_place.h
tests_unit_store_sqlite_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/store_crash
tests_unit_store_crash_CFLAGS = $(AM_CFLAGS) $(SQLITE3_CFLAGS)
tests_unit_store_crash_SOURCES = tests/unit/store_crash.c \
	tests/fake/crashvfs.c tests/fake/crashvfs.h
tests_unit_store_crash_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)

LEDGER_KIT = tests/unit/ledger_kit.c tests/unit/ledger_kit.h $(TEST_ZONES)

UNIT_TESTS += tests/unit/ledger
tests_unit_ledger_SOURCES = tests/unit/ledger.c $(LEDGER_KIT)
tests_unit_ledger_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/ledger_boot
tests_unit_ledger_boot_SOURCES = tests/unit/ledger_boot.c $(LEDGER_KIT)
tests_unit_ledger_boot_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/ledger_limits
tests_unit_ledger_limits_SOURCES = tests/unit/ledger_limits.c $(LEDGER_KIT)
tests_unit_ledger_limits_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/ledger_change
tests_unit_ledger_change_SOURCES = tests/unit/ledger_change.c $(LEDGER_KIT)
tests_unit_ledger_change_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/ledger_damage
tests_unit_ledger_damage_SOURCES = tests/unit/ledger_damage.c $(LEDGER_KIT)
tests_unit_ledger_damage_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/ledger_queue
tests_unit_ledger_queue_SOURCES = tests/unit/ledger_queue.c $(LEDGER_KIT)
tests_unit_ledger_queue_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/ledger_time
tests_unit_ledger_time_SOURCES = tests/unit/ledger_time.c $(LEDGER_KIT)
tests_unit_ledger_time_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/store_open
tests_unit_store_open_CFLAGS = $(AM_CFLAGS) $(SQLITE3_CFLAGS)
tests_unit_store_open_SOURCES = tests/unit/store_open.c \
	tests/unit/store_place.c tests/unit/store_place.h
tests_unit_store_open_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/store_migrate
tests_unit_store_migrate_CFLAGS = $(AM_CFLAGS) $(SQLITE3_CFLAGS)
tests_unit_store_migrate_SOURCES = tests/unit/store_migrate.c \
	tests/unit/store_place.c tests/unit/store_place.h \
	tests/fake/trial_disk.c tests/fake/trial_disk.h
tests_unit_store_migrate_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/store_patrol
tests_unit_store_patrol_CFLAGS = $(AM_CFLAGS) $(SQLITE3_CFLAGS)
tests_unit_store_patrol_SOURCES = tests/unit/store_patrol.c \
	tests/unit/store_place.c tests/unit/store_place.h
tests_unit_store_patrol_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/store_log
tests_unit_store_log_CFLAGS = $(AM_CFLAGS) $(SQLITE3_CFLAGS)
tests_unit_store_log_SOURCES = tests/unit/store_log.c \
	tests/unit/store_place.c tests/unit/store_place.h
tests_unit_store_log_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/store_seal
tests_unit_store_seal_CFLAGS = $(AM_CFLAGS) $(SQLITE3_CFLAGS)
tests_unit_store_seal_SOURCES = tests/unit/store_seal.c \
	tests/unit/store_place.c tests/unit/store_place.h
tests_unit_store_seal_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/store_check
tests_unit_store_check_CFLAGS = $(AM_CFLAGS) $(SQLITE3_CFLAGS)
tests_unit_store_check_SOURCES = tests/unit/store_check.c \
	tests/unit/store_place.c tests/unit/store_place.h
tests_unit_store_check_LDADD = libfake.a $(STORE_LIBS) $(UNIT_LIBS)
