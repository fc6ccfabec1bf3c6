/* Passing the runs on to the next program. */
#include "spawn/estate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spawn/file.h"
#include "spawn/say.h"
#include "spawn/spawn.h"

#define ASK_TIMEOUT_S 5 /* for a new program to say what it can */
#define SEALS         (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static void
print_form(char form[32])
{
	snprintf(form, 32, "%d:%zu", ESTATE_FORM, sizeof(struct estate));
}

bool
estate_can_resume(const char *form)
{
	char ours[32];
	print_form(ours);
	return strcmp(form, ours) == 0;
}

void
estate_open(struct spawner *sp)
{
	struct stat file;
	int fd = (int)sp->options.resume_fd;
	bool is_new = fd < 0;
	if (is_new) {
		fd = memfd_create("asched-runs", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		if (fd < 0 || ftruncate(fd, sizeof(struct estate)) < 0 ||
		    fcntl(fd, F_ADD_SEALS, SEALS) < 0)
			say_and_die("cannot make the table of runs");
	} else if (fstat(fd, &file) < 0 || file.st_size != sizeof(struct estate) ||
		   fcntl(fd, F_GET_SEALS) != SEALS) {
		say_and_die("--resume %d", fd);
	}
	sp->estate = mmap(NULL, sizeof(*sp->estate), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (sp->estate == MAP_FAILED)
		say_and_die("cannot map the table of runs");
	if (is_new)
		sp->estate->form = ESTATE_FORM;
	else if (sp->estate->form != ESTATE_FORM)
		say_and_die("--resume %d: form %u", fd, sp->estate->form);
	(void)madvise(sp->estate, offsetof(struct estate, cards), MADV_DONTFORK);
	sp->slots = &sp->estate->slots;
	sp->cards = sp->estate->cards;
	sp->estate_fd = fd;
}

/* Asks the file on disk, which may be a newer one, whether it can go on from here. */
static bool
is_heir_able(const struct spawner *sp)
{
	char form[32];
	int status = -1;
	print_form(form);
	pid_t pid = fork();
	if (pid == 0) {
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		alarm(ASK_TIMEOUT_S);
		execl(sp->program, sp->program, "--can-resume", form, (char *)NULL);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return pid > 0 && status == 0;
}

bool
estate_is_outdated(const struct spawner *sp)
{
	struct stat running, on_disk;
	return stat("/proc/self/exe", &running) == 0 && stat(sp->program, &on_disk) == 0 &&
	       (running.st_dev != on_disk.st_dev || running.st_ino != on_disk.st_ino);
}

static void
keep_through_exec(int fd)
{
	if (fd >= 0)
		(void)fcntl(fd, F_SETFD, 0);
}

/* The watches of outputs are ours; the next program will look at them anew. */
static void
keep_files(const struct spawner *sp)
{
	int at = 0;
	for (struct slot *slot; (slot = slots_next(sp->slots, &at));) {
		for (int i = 0; i < MSG_NOUTPUTS; i++) {
			keep_through_exec(slot->outputs[i]);
			slot->watches[i] = -1;
		}
		keep_through_exec(slot->exec_fd);
	}
	keep_through_exec((int)sp->options.listen_fd);
	keep_through_exec((int)sp->options.lock_fd);
	keep_through_exec(sp->estate_fd);
}

/* Our own arguments, with --resume FD before all others. */
void
estate_pass_on(struct spawner *sp)
{
	char resume[] = "--resume", fd[16],
	     *args[ESTATE_ARGS_MAX + 3] = { sp->args[0], resume, fd };
	char **old = sp->args + (sp->options.resume_fd < 0 ? 1 : 3);
	for (int n = 3; *old; n++)
		args[n] = *old++;
	snprintf(fd, sizeof(fd), "%d", sp->estate_fd);
	if (!is_heir_able(sp)) {
		say("%s cannot go on from here, so this program and its daemon stay: "
		    "restart the service to upgrade",
		    sp->program);
		return;
	}
	keep_files(sp);
	execv(sp->program, args);
	say("cannot execute %s errno=%d, so this program stays", sp->program, errno);
	sp->look_at = sp->now; /* at the outputs, which are not watched any more */
	(void)close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
}
