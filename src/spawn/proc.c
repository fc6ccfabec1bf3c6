/* Reading /proc. */
#include "spawn/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spawn/file.h"

#define STAT_MAX     1024
#define CHILDREN_MAX 65536 /* bytes of the list of our children */
#define ENV_MAX      32768 /* bytes of an environment that are searched */

/* "PID (NAME) STATE PPID PGRP SESSION ...": the name may hold anything, parentheses too. */
int
proc_read(pid_t pid, struct proc *proc)
{
	char path[64], text[STAT_MAX];
	char state;
	int parent, group, session;
	long long start;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_read(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return -1;
	const char *rest = strrchr(text, ')');
	if (!rest || sscanf(rest,
			    ") %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			    "%*d %*d %lld",
			    &state, &parent, &group, &session, &start) != 5)
		return -1;
	*proc = (struct proc){ .pid = pid,
			       .parent = parent,
			       .group = group,
			       .session = session,
			       .is_zombie = state == 'Z' || state == 'X',
			       .start = start };
	return 0;
}

int64_t
proc_start(pid_t pid)
{
	struct proc proc;
	return proc_read(pid, &proc) == 0 ? proc.start : 0;
}

/* opendir(3) would allocate. */
int
proc_list(struct proc *list, int max)
{
	char buffer[8192] __attribute__((aligned(8)));
	int n = 0, dir = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long len;
	while (dir >= 0 && (len = syscall(SYS_getdents64, dir, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < len;) {
			const struct dirent64 *entry = (const struct dirent64 *)(buffer + at);
			at += entry->d_reclen;
			if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && n < max &&
			    proc_read((pid_t)strtol(entry->d_name, NULL, 10), &list[n]) == 0)
				n++;
		}
	}
	if (dir >= 0)
		close(dir);
	return n;
}

int
proc_open_children(void)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	return open(path, O_RDONLY | O_CLOEXEC);
}

int
proc_children(int fd, pid_t *pids, int max)
{
	char text[CHILDREN_MAX], *at = text, *end;
	size_t len = 0;
	int n = 0;
	for (ssize_t got = 1; got > 0 && len<sizeof(text) - 1; len += got> 0 ? (size_t)got : 0)
		got = pread(fd, text + len, sizeof(text) - 1 - len, (off_t)len);
	text[len] = '\0';
	for (long pid; n < max && (pid = strtol(at, &end, 10)) > 0; at = end)
		pids[n++] = (pid_t)pid;
	return fd < 0 ? -1 : n;
}

int64_t
proc_env_number(pid_t pid, const char *name)
{
	char path[64], env[ENV_MAX];
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	ssize_t len = file_read(AT_FDCWD, path, env, sizeof(env));
	if (len == 0)
		return -1;
	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(env + at) + 1) {
		if (strncmp(env + at, name, strlen(name)) == 0)
			return strtoll(env + at + strlen(name), NULL, 10);
	}
	return 0;
}

uid_t
proc_owner(pid_t pid)
{
	char path[64];
	struct stat dir;
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return stat(path, &dir) < 0 ? (uid_t)-1 : dir.st_uid;
}

void
proc_signal(const struct proc *proc, int signo)
{
	struct proc now;
	int fd = (int)syscall(SYS_pidfd_open, proc->pid, 0);
	if (fd < 0)
		return;
	if (proc_read(proc->pid, &now) == 0 && now.start == proc->start)
		(void)syscall(SYS_pidfd_send_signal, fd, signo, NULL, 0);
	close(fd);
}
