/* What the kernel tells of processes below /proc, read without allocating. */
#ifndef SPAWN_PROC_H
#define SPAWN_PROC_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PROC_NO_OWNER (-1)

struct proc {
	pid_t pid, parent, group, session;
	bool is_zombie; /* it has ended with all its threads, and is not reaped */
	bool is_member; /* for whoever keeps a list; false at first */
	int owner;      /* likewise; PROC_NO_OWNER at first */
	int64_t start;  /* clock ticks after boot; with the pid, an identity */
};

int proc_read(pid_t pid, struct proc *proc); /* 0, or -1: there is none, or as errno says */

/* When it started; 0: there is none. */
int64_t proc_start(pid_t pid);

/*
 * All processes in the order of their pids, up to `max` of them; how many. `all` is an open /proc,
 * as opening it allocates. Not whole: there are more, or some could not be read (EMFILE, ENOMEM).
 */
int proc_list(DIR *all, struct proc *list, int max, bool *is_whole);

/*
 * The list of our own children, to be opened once (-1: this kernel does not tell). It is read
 * from { .fd = it } on, zombies included; who is reaped meanwhile makes it skip others.
 */
struct proc_children {
	int fd;
	int64_t offset;
	ssize_t at, len;
	char text[4096];
};
int proc_open_children(void);
pid_t proc_next_child(struct proc_children *children); /* 0: that was all; -1: not known */
int proc_count_children(int fd);                       /* likewise */

bool proc_belongs_to(pid_t pid, uid_t uid);

/*
 * The number behind this name (NAME=) in the environment that it was given, as far as 32 KiB; 0:
 * there is none; -1: it has no environment, or not yet, as while it executes a program.
 */
int64_t proc_find_number(pid_t pid, const char *name);

/* Signals that very process, or nobody when it has ended meanwhile. */
void proc_signal(const struct proc *proc, int signo);

#endif
