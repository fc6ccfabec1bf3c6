/* Signals to a run: its process group. */
#include "spawn/tree.h"

#include <signal.h>
#include <unistd.h>

/*
 * The main process has not been reaped, so its pid names it, and the group that it leads. It
 * may not have come to setsid() yet: then there is no such group, and it is alone.
 */
static void
send_to(const struct slot *slot, int signo)
{
	if (kill(-slot->report.pid, signo) < 0)
		kill(slot->report.pid, signo);
}

void
tree_stop(const struct slot *slot, enum msg_stop how)
{
	if (slot->state != SLOT_STARTING && slot->state != SLOT_RUNNING)
		return;
	if (how == MSG_STOP_SOFT) {
		send_to(slot, SIGTERM);
		send_to(slot, SIGCONT); /* a stopped process gets to its TERM only so */
	} else if (how == MSG_STOP_HARD) {
		send_to(slot, SIGKILL);
	}
}
