# tests: the laws, black-box tests and what they need. Every test speaks TAP: shell scripts through
# tests/blackbox/lib.sh, cmocka programs because of CMOCKA_MESSAGE_OUTPUT.
TEST_EXTENSIONS = .sh
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/unit/run.sh
SH_LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	ASCHED_SOURCE='$(abs_top_srcdir)'; export ASCHED_SOURCE; \
	ASCHED_BUILD='$(abs_top_builddir)'; export ASCHED_BUILD; \
	TZ=UTC; export TZ;

LAW_TESTS = \
	tests/format_law.sh \
	tests/include_law.sh \
	tests/man_law.sh \
	tests/schedule_manual.sh \
	tests/size_law.sh
TESTS += $(LAW_TESTS) $(BLACKBOX_TESTS)
EXTRA_DIST += tests/blackbox/lib.sh tests/blackbox/trial.sh tests/blackbox/witness.sh tests/unit/run.sh $(LAW_TESTS) $(BLACKBOX_TESTS)

# A line each, so that two people can add one at the same time.
BLACKBOX_TESTS += tests/blackbox/as_user.sh
BLACKBOX_TESTS += tests/blackbox/bench.sh
BLACKBOX_TESTS += tests/blackbox/calendar.sh
BLACKBOX_TESTS += tests/blackbox/client.sh
BLACKBOX_TESTS += tests/blackbox/clock.sh
BLACKBOX_TESTS += tests/blackbox/container.sh
BLACKBOX_TESTS += tests/blackbox/crash.sh
BLACKBOX_TESTS += tests/blackbox/crowd.sh
BLACKBOX_TESTS += tests/blackbox/cut.sh
BLACKBOX_TESTS += tests/blackbox/damage.sh
BLACKBOX_TESTS += tests/blackbox/disk.sh
BLACKBOX_TESTS += tests/blackbox/edits.sh
BLACKBOX_TESTS += tests/blackbox/etc.sh
BLACKBOX_TESTS += tests/blackbox/flood.sh
BLACKBOX_TESTS += tests/blackbox/frozen.sh
BLACKBOX_TESTS += tests/blackbox/full.sh
BLACKBOX_TESTS += tests/blackbox/hard_runs.sh
BLACKBOX_TESTS += tests/blackbox/here.sh
BLACKBOX_TESTS += tests/blackbox/http.sh
BLACKBOX_TESTS += tests/blackbox/jobs.sh
BLACKBOX_TESTS += tests/blackbox/memory.sh
BLACKBOX_TESTS += tests/blackbox/migration.sh
BLACKBOX_TESTS += tests/blackbox/names.sh
BLACKBOX_TESTS += tests/blackbox/next.sh
BLACKBOX_TESTS += tests/blackbox/orphans.sh
BLACKBOX_TESTS += tests/blackbox/output.sh
BLACKBOX_TESTS += tests/blackbox/policies.sh
BLACKBOX_TESTS += tests/blackbox/protocol.sh
BLACKBOX_TESTS += tests/blackbox/refused.sh
BLACKBOX_TESTS += tests/blackbox/reload.sh
BLACKBOX_TESTS += tests/blackbox/renamed.sh
BLACKBOX_TESTS += tests/blackbox/restarts.sh
BLACKBOX_TESTS += tests/blackbox/retention.sh
BLACKBOX_TESTS += tests/blackbox/running.sh
BLACKBOX_TESTS += tests/blackbox/secrets.sh
BLACKBOX_TESTS += tests/blackbox/slow_reader.sh
BLACKBOX_TESTS += tests/blackbox/stampede.sh
BLACKBOX_TESTS += tests/blackbox/store.sh
BLACKBOX_TESTS += tests/blackbox/stuck_log.sh
BLACKBOX_TESTS += tests/blackbox/survival.sh
BLACKBOX_TESTS += tests/blackbox/systemd.sh
BLACKBOX_TESTS += tests/blackbox/streams.sh
BLACKBOX_TESTS += tests/blackbox/terminal.sh
BLACKBOX_TESTS += tests/blackbox/tree.sh
BLACKBOX_TESTS += tests/blackbox/tty.sh
BLACKBOX_TESTS += tests/blackbox/users.sh
BLACKBOX_TESTS += tests/blackbox/zones.sh

# A server of the control protocol that answers by a script, for tests of its client.
check_PROGRAMS += tests/fake/fake_control
tests_fake_fake_control_SOURCES = tests/fake/fake_control.c

# Bytes to and from a Unix socket.
check_PROGRAMS += tests/fake/talk tests/fake/crowd
tests_fake_talk_SOURCES = tests/fake/talk.c
tests_fake_crowd_SOURCES = tests/fake/crowd.c

# The daemon whose clock and disk tests can spoil, and that dies at the failpoints they name.
check_PROGRAMS += tests/fake/trial_aschedd
tests_fake_trial_aschedd_SOURCES = src/daemon/main.c tests/fake/trial_clock.c \
	tests/fake/trial_disk.c tests/fake/trial_disk.h tests/fake/trial_failpoint.c \
	tests/fake/trial_memory.c tests/fake/trial_memory.h
tests_fake_trial_aschedd_LDADD = $(aschedd_LDADD)

# The long forms; tests/README says what SOAK_PARTS, SOAK_SECONDS and SOAK_SEED are.
.PHONY: soak
soak: all $(check_PROGRAMS)
	@ASCHED_SOURCE='$(abs_top_srcdir)' ASCHED_BUILD='$(abs_top_builddir)' \
		$(SHELL) $(srcdir)/tests/soak.sh
EXTRA_DIST += .clang-format tests/README tests/soak.sh tests/blackbox/format_1.sql tests/unit/skip.h

include tests/bench/local.mk
include tests/fuzz/local.mk
