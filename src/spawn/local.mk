# spawn: the message format (for both ends) and the program asched-spawn, which needs libc only.
noinst_LIBRARIES += libmsg.a libspawn.a
libmsg_a_SOURCES = src/spawn/msg.c src/spawn/msg.h

libspawn_a_SOURCES = \
	src/spawn/cgroup.c src/spawn/cgroup.h \
	src/spawn/child.c src/spawn/child.h \
	src/spawn/estate.c src/spawn/estate.h \
	src/spawn/file.c src/spawn/file.h \
	src/spawn/daemon.c src/spawn/daemon.h \
	src/spawn/link.c src/spawn/link.h \
	src/spawn/loop.c src/spawn/loop.h \
	src/spawn/output.c src/spawn/output.h \
	src/spawn/policy.c src/spawn/policy.h \
	src/spawn/proc.c src/spawn/proc.h \
	src/spawn/say.c src/spawn/say.h \
	src/spawn/slots.c src/spawn/slots.h \
	src/spawn/spawn.h \
	src/spawn/run.c src/spawn/run.h \
	src/spawn/ticks.c src/spawn/ticks.h \
	src/spawn/tree.c src/spawn/tree.h \
	src/spawn/user_file.c src/spawn/user_file.h

libexec_PROGRAMS += asched-spawn
asched_spawn_SOURCES = src/spawn/main.c
asched_spawn_LDADD = libspawn.a libmsg.a libbase.a

# Tests: as its daemon, against the program.
check_PROGRAMS += tests/fake/fake_daemon tests/fake/inherited tests/fake/chatty_spawn
tests_fake_chatty_spawn_SOURCES = src/spawn/main.c tests/fake/chatty_names.c
tests_fake_chatty_spawn_LDADD = $(asched_spawn_LDADD)
tests_fake_fake_daemon_SOURCES = tests/fake/fake_daemon.c
tests_fake_inherited_SOURCES = tests/fake/inherited.c
# A sanitizer would change what it prints.
tests_fake_inherited_CFLAGS = -std=gnu11 $(WARN_CFLAGS)
tests_fake_inherited_LDFLAGS =

SPAWNER_FIXTURE = tests/fake/spawner.c tests/fake/spawner.h
UNIT_TESTS += tests/unit/spawn_parts tests/unit/spawn_program tests/unit/spawn_inherit \
	tests/unit/spawn_tree tests/unit/spawn_cgroup tests/unit/spawn_load tests/unit/spawn_upgrade
tests_unit_spawn_upgrade_SOURCES = tests/unit/spawn_upgrade.c $(SPAWNER_FIXTURE)
tests_unit_spawn_upgrade_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_spawn_upgrade_LDADD = libmsg.a libbase.a $(UNIT_LIBS)
tests_unit_spawn_cgroup_SOURCES = tests/unit/spawn_cgroup.c $(SPAWNER_FIXTURE)
tests_unit_spawn_cgroup_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_spawn_cgroup_LDADD = libspawn.a libmsg.a libbase.a $(UNIT_LIBS)
tests_unit_spawn_load_SOURCES = tests/unit/spawn_load.c $(SPAWNER_FIXTURE)
tests_unit_spawn_load_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_spawn_load_LDADD = libmsg.a libbase.a $(UNIT_LIBS)
tests_unit_spawn_tree_SOURCES = tests/unit/spawn_tree.c $(SPAWNER_FIXTURE)
tests_unit_spawn_tree_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_spawn_tree_LDADD = libspawn.a libmsg.a libbase.a $(UNIT_LIBS)
tests_unit_spawn_parts_SOURCES = tests/unit/spawn_parts.c
tests_unit_spawn_parts_LDADD = libspawn.a libmsg.a libbase.a $(UNIT_LIBS)
tests_unit_spawn_program_SOURCES = tests/unit/spawn_program.c $(SPAWNER_FIXTURE)
tests_unit_spawn_program_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_spawn_program_LDADD = libmsg.a libbase.a $(UNIT_LIBS)
tests_unit_spawn_inherit_SOURCES = tests/unit/spawn_inherit.c $(SPAWNER_FIXTURE)
tests_unit_spawn_inherit_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_spawn_inherit_LDADD = libspawn.a libmsg.a libbase.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/runner_process
tests_unit_runner_process_SOURCES = tests/unit/runner_process.c $(SPAWNER_FIXTURE)
tests_unit_runner_process_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_runner_process_LDADD = librunner.a libmsg.a libmodel.a libwhen.a libbase.a $(EV_LIBS) \
	$(UNIT_LIBS)

UNIT_TESTS += tests/unit/spawn_stop
tests_unit_spawn_stop_SOURCES = tests/unit/spawn_stop.c $(SPAWNER_FIXTURE)
tests_unit_spawn_stop_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_spawn_stop_LDADD = libspawn.a libmsg.a libbase.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/spawn_faults
tests_unit_spawn_faults_SOURCES = tests/unit/spawn_faults.c $(SPAWNER_FIXTURE)
tests_unit_spawn_faults_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_spawn_faults_LDADD = libmsg.a libbase.a $(UNIT_LIBS)

UNIT_TESTS += tests/unit/spawn_linger
tests_unit_spawn_linger_SOURCES = tests/unit/spawn_linger.c $(SPAWNER_FIXTURE)
tests_unit_spawn_linger_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_spawn_linger_LDADD = libspawn.a libmsg.a libbase.a $(UNIT_LIBS)
