/* Options of aschedd; where its socket, database and configuration are. */
#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "daemon/place.h"

#define EXIT_USAGE 2 /* as DAEMON_MISUSED */

enum {
	OPTION_CONFIG = 1,
	OPTION_PRIVATE,
	OPTION_SOCKET,
	OPTION_DATABASE,
	OPTION_SYSTEM,
	OPTION_CHECK,
	OPTION_CHECK_DATABASE,
	OPTION_VERSION,
	OPTION_HELP
};

/* In the order of their numbers. */
static const struct option long_options[] = {
	{ "config", required_argument, NULL, OPTION_CONFIG },
	{ "private", required_argument, NULL, OPTION_PRIVATE },
	{ "socket", required_argument, NULL, OPTION_SOCKET },
	{ "database", required_argument, NULL, OPTION_DATABASE },
	{ "system", no_argument, NULL, OPTION_SYSTEM },
	{ "check-config", no_argument, NULL, OPTION_CHECK },
	{ "check-database", no_argument, NULL, OPTION_CHECK_DATABASE },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL },
};

static const char usage[] =
	"usage: aschedd [--config FILE] [--private DIR] [--socket PATH] [--database PATH]\n"
	"               [--system] [--check-config] [--check-database] [--version] [--help]\n";

/* -1: go on; else the exit status. */
static int
take_option(struct options *options, int option)
{
	if (optarg && !*optarg) { /* an empty variable, which would be the working directory */
		fprintf(stderr, "aschedd: %s: the value is empty\n%s",
			long_options[option - 1].name, usage);
		return EXIT_USAGE;
	}
	switch (option) {
	case OPTION_CONFIG:
		options->config = optarg;
		return -1;
	case OPTION_PRIVATE:
		options->private_dir = optarg;
		return -1;
	case OPTION_SOCKET:
		options->socket = optarg;
		return -1;
	case OPTION_DATABASE:
		options->database = optarg;
		return -1;
	case OPTION_SYSTEM:
		options->is_system = true;
		return -1;
	case OPTION_CHECK:
		options->check_config = true;
		return -1;
	case OPTION_CHECK_DATABASE:
		options->check_database = true;
		return -1;
	case OPTION_VERSION:
		printf("aschedd %s\n", PACKAGE_VERSION);
		return EXIT_SUCCESS;
	case OPTION_HELP:
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	default:
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
}

int
options_parse(struct options *options, int argc, char **argv)
{
	int option, status;
	*options = (struct options){ 0 };
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if ((status = take_option(options, option)) >= 0)
			return status;
	}
	if (optind < argc) {
		fprintf(stderr, "aschedd: unexpected argument: %s\n%s", argv[optind], usage);
		return EXIT_USAGE;
	}
	if (options->private_dir && options->is_system) {
		fprintf(stderr, "aschedd: --private and --system exclude each other\n");
		return EXIT_USAGE;
	}
	if (geteuid() == 0 && !options->private_dir)
		options->is_system = true;
	return -1;
}

/* "$NAME/below" when the variable is an absolute path, else "$HOME/fallback/below". */
static char *
user_path(const char *name, const char *fallback, const char *below)
{
	const char *base = getenv(name);
	if (base && base[0] == '/')
		return mem_printf("%s/%s", base, below);
	const char *home = getenv("HOME");
	return fallback && home && home[0] == '/' ? mem_printf("%s/%s/%s", home, fallback, below)
						  : NULL;
}

char *
options_config_path(const struct options *options)
{
	if (options->config)
		return mem_dup(options->config);
	if (options->private_dir)
		return NULL;
	char *path = options->is_system ? mem_dup(SYSCONF_DIR "/asched/asched.conf")
					: user_path("XDG_CONFIG_HOME", ".config", "asched.conf");
	if (path && access(path, F_OK) != 0 && errno == ENOENT) {
		free(path);
		return NULL;
	}
	return path;
}

static char *
absolute(const char *path)
{
	char cwd[4096];
	if (path[0] == '/' || !getcwd(cwd, sizeof(cwd)))
		return mem_dup(path);
	return mem_printf("%s/%s", strcmp(cwd, "/") == 0 ? "" : cwd, path);
}

/* An option wins over what the file said; text may be NULL: nothing is known. */
static void
replace(char **path, char *text)
{
	if (!text)
		return;
	free(*path);
	*path = text;
}

static void
use_private(struct conf *conf, const char *dir)
{
	char *base = absolute(dir);
	replace(&conf->socket, mem_printf("%s/socket", base));
	replace(&conf->database, mem_printf("%s/asched.db", base));
	free(base);
}

static void
use_usual_places(struct conf *conf, bool is_system)
{
	if (!conf->socket)
		conf->socket = is_system ? mem_dup(RUN_DIR "/asched/socket")
					 : user_path("XDG_RUNTIME_DIR", NULL, "asched/socket");
	if (!conf->database)
		conf->database =
			is_system ? mem_dup(LOCALSTATE_DIR "/lib/asched/asched.db")
				  : user_path("XDG_STATE_HOME", ".local/state", "asched/asched.db");
	if (!conf->output_dir && conf->database)
		conf->output_dir = place_parent(conf->database);
}

int
options_configure(const struct options *options, struct conf *conf, struct err *err)
{
	conf_init(conf);
	char *path = options_config_path(options);
	int result = path ? conf_load(conf, path, options->is_system, err) : 0;
	free(path);
	if (result != 0)
		return -1;
	if (options->private_dir)
		use_private(conf, options->private_dir);
	if (options->socket)
		replace(&conf->socket, absolute(options->socket));
	if (options->database)
		replace(&conf->database, absolute(options->database));
	use_usual_places(conf, options->is_system);
	if (!conf->socket)
		return err_invalid(err, "socket",
				   "no place for it: XDG_RUNTIME_DIR is no absolute path; "
				   "give --socket or --private");
	if (!conf->database)
		return err_invalid(err, "database",
				   "no place for it: neither XDG_STATE_HOME nor "
				   "HOME is an absolute path; give --database or --private");
	return 0;
}
