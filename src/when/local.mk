# when: time zones, the forms of schedules, and the next due instant.
noinst_LIBRARIES += libwhen.a
libwhen_a_SOURCES = \
	src/when/at.c src/when/at.h \
	src/when/at_date.c src/when/at_date.h \
	src/when/bitlist.c src/when/bitlist.h \
	src/when/calendar.c src/when/calendar.h \
	src/when/calendar_print.c \
	src/when/civil.c src/when/civil.h \
	src/when/count.c \
	src/when/cron.c src/when/cron.h \
	src/when/cron_print.c \
	src/when/every.c src/when/every.h \
	src/when/explain.c src/when/explain.h \
	src/when/hash.c src/when/hash.h \
	src/when/lint.c src/when/lint.h \
	src/when/pattern.c src/when/pattern.h \
	src/when/posix_tz.c src/when/posix_tz.h \
	src/when/recognize.c src/when/recognize.h \
	src/when/scan.c src/when/scan.h \
	src/when/schedule.c src/when/schedule.h src/when/schedule_type.h \
	src/when/time_text.c src/when/time_text.h \
	src/when/tzif.c src/when/tzif.h \
	src/when/walk.c src/when/walk.h \
	src/when/wish.c src/when/wish.h \
	src/when/zone.c src/when/zone.h \
	src/when/zones.c src/when/zones.h

WHEN_LIBS = libwhen.a libbase.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/when_zone
tests_unit_when_zone_SOURCES = tests/unit/when_zone.c $(TEST_ZONES)
tests_unit_when_zone_LDADD = $(WHEN_LIBS)

UNIT_TESTS += tests/unit/when_oracle
tests_unit_when_oracle_SOURCES = tests/unit/when_oracle.c $(TEST_ZONES) \
	tests/fake/cron_oracle.c tests/fake/cron_oracle.h
tests_unit_when_oracle_LDADD = $(WHEN_LIBS)

UNIT_TESTS += tests/unit/when_count
tests_unit_when_count_SOURCES = tests/unit/when_count.c $(TEST_ZONES) \
	tests/fake/cron_oracle.c tests/fake/cron_oracle.h
tests_unit_when_count_LDADD = $(WHEN_LIBS)

UNIT_TESTS += tests/unit/when_dst
tests_unit_when_dst_SOURCES = tests/unit/when_dst.c $(TEST_ZONES)
tests_unit_when_dst_LDADD = $(WHEN_LIBS)

UNIT_TESTS += tests/unit/when_schedule
tests_unit_when_schedule_SOURCES = tests/unit/when_schedule.c $(TEST_ZONES) \
	tests/fake/cron_oracle.c tests/fake/cron_oracle.h
tests_unit_when_schedule_LDADD = $(WHEN_LIBS)

UNIT_TESTS += tests/unit/when_lint
tests_unit_when_lint_SOURCES = tests/unit/when_lint.c $(TEST_ZONES)
tests_unit_when_lint_LDADD = $(WHEN_LIBS)

# Ten million random lines, new ones every time: about ten minutes. ASCHED_ORACLE_SEED and
# ASCHED_ORACLE_FIRST in the environment go on where another run ended.
.PHONY: soak-when
soak-when: tests/unit/when_oracle
	ASCHED_ORACLE_CASES=$${ASCHED_ORACLE_CASES:-10000000} \
		ASCHED_ORACLE_SEED=$${ASCHED_ORACLE_SEED:-`date +%s`} tests/unit/when_oracle
