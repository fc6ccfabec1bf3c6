/*
 * DESIGN. Nothing is inherited by accident: what a run gets is said here, step by step, in the
 * order in which it has to happen. Descriptors first, so that nothing of ours (the lock!) stays
 * open in a child that hangs in a look-up; ids after everything that needs root; the working
 * directory after the ids, as the user; the program last. Each step names its stage on the card
 * before it is tried.
 */
#include "spawn/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spawn/env.h"
#include "spawn/file.h"
#include "spawn/ids.h"
#include "spawn/ticks.h"
#include "spawn/user_file.h"

#define CHILD_EXEC_FD    3 /* where exec_fd is moved to */
#define CHILD_FAILED     127
#define CHILD_GROUPS_MAX 65536
#define PATH_OF_ROOT     "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define PATH_OF_USERS    "/usr/local/bin:/usr/bin:/bin"

/* The user as the system knows him; the texts are the C library's, or constants. */
struct user {
	const char *name, *home, *shell;
	gid_t gid;
};

static void
begin(const struct child_plan *plan, enum msg_stage stage)
{
	plan->card->stage = stage;
}

static _Noreturn void
fail(const struct child_plan *plan, int error)
{
	plan->card->error = error ? error : EINVAL;
	_exit(CHILD_FAILED);
}

static void
need(const struct child_plan *plan, bool is_done)
{
	if (!is_done)
		fail(plan, errno);
}

static void
set_cgroup(const struct child_plan *plan)
{
	begin(plan, STAGE_CGROUP);
	if (plan->cgroup_fd >= 0)
		need(plan, write(plan->cgroup_fd, "0", 1) == 1);
}

/* The spawner ignores two signals and blocks its own; everything else is at its default. */
static void
set_session(const struct child_plan *plan)
{
	sigset_t none;
	begin(plan, STAGE_SESSION);
	need(plan, setsid() >= 0);
	need(plan, signal(SIGPIPE, SIG_DFL) != SIG_ERR && signal(SIGXFSZ, SIG_DFL) != SIG_ERR);
	sigemptyset(&none);
	need(plan, sigprocmask(SIG_SETMASK, &none, NULL) == 0);
}

static void
set_files(const struct child_plan *plan)
{
	begin(plan, STAGE_FILES);
	need(plan, dup2(plan->stdin_fd, STDIN_FILENO) >= 0);
	need(plan, dup2(plan->output_fd, STDOUT_FILENO) >= 0);
	need(plan, dup2(plan->errors_fd, STDERR_FILENO) >= 0);
	if (plan->exec_fd != CHILD_EXEC_FD)
		need(plan, dup3(plan->exec_fd, CHILD_EXEC_FD, O_CLOEXEC) >= 0);
	need(plan, close_range(CHILD_EXEC_FD + 1, ~0u, 0) == 0);
}

/*
 * The OOM adjustment is not ours to take back without root, as nothing of a process that is not
 * dumpable is (and a child must not become it: it still has the spawner's memory); nor in a
 * container that was given one for good (EACCES from the write). No reason not to run.
 */
static void
set_limits(const struct child_plan *plan)
{
	begin(plan, STAGE_LIMITS);
	umask((mode_t)plan->start->umask);
	need(plan, setrlimit(RLIMIT_NOFILE, &plan->normal->nofile) == 0);
	if (plan->normal->has_oom_adjustment)
		need(plan,
		     file_write(AT_FDCWD, "/proc/self/oom_score_adj", "0") == 0 || errno == EACCES);
}

/*
 * The job's own limits: they may lower what holds for us, and never raise it. Late, so that they
 * hold for the job and not for its preparations.
 */
