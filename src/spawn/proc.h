/* What the kernel tells of processes below /proc, read without allocating. */
#ifndef SPAWN_PROC_H
#define SPAWN_PROC_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct proc {
	pid_t pid, parent, group, session;
	bool is_zombie;
	bool is_marked; /* for whoever keeps a list */
	int64_t start;  /* clock ticks after boot; with the pid, an identity */
};

int proc_read(pid_t pid, struct proc *proc); /* 0, or -1: there is none */

/* When it started; 0: there is none. */
int64_t proc_start(pid_t pid);

/*
 * All processes in the order of their pids, up to `max` of them; how many. `all` is an open /proc,
 * as opening it allocates.
 */
int proc_list(DIR *all, struct proc *list, int max);

/*
 * The list of our own children, to be opened once (-1: this kernel does not tell), and how many
 * it has now, zombies included; -1: that is not known.
 */
int proc_open_children(void);
int proc_count_children(int fd);

bool proc_belongs_to(pid_t pid, uid_t uid);

/*
 * Was it given this variable (NAME=VALUE) with its environment? 1 or 0; -1: it has none, or not
 * yet, as while it executes a program.
 */
int proc_has_variable(pid_t pid, const char *variable);

/* Signals that very process, or nobody when it has ended meanwhile. */
void proc_signal(const struct proc *proc, int signo);

#endif
