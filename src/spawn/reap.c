/*
 * Reaping: look first (WNOWAIT), act while the pid still is that process's, then reap. So a pid
 * that is signalled can not have become somebody else's.
 */
#include "spawn/reap.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spawn/cgroup.h"
#include "spawn/daemon.h"
#include "spawn/output.h"
#include "spawn/start.h"
#include "spawn/ticks.h"

#define REAP_ROUND_MAX 256 /* then other events get their turn */

static int64_t
total_us(const struct timeval *a, const struct timeval *b)
{
	return (int64_t)(a->tv_sec + b->tv_sec) * TICKS_US_PER_SEC + a->tv_usec + b->tv_usec;
}

static void
end_run(struct spawner *sp, struct slot *slot)
{
	struct msg_report *report = &slot->report;
	struct rusage usage = { 0 };
	int status = 0;
	int64_t at = ticks_real_us();
	if (slot->state == SLOT_STARTING)
		start_settle(sp, slot);
	(void)wait4(report->pid, &status, 0, &usage);
	if (slot->state != SLOT_RUNNING)
		return; /* its end was told by the failed start */
	output_end(sp, slot);
	report->wait_status = status;
	report->ended_at = at;
	report->cpu_us = total_us(&usage.ru_utime, &usage.ru_stime);
	report->peak_kib = usage.ru_maxrss;
	if (slot->has_cgroup)
		cgroup_end(sp, slot);
	else
		report->nleftovers = tree_leftovers(sp->tree, sp->slots, slot, sp->daemon.pid);
	slots_set_state(sp->slots, slot, SLOT_EXITED);
}

void
reap_all(struct spawner *sp)
{
	for (int i = 0; i < REAP_ROUND_MAX; i++) {
		siginfo_t info = { 0 };
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0) {
			sp->must_reap = false;
			return;
		}
		struct slot *slot = slots_find_pid(sp->slots, info.si_pid);
		int status = 0;
		if (slot) {
			end_run(sp, slot);
			continue;
		}
		(void)waitpid(info.si_pid, &status, 0);
		if (info.si_pid == sp->daemon.pid)
			daemon_ended(sp, status);
		else
			tree_forget_stray(sp->tree, info.si_pid);
	}
}
