# control: the socket, JSON-RPC, and the method table.
noinst_LIBRARIES += libcontrol.a
libcontrol_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
libcontrol_a_SOURCES = \
	src/control/call.h \
	src/control/changes.c src/control/changes.h \
	src/control/control.c src/control/control.h src/control/control_state.h \
	src/control/json.c src/control/json.h \
	src/control/json_job.c \
	src/control/json_run.c \
	src/control/method.h \
	src/control/method_daemon.c \
	src/control/method_job.c \
	src/control/method_run.c \
	src/control/methods.c \
	src/control/params.c src/control/params.h \
	src/control/peer.c src/control/peer.h \
	src/control/rate.c src/control/rate.h \
	src/control/rpc.c src/control/rpc.h \
	src/control/server.c src/control/server.h \
	src/control/why.c src/control/why.h

CONTROL_WORLD = tests/fake/control_world.c tests/fake/control_world.h
CONTROL_TEST_LIBS = libcontrol.a libengine.a libmodel.a libwhen.a libbase.a $(JANSSON_LIBS) \
	$(EV_LIBS) $(UNIT_LIBS)

UNIT_TESTS += tests/unit/control_rpc
tests_unit_control_rpc_SOURCES = tests/unit/control_rpc.c $(CONTROL_WORLD)
tests_unit_control_rpc_LDADD = $(CONTROL_TEST_LIBS)

UNIT_TESTS += tests/unit/control_why
tests_unit_control_why_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_control_why_SOURCES = tests/unit/control_why.c $(TEST_ZONES)
tests_unit_control_why_LDADD = $(CONTROL_TEST_LIBS)

UNIT_TESTS += tests/unit/control_server
tests_unit_control_server_SOURCES = tests/unit/control_server.c $(CONTROL_WORLD)
tests_unit_control_server_LDADD = $(CONTROL_TEST_LIBS)
