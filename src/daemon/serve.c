/* What the control side asks of the daemon: who may, how it is, reload and restart. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/daemon.h"
#include "daemon/state.h"

/* A daemon that does not serve all users serves its own, and root unless it is private. */
static bool
may_connect(void *arg, uid_t uid)
{
	const struct daemon *daemon = arg;
	const struct conf *conf = &daemon->conf;
	if (!daemon->options->is_system)
		return uid == getuid() || (uid == 0 && !daemon->options->private_dir);
	if (uid == 0)
		return true;
	if (uid_list_has(&conf->deny, uid))
		return false;
	return conf->allow.n == 0 || uid_list_has(&conf->allow, uid) ||
	       uid_list_has(&conf->operators, uid);
}

static bool
is_operator(void *arg, uid_t uid)
{
	const struct daemon *daemon = arg;
	bool is_own = !daemon->options->is_system && uid == getuid();
	return uid == 0 || is_own || uid_list_has(&daemon->conf.operators, uid);
}

static bool
may_name_users(void *arg, uid_t uid)
{
	const struct daemon *daemon = arg;
	return uid == 0 && daemon->options->is_system;
}

static const struct job *
get_defaults(void *arg)
{
	const struct daemon *daemon = arg;
	return daemon->conf.has_defaults ? &daemon->conf.defaults : NULL;
}

static const char *
what_holds_up(const struct daemon *daemon, const struct store_thread_metrics *metrics)
{
	if (metrics->state != STORE_OK)
		return metrics->detail;
	return ev_is_active(&daemon->settle.timer) ? "the clock cannot be believed yet" : "";
}

static void
get_status(void *arg, struct control_status *out)
{
	struct daemon *daemon = arg;
	struct clock_lag lag;
	struct store_thread_metrics metrics;
	clock_measure(daemon->clock, &lag);
	store_thread_measure(daemon->store, &metrics);
	*out = (struct control_status){
		.pid = getpid(),
		.spawner_pid = getppid(),
		.started_at = daemon->started_at,
		.uptime = clock_elapsed() - daemon->started_elapsed,
		.store_state = metrics.state,
		.store_detail = metrics.detail,
		.held_up_by = what_holds_up(daemon, &metrics),
		.last_trouble = daemon->trouble,
		.last_trouble_at = daemon->trouble_at,
		.nqueued = (int64_t)metrics.nqueued,
		.nlog_lost = (int64_t)log_ndropped(),
		.loop_lag = { lag.p50, lag.p99, lag.max },
		.commit = { metrics.commit_p50, metrics.commit_p99, metrics.commit_max },
		.rss_kib = machine_rss_kib(),
		.node = daemon->node,
	};
}

static int
on_reload(void *arg, struct err *err)
{
	return daemon_reload(arg, err);
}

static void
on_restart(void *arg)
{
	daemon_stop(arg, DAEMON_RESTART);
}

void
daemon_fill_ports(struct daemon *daemon, struct control_ports *ports)
{
	*ports = (struct control_ports){
		.engine = daemon->engine,
		.zones = daemon->zones,
		.now = clock_now,
		.may_connect = may_connect,
		.is_operator = is_operator,
		.may_name_users = may_name_users,
		.defaults = get_defaults,
		.status = get_status,
		.reload = on_reload,
		.restart = on_restart,
		.arg = daemon,
	};
}

/* Does the journal read our standard error? JOURNAL_STREAM is its device and inode. */
static bool
is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char own[64];
	if (!stream || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(own, stream) == 0;
}

void
daemon_start_log(const struct conf *conf)
{
	enum log_format format = is_journal() ? LOG_FORMAT_JOURNAL : LOG_FORMAT_TEXT;
	if (conf->log_format)
		log_parse_format(conf->log_format, &format);
	log_init(conf->log_level, format, clock_now);
}

/* Keys that the daemon cannot change while it runs. */
static void
warn_of_fixed(const struct conf *old, const struct conf *new)
{
	const struct {
		const char *key;
		bool is_changed;
	} fixed[] = {
		{ "socket", strcmp(old->socket, new->socket) != 0 },
		{ "database", strcmp(old->database, new->database) != 0 },
		{ "output-dir", strcmp(old->output_dir, new->output_dir) != 0 },
		{ "user", strcmp(old->user, new->user) != 0 },
		{ "backup-dir", strcmp(old->backup_dir ? old->backup_dir : "",
				       new->backup_dir ? new->backup_dir : "") != 0 },
		{ "stop-timeout", old->stop_timeout != new->stop_timeout },
		{ "retain", old->retain != new->retain },
		{ "retain-runs", old->retain_runs != new->retain_runs },
		{ "retain-bytes", old->retain_bytes != new->retain_bytes },
		{ "output-max", old->output_max != new->output_max },
		{ "max-connections", old->max_connections != new->max_connections },
		{ "max-jobs-per-user", old->limits.jobs != new->limits.jobs },
		{ "max-runs-per-user", old->limits.runs != new->limits.runs },
		{ "max-bytes-per-user", old->limits.bytes != new->limits.bytes },
		{ "max-requests-per-user",
		  old->max_requests_per_user != new->max_requests_per_user },
		{ "max-connections-per-user",
		  old->max_connections_per_user != new->max_connections_per_user },
	};
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (fixed[i].is_changed)
			log_warning("a changed key takes effect at the next start",
				    log_str("key", fixed[i].key));
	}
}

int
daemon_reload(struct daemon *daemon, struct err *err)
{
	struct conf fresh;
	if (options_configure(daemon->options, &fresh, err) != 0) {
		conf_fini(&fresh);
		return -1;
	}
	warn_of_fixed(&daemon->conf, &fresh);
	conf_fini(&daemon->conf);
	daemon->conf = fresh;
	daemon_start_log(&daemon->conf);
	daemon_set_queues(daemon);
	log_notice("configuration reloaded");
	return 0;
}

static void
on_queue_set(struct intent *intent, void *arg)
{
	(void)arg;
	if (intent->err.code != ERR_NONE)
		log_error("a queue could not be set", log_str("queue", intent->queue.name),
			  log_str("cause", intent->err.text));
}

void
daemon_set_queues(struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->conf.nqueues; i++) {
		if (daemon->conf.queues[i].concurrency == 0)
			continue;
		struct intent *intent = intent_new(INTENT_QUEUE_SET, clock_now());
		intent->queue = daemon->conf.queues[i];
		intent->keeps_paused = true;
		intent->who = (struct requester){ .uid = getuid(), .is_operator = true };
		intent->done = on_queue_set;
		engine_submit(daemon->engine, intent);
	}
}
