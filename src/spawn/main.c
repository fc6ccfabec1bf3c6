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
#include <getopt.h>
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
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spawn/cgroup.h"
#include "spawn/daemon.h"
#include "spawn/estate.h"
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
#define NOFILE_WANTED ((SLOT_NOUTPUTS + 1) * SLOTS_MAX + 64)

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

static int
parse_fd(const char *option, const char *text)
{
	int fd = (int)parse_number(option, text, INT32_MAX);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		die_of_usage(option, text);
	return fd;
}

static void
parse_option(struct options *options, int letter)
{
	switch (letter) {
	case 'l':
		options->listen_fd = parse_fd("--listen", optarg);
		break;
	case 'k':
		options->lock_fd = parse_fd("--lock", optarg);
		break;
	case 'o':
		options->output_dir = optarg;
		break;
	case 'u':
		options->uid = (uid_t)parse_number("--uid", optarg, UINT32_MAX - 1);
		options->has_ids = true;
		break;
	case 'g':
		options->gid = (gid_t)parse_number("--gid", optarg, UINT32_MAX - 1);
		break;
	case 't':
		options->stop_timeout_us =
			parse_number("--stop-timeout-us", optarg, STOP_TIMEOUT_MAX);
		break;
	case 'p':
		options->policy_file = optarg;
		break;
	case 'C':
		options->cgroup = optarg;
		break;
	case 'r':
		options->resume_fd = parse_fd("--resume", optarg);
		break;
	case 'c':
		exit(estate_can_resume(optarg) ? 0 : 1);
	default:
		exit(EXIT_USAGE);
	}
}

static void
parse_options(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "lock", required_argument, NULL, 'k' },
		{ "output-dir", required_argument, NULL, 'o' },
		{ "uid", required_argument, NULL, 'u' },
		{ "gid", required_argument, NULL, 'g' },
		{ "stop-timeout-us", required_argument, NULL, 't' },
		{ "policy", required_argument, NULL, 'p' },
		{ "cgroup", required_argument, NULL, 'C' },
		{ "resume", required_argument, NULL, 'r' },
		{ "can-resume", required_argument, NULL, 'c' },
		{ 0 },
	};
	*options = (struct options){ .listen_fd = -1,
				     .lock_fd = -1,
				     .resume_fd = -1,
				     .gid = (gid_t)-1,
				     .stop_timeout_us = STOP_TIMEOUT_US };
	for (int letter; (letter = getopt_long(argc, argv, "+", known, NULL)) != -1;)
		parse_option(options, letter);
	options->daemon_args = argv + optind;
	if (options->listen_fd < 0)
		die_of_usage("--listen", NULL);
	if (options->lock_fd < 0)
		die_of_usage("--lock", NULL);
	if (!options->output_dir)
		die_of_usage("--output-dir", NULL);
	if (options->has_ids && (options->uid == 0 || options->gid == (gid_t)-1 || geteuid() != 0))
		die_of_usage("--uid", "needs root to run it, --gid, and is not 0");
	if (!argv[optind] || argv[optind][0] != '/')
		die_of_usage("daemon", argv[optind]);
}

/* Descriptors 0-2 exist, whoever started us: else a file of ours could become one of them. */
static void
open_standard_files(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO && fcntl(fd, F_SETFD, 0) == 0);
	if (fd < 0)
		say_and_die("cannot open /dev/null");
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

/* What runs must not inherit is either noted for them or brought back to normal right here. */
static void
set_limits(void)
{
	struct normal *normal = &spawner.normal;
	cpu_set_t all;
	char oom[16];
	if (getrlimit(RLIMIT_NOFILE, &normal->nofile) < 0)
		say_and_die("cannot read the limit of open files");
	struct rlimit files = normal->nofile;
	files.rlim_cur = files.rlim_max < NOFILE_WANTED ? files.rlim_max : NOFILE_WANTED;
	if (files.rlim_cur > normal->nofile.rlim_cur)
		(void)setrlimit(RLIMIT_NOFILE, &files);
	normal->nice = getpriority(PRIO_PROCESS, 0);
	(void)file_read(AT_FDCWD, "/proc/self/oom_score_adj", oom, sizeof(oom));
	normal->has_oom_adjustment = strtol(oom, NULL, 10) != 0;
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
	sp->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (sp->epoll_fd < 0)
		say_and_die("cannot make an epoll");
	sp->output_dir_fd =
		open(sp->options.output_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (sp->output_dir_fd < 0)
		say_and_die("--output-dir: %s", sp->options.output_dir);
	daemon_open(sp);
	sp->output_watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	cgroup_open(sp, sp->options.cgroup);
	sp->tree = mmap(NULL, sizeof(*sp->tree), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (sp->tree == MAP_FAILED)
		say_and_die("cannot map the table of processes");
	sp->tree->children_fd = proc_open_children();
	(void)madvise(sp->tree, sizeof(*sp->tree), MADV_DONTFORK);
	sp->link.fd = -1;
}

static void
read_policy(void)
{
	int line;
	if (policy_read(&spawner.policy, spawner.options.policy_file, spawner.options.uid, &line) ==
	    0)
		return;
	if (line == 0)
		say_and_die("%s", spawner.options.policy_file);
	say("%s: line %d: expected allow or deny, and UID or FIRST-LAST",
	    spawner.options.policy_file, line);
	exit(EXIT_USAGE);
}

static void
name_ourselves(void)
{
	unsigned char random[16];
	char *out = spawner.instance, boot[64];
	if (file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", boot, sizeof(boot)) <= 0 ||
	    getrandom(random, sizeof(random), 0) != sizeof(random))
		say_and_die("cannot read the boot id");
	/* A container starts with its process 1; a machine's is as old as the boot. */
	snprintf(spawner.boot, sizeof(spawner.boot), "%.22s-%llx", boot, (long long)proc_start(1));
	if (readlink("/proc/self/exe", spawner.program, sizeof(spawner.program) - 1) < 0)
		say_and_die("cannot find our own file");
	for (size_t i = 0; i < sizeof(random); i++)
		out += snprintf(out, 3, "%02x", random[i]);
}

int
main(int argc, char **argv)
{
	spawner.args = argv;
	open_standard_files();
	parse_options(&spawner.options, argc, argv);
	set_signals();
	set_limits();
	if (spawner.options.has_ids)
		read_policy();
	open_all();
	name_ourselves();
	if (spawner.options.resume_fd >= 0)
		estate_take(&spawner, spawner.options.resume_fd);
	else
		estate_make(&spawner);
	loop_run(&spawner);
	return spawner.exit_status;
}