static void
set_run_limits(const struct child_plan *plan)
{
	static const int resources[MSG_NLIMITS] = {
		[MSG_LIMIT_CPU] = RLIMIT_CPU,         [MSG_LIMIT_MEMORY] = RLIMIT_AS,
		[MSG_LIMIT_FILE_SIZE] = RLIMIT_FSIZE, [MSG_LIMIT_FILES] = RLIMIT_NOFILE,
		[MSG_LIMIT_PROCESSES] = RLIMIT_NPROC,
	};
	begin(plan, STAGE_LIMITS);
	for (int i = 0; i < MSG_NLIMITS; i++) {
		struct rlimit limit;
		rlim_t wanted = (rlim_t)plan->start->limits[i];
		if (wanted == 0)
			continue;
		need(plan, getrlimit(resources[i], &limit) == 0);
		if (wanted < limit.rlim_max)
			limit.rlim_max = wanted + (i == MSG_LIMIT_CPU); /* XCPU first, then KILL */
		limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
		need(plan, setrlimit(resources[i], &limit) == 0);
	}
}

/*
 * With root's rights a user that the system does not know is refused; without them it can only
 * be ourselves, as in a container that has no passwd file.
 */
static void
find_user(const struct child_plan *plan, struct user *user)
{
	begin(plan, STAGE_USER);
	errno = 0;
	const struct passwd *entry = getpwuid((uid_t)plan->start->uid);
	if (entry) {
		*user = (struct user){ entry->pw_name, entry->pw_dir, entry->pw_shell,
				       entry->pw_gid };
		if (!user->shell[0])
			user->shell = "/bin/sh";
		return;
	}
	if (plan->may_set_ids)
		fail(plan, errno ? errno : ENOENT);
	static char number[16];
	snprintf(number, sizeof(number), "%u", plan->start->uid);
	*user = (struct user){ number, "/", "/bin/sh", getgid() };
}

static void
set_ids(const struct child_plan *plan, const struct user *user)
{
	if (!plan->may_set_ids)
		return;
	begin(plan, STAGE_GROUPS);
	need(plan, initgroups(user->name, user->gid) == 0);
	begin(plan, STAGE_IDS);
	need(plan, ids_set((uid_t)plan->start->uid, user->gid) == 0);
}

/*
 * Raising the priority takes root's rights, so it is tried after they are gone: fails for all
 * but root. Only the way back from the spawner's own niceness is not the user's to pay for.
 */
static void
set_back_priority(const struct child_plan *plan)
{
	if (plan->normal->nice != 0)
		(void)setpriority(PRIO_PROCESS, 0, 0);
}

static void
set_priority(const struct child_plan *plan)
{
	begin(plan, STAGE_PRIORITY);
	if (plan->start->nice != 0)
		need(plan, setpriority(PRIO_PROCESS, 0, plan->start->nice) == 0);
}

/* Later ones win: what is known of the user, his own file, then the job's and the run's own. */
static void
build_env(const struct child_plan *plan, const struct user *user, struct env *env)
{
	begin(plan, STAGE_ENV);
	need(plan, env_init(env) == 0);
	need(plan, env_put_pair(env, "HOME", user->home) == 0);
	need(plan, env_put_pair(env, "LOGNAME", user->name) == 0);
	need(plan, env_put_pair(env, "USER", user->name) == 0);
	need(plan, env_put_pair(env, "SHELL", user->shell) == 0);
	need(plan,
	     env_put_pair(env, "PATH", plan->start->uid == 0 ? PATH_OF_ROOT : PATH_OF_USERS) == 0);
	if (plan->env_file[0]) {
		begin(plan, STAGE_ENV_FILE);
		need(plan, env_put_file(env, plan->env_file) == 0);
		begin(plan, STAGE_ENV);
	}
	for (const char *const *at = plan->env; *at; at++)
		need(plan, env_put(env, *at) == 0);
}

/* A file of the user's own instead of ours. Not a FIFO or a device: opening one may wait. */
static void
open_output_file(const struct child_plan *plan)
{
	struct stat file;
	if (!plan->output_file[0])
		return;
	begin(plan, STAGE_OUTPUT_FILE);
	int fd = open(plan->output_file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY,
		      0666);
	need(plan, fd >= 0 && fstat(fd, &file) == 0);
	if (!S_ISREG(file.st_mode))
		fail(plan, EINVAL);
	need(plan, fcntl(fd, F_SETFL, O_APPEND) == 0);
	need(plan, dup2(fd, STDOUT_FILENO) >= 0);
	if (!plan->start->splits_output)
		need(plan, dup2(fd, STDERR_FILENO) >= 0);
	close(fd);
}

