/*
 * aschedd: the scheduler. Started by people and service managers it is the first stage, which
 * becomes asched-spawn (daemon/launch.h); started by that it is the daemon (daemon/daemon.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/streams.h"
#include "daemon/clock.h"
#include "daemon/daemon.h"
#include "daemon/launch.h"
#include "daemon/options.h"
#include "daemon/state.h"
#include "store/check.h"

/* What is wrong with the input needs a person: the unit does not start us again then. */
static int
fail(const struct err *err)
{
	fprintf(stderr, "aschedd: %s%s%s\n", err->field, err->field[0] ? ": " : "", err->text);
	return err->code == ERR_INVALID || err->code == ERR_DENIED ? DAEMON_MISUSED : DAEMON_FAILED;
}

/*
 * What is right in itself; and the zone that jobs have by default, which the machine may lose
 * later, and the daemon starts all the same.
 */
static int
check_config(const struct options *options, const struct conf *conf)
{
	struct err err = { 0 };
	char *path = options_config_path(options);
	if (conf_check_zone(conf, &err) == 0)
		printf("%s: no errors\n", path ? path : "there is no configuration file");
	free(path);
	return err.code == ERR_NONE ? DAEMON_DONE : fail(&err);
}

/* For a database that no daemon serves, such as a backup. */
static int
check_database(const char *path)
{
	struct err err;
	struct check *check = check_open(path, &err);
	if (!check)
		return fail(&err);
	check_run(check);
	const struct buf *problems = check_problems(check);
	fputs(buf_text(problems), stderr);
	int status = problems->len == 0 ? DAEMON_DONE : DAEMON_FAILED;
	printf("%s: %s\n", path, status == DAEMON_DONE ? "is whole" : "is damaged");
	if (check_is_older(check))
		printf("its format is older and is migrated at the next start: only its pages and "
		       "indexes were looked at\n");
	check_free(check);
	return status;
}

int
main(int argc, char **argv)
{
	struct options options;
	struct daemon_files files;
	struct conf conf;
	struct err err = { 0 };
	streams_hold();
	int status = options_parse(&options, argc, argv);
	if (status >= 0)
		return status;
	umask(022); /* the modes that are asked for are meant */
	if (options_configure(&options, &conf, &err) != 0) {
		conf_fini(&conf);
		return fail(&err);
	}
	if (options.check_config) {
		status = check_config(&options, &conf);
		conf_fini(&conf);
		return status;
	}
	if (options.check_database) {
		status = check_database(conf.database);
		conf_fini(&conf);
		return status;
	}
	daemon_start_log(&conf);
	if (daemon_find_files(&files))
		return daemon_run(&options, &conf, &files);
	launch(&options, &conf, &err);
	conf_fini(&conf);
	return fail(&err);
}
