/*
 * Failpoints of the trial daemon: it kills itself at the point STEP-WHAT for each file STEP-WHAT.1
 * and STEP-WHAT.2 that is in the directory ASCHED_TRIAL, which is removed with that: so a daemon
 * that is started again dies there twice in a row, and lives on the third time. Where there is a
 * file STEP-WHAT.always, it dies each time.
 */
#include "base/failpoint.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fake/trial_memory.h"

/* memory-STEP-WHAT holds a number: so many allocations after the point one finds no memory. */
static void
spoil_memory(const char *dir, const char *step, const char *what)
{
	char path[4096], text[32] = "";
	snprintf(path, sizeof(path), "%s/memory-%s-%s", dir, step, what);
	FILE *file = fopen(path, "re");
	if (!file)
		return;
	bool is_read = fgets(text, sizeof(text), file);
	fclose(file);
	unlink(path);
	trial_memory_fail(is_read ? strtol(text, NULL, 10) : 0);
}

void
failpoint(const char *step, const char *what)
{
	const char *dir = getenv("ASCHED_TRIAL");
	char path[4096];
	for (int n = 1; dir && n <= 2; n++) {
		snprintf(path, sizeof(path), "%s/%s-%s.%d", dir, step, what, n);
		if (unlink(path) == 0)
			__builtin_trap(); /* it may not call kill(2), nor would a crash */
	}
	snprintf(path, sizeof(path), "%s/%s-%s.always", dir ? dir : "/nonexistent", step, what);
	if (access(path, F_OK) == 0)
		__builtin_trap();
	if (dir)
		spoil_memory(dir, step, what);
}
