# Benchmarks: built and run by `make bench` only.
BENCHES =
EXTRA_PROGRAMS += $(BENCHES)

BENCHES += tests/bench/spawn
tests_bench_spawn_SOURCES = tests/bench/spawn.c tests/fake/spawner.c tests/fake/spawner.h
tests_bench_spawn_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_bench_spawn_LDADD = libspawn.a libmsg.a libbase.a $(UNIT_LIBS)

BENCHES += tests/bench/http
tests_bench_http_SOURCES = tests/bench/http.c tests/fake/badhttp.c tests/fake/badhttp.h
tests_bench_http_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_bench_http_LDADD = librunner.a libmodel.a libwhen.a libbase.a $(CURL_LIBS) $(EV_LIBS)

BENCHES += tests/bench/when
tests_bench_when_SOURCES = tests/bench/when.c $(TEST_ZONES)
tests_bench_when_LDADD = libwhen.a libbase.a

BENCHES += tests/bench/store
tests_bench_store_SOURCES = tests/bench/store.c $(TEST_ZONES)
tests_bench_store_CFLAGS = $(AM_CFLAGS) $(SQLITE3_CFLAGS)
tests_bench_store_LDADD = libfake.a $(STORE_LIBS)

.PHONY: bench
bench: $(BENCHES) asched asched-spawn tests/fake/fake_daemon
	@set -e; for program in $(BENCHES); do ./$$program; done
CLEANFILES += $(BENCHES)
