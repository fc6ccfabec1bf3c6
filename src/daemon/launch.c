/* From the user's command to asched-spawn. */
#include "daemon/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "daemon/place.h"

#define SPAWNER       "asched-spawn"
#define ARGUMENTS_MAX 40
#define POLICY_FILE   SYSCONF_DIR "/asched/spawn.conf"

/* Whom the daemon will be, and what it inherits. */
struct heritage {
	bool is_other; /* another than who started it */
	uid_t uid;
	gid_t gid;
	int lock_fd, listen_fd;
};

/* A command line under construction; owns its strings. */
struct command_line {
	char *argv[ARGUMENTS_MAX + 1];
	size_t n;
};

static void
add_argument(struct command_line *line, char *text)
{
	if (line->n < ARGUMENTS_MAX)
		line->argv[line->n++] = text;
}

static void
add_option(struct command_line *line, const char *name, const char *value)
{
	if (!value)
		return;
	add_argument(line, mem_dup(name));
	add_argument(line, mem_dup(value));
}

static void
add_number(struct command_line *line, const char *name, int64_t value)
{
	add_argument(line, mem_dup(name));
	add_argument(line, mem_printf("%" PRId64, value));
}

static void
command_line_fini(struct command_line *line)
{
	for (size_t i = 0; i < line->n; i++)
		free(line->argv[i]);
}

static int
find_user(const struct options *options, const struct conf *conf, struct heritage *who,
	  struct err *err)
{
	*who = (struct heritage){ .uid = (uid_t)-1, .gid = (gid_t)-1 };
	if (!options->is_system)
		return 0;
	if (geteuid() != 0)
		return err_set(err, ERR_DENIED, "--system: only root can serve all users");
	const struct passwd *user = getpwnam(conf->user);
	if (!user)
		return err_invalid(err, "user",
				   "there is no user %s for the daemon; make one: useradd --system "
				   "--home-dir /nonexistent --shell /usr/sbin/nologin %s; or try "
				   "aschedd --private DIR",
				   conf->user, conf->user);
	if (user->pw_uid == 0)
		return err_invalid(err, "user", "%s is root: the daemon must not be", conf->user);
	who->is_other = true;
	who->uid = user->pw_uid;
	who->gid = user->pw_gid;
	return 0;
}

static int
make_places(const struct options *options, const struct conf *conf, const struct heritage *who,
	    struct err *err)
{
	char *state = place_parent(conf->database);
	char *run = place_parent(conf->socket);
	mode_t run_mode = options->is_system ? 0755 : 0700;
	int result = place_make_directory(state, 0700, who->uid, who->gid, err);
	if (result == 0)
		result = place_make_directory(conf->output_dir, 0700, who->uid, who->gid, err);
	if (result == 0 && conf->backup_dir)
		result = place_make_directory(conf->backup_dir, 0700, who->uid, who->gid, err);
	if (result == 0)
		result = place_make_directory(run, run_mode, (uid_t)-1, (gid_t)-1, err);
	if (result == 0 && options->is_system)
		result = place_check_roots(run, err);
	free(state);
	free(run);
	return result;
}

/* Beside our own executable, else where it is installed; never by PATH or environment. */
static char *
find_spawner(void)
{
	char own[4096];
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
	if (n > 0) {
		own[n] = '\0';
		char *dir = place_parent(own);
		char *beside = mem_printf("%s/%s", dir, SPAWNER);
		free(dir);
		if (access(beside, X_OK) == 0)
			return beside;
		free(beside);
	}
	return mem_dup(LIBEXEC_DIR "/" SPAWNER);
}

static void
add_spawner_options(struct command_line *line, const struct options *options,
		    const struct conf *conf, const struct heritage *who)
{
	char *output_dir = realpath(conf->output_dir, NULL); /* which follows no link itself */
	add_option(line, "--output-dir", output_dir ? output_dir : conf->output_dir);
	free(output_dir);
	add_number(line, "--stop-timeout-us", conf->stop_timeout);
	if (who->is_other) {
		add_number(line, "--uid", who->uid);
		add_number(line, "--gid", who->gid);
	}
	if (options->is_system && conf->policy)
		add_option(line, "--policy", conf->policy);
	else if (options->is_system && access(POLICY_FILE, F_OK) == 0)
		add_option(line, "--policy", POLICY_FILE);
}

