# base: errors, memory, buffers, time as a number, the log, heap and id map.
noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = \
	src/base/alloc.c src/base/alloc.h \
	src/base/base64.c src/base/base64.h \
	src/base/buf.c src/base/buf.h \
	src/base/err.c src/base/err.h \
	src/base/failpoint.c src/base/failpoint.h \
	src/base/heap.c src/base/heap.h \
	src/base/log.c src/base/log.h \
	src/base/map.c src/base/map.h \
	src/base/size.c src/base/size.h \
	src/base/streams.c src/base/streams.h \
	src/base/usec.c src/base/usec.h \
	src/base/variable.c src/base/variable.h \
	src/base/write.c src/base/write.h \
	src/base/zonedir.c src/base/zonedir.h

UNIT_TESTS += tests/unit/base
tests_unit_base_SOURCES = tests/unit/base.c
tests_unit_base_LDADD = libbase.a $(UNIT_LIBS)
