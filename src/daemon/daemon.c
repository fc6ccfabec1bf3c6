/*
 * DESIGN. Start: the loop, the clock and the runners come first, and the spawner tells what it
 * has; then the store is opened, the engine is made and compares both (recovery); only then the
 * clients that wait on the listening socket are served, and READY is said. Stop is the way back:
 * no new starts, the engine ends or leaves what runs and waits for its records, the last answers
 * are sent, the store is closed.
 *
 * The engine is pure: a prepare watcher of the highest priority lets it do what is due before
 * every wait of the loop, and arms the clock. Then the log has what this turn had to say.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "daemon/confine.h"
#include "daemon/place.h"
#include "daemon/state.h"
#include "daemon/zone_watch.h"
#include "runner/http.h"
#include "runner/http_files.h"
#include "runner/process.h"
#include "store/ledger.h"

#define CLAIM_BATCH   256
#define LOOKAHEAD_MIN (20 * USEC_PER_MSEC)
#define LOOKAHEAD_MAX USEC_PER_SEC
#define GONE_GRACE    0.8 /* seconds to record what can be recorded without a spawner */
#define NOFILE_WANTED 65536
#define HTTP_ACTIVE   256

static int
take_fd(const char *name)
{
	const char *text = getenv(name);
	int fd = text ? (int)strtol(text, NULL, 10) : -1;
	if (fd < 3 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return -1;
	return fd;
}

bool
daemon_find_files(struct daemon_files *files)
{
	files->spawn_fd = take_fd("ASCHED_SPAWN_FD");
	files->listen_fd = take_fd("ASCHED_LISTEN_FD");
	int lock_fd = take_fd("ASCHED_LOCK_FD"); /* held open as long as we live */
	return files->spawn_fd >= 0 && files->listen_fd >= 0 && lock_fd >= 0;
}

/* Without an engine there is nothing to wait for. */
void
daemon_stop(struct daemon *daemon, int exit_status)
{
	bool is_restart = exit_status != DAEMON_DONE;
	if (daemon->is_stopping)
		return;
	log_notice(exit_status == DAEMON_RESTART ? "restarting" : "stopping");
	daemon->is_stopping = true;
	daemon->exit_status = exit_status;
	if (daemon->exec && !is_restart)
		process_runner_notify(daemon->exec, PROCESS_STOPPING);
	if (daemon->engine)
		engine_stop(daemon->engine, is_restart, clock_now());
	else
		ev_break(daemon->loop, EVBREAK_ALL);
}

static void
reload_and_say(struct daemon *daemon)
{
	struct err err;
	process_runner_notify(daemon->exec, PROCESS_RELOADING);
	if (daemon->engine && daemon_reload(daemon, &err) != 0)
		log_error("the configuration is refused, the old one stays",
			  log_str("cause", err.text));
	process_runner_notify(daemon->exec, PROCESS_READY);
}

static void
on_signal_number(void *arg, int signo)
{
	struct daemon *daemon = arg;
	if (signo == SIGHUP)
		reload_and_say(daemon);
	else if (signo == SIGUSR2)
		daemon_stop(daemon, DAEMON_RESTART);
	else
		daemon_stop(daemon, DAEMON_DONE);
}

static void
on_signal(struct ev_loop *loop, ev_signal *watcher, int revents)
{
	(void)loop;
	(void)revents;
	on_signal_number(watcher->data, watcher->signum);
}

static void
on_give_up(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)timer;
	(void)revents;
	ev_break(loop, EVBREAK_ALL);
}

static void
on_spawner_gone(void *arg)
{
	struct daemon *daemon = arg;
	log_error("the spawner is gone: what runs cannot be watched any more");
	daemon_stop(daemon, DAEMON_FAILED);
	daemon->exit_status = DAEMON_FAILED;
	ev_timer_init(&daemon->gives_up, on_give_up, GONE_GRACE, 0.);
	ev_timer_start(daemon->loop, &daemon->gives_up);
}

static void
say_ready(struct daemon *daemon)
{
	daemon->is_ready = true;
	clock_forget_lag(daemon->clock);
	control_start(daemon->control);
	daemon_set_queues(daemon);
	process_runner_notify(daemon->exec, PROCESS_READY);
	log_notice("ready", log_str("socket", daemon->conf.socket),
		   log_str("database", daemon->conf.database), log_str("version", PACKAGE_VERSION),
		   log_int("pid", getpid()));
	log_gather();
}