/* The daemon's own: as we were called, with the paths made absolute. */
static void
add_daemon_options(struct command_line *line, const struct options *options,
		   const struct conf *conf)
{
	char *config = options_config_path(options);
	char *real = config ? realpath(config, NULL) : NULL;
	char *dir = options->private_dir ? realpath(options->private_dir, NULL) : NULL;
	add_option(line, "--config", real);
	add_option(line, "--private", dir);
	add_option(line, "--socket", conf->socket);
	add_option(line, "--database", conf->database);
	if (options->is_system)
		add_argument(line, mem_dup("--system"));
	free(dir);
	free(real);
	free(config);
}

/*
 * Names (ending in '_': beginnings of names) that pass: what the programs understand, and nothing
 * of whoever started us, say a secret or a proxy. The runs' environment is made from nothing.
 */
static const char *const known_names[] = {
	"HOME=",          "PATH=",           "USER=",
	"LOGNAME=",       "TMPDIR=",         "TZ=",
	"LANG=",          "LANGUAGE=",       "LC_",
	"XDG_",           "ASCHED_",         "SSL_CERT_",
	"WATCHDOG_USEC=", "JOURNAL_STREAM=", "ASAN_OPTIONS=",
	"UBSAN_OPTIONS=", "LSAN_OPTIONS=",   "NOTIFY_SOCKET=",
};

static bool
is_known(const char *variable)
{
	for (size_t i = 0; i < sizeof(known_names) / sizeof(known_names[0]); i++) {
		if (strncmp(variable, known_names[i], strlen(known_names[i])) == 0)
			return true;
	}
	return false;
}

static void
clean_environment(void)
{
	char **kept = environ;
	for (char **at = environ; *at; at++) {
		if (is_known(*at))
			*kept++ = *at;
	}
	*kept = NULL;
}

static int
keep_through_exec(int fd)
{
	return fcntl(fd, F_SETFD, 0);
}

static int
become_spawner(const struct options *options, const struct conf *conf, const struct heritage *who,
	       struct err *err)
{
	struct command_line line = { .n = 0 };
	char *spawner = find_spawner();
	char *self = realpath("/proc/self/exe", NULL);
	add_argument(&line, mem_dup(SPAWNER));
	add_number(&line, "--listen", who->listen_fd);
	add_number(&line, "--lock", who->lock_fd);
	add_spawner_options(&line, options, conf, who);
	add_option(&line, "--", self ? self : "/proc/self/exe");
	add_daemon_options(&line, options, conf);
	clean_environment();
	if (keep_through_exec(who->lock_fd) == 0 && keep_through_exec(who->listen_fd) == 0)
		execv(spawner, line.argv);
	err_errno(err, "cannot start %s", spawner);
	command_line_fini(&line);
	free(self);
	free(spawner);
	return -1;
}

/* What the daemon goes by is only as safe as the directory in which it stands. */
static void
warn_of_place(const struct options *options, const struct conf *conf)
{
	struct stat st;
	char *dir = place_parent(conf->database);
	if (options->private_dir && geteuid() == 0)
		log_warning("running as root: every job of this private daemon is root's",
			    log_str("dir", options->private_dir));
	if (stat(dir, &st) == 0 && (st.st_mode & S_IWOTH))
		log_warning("any user may replace the database: its directory is writable for all",
			    log_str("dir", dir));
	free(dir);
}

int
launch(const struct options *options, const struct conf *conf, struct err *err)
{
	struct heritage who;
	/* Whoever waits for the end of what we were given by accident shall not wait for ours. */
	(void)close_range(STDERR_FILENO + 1, ~0u, 0);
	if (find_user(options, conf, &who, err) != 0 || make_places(options, conf, &who, err) != 0)
		return -1;
	warn_of_place(options, conf);
	who.lock_fd = place_lock(conf->database, PLACE_LOCK_WAIT, err);
	if (who.lock_fd < 0)
		return -1;
	who.listen_fd = place_listen(conf->socket, options->is_system ? 0666 : 0600, err);
	if (who.listen_fd >= 0) {
		become_spawner(options, conf, &who, err);
		close(who.listen_fd);
	}
	close(who.lock_fd);
	return -1;
}
