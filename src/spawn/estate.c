/* Passing the runs on to the next program. */
#include "spawn/estate.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spawn/say.h"

#define PAGE          4096
#define ARGS_MAX      256
#define ASK_TIMEOUT_S 5 /* for a new program to say what it can */
#define SEALS         (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* Children see the cards, and only these. */
struct estate {
	uint32_t form;
	uint32_t epoch;
	bool was_ready;
	char instance[MSG_ID_MAX];
	struct normal normal;
	_Alignas(PAGE) struct slots slots;
	_Alignas(PAGE) struct card cards[SLOTS_MAX];
};

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

static struct estate *
map(struct spawner *sp, int fd)
{
	struct estate *estate =
		mmap(NULL, sizeof(*estate), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (estate == MAP_FAILED)
		say_and_die("cannot map the table of runs");
	(void)madvise(&estate->slots, sizeof(estate->slots), MADV_DONTFORK);
	sp->estate_fd = fd;
	sp->estate = estate;
	sp->slots = &estate->slots;
	sp->cards = estate->cards;
	return estate;
}

void
estate_make(struct spawner *sp)
{
	int fd = memfd_create("asched-runs", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, sizeof(struct estate)) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		say_and_die("cannot make the table of runs");
	struct estate *estate = map(sp, fd);
	estate->form = ESTATE_FORM;
	slots_init(sp->slots);
}

/* A descriptor that a slot holds, or held by an older one of ours, is kept from runs again. */
static void
set_close_on_exec(const struct spawner *sp, int flag)
{
	uint16_t at = 0;
	for (const struct slot *slot; (slot = slots_next(sp->slots, &at));) {
		for (int i = 0; i < SLOT_NOUTPUTS; i++) {
			if (slot->outputs[i].fd >= 0)
				(void)fcntl(slot->outputs[i].fd, F_SETFD, flag);
		}
		if (slot->exec_fd >= 0)
			(void)fcntl(slot->exec_fd, F_SETFD, flag);
	}
	(void)fcntl(sp->options.listen_fd, F_SETFD, flag);
	(void)fcntl(sp->options.lock_fd, F_SETFD, flag);
	(void)fcntl(sp->estate_fd, F_SETFD, flag);
}

/* They were the last program's. */
static void
forget_watches(const struct spawner *sp)
{
	uint16_t at = 0;
	for (struct slot *slot; (slot = slots_next(sp->slots, &at));) {
		for (int i = 0; i < SLOT_NOUTPUTS; i++)
			slot->outputs[i].watch = -1;
	}
}

void
estate_take(struct spawner *sp, int fd)
{
	struct stat file;
	if (fstat(fd, &file) < 0 || file.st_size != sizeof(struct estate) ||
	    fcntl(fd, F_GET_SEALS) != SEALS) {
		errno = EINVAL;
		say_and_die("--resume %d", fd);
	}
	struct estate *estate = map(sp, fd);
	if (estate->form != ESTATE_FORM) {
		errno = EPROTO;
		say_and_die("--resume %d", fd);
	}
	memcpy(sp->instance, estate->instance, sizeof(sp->instance));
	sp->normal = estate->normal;
	sp->daemon.epoch = estate->epoch;
	sp->daemon.was_ready = estate->was_ready;
	set_close_on_exec(sp, FD_CLOEXEC);
	forget_watches(sp);
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

/* Our own arguments, with --resume FD before all others. */
static bool
build_args(const struct spawner *sp, char fd[16], char *args[ARGS_MAX])
{
	size_t n = 0;
	char **old = sp->args + 1;
	snprintf(fd, 16, "%d", sp->estate_fd);
	if (old[0] && old[1] && strcmp(old[0], "--resume") == 0)
		old += 2;
	args[n++] = sp->args[0];
	args[n++] = (char *)(uintptr_t) "--resume";
	args[n++] = fd;
	while (*old && n < ARGS_MAX - 1)
		args[n++] = *old++;
	args[n] = NULL;
	return *old == NULL;
}

bool
estate_is_outdated(const struct spawner *sp)
{
	struct stat running, on_disk;
	return stat("/proc/self/exe", &running) == 0 && stat(sp->program, &on_disk) == 0 &&
	       (running.st_dev != on_disk.st_dev || running.st_ino != on_disk.st_ino);
}

void
estate_pass_on(struct spawner *sp)
{
	char fd[16], *args[ARGS_MAX];
	if (!build_args(sp, fd, args) || !is_heir_able(sp)) {
		say("%s cannot go on from here, so this program and its daemon stay: "
		    "restart the service to upgrade",
		    sp->program);
		return;
	}
	memcpy(sp->estate->instance, sp->instance, sizeof(sp->instance));
	sp->estate->normal = sp->normal;
	sp->estate->epoch = sp->daemon.epoch;
	sp->estate->was_ready = sp->daemon.was_ready;
	set_close_on_exec(sp, 0);
	execv(sp->program, args);
	say("cannot execute %s errno=%d, so this program stays", sp->program, errno);
	set_close_on_exec(sp, FD_CLOEXEC);
}
