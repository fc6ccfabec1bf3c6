/* Control groups, as described in the kernel's cgroup-v2 document. */
#include "spawn/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "spawn/file.h"
#include "spawn/say.h"

#define MOUNT      "/sys/fs/cgroup"
#define OWN_NAME   "spawner" /* where we and the daemon are, beside the runs */
#define PROCS      "cgroup.procs"
#define USAGE      "usage_usec " /* the first line of cpu.stat */
#define NAME_BYTES 96
#define FILE_BYTES 65536

/* A file of the run's cgroup, relative to cgroup_fd; "": the directory. */
static const char *
name_file(char name[NAME_BYTES], int64_t run_id, int attempt, const char *file)
{
	snprintf(name, NAME_BYTES, "run-%lld-%d/%s", (long long)run_id, attempt, file);
	return name;
}

/* systemd marks what a unit with Delegate=yes may arrange by itself. */
static int
open_own(char path[FILE_BYTES])
{
	char text[FILE_BYTES], mark[2] = "";
	if (file_read(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) <= 0)
		return -1;
	char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (!line)
		return -1;
	line += strspn(line, "\n0:");
	line[strcspn(line, "\n")] = '\0';
	char *name = strrchr(line, '/');
	if (name && strcmp(name + 1, OWN_NAME) == 0)
		*name = '\0'; /* where the program that we were before has moved us */
	if (snprintf(path, FILE_BYTES, MOUNT "%s", line) >= FILE_BYTES ||
	    getxattr(path, "user.delegate", mark, sizeof(mark)) != 1 || mark[0] != '1')
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
cgroup_open(const char *path)
{
	static const char *const controllers[] = { "+memory", "+cpu", "+pids" };
	char own[FILE_BYTES] = "";
	int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : open_own(own);
	if (fd < 0 && path)
		say_and_die("--cgroup: %s", path);
	if (fd < 0)
		return -1;
	(void)mkdirat(fd, OWN_NAME, 0755);
	if (file_write(fd, OWN_NAME "/" PROCS, "0") < 0) {
		say("cgroups are not used: cannot move into %s errno=%d", path ? path : own, errno);
		close(fd);
		return -1;
	}
	for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++)
		(void)file_write(fd, "cgroup.subtree_control", controllers[i]);
	return fd;
}

int
cgroup_enter(int cgroup_fd, const struct msg *msg)
{
	const struct msg_start *start = &msg->start;
	char name[NAME_BYTES], text[64];
	const struct {
		const char *file, *unit;
		long long most; /* 0: no limit */
	} limits[] = {
		{ "memory.max", "", start->memory_max },
		{ "pids.max", "", start->pids_max },
		{ "cpu.max", " 100000", start->cpu_max * 1000LL }, /* microseconds in so many */
	};
	if (cgroup_fd < 0) {
		errno = ENOTSUP;
		return start->memory_max || start->pids_max || start->cpu_max ? -1 : 0;
	}
	name_file(name, msg->run_id, msg->attempt, "");
	if (mkdirat(cgroup_fd, name, 0755) < 0 && errno != EEXIST)
		return -1;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		name_file(name, msg->run_id, msg->attempt, limits[i].file);
		snprintf(text, sizeof(text), "%lld%s", limits[i].most, limits[i].unit);
		if (limits[i].most <= 0 || file_write(cgroup_fd, name, text) == 0)
			continue;
		if (errno == ENOENT)
			errno = ENOTSUP; /* that controller has not been delegated */
		return -1;
	}
	return file_write(cgroup_fd, name_file(name, msg->run_id, msg->attempt, PROCS), "0");
}

void
cgroup_kill(int cgroup_fd, const struct slot *slot)
{
	char name[NAME_BYTES];
	name_file(name, slot->run_id, slot->attempt, "cgroup.kill");
	(void)file_write(cgroup_fd, name, "1");
}

/* What the run's file says, as text; -1: there is none. */
static ssize_t
read_file(int cgroup_fd, const struct slot *slot, const char *file, char text[FILE_BYTES])
{
	char name[NAME_BYTES];
	name_file(name, slot->run_id, slot->attempt, file);
	return file_read(cgroup_fd, name, text, FILE_BYTES);
}

int
cgroup_leftovers(int cgroup_fd, const struct slot *slot)
{
	char text[FILE_BYTES];
	int n = 0;
	if (cgroup_fd < 0 || read_file(cgroup_fd, slot, PROCS, text) < 0)
		return -1;
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		n++;
	if (n > 0 && slot->ends_leftovers)
		cgroup_kill(cgroup_fd, slot);
	return n;
}

void
cgroup_figures(int cgroup_fd, struct slot *slot)
{
	char text[FILE_BYTES];
	if (cgroup_fd < 0)
		return;
	if (read_file(cgroup_fd, slot, "cpu.stat", text) > 0 &&
	    strncmp(text, USAGE, strlen(USAGE)) == 0)
		slot->report.cpu_us = strtoll(text + strlen(USAGE), NULL, 10);
	if (read_file(cgroup_fd, slot, "memory.peak", text) > 0)
		slot->report.peak_kib = strtoll(text, NULL, 10) / 1024;
}

void
cgroup_drop(int cgroup_fd, const struct slot *slot)
{
	char name[NAME_BYTES];
	name_file(name, slot->run_id, slot->attempt, "");
	if (cgroup_fd >= 0)
		(void)unlinkat(cgroup_fd, name, AT_REMOVEDIR);
}

static void
drop_without_slot(int cgroup_fd, struct slots *slots, const char *name)
{
	long long run_id;
	int attempt;
	if (sscanf(name, "run-%lld-%d", &run_id, &attempt) == 2 &&
	    !slots_find(slots, run_id, attempt))
		(void)unlinkat(cgroup_fd, name, AT_REMOVEDIR);
}

/* Not with readdir(), which allocates. */
void
cgroup_sweep(int cgroup_fd, struct slots *slots)
{
	_Alignas(struct dirent64) char entries[4096];
	ssize_t n;
	if (lseek(cgroup_fd, 0, SEEK_SET) < 0)
		return;
	while ((n = getdents64(cgroup_fd, entries, sizeof(entries))) > 0) {
		const struct dirent64 *entry;
		for (ssize_t at = 0; at < n; at += entry->d_reclen) {
			entry = (const struct dirent64 *)(entries + at);
			drop_without_slot(cgroup_fd, slots, entry->d_name);
		}
	}
}
