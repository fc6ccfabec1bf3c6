/*
 * What the daemon takes from itself before it hears anybody, so that whoever finds a fault in it
 * has won little: it executes nothing, forks nothing, becomes nobody else, touches no process and
 * no part of the kernel that a scheduler has no use for (seccomp), and where it serves all users
 * it sees only the files that it needs (Landlock). Runs are the spawner's children: they inherit
 * nothing of this.
 *
 * A build with sanitizers is not confined: they trace, fork and read everywhere (confine_none.c).
 */
#ifndef DAEMON_CONFINE_H
#define DAEMON_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

#define CONFINE_PLACES_MAX 32

/*
 * Directories with all that is below them, or files, that exist or not. What a symbolic link leads
 * to when confine() is called, not what it leads to later.
 */
struct confine_places {
	struct confine_place {
		const char *path; /* borrowed */
		bool may_write;
	} place[CONFINE_PLACES_MAX];
	size_t n;
};

/* Adds one; path NULL: none. */
void confine_add(struct confine_places *places, const char *path, bool may_write);

/*
 * Confines the process, which has one thread still, for good. places NULL: every file stays in
 * reach. What this kernel cannot do is logged, and done without.
 */
void confine(const struct confine_places *places);

/* Forbids the system calls: 0, or -1 with errno. no_new_privs has to be set. */
int confine_calls(void);

#endif
