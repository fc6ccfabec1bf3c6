/* Reading /proc. */
#include "spawn/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spawn/file.h"

#define STAT_MAX 1024
#define ENV_MAX  32768 /* bytes of an environment that are searched */

/* "PID (NAME) STATE PPID PGRP SESSION ...": the name may hold anything, parentheses too. */
int
proc_read(pid_t pid, struct proc *proc)
{
	char path[64], text[STAT_MAX];
	char state;
	int parent, group, session, nthreads;
	long long start;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_read(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return -1;
	const char *rest = strrchr(text, ')');
	if (!rest || sscanf(rest,
			    ") %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			    "%d %*d %lld",
			    &state, &parent, &group, &session, &nthreads, &start) != 6)
		return -1;
	*proc = (struct proc){ .pid = pid,
			       .parent = parent,
			       .group = group,
			       .session = session,
			       .is_zombie = (state == 'Z' || state == 'X') && nthreads <= 1,
			       .owner = PROC_NO_OWNER,
			       .start = start };
	return 0;
}

int64_t
proc_start(pid_t pid)
{
	struct proc proc;
	return proc_read(pid, &proc) == 0 ? proc.start : 0;
}

/* Of what has ended, and of what others hide from us (hidepid), nobody wants to know. */
static bool
is_no_matter(int error)
{
	return error == ENOENT || error == ESRCH || error == EACCES || error == EPERM;
}

int
proc_list(DIR *all, struct proc *list, int max, bool *is_whole)
{
	int n = 0;
	rewinddir(all);
	*is_whole = true;
	errno = 0;
	for (const struct dirent *entry; n < max && (entry = readdir(all)); errno = 0) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (pid <= 0)
			continue;
		if (proc_read(pid, &list[n]) == 0)
			n++;
		else if (!is_no_matter(errno))
			*is_whole = false;
	}
	*is_whole &= n < max && errno == 0;
	return n;
}

int
proc_open_children(void)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* "PID PID ... ", of which a read may end within a number. */
pid_t
proc_next_child(struct proc_children *children)
{
	for (pid_t pid = 0;;) {
		if (children->at == children->len) {
			children->len = pread(children->fd, children->text, sizeof(children->text),
					      children->offset);
			if (children->len <= 0)
				return (pid_t)children->len;
			children->offset += children->len;
			children->at = 0;
		}
		char digit = children->text[children->at++];
		if (digit == ' ')
			return pid;
		pid = pid * 10 + (digit - '0');
	}
}

int
proc_count_children(int fd)
{
	struct proc_children children = { .fd = fd };
	int n = 0;
	pid_t pid;
	while ((pid = proc_next_child(&children)) > 0)
		n++;
	return pid < 0 ? -1 : n;
}

bool
proc_belongs_to(pid_t pid, uid_t uid)
{
	char path[64];
	struct stat dir;
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return stat(path, &dir) == 0 && dir.st_uid == uid;
}

int64_t
proc_find_number(pid_t pid, const char *name)
{
	char path[64], env[ENV_MAX];
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	ssize_t len = file_read(AT_FDCWD, path, env, sizeof(env));
	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(env + at) + 1) {
		if (strncmp(env + at, name, strlen(name)) != 0)
			continue;
		long long number = strtoll(env + at + strlen(name), NULL, 10);
		return number > 0 ? number : 0;
	}
	return len == 0 ? -1 : 0;
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
