# The simulator. `make check` runs SIM_SEEDS of its worlds, `make soak` goes on for ever.
check_PROGRAMS += tests/sim/sim
tests_sim_sim_SOURCES = \
	tests/fake/test_zones.c tests/fake/test_zones.h \
	tests/sim/check.c \
	tests/sim/check_order.c \
	tests/sim/client.c \
	tests/sim/daemon.c \
	tests/sim/fault.c \
	tests/sim/main.c \
	tests/sim/sim.h \
	tests/sim/spawner.c \
	tests/sim/world.c
tests_sim_sim_LDADD = libfake.a libstore.a libengine.a libmodel.a libwhen.a libbase.a $(SQLITE3_LIBS)
TESTS += tests/sim/sim
EXTRA_DIST += tests/sim/README
