# cli: program asched. A command is a row of command.c and a file cmd_NAME.c.
noinst_LIBRARIES += libcli.a
libcli_a_SOURCES = \
	src/cli/answer.c src/cli/answer.h \
	src/cli/args.c src/cli/args.h \
	src/cli/batch.c src/cli/batch.h \
	src/cli/client.c src/cli/client.h \
	src/cli/cmd_add.c \
	src/cli/cmd_backup.c \
	src/cli/cmd_cancel.c \
	src/cli/cmd_change.c \
	src/cli/cmd_check.c \
	src/cli/cmd_completion.c \
	src/cli/cmd_events.c \
	src/cli/cmd_explain.c \
	src/cli/cmd_lint.c \
	src/cli/cmd_list.c \
	src/cli/cmd_logs.c \
	src/cli/cmd_next.c \
	src/cli/cmd_queues.c \
	src/cli/cmd_run.c \
	src/cli/cmd_runs.c \
	src/cli/cmd_set.c \
	src/cli/cmd_show.c \
	src/cli/cmd_status.c \
	src/cli/cmd_why.c \
	src/cli/command.c src/cli/command.h \
	src/cli/facts.c src/cli/facts.h \
	src/cli/find.c src/cli/find.h \
	src/cli/here.c src/cli/here.h \
	src/cli/link.c src/cli/link.h \
	src/cli/listing.c src/cli/listing.h \
	src/cli/output.c src/cli/output.h \
	src/cli/params.c src/cli/params.h \
	src/cli/path.c src/cli/path.h \
	src/cli/preview.c src/cli/preview.h \
	src/cli/screen.c src/cli/screen.h \
	src/cli/show_run.c src/cli/show_run.h \
	src/cli/table.c src/cli/table.h \
	src/cli/terminal.c src/cli/terminal.h \
	src/cli/text.c src/cli/text.h \
	src/cli/when.c src/cli/when.h \
	src/cli/words.c src/cli/words.h
libcli_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

bin_PROGRAMS += asched
asched_SOURCES = src/cli/main.c
asched_LDADD = libcli.a libmodel.a libwhen.a libbase.a $(JANSSON_LIBS)

UNIT_TESTS += tests/unit/cli
tests_unit_cli_SOURCES = tests/unit/cli.c
tests_unit_cli_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_cli_LDADD = libcli.a libmodel.a libwhen.a libbase.a $(JANSSON_LIBS) $(UNIT_LIBS)
