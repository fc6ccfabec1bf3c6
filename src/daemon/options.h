/* The command line of aschedd, and the configuration that it and its file make together. */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <stdbool.h>

#include "daemon/conf.h"

/* Borrowed from argv. */
struct options {
	const char *config;      /* NULL: the usual file, if there is one */
	const char *private_dir; /* NULL: none */
	const char *socket;
	const char *database;
	bool is_system;      /* serves all users: started by root and not private */
	bool check_config;   /* only look at the configuration */
	bool check_database; /* only look at the database */
};

/* Reads argv. -1: go on; else the exit status, with usage or version printed. */
int options_parse(struct options *options, int argc, char **argv);

/*
 * Builds the configuration: what stands in the file, then the options, then the usual places
 * for what neither says. All paths are absolute afterwards. 0, or -1 with *err; *conf is to be
 * conf_fini()ed in both cases.
 */
int options_configure(const struct options *options, struct conf *conf, struct err *err);

/* The file that options_configure() reads; NULL: none. The caller frees it. */
char *options_config_path(const struct options *options);

#endif
