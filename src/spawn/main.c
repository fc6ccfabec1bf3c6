/*
 * asched-spawn: the parent of the daemon and of all runs. Started by aschedd, not by people:
 *
 *   asched-spawn --listen FD --lock FD --output-dir DIR [--uid N --gid N]
 *                [--stop-timeout-us N] [--policy FILE] [--cgroup DIR]
 *                -- /path/aschedd ARGS...
 *
 * and by itself, to go on with the runs of the program that it was (estate.h): --resume FD first.
 *
 * Libc only; nothing is allocated once the first child exists; no configuration but the policy
 * file of root's. With --uid it serves all users as root; without, the user that it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spawn/cgroup.h"
#include "spawn/file.h"
#include "spawn/loop.h"
#include "spawn/say.h"
#include "spawn/spawn.h"
#include "spawn/ticks.h"

#define EXIT_USAGE       2
#define STOP_TIMEOUT_US  (30 * TICKS_US_PER_SEC)
#define STOP_TIMEOUT_MAX (86400 * TICKS_US_PER_SEC)
#define TIMER_SLACK_NS   50000 /* the kernel's own default */

/* The outputs of each run and, while it starts, its exec pipe; and our own. */
#define NOFILE_WANTED ((MSG_NOUTPUTS + 1) * SLOTS_MAX + 64)

static struct spawner spawner;

static _Noreturn void
die_of_usage(const char *option, const char *value)
{
	say("%s: bad value: %s", option, value ? value : "(none)");
	exit(EXIT_USAGE);
}

static int64_t
parse_number(const char *option, const char *text, int64_t max)
{
	char *end;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || number > max)
		die_of_usage(option, text);
	return number;
}

/* Pairs of NAME and VALUE up to "--"; returns what is behind that. */
static char **
parse_pairs(struct options *options, char **args)
{
	const struct {
		const char *name, **text;
		int64_t *number, max;
	} known[] = {
		{ "--resume", NULL, &options->resume_fd, INT32_MAX },
		{ "--listen", NULL, &options->listen_fd, INT32_MAX },
		{ "--lock", NULL, &options->lock_fd, INT32_MAX },
		{ "--uid", NULL, &options->uid, UINT32_MAX - 1 },
		{ "--gid", NULL, &options->gid, UINT32_MAX - 1 },
		{ "--stop-timeout-us", NULL, &options->stop_timeout_us, STOP_TIMEOUT_MAX },
		{ "--output-dir", &options->output_dir, NULL, 0 },
		{ "--policy", &options->policy_file, NULL, 0 },
		{ "--cgroup", &options->cgroup, NULL, 0 },
		{ "--can-resume", &options->can_resume, NULL, 0 },
	};
	const size_t nknown = sizeof(known) / sizeof(known[0]);
	for (; args[0] && strcmp(args[0], "--") != 0; args += 2) {
		size_t i = 0;
		while (i < nknown && strcmp(known[i].name, args[0]) != 0)
			i++;
		if (i == nknown || !args[1])
			die_of_usage(args[0], args[1]);
		if (known[i].text)
			*known[i].text = args[1];
		else
			*known[i].number = parse_number(args[0], args[1], known[i].max);
	}
	return args[0] ? args + 1 : args;
}

static void
parse_options(struct options *options, int argc, char **argv)
{
	*options = (struct options){ .resume_fd = -1,
				     .listen_fd = -1,
				     .lock_fd = -1,
				     .uid = -1,
				     .gid = -1,
				     .stop_timeout_us = STOP_TIMEOUT_US };
	options->daemon_args = parse_pairs(options, argv + 1);
	options->has_ids = options->uid >= 0;
	if (options->can_resume)
		exit(estate_can_resume(options->can_resume) ? 0 : 1);
	if (argc > ESTATE_ARGS_MAX + (options->resume_fd < 0 ? 0 : 2))
		die_of_usage("arguments", "too many");
	if (options->listen_fd < 0 || options->lock_fd < 0 || !options->output_dir)
		die_of_usage("--listen, --lock and --output-dir", NULL);
	if (options->has_ids && (options->uid == 0 || options->gid < 0 || geteuid() != 0))
		die_of_usage("--uid", "needs root to run it, --gid, and is not 0");
	if (!options->daemon_args[0] || options->daemon_args[0][0] != '/')
		die_of_usage("daemon", options->daemon_args[0]);
}

/*
 * Descriptors 0-2 exist, whoever started us: else a file of ours could become one of them. What
 * else we were given is for us alone.
 */
