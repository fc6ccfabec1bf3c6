/*
 * DESIGN. Nothing is inherited by accident: what a run gets is said here, step by step, in the
 * order in which it has to happen. Descriptors first, so that nothing of ours (the lock!) stays
 * open in a child that hangs in a look-up; ids after everything that needs root; what the user
 * wrote (his paths, his program and its environment) is read after the ids, as the user; the
 * program last. Each step names its stage on the card before it is tried.
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
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spawn/cgroup.h"
#include "spawn/file.h"
#include "spawn/ticks.h"
#include "spawn/user_file.h"

#define CHILD_EXEC_FD 3 /* where exec_fd is moved to */
#define CHILD_FAILED  127
#define PATH_OF_ROOT  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define PATH_OF_USERS "/usr/local/bin:/usr/bin:/bin"

/* The user as the system knows him; the texts are the C library's, or constants. */
struct user {
	const char *name, *home, *shell;
	gid_t gid;
};

/* What the user asks for: texts of the payload. "": the user's home, no such file. */
struct wish {
	const char *cwd, *env_file, *output_file;
	char **args;   /* NULL-terminated */
	size_t env_at; /* where in the payload the environment begins */
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

/* The text for stdin, the last of the payload, as a file at its beginning. */
static int
make_stdin(const struct child_plan *plan)
{
	size_t len = plan->msg->start.stdin_len;
	const char *text = plan->payload + plan->msg->nbytes - len;
	if (len == 0)
		return plan->null_fd;
	begin(plan, STAGE_STDIN);
	int fd = memfd_create("stdin", MFD_CLOEXEC);
	need(plan, fd >= 0 && pwrite(fd, text, len, 0) == (ssize_t)len);
	return fd;
}

static void
set_files(const struct child_plan *plan)
{
	int stdin_fd = make_stdin(plan);
	begin(plan, STAGE_FILES);
	need(plan, dup2(stdin_fd, STDIN_FILENO) >= 0);
	need(plan, dup2(plan->output_fd, STDOUT_FILENO) >= 0);
	need(plan, dup2(plan->errors_fd, STDERR_FILENO) >= 0);
	if (plan->exec_fd != CHILD_EXEC_FD)
		need(plan, dup3(plan->exec_fd, CHILD_EXEC_FD, O_CLOEXEC) >= 0);
	need(plan, close_range(CHILD_EXEC_FD + 1, ~0u, 0) == 0);
}

/*
 * Back to what holds for others. The OOM adjustment is not ours to take back without root, as
 * nothing of a process that is not dumpable is (and a child must not become it: it still has the
 * spawner's memory); nor in a container that was given one for good (EACCES from the write). No
 * reason not to run.
 */
static void
set_back(const struct child_plan *plan)
{
	begin(plan, STAGE_LIMITS);
	umask((mode_t)plan->msg->start.umask);
	need(plan, setrlimit(RLIMIT_NOFILE, &plan->normal->nofile) == 0);
	if (plan->normal->has_oom_adjustment)
		need(plan,
		     file_write(AT_FDCWD, "/proc/self/oom_score_adj", "0") == 0 || errno == EACCES);
	if (plan->normal->nice != 0)
		(void)setpriority(PRIO_PROCESS, 0, 0);
}

/*
 * The job's own limits: they may lower what holds for us, and never raise it. Late, so that they
 * hold for the job and not for its preparations.
 */
static void
set_run_limits(const struct child_plan *plan)
{
	begin(plan, STAGE_LIMITS);
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit limit;
		rlim_t wanted = (rlim_t)plan->msg->start.limits[i];
		if (wanted == 0)
			continue;
		need(plan, getrlimit(i, &limit) == 0);
		if (wanted < limit.rlim_max)
			limit.rlim_max = wanted + (i == RLIMIT_CPU); /* XCPU first, then KILL */
		limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
		need(plan, setrlimit(i, &limit) == 0);
	}
}

/*
 * With root's rights a user that the system does not know is refused; without them it can only
 * be ourselves, as in a container that has no passwd file.
 */
static struct user
find_user(const struct child_plan *plan)
{
	static char number[16];
	uid_t uid = (uid_t)plan->msg->start.uid;
	begin(plan, STAGE_USER);
	errno = 0;
	const struct passwd *entry = getpwuid(uid);
	if (entry)
		return (struct user){ entry->pw_name, entry->pw_dir,
				      entry->pw_shell[0] ? entry->pw_shell : "/bin/sh",
				      entry->pw_gid };
	if (plan->may_set_ids)
		fail(plan, errno ? errno : ENOENT);
	snprintf(number, sizeof(number), "%u", uid);
	return (struct user){ number, "/", "/bin/sh", getgid() };
}

int
child_set_ids(uid_t uid, gid_t gid)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0 ||
	    getresuid(&r, &e, &s) < 0 || getresgid(&gr, &ge, &gs) < 0)
		return -1;
	if (r == uid && e == uid && s == uid && gr == gid && ge == gid && gs == gid &&
	    (uid == 0 || setuid(0) < 0))
		return 0;
	errno = EPERM;
	return -1;
}

static void
set_ids(const struct child_plan *plan, const struct user *user)
{
	if (!plan->may_set_ids)
		return;
	begin(plan, STAGE_GROUPS);
	need(plan, initgroups(user->name, user->gid) == 0);
	begin(plan, STAGE_IDS);
	need(plan, child_set_ids((uid_t)plan->msg->start.uid, user->gid) == 0);
}