static void
on_settles(struct ev_loop *loop, ev_prepare *prepare, int revents)
{
	struct daemon *daemon = prepare->data;
	(void)revents;
	if (!daemon->engine)
		return;
	engine_tick(daemon->engine, clock_look(daemon->clock));
	if (!daemon->is_ready && !daemon->is_stopping && engine_is_ready(daemon->engine))
		say_ready(daemon);
	if (daemon->is_stopping && engine_is_idle(daemon->engine)) {
		ev_break(loop, EVBREAK_ALL);
		return;
	}
	clock_arm(daemon->clock, engine_wake_at(daemon->engine));
	log_flush();
}

static void
on_watchdog(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct daemon *daemon = timer->data;
	(void)loop;
	(void)revents;
	process_runner_notify(daemon->exec, PROCESS_WATCHDOG);
}

/* Twice as often as the service manager wants to hear of us. */
static void
start_watchdog(struct daemon *daemon)
{
	const char *text = getenv("WATCHDOG_USEC");
	double span = text ? strtod(text, NULL) / (double)USEC_PER_SEC / 2 : 0.;
	if (span <= 0.)
		return;
	ev_timer_init(&daemon->watchdog, on_watchdog, span, span);
	daemon->watchdog.data = daemon;
	ev_timer_start(daemon->loop, &daemon->watchdog);
}

/* On a slow disk claims have to begin earlier, so that the commit is over at the instant. */
static void
adapt_lookahead(struct daemon *daemon)
{
	struct store_thread_metrics metrics;
	usec_t elapsed = clock_elapsed();
	if (!daemon->engine || elapsed - daemon->adapted_elapsed < USEC_PER_SEC)
		return;
	daemon->adapted_elapsed = elapsed;
	store_thread_measure(daemon->store, &metrics);
	usec_t wanted = 2 * metrics.commit_p99;
	wanted = wanted < LOOKAHEAD_MIN ? LOOKAHEAD_MIN : wanted;
	engine_set_lookahead(daemon->engine, wanted > LOOKAHEAD_MAX ? LOOKAHEAD_MAX : wanted);
}

static void
on_answers(struct ev_loop *loop, ev_io *io, int revents)
{
	struct daemon *daemon = io->data;
	(void)loop, (void)revents;
	store_thread_process(daemon->store);
	adapt_lookahead(daemon);
}

static int
open_store(struct daemon *daemon, const char *instance, const char *boot, struct err *err)
{
	const struct conf *conf = &daemon->conf;
	struct store_thread_config config = {
		.path = conf->database,
		.zones = daemon->zones,
		.machine = machine_hash(),
		.draws = machine_random(),
		.output_max = (size_t)conf->output_max,
		.retain = conf->retain,
		.retain_runs = conf->retain_runs,
		.retain_bytes = conf->retain_bytes,
		.now = clock_now,
		.elapsed = clock_elapsed,
		.changed = daemon_store_changed,
		.arg = daemon,
	};
	if (daemon->options->is_system) /* one user's own daemon is all his */
		config.limits = conf->limits;
	snprintf(config.boot, sizeof(config.boot), "%s", boot);
	snprintf(config.spawner, sizeof(config.spawner), "%s", instance);
	daemon->store = store_thread_open(&config, err);
	if (!daemon->store)
		return -1;
	ev_io_init(&daemon->answers, on_answers, store_thread_fd(daemon->store), EV_READ);
	daemon->answers.data = daemon;
	ev_io_start(daemon->loop, &daemon->answers);
	return 0;
}

static void
make_engine(struct daemon *daemon, const char *instance, const char *boot)
{
	struct engine_config config = {
		.claim_batch = CLAIM_BATCH,
		.lookahead = LOOKAHEAD_MIN,
		.stop_timeout = daemon->conf.stop_timeout,
		.seen_at = daemon->settle.seen_at,
	};
	struct engine_ports ports;
	daemon_fill_engine_ports(daemon, &ports);
	snprintf(config.boot, sizeof(config.boot), "%s", boot);
	snprintf(config.spawner, sizeof(config.spawner), "%s", instance);
	daemon->engine = engine_new(&config, &ports);
}

