# daemon: program aschedd, its configuration and wiring.
noinst_LIBRARIES += libdaemon.a
libdaemon_a_CPPFLAGS = $(AM_CPPFLAGS) $(INIH_CFLAGS)
libdaemon_a_SOURCES = \
	src/daemon/clock.c src/daemon/clock.h \
	src/daemon/conf.c src/daemon/conf.h \
	src/daemon/conf_file.c \
	src/daemon/confine.h \
	src/daemon/daemon.c src/daemon/daemon.h \
	src/daemon/events.c \
	src/daemon/launch.c src/daemon/launch.h \
	src/daemon/lines.c src/daemon/lines.h \
	src/daemon/machine.c src/daemon/machine.h \
	src/daemon/options.c src/daemon/options.h \
	src/daemon/orphans.c src/daemon/orphans.h \
	src/daemon/place.c src/daemon/place.h \
	src/daemon/replay.c src/daemon/replay.h \
	src/daemon/runlog.c src/daemon/runlog.h \
	src/daemon/zone_watch.c src/daemon/zone_watch.h \
	src/daemon/serve.c \
	src/daemon/settle.c src/daemon/settle.h \
	src/daemon/state.h
if SANITIZERS
libdaemon_a_SOURCES += src/daemon/confine_none.c
else
libdaemon_a_SOURCES += src/daemon/confine.c src/daemon/confine_calls.c
UNIT_TESTS += tests/unit/daemon_confine
tests_unit_daemon_confine_SOURCES = tests/unit/daemon_confine.c
tests_unit_daemon_confine_LDADD = libdaemon.a libbase.a $(UNIT_LIBS)
endif

sbin_PROGRAMS += aschedd
aschedd_SOURCES = src/daemon/main.c
aschedd_LDADD = libdaemon.a libcontrol.a librunner.a libmsg.a libstore.a libengine.a libmodel.a \
	libwhen.a libbase.a $(INIH_LIBS) $(JANSSON_LIBS) $(CURL_LIBS) $(SQLITE3_LIBS) $(EV_LIBS)

UNIT_TESTS += tests/unit/daemon_conf
tests_unit_daemon_conf_SOURCES = tests/unit/daemon_conf.c
tests_unit_daemon_conf_LDADD = libdaemon.a libmodel.a libwhen.a libbase.a $(INIH_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/daemon_place
tests_unit_daemon_place_SOURCES = tests/unit/daemon_place.c
tests_unit_daemon_place_LDADD = libdaemon.a libbase.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/daemon_parts
tests_unit_daemon_parts_SOURCES = tests/unit/daemon_parts.c
tests_unit_daemon_parts_LDADD = libdaemon.a libengine.a libmodel.a libwhen.a libbase.a $(EV_LIBS) \
	$(UNIT_LIBS)
