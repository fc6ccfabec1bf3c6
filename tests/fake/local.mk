# The simplest implementations of the interfaces, for the unit tests and the simulator.
check_LIBRARIES += libfake.a
libfake_a_SOURCES = \
	tests/fake/backend_mem.c tests/fake/backend_mem.h \
	tests/fake/mem.h \
	tests/fake/mem_jobs.c \
	tests/fake/mem_pages.c \
	tests/fake/mem_prune.c \
	tests/fake/mem_rest.c \
	tests/fake/mem_runs.c \
	tests/fake/scratch.c tests/fake/scratch.h