static void
make_control(struct daemon *daemon)
{
	struct rlimit files;
	struct control_ports ports;
	int64_t max = daemon->conf.max_connections;
	daemon_fill_ports(daemon, &ports);
	/* Connections leave half of the descriptors to runs. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && (int64_t)files.rlim_cur / 2 < max)
		max = (int64_t)files.rlim_cur / 2;
	const struct control_config config = {
		.listen_fd = daemon->listen_fd,
		.max_connections = max,
		.max_connections_per_user = daemon->conf.max_connections_per_user,
		.max_requests_per_user = daemon->conf.max_requests_per_user,
	};
	daemon->control = control_new(daemon->loop, &config, &ports);
	daemon->listen_fd = -1;
}

/* The spawner has told everything: now the ledger can be compared with it. */
static void
on_replayed(void *arg, const char *instance, const char *boot)
{
	struct daemon *daemon = arg;
	struct err err;
	if (daemon->engine || daemon->is_stopping)
		return;
	daemon_judge_clock(daemon);
	if (open_store(daemon, instance, boot, &err) != 0) {
		log_error("cannot open the database", log_str("cause", err.text));
		daemon->exit_status = DAEMON_FAILED;
		ev_break(daemon->loop, EVBREAK_ALL);
		return;
	}
	make_engine(daemon, instance, boot);
	make_control(daemon);
	daemon_wait_for_clock(daemon);
	usec_t now = clock_now();
	replay_tell(&daemon->replay, daemon->engine, now);
	engine_recover(daemon->engine, now);
}

static void
start_signals(struct daemon *daemon)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR2 };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		ev_signal_init(&daemon->signals[i], on_signal, numbers[i]);
		daemon->signals[i].data = daemon;
		ev_signal_start(daemon->loop, &daemon->signals[i]);
	}
}

static int
make_runners(struct daemon *daemon, int spawn_fd, struct err *err)
{
	const struct runner_events events = daemon_runner_events(daemon);
	const struct process_events process_events = {
		.replayed = on_replayed,
		.signal_received = on_signal_number,
		.spawner_gone = on_spawner_gone,
		.arg = daemon,
	};
	const struct http_config http = {
		.output_max = (size_t)daemon->conf.output_max,
		.active_max = HTTP_ACTIVE,
	};
	const struct process_config process = {
		.zones = daemon->zones,
		.output_max = (int64_t)ledger_output_max((size_t)daemon->conf.output_max),
		.is_shared = daemon->options->is_system,
	};
	daemon->exec =
		process_runner_new(daemon->loop, spawn_fd, &process, &events, &process_events);
	daemon->requests = http_runner_new(daemon->loop, &http, &events, err);
	if (!daemon->requests)
		return -1;
	daemon->http = http_files_new(daemon->loop, daemon->requests,
				      process_runner_files(daemon->exec), &events);
	return 0;
}

/* 077: what we make is ours. SIGXFSZ and SIGPIPE become errors of the calls that cause them. */
static void
prepare_process(const struct conf *conf)
{
	struct rlimit files;
	char *dir = place_parent(conf->database);
	umask(077);
	(void)prctl(PR_SET_NAME, "aschedd"); /* executed from a descriptor, we bear its number */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	/* The memory holds what users want to keep to themselves: it is never dumped. */
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < NOFILE_WANTED) {
		files.rlim_cur = files.rlim_max < NOFILE_WANTED ? files.rlim_max : NOFILE_WANTED;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (chdir(dir) != 0)
		log_warning("cannot change to the directory of the database", log_str("dir", dir));
	free(dir);
}

/*
 * A daemon that serves all users sees what is here and nothing else. One user's may see what the
 * user may: its runs do that anyway. Directories rather than files, where files are replaced.
 */
