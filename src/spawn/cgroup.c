/* Control groups, as described in the kernel's cgroup-v2 document. */
#include "spawn/cgroup.h"

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

#define MOUNT       "/sys/fs/cgroup"
#define OWN_NAME    "spawner" /* where we and the daemon are, beside the runs */
#define CPU_PERIOD  100000    /* microseconds, the kernel's own */
#define NAME_BYTES  96
#define FILE_BYTES  4096
#define PROCS_BYTES 65536

/* A file of the run's cgroup, relative to sp->cgroup_fd; file "": the directory. */
static const char *
name_file(char name[NAME_BYTES], const struct slot *slot, const char *file)
{
	snprintf(name, NAME_BYTES, "run-%lld-%d%s%s", (long long)slot->run_id, (int)slot->attempt,
		 file[0] ? "/" : "", file);
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

void
cgroup_open(struct spawner *sp, const char *path)
{
	static const char *const controllers[] = { "+memory", "+cpu", "+pids" };
	char own[FILE_BYTES] = "";
	sp->cgroup_fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : open_own(own);
	if (sp->cgroup_fd < 0 && path)
		say_and_die("--cgroup: %s", path);
	if (sp->cgroup_fd < 0)
		return;
	(void)mkdirat(sp->cgroup_fd, OWN_NAME, 0755);
	if (file_write(sp->cgroup_fd, OWN_NAME "/cgroup.procs", "0") < 0) {
		say("cgroups are not used: cannot move into %s errno=%d", path ? path : own, errno);
		close(sp->cgroup_fd);
		sp->cgroup_fd = -1;
		return;
	}
	for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++)
		(void)file_write(sp->cgroup_fd, "cgroup.subtree_control", controllers[i]);
}

static int
set_limit(const struct spawner *sp, const struct slot *slot, const char *file, const char *text)
{
	char name[NAME_BYTES];
	return file_write(sp->cgroup_fd, name_file(name, slot, file), text);
}

static int
set_limits(const struct spawner *sp, const struct slot *slot, const struct msg_start *start)
{
	char memory[32], pids[32], cpu[64];
	snprintf(memory, sizeof(memory), "%lld", (long long)start->memory_max);
	snprintf(pids, sizeof(pids), "%d", (int)start->pids_max);
	snprintf(cpu, sizeof(cpu), "%lld %d", (long long)start->cpu_max * CPU_PERIOD / 100,
		 CPU_PERIOD);
	if ((start->memory_max > 0 && set_limit(sp, slot, "memory.max", memory) < 0) ||
	    (start->pids_max > 0 && set_limit(sp, slot, "pids.max", pids) < 0) ||
	    (start->cpu_max > 0 && set_limit(sp, slot, "cpu.max", cpu) < 0))
		return -1;
	return 0;
}

int
cgroup_make(struct spawner *sp, struct slot *slot, const struct msg_start *start)
{
	char name[NAME_BYTES];
	if (sp->cgroup_fd < 0) {
		errno = ENOTSUP;
		return start->memory_max || start->cpu_max || start->pids_max ? -1 : 0;
	}
	if (mkdirat(sp->cgroup_fd, name_file(name, slot, ""), 0755) < 0 && errno != EEXIST)
		return -1;
	slot->has_cgroup = true;
	return set_limits(sp, slot, start);
}

int
cgroup_door(const struct spawner *sp, const struct slot *slot)
{
	char name[NAME_BYTES];
	return openat(sp->cgroup_fd, name_file(name, slot, "cgroup.procs"), O_WRONLY | O_CLOEXEC);
}

void
cgroup_kill(const struct spawner *sp, const struct slot *slot)
{
	char name[NAME_BYTES];
	if (slot->has_cgroup)
		(void)file_write(sp->cgroup_fd, name_file(name, slot, "cgroup.kill"), "1");
}

/* The number behind `key` in the run's file; -1: there is none. */
static int64_t
read_number(const struct spawner *sp, const struct slot *slot, const char *file, const char *key)
{
	char name[NAME_BYTES], text[FILE_BYTES];
	if (file_read(sp->cgroup_fd, name_file(name, slot, file), text, sizeof(text)) <= 0)
		return -1;
	const char *at = strstr(text, key);
	return at ? strtoll(at + strlen(key), NULL, 10) : -1;
}

static int
count_lines(const struct spawner *sp, const struct slot *slot)
{
	char name[NAME_BYTES], text[PROCS_BYTES];
	int n = 0;
	(void)file_read(sp->cgroup_fd, name_file(name, slot, "cgroup.procs"), text, sizeof(text));
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		n++;
	return n;
}

void
cgroup_end(const struct spawner *sp, struct slot *slot)
{
	if (!slot->has_cgroup)
		return;
	int64_t cpu_us = read_number(sp, slot, "cpu.stat", "usage_usec ");
	int64_t peak = read_number(sp, slot, "memory.peak", "");
	if (cpu_us >= 0)
		slot->report.cpu_us = cpu_us;
	if (peak >= 0)
		slot->report.peak_kib = peak / 1024;
	slot->report.nleftovers = count_lines(sp, slot);
	if (slot->report.nleftovers > 0 && slot->ends_leftovers)
		cgroup_kill(sp, slot);
}

void
cgroup_drop(const struct spawner *sp, struct slot *slot)
{
	char name[NAME_BYTES];
	if (slot->has_cgroup)
		(void)unlinkat(sp->cgroup_fd, name_file(name, slot, ""), AT_REMOVEDIR);
	slot->has_cgroup = false;
}