/* Raising it takes root's rights: it is tried after they are gone, and fails for all but root. */
static void
set_priority(const struct child_plan *plan)
{
	begin(plan, STAGE_PRIORITY);
	if (plan->msg->start.nice != 0)
		need(plan, setpriority(PRIO_PROCESS, 0, plan->msg->start.nice) == 0);
}

static const char *
next_string(const struct child_plan *plan, size_t *at)
{
	return msg_next_string(plan->payload, plan->msg->nbytes, at);
}

static struct wish
read_wish(const struct child_plan *plan)
{
	uint32_t nargs = plan->msg->start.nargs;
	struct wish wish = { .args = calloc((size_t)nargs + 1, sizeof(*wish.args)) };
	begin(plan, STAGE_REQUEST);
	need(plan, wish.args != NULL);
	wish.cwd = next_string(plan, &wish.env_at);
	wish.env_file = next_string(plan, &wish.env_at);
	wish.output_file = next_string(plan, &wish.env_at);
	for (uint32_t i = 0; i < nargs; i++)
		wish.args[i] = (char *)(uintptr_t)next_string(plan, &wish.env_at);
	return wish;
}

/* Later ones win: what is known of the user, his own file, then the job's and the run's own. */
static void
build_env(const struct child_plan *plan, const struct user *user, const struct wish *wish)
{
	const char *const known[][2] = {
		{ "HOME", user->home },
		{ "LOGNAME", user->name },
		{ "USER", user->name },
		{ "SHELL", user->shell },
		{ "PATH", plan->msg->start.uid == 0 ? PATH_OF_ROOT : PATH_OF_USERS },
	};
	size_t at = wish->env_at;
	begin(plan, STAGE_ENV);
	need(plan, clearenv() == 0);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		need(plan, setenv(known[i][0], known[i][1], 1) == 0);
	if (wish->env_file[0]) {
		begin(plan, STAGE_ENV_FILE);
		need(plan, user_file_put_env(wish->env_file) == 0);
		begin(plan, STAGE_ENV);
	}
	for (uint32_t i = 0; i < plan->msg->start.nenv; i++)
		need(plan, putenv((char *)(uintptr_t)next_string(plan, &at)) == 0);
}

/* A file of the user's own instead of ours, or the terminal of whoever asked for the run. */
static void
open_user_files(const struct child_plan *plan, const struct wish *wish)
{
	const struct msg_start *start = &plan->msg->start;
	int fd;
	if (start->tty > 0) {
		begin(plan, STAGE_TTY);
		fd = user_file_open_tty(start->tty - 1, (uid_t)start->uid);
		need(plan, fd >= 0 && dup2(fd, STDIN_FILENO) >= 0);
	} else if (wish->output_file[0]) {
		begin(plan, STAGE_OUTPUT_FILE);
		fd = user_file_open_output(wish->output_file);
	} else {
		return;
	}
	need(plan, fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0);
	if (start->tty > 0 || !start->splits_output)
		need(plan, dup2(fd, STDERR_FILENO) >= 0);
}

/*
 * As execvpe(3), but for two things: the PATH is that of the new environment, and a file of
 * unknown format is an error (ENOEXEC), not silently a shell script. Empty parts are skipped.
 */
static _Noreturn void
execute(const struct child_plan *plan, char *const *args)
{
	char file[4096];
	const char *name = args[0], *path = getenv("PATH");
	int error = ENOENT;
	begin(plan, STAGE_EXEC);
	need(plan, close_range(CHILD_EXEC_FD, ~0u, CLOSE_RANGE_CLOEXEC) == 0); /* of look-ups */
	plan->card->exec_at = ticks_real_us();
	if (strchr(name, '/')) {
		execv(name, args);
		fail(plan, errno);
	}
	for (const char *at = path, *end; *name && at && *at; at = end + (*end == ':')) {
		end = strchrnul(at, ':');
		int n = snprintf(file, sizeof(file), "%.*s/%s", (int)(end - at), at, name);
		if (end == at || n >= (int)sizeof(file))
			continue;
		execv(file, args);
		if (errno == EACCES)
			error = EACCES;
		else if (errno != ENOENT && errno != ENOTDIR)
			fail(plan, errno);
	}
	fail(plan, error);
}

/* Instead of a program: the user's files go to the output, without what a look-up has printed. */
static _Noreturn void
give_files(const struct child_plan *plan, char *const *paths)
{
	begin(plan, STAGE_FILES);
	need(plan, ftruncate(STDOUT_FILENO, 0) == 0 && lseek(STDOUT_FILENO, 0, SEEK_SET) == 0);
	for (int i = 0; i < MSG_NFILES; i++) {
		begin(plan, (enum msg_stage)(STAGE_HEADER_FILE + i));
		need(plan, user_file_give(paths[i], STDOUT_FILENO) == 0);
	}
	begin(plan, STAGE_EXEC);
	plan->card->exec_at = ticks_real_us();
	_exit(0);
}

_Noreturn void
child_run(const struct child_plan *plan)
{
	begin(plan, STAGE_CGROUP);
	need(plan, cgroup_enter(plan->cgroup_fd, plan->msg) == 0);
	set_session(plan);
	set_files(plan);
	set_back(plan);
	struct user user = find_user(plan);
	set_ids(plan, &user);
	struct wish wish = read_wish(plan);
	if (plan->msg->start.reads_files)
		give_files(plan, wish.args);
	set_priority(plan);
	build_env(plan, &user, &wish);
	begin(plan, STAGE_CWD);
	need(plan, chdir(wish.cwd[0] ? wish.cwd : user.home) == 0);
	open_user_files(plan, &wish);
	set_run_limits(plan);
	execute(plan, wish.args);
}