static void
confine_daemon(const struct options *options, const struct conf *conf)
{
	static const char *const read_only[] = {
		"/usr",
		"/lib",
		"/lib64",
		ZONEINFO_DIR,
		"/etc",
		SYSCONF_DIR "/asched",
		"/proc",
		"/dev/null",
		"/dev/urandom",
		/* Where the names below lead, in directories in which files are replaced. */
		"/run",
		"/mnt/wsl",
		"/var/lib/ca-certificates",
		"/nix/store",
		/* And wherever else they lead: a rule is for the file itself, not for its name. */
		"/etc/resolv.conf",
		"/etc/hosts",
		"/etc/nsswitch.conf",
	};
	struct confine_places places = { .n = 0 };
	char *state = place_parent(conf->database);
	char *config = options->config ? place_parent(options->config) : NULL;
	for (size_t i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++)
		confine_add(&places, read_only[i], false);
	confine_add(&places, config, false);
	confine_add(&places, http_ca_file(), false);
	confine_add(&places, http_ca_dir(), false);
	confine_add(&places, getenv("SSL_CERT_FILE"), false);
	confine_add(&places, getenv("SSL_CERT_DIR"), false);
	confine_add(&places, state, true);
	confine_add(&places, conf->output_dir, true);
	confine_add(&places, conf->backup_dir, true);
	confine(options->is_system ? &places : NULL);
	free(config);
	free(state);
}

static void
on_zones(void *arg)
{
	struct daemon *daemon = arg;
	if (daemon->engine)
		engine_zones_changed(daemon->engine, clock_now());
}

static int
start(struct daemon *daemon, int spawn_fd, struct err *err)
{
	const struct clock_events clock_events = daemon_clock_events(daemon);
	const struct zone_source zones = { zonedir_read, zonedir_identity, zonedir_local_name,
					   &daemon->zonedir };
	zonedir_init(&daemon->zonedir, ZONEINFO_DIR);
	daemon->zones = zones_new(&zones);
	daemon->zone_watch = zone_watch_new(daemon->loop, ZONEINFO_DIR, on_zones, daemon);
	daemon->clock = clock_new(daemon->loop, &clock_events, err);
	if (!daemon->clock)
		return -1;
	start_signals(daemon);
	ev_prepare_init(&daemon->settles, on_settles);
	ev_set_priority(&daemon->settles, EV_MAXPRI);
	daemon->settles.data = daemon;
	ev_prepare_start(daemon->loop, &daemon->settles);
	start_watchdog(daemon);
	return make_runners(daemon, spawn_fd, err);
}

static void
finish(struct daemon *daemon)
{
	if (daemon->store) {
		control_stop(daemon->control);
		ev_io_stop(daemon->loop, &daemon->answers);
		store_thread_close(daemon->store); /* answers what is under way */
		control_flush(daemon->control);
	}
	control_free(daemon->control);
	engine_free(daemon->engine);
	http_files_free(daemon->http);
	http_runner_free(daemon->requests);
	process_runner_free(daemon->exec);
	orphans_fini(&daemon->orphans);
	replay_fini(&daemon->replay);
	clock_free(daemon->clock);
	zone_watch_free(daemon->zone_watch);
	zones_free(daemon->zones);
	zonedir_fini(&daemon->zonedir);
	conf_fini(&daemon->conf);
	ev_loop_destroy(daemon->loop);
	if (daemon->listen_fd >= 0)
		close(daemon->listen_fd);
}

int
daemon_run(const struct options *options, struct conf *conf, const struct daemon_files *files)
{
	struct err err;
	struct daemon daemon = {
		.options = options,
		.conf = *conf,
		.loop = ev_loop_new(EVFLAG_NOENV),
		.listen_fd = files->listen_fd,
		.started_at = clock_now(),
		.started_elapsed = clock_elapsed(),
	};
	replay_init(&daemon.replay);
	daemon.orphans = (struct orphans){ .loop = daemon.loop,
					   .ended = daemon_orphan_ended,
					   .arg = &daemon };
	machine_node(daemon.node);
	prepare_process(&daemon.conf);
	confine_daemon(options, &daemon.conf);
	if (start(&daemon, files->spawn_fd, &err) == 0) {
		ev_run(daemon.loop, 0);
	} else {
		log_error("cannot start", log_str("cause", err.text));
		daemon.exit_status = DAEMON_FAILED;
	}
	finish(&daemon);
	log_notice("stopped", log_int("status", daemon.exit_status));
	return daemon.exit_status;
}