static void
open_standard_files(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO && fcntl(fd, F_SETFD, 0) == 0);
	if (fd < 0 || close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		say_and_die("cannot set up the descriptors");
	spawner.null_fd = fd;
}

/* Signals: all at their default, two ignored, ours blocked and read from a descriptor. */
static void
set_signals(void)
{
	static const int ours[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR2 };
	sigset_t set;
	for (int signo = 1; signo <= SIGRTMAX; signo++)
		(void)signal(signo, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigaddset(&set, ours[i]);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		say_and_die("cannot set the signal mask");
	spawner.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (spawner.signal_fd < 0)
		say_and_die("cannot make a signalfd");
}

/* What this process was when it began, before set_limits(): noted for what it starts. */
static void
note_normal(struct normal *normal)
{
	char oom[16];
	if (getrlimit(RLIMIT_NOFILE, &normal->nofile) < 0)
		say_and_die("cannot read the limit of open files");
	normal->nice = getpriority(PRIO_PROCESS, 0);
	(void)file_read(AT_FDCWD, "/proc/self/oom_score_adj", oom, sizeof(oom));
	normal->has_oom_adjustment = strtol(oom, NULL, 10) != 0;
}

/* What else runs must not inherit is brought back to normal right here. */
static void
set_limits(void)
{
	cpu_set_t all;
	struct rlimit files = spawner.estate->normal.nofile;
	files.rlim_cur = files.rlim_max < NOFILE_WANTED ? files.rlim_max : NOFILE_WANTED;
	if (files.rlim_cur > spawner.estate->normal.nofile.rlim_cur)
		(void)setrlimit(RLIMIT_NOFILE, &files);
	memset(&all, 0xff, sizeof(all));
	(void)sched_setaffinity(0, sizeof(all), &all);  /* the kernel takes what we may have */
	(void)prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS); /* 0 would mean that of our parent */
	(void)sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){ 0 });
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, 0); /* it follows the niceness */
	umask(077);
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		say_and_die("cannot set up the process");
}

static void
open_all(void)
{
	struct spawner *sp = &spawner;
	sp->link.fd = -1;
	sp->daemon.file_fd = open(sp->options.daemon_args[0], O_PATH | O_CLOEXEC);
	sp->output_watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	sp->cgroup_fd = cgroup_open(sp->options.cgroup);
	sp->tree.children_fd = proc_open_children();
	sp->tree.processes = opendir("/proc");
	if (!sp->tree.processes)
		say_and_die("cannot open /proc");
	(void)madvise(&sp->tree, sizeof(sp->tree), MADV_DONTFORK);
	sp->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (sp->epoll_fd < 0)
		say_and_die("cannot make an epoll");
	sp->output_dir_fd =
		open(sp->options.output_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (sp->output_dir_fd < 0)
		say_and_die("--output-dir: %s", sp->options.output_dir);
}

static void
read_policy(void)
{
	const char *path = spawner.options.policy_file;
	int line = policy_read(&spawner.policy, path, (uid_t)spawner.options.uid);
	if (line < 0)
		say_and_die("%s", path);
	if (line == 0)
		return;
	say("%s: line %d: expected allow or deny, and UID or FIRST-LAST", path, line);
	exit(EXIT_USAGE);
}

/* A container starts with its process 1; a machine's is as old as the boot. */
static void
find_names(void)
{
	char boot[23];
	if (file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", boot, sizeof(boot)) <= 0)
		say_and_die("cannot read the boot id");
	snprintf(spawner.boot, sizeof(spawner.boot), "%s-%llx", boot, (long long)proc_start(1));
	if (readlink("/proc/self/exe", spawner.program, sizeof(spawner.program) - 1) < 0)
		say_and_die("cannot find our own file");
}

/* What stays the same for the programs to come. */
static void
fill_estate(struct estate *estate)
{
	if (file_read(AT_FDCWD, "/proc/sys/kernel/random/uuid", estate->instance, MSG_ID_MAX) <= 0)
		say_and_die("cannot make an id");
	estate->instance[strcspn(estate->instance, "\n")] = '\0';
	note_normal(&estate->normal);
}

int
main(int argc, char **argv)
{
	spawner.args = argv;
	open_standard_files();
	parse_options(&spawner.options, argc, argv);
	set_signals();
	estate_open(&spawner);
	if (spawner.options.resume_fd < 0)
		fill_estate(spawner.estate);
	set_limits();
	if (spawner.options.has_ids)
		read_policy();
	open_all();
	find_names();
	loop_run(&spawner);
	return spawner.exit_status;
}
