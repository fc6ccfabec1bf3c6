/*
 * A disk for SQLite that loses power: a VFS that keeps files in memory, remembers which writes were
 * synced, and after a crash puts onto the real disk what a real one might have: all that was
 * synced, and of the rest each write kept, dropped or torn, by a seed. A sync that fails dooms
 * what it should have written: a later sync that succeeds does not bring it to the disk (as Linux
 * does it, reliability.md 1.2). Locks are not needed and not kept.
 */
#ifndef FAKE_CRASHVFS_H
#define FAKE_CRASHVFS_H

#include <stdbool.h>

enum crash_fault {
	CRASH_NO_FAULT,
	CRASH_POWER_CUT,   /* from that operation on nothing reaches the disk */
	CRASH_FULL_ONCE,   /* a write fails with "disk full" */
	CRASH_FULL,        /* every write from then on */
	CRASH_WRITE_ERROR, /* a write fails with an I/O error, once */
	CRASH_SYNC_ERROR_ONCE,
	CRASH_SYNC_ERROR,
};

/* Makes it SQLite's default for the files opened from now on. */
void crashvfs_begin(void);
/* Operation number n (writes, truncations and syncs count, from 1) of those to come fails. */
void crashvfs_fail(enum crash_fault fault, int n);
/* Faults are over; a cut power is back (the files were lost before: see below). */
void crashvfs_heal(void);
int crashvfs_noperations(void); /* since the last crashvfs_fail() */
/*
 * Cuts the power now, if it is not: close all connections after it, then crashvfs_restart() writes
 * what is left of each file.
 */
void crashvfs_cut(void);
void crashvfs_restart(unsigned seed);
void crashvfs_end(void); /* the files were closed or lost before */

#endif
