/*
 * The configuration: what the daemon is told by its file, and by its options, which win.
 * Value type: conf_init() it, conf_fini() frees what it owns. Loading builds a whole new one or
 * none, so that a reload changes everything or nothing. The keys are asched.conf(5).
 */
#ifndef DAEMON_CONF_H
#define DAEMON_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/log.h"
#include "base/usec.h"
#include "engine/store.h"
#include "model/job.h"

#define CONF_FILE_MAX   (1 << 20) /* bytes of a configuration file */
#define CONF_QUEUES_MAX 256
#define CONF_UIDS_MAX   1024 /* of one list of [access] */

struct uid_list {
	uid_t *uids;
	size_t n;
};

struct conf {
	/* [daemon] */
	char *user;       /* whom the daemon runs as when root starts it */
	char *socket;     /* absolute; NULL until conf_resolve() */
	char *database;   /* likewise */
	char *output_dir; /* likewise */
	char *policy;     /* the spawner's own file; NULL: none */
	char *backup_dir; /* where, besides the state, backups may be written; NULL: nowhere */
	enum log_level log_level;
	char *log_format; /* NULL: the journal's when it listens, else text */
	usec_t stop_timeout;
	usec_t retain;        /* age of runs that are pruned; 0: never */
	int64_t retain_runs;  /* 0: no limit */
	int64_t retain_bytes; /* of output in all; 0: no limit */
	int64_t output_max;   /* bytes kept of an attempt's output */
	int64_t max_connections;
	int64_t max_connections_per_user;

	/* [access] */
	struct uid_list operators;
	struct uid_list allow;         /* who may use asched; empty: everybody */
	struct uid_list deny;          /* who may not; wins */
	int64_t max_requests_per_user; /* in a second; 0: no limit, as everywhere here */
	struct limits limits;          /* of what one user may have stored */

	/* [defaults]: fields of a job that was not given them. */
	struct job defaults;
	bool has_defaults;

	/* [queue NAME] */
	struct queue *queues;
	size_t nqueues;
};

void conf_init(struct conf *conf); /* what asched.conf(5) calls the defaults */
void conf_fini(struct conf *conf);

/*
 * Reads a file into a conf_init()ed one. The file has to be a regular one; with
 * must_be_safe, one that only root and the running user can have written. 0, or -1 with *err
 * ("FILE:LINE: ..."); then *conf is to be conf_fini()ed all the same.
 */
int conf_load(struct conf *conf, const char *path, bool must_be_safe, struct err *err);

/* Reads text as conf_load() does; `path` is for messages. */
int conf_parse(struct conf *conf, const char *path, const char *text, size_t len, struct err *err);

/* Has this machine the zone of [defaults]? 0, or -1 with *err. Reads it from the disk. */
int conf_check_zone(const struct conf *conf, struct err *err);

bool uid_list_has(const struct uid_list *list, uid_t uid);

#endif
