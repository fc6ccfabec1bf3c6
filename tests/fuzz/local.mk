# Fuzz targets: fuzzers with --enable-fuzz, else programs that replay their corpus.
if FUZZ
FUZZ_MAIN =
AM_LDFLAGS_FUZZ = $(AM_LDFLAGS) -fsanitize=fuzzer
else
FUZZ_MAIN = tests/fuzz/replay.c
AM_LDFLAGS_FUZZ = $(AM_LDFLAGS)
endif

FUZZ_SCHEDULE = tests/fuzz/fuzz.h tests/fuzz/schedule.c tests/fuzz/schedule.h $(TEST_ZONES) \
	$(FUZZ_MAIN)
FUZZ_TARGETS = tests/fuzz/cron tests/fuzz/calendar tests/fuzz/at tests/fuzz/tzif tests/fuzz/batch
check_PROGRAMS += $(FUZZ_TARGETS)
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/replay.c tests/fuzz/replay.sh
TESTS += tests/fuzz/replay.sh

tests_fuzz_cron_SOURCES = tests/fuzz/cron.c $(FUZZ_SCHEDULE)
tests_fuzz_cron_LDFLAGS = $(AM_LDFLAGS_FUZZ)
tests_fuzz_cron_LDADD = libwhen.a libbase.a

tests_fuzz_calendar_SOURCES = tests/fuzz/calendar.c $(FUZZ_SCHEDULE)
tests_fuzz_calendar_LDFLAGS = $(AM_LDFLAGS_FUZZ)
tests_fuzz_calendar_LDADD = libwhen.a libbase.a

tests_fuzz_at_SOURCES = tests/fuzz/at.c $(FUZZ_SCHEDULE)
tests_fuzz_at_LDFLAGS = $(AM_LDFLAGS_FUZZ)
tests_fuzz_at_LDADD = libwhen.a libbase.a

tests_fuzz_tzif_SOURCES = tests/fuzz/tzif.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_tzif_LDFLAGS = $(AM_LDFLAGS_FUZZ)
tests_fuzz_tzif_LDADD = libwhen.a libbase.a

tests_fuzz_batch_SOURCES = tests/fuzz/batch.c tests/fuzz/fuzz.h $(TEST_ZONES) $(FUZZ_MAIN) \
	src/cli/batch.c src/cli/batch.h src/cli/screen.c src/cli/screen.h \
	src/cli/text.c src/cli/text.h
tests_fuzz_batch_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_batch_LDFLAGS = $(AM_LDFLAGS_FUZZ)
tests_fuzz_batch_LDADD = libmodel.a libwhen.a libbase.a $(JANSSON_LIBS)

FUZZ_TARGETS_DAEMON = tests/fuzz/control tests/fuzz/conf
check_PROGRAMS += $(FUZZ_TARGETS_DAEMON)

tests_fuzz_control_SOURCES = tests/fuzz/control.c tests/fuzz/fuzz.h $(CONTROL_WORLD) $(FUZZ_MAIN)
tests_fuzz_control_LDFLAGS = $(AM_LDFLAGS_FUZZ)
tests_fuzz_control_LDADD = libcontrol.a libfake.a libstore.a libengine.a libmodel.a libwhen.a libbase.a \
	$(JANSSON_LIBS) $(SQLITE3_LIBS) $(EV_LIBS)

tests_fuzz_conf_SOURCES = tests/fuzz/conf.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_conf_LDFLAGS = $(AM_LDFLAGS_FUZZ)
tests_fuzz_conf_LDADD = libdaemon.a libmodel.a libwhen.a libbase.a $(INIH_LIBS)

check_PROGRAMS += tests/fuzz/spawn_msg
tests_fuzz_spawn_msg_SOURCES = tests/fuzz/spawn_msg.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_spawn_msg_LDFLAGS = $(AM_LDFLAGS_FUZZ)
tests_fuzz_spawn_msg_LDADD = libmsg.a
