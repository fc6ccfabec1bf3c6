# engine: the orchestrator and its two ports.
noinst_LIBRARIES += libengine.a
libengine_a_SOURCES = \
	src/engine/chores.c \
	src/engine/engine.h \
	src/engine/engine.c \
	src/engine/intent.c \
	src/engine/live.c \
	src/engine/parts.h \
	src/engine/recover.c \
	src/engine/runner.h \
	src/engine/stats.c \
	src/engine/steps.c \
	src/engine/store.h

UNIT_TESTS += tests/unit/engine
tests_unit_engine_SOURCES = tests/unit/engine.c
tests_unit_engine_LDADD = libengine.a libmodel.a libwhen.a libbase.a $(UNIT_LIBS)
