/* What the kernel tells of processes below /proc, read without allocating. */
#ifndef SPAWN_PROC_H
#define SPAWN_PROC_H

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

/* All processes in the order of their pids, up to `max` of them; how many. */
int proc_list(struct proc *list, int max);

/* The list of our own children, to be opened once; -1: this kernel does not tell. */
int proc_open_children(void);

/* What the list says now, zombies included; how many, or -1. */
int proc_children(int fd, pid_t *pids, int max);

/*
 * The number that NAME= has in the environment which the process was given; 0: none. -1: there is
 * no environment, or not yet, as while a program is being executed.
 */
int64_t proc_env_number(pid_t pid, const char *name);

/* Whose it is; (uid_t)-1: there is none. */
uid_t proc_owner(pid_t pid);

/* Signals that very process, or nobody when it has ended meanwhile. */
void proc_signal(const struct proc *proc, int signo);

#endif
