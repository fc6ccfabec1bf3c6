# model: job, run, the field table and the pure decisions.
TEST_ZONES = tests/fake/test_zones.c tests/fake/test_zones.h
noinst_LIBRARIES += libmodel.a
libmodel_a_SOURCES = \
	src/model/expect.c src/model/expect.h \
	src/model/field.c src/model/field.h src/model/field_table.c \
	src/model/job.c src/model/job.h \
	src/model/outcome.c \
	src/model/plan.c src/model/plan.h \
	src/model/request.c src/model/request.h \
	src/model/request_file.c src/model/request_file.h \
	src/model/retry.c src/model/retry.h \
	src/model/run.c src/model/run.h

UNIT_TESTS += tests/unit/request
tests_unit_request_SOURCES = tests/unit/request.c
tests_unit_request_LDADD = libmodel.a libbase.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/model
tests_unit_model_SOURCES = tests/unit/model.c $(TEST_ZONES)
tests_unit_model_LDADD = libmodel.a libwhen.a libbase.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/plan
tests_unit_plan_SOURCES = tests/unit/plan.c $(TEST_ZONES)
tests_unit_plan_LDADD = libmodel.a libwhen.a libbase.a $(UNIT_LIBS)
