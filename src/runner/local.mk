# runner: what executes an attempt.
noinst_LIBRARIES += librunner.a
librunner_a_CPPFLAGS = $(AM_CPPFLAGS) $(CURL_CFLAGS)
librunner_a_SOURCES = \
	src/runner/address.c src/runner/address.h \
	src/runner/curl_loop.c src/runner/curl_loop.h \
	src/runner/curl_memory.c src/runner/curl_memory.h \
	src/runner/files.h \
	src/runner/http.c src/runner/http.h \
	src/runner/http_files.c src/runner/http_files.h \
	src/runner/http_request.c src/runner/http_request.h \
	src/runner/msg_queue.c src/runner/msg_queue.h \
	src/runner/process.c src/runner/process.h \
	src/runner/process_msg.c src/runner/process_msg.h \
	src/runner/shares.c src/runner/shares.h

RUNNER_TEST_LIBS = librunner.a libmodel.a libbase.a $(CURL_LIBS) $(EV_LIBS) $(UNIT_LIBS)
HTTP_WORLD = tests/fake/http_world.c tests/fake/http_world.h \
	tests/fake/badhttp.c tests/fake/badhttp.h

UNIT_TESTS += tests/unit/runner_address tests/unit/runner_http tests/unit/runner_http_life \
	tests/unit/runner_http_files tests/unit/runner_http_names tests/unit/runner_http_tls
tests_unit_runner_http_files_SOURCES = tests/unit/runner_http_files.c
tests_unit_runner_http_files_LDADD = librunner.a libmodel.a libwhen.a libbase.a $(CURL_LIBS) \
	$(EV_LIBS) $(UNIT_LIBS)
tests_unit_runner_address_SOURCES = tests/unit/runner_address.c
tests_unit_runner_address_LDADD = $(RUNNER_TEST_LIBS)
tests_unit_runner_http_SOURCES = tests/unit/runner_http.c $(HTTP_WORLD)
tests_unit_runner_http_LDADD = $(RUNNER_TEST_LIBS)
tests_unit_runner_http_life_SOURCES = tests/unit/runner_http_life.c $(HTTP_WORLD)
tests_unit_runner_http_life_LDADD = $(RUNNER_TEST_LIBS)
tests_unit_runner_http_names_SOURCES = tests/unit/runner_http_names.c $(HTTP_WORLD)
tests_unit_runner_http_names_LDADD = $(RUNNER_TEST_LIBS)
tests_unit_runner_http_tls_SOURCES = tests/unit/runner_http_tls.c $(HTTP_WORLD)
tests_unit_runner_http_tls_LDADD = $(RUNNER_TEST_LIBS)

check_PROGRAMS += tests/fake/badhttp
tests_fake_badhttp_SOURCES = tests/fake/badhttp_main.c tests/fake/badhttp.c tests/fake/badhttp.h
tests_fake_badhttp_LDADD = libbase.a
