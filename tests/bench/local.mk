# Benchmarks: built and run by `make bench` only; contrib/bench/README says how to read them.
BENCHES =
EXTRA_PROGRAMS += $(BENCHES)

BENCHES += tests/bench/spawn
tests_bench_spawn_SOURCES = tests/bench/spawn.c tests/fake/spawner.c tests/fake/spawner.h
tests_bench_spawn_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_bench_spawn_LDADD = libspawn.a libmsg.a libbase.a $(UNIT_LIBS)

BENCHES += tests/bench/http
tests_bench_http_SOURCES = \
	tests/bench/http.c \
	tests/bench/recorder.c tests/bench/recorder.h \
	tests/fake/badhttp.c tests/fake/badhttp.h \
	tests/fake/scratch.c tests/fake/scratch.h
tests_bench_http_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_bench_http_LDADD = librunner.a libmodel.a libwhen.a libbase.a $(CURL_LIBS) $(EV_LIBS) $(SQLITE3_LIBS)

BENCHES += tests/bench/when
tests_bench_when_SOURCES = tests/bench/when.c $(TEST_ZONES)
tests_bench_when_LDADD = libwhen.a libbase.a

BENCHES += tests/bench/store
tests_bench_store_SOURCES = tests/bench/store.c $(TEST_ZONES)
tests_bench_store_CFLAGS = $(AM_CFLAGS) $(SQLITE3_CFLAGS)
tests_bench_store_LDADD = libfake.a $(STORE_LIBS)

# Tools of the rows.
BENCHES += tests/bench/beanstalk tests/bench/client tests/bench/stamp
tests_bench_beanstalk_SOURCES = tests/bench/beanstalk.c
tests_bench_client_SOURCES = tests/bench/client.c
# It knows the schema: tests/blackbox/bench.sh looks that it still does.
check_PROGRAMS += tests/bench/ledger
tests_bench_ledger_SOURCES = tests/bench/ledger.c
tests_bench_ledger_LDADD = $(SQLITE3_LIBS) $(CURL_LIBS)
tests_bench_stamp_SOURCES = tests/bench/stamp.c

# The daemon on a slow disk.
BENCHES += tests/bench/slow_aschedd
tests_bench_slow_aschedd_SOURCES = src/daemon/main.c tests/bench/slow_disk.c
tests_bench_slow_aschedd_LDADD = $(aschedd_LDADD)

# A line each, so that two people can add one at the same time.
BENCH_ROWS =
BENCH_ROWS += tests/bench/rows/adds.sh
BENCH_ROWS += tests/bench/rows/command.sh
BENCH_ROWS += tests/bench/rows/history.sh
BENCH_ROWS += tests/bench/rows/http.sh
BENCH_ROWS += tests/bench/rows/lateness.sh
BENCH_ROWS += tests/bench/rows/million.sh
BENCH_ROWS += tests/bench/rows/next.sh
BENCH_ROWS += tests/bench/rows/peers.sh
BENCH_ROWS += tests/bench/rows/restart.sh
BENCH_ROWS += tests/bench/rows/slow_disk.sh
BENCH_ROWS += tests/bench/rows/stampede.sh
BENCH_ROWS += tests/bench/rows/store.sh
EXTRA_DIST += tests/bench/peer_apscheduler.py tests/bench/bench.sh tests/bench/lib.sh $(BENCH_ROWS)

# make bench, make bench BENCH="ROW..."
.PHONY: bench
bench: $(BENCHES) tests/bench/ledger asched aschedd asched-spawn tests/fake/badhttp tests/fake/fake_daemon
	@ASCHED_SOURCE='$(abs_top_srcdir)' ASCHED_BUILD='$(abs_top_builddir)' CC='$(CC)' \
		$(if $(BENCH),BENCH='$(BENCH)') $(SHELL) $(srcdir)/tests/bench/bench.sh
CLEANFILES += $(BENCHES)