/*
 * The terminal of whoever asked for the run, opened as the job's user, so that it is the kernel
 * who allows it, and only one of his own. Without the right to steal (TIOCSCTTY's argument) it
 * cannot be one at which somebody works: that one has a session.
 */
static void
open_tty(const struct child_plan *plan)
{
	char path[32];
	struct stat file;
	begin(plan, STAGE_TTY);
	snprintf(path, sizeof(path), "/dev/pts/%d", plan->start->tty - 1);
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	need(plan, fd >= 0 && fstat(fd, &file) == 0 && isatty(fd));
	if (!S_ISCHR(file.st_mode) || file.st_uid != (uid_t)plan->start->uid)
		fail(plan, EPERM);
	need(plan, ioctl(fd, TIOCSCTTY, 0) == 0);
	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		need(plan, dup2(fd, i) >= 0);
	close(fd);
}

/*
 * As execvpe(3), but for two things: the PATH is that of the new environment, and a file of
 * unknown format is an error (ENOEXEC), not silently a shell script. Empty parts are skipped.
 */
static void
execute(const struct child_plan *plan, const struct env *env)
{
	char file[4096];
	const char *name = plan->args[0];
	char *const *args = (char *const *)(uintptr_t)plan->args;
	int error = ENOENT;
	begin(plan, STAGE_EXEC);
	need(plan, close_range(CHILD_EXEC_FD, ~0u, CLOSE_RANGE_CLOEXEC) == 0); /* of look-ups */
	plan->card->exec_at = ticks_real_us();
	if (strchr(name, '/')) {
		execve(name, args, env->items);
		fail(plan, errno);
	}
	for (const char *at = env_get(env, "PATH"), *end; *name && *at; at = end + (*end == ':')) {
		end = strchrnul(at, ':');
		int n = snprintf(file, sizeof(file), "%.*s/%s", (int)(end - at), at, name);
		if (end == at || n >= (int)sizeof(file))
			continue;
		execve(file, args, env->items);
		if (errno == EACCES)
			error = EACCES;
		else if (errno != ENOENT && errno != ENOTDIR)
			fail(plan, errno);
	}
	fail(plan, error);
}

/* Instead of a program: the user's files go to the output, without what a look-up has printed. */
static _Noreturn void
give_files(const struct child_plan *plan)
{
	begin(plan, STAGE_FILES);
	need(plan, ftruncate(STDOUT_FILENO, 0) == 0 && lseek(STDOUT_FILENO, 0, SEEK_SET) == 0);
	for (int i = 0; i < MSG_NFILES; i++) {
		begin(plan, (enum msg_stage)(STAGE_HEADER_FILE + i));
		need(plan, user_file_give(plan->args[i], MSG_FILE_MAX, STDOUT_FILENO) == 0);
	}
	begin(plan, STAGE_EXEC);
	plan->card->exec_at = ticks_real_us();
	_exit(0);
}

_Noreturn void
child_run(const struct child_plan *plan)
{
	struct user user;
	struct env env;
	set_cgroup(plan);
	set_session(plan);
	set_files(plan);
	set_limits(plan);
	set_back_priority(plan);
	find_user(plan, &user);
	set_ids(plan, &user);
	if (plan->start->reads_files)
		give_files(plan);
	set_priority(plan);
	build_env(plan, &user, &env);
	begin(plan, STAGE_CWD);
	need(plan, chdir(plan->cwd[0] ? plan->cwd : user.home) == 0);
	if (plan->start->tty)
		open_tty(plan);
	else
		open_output_file(plan);
	set_run_limits(plan);
	execute(plan, &env);
	fail(plan, errno);
}
