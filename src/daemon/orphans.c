/* Watching processes that are not our children, by pidfd. */
#include "daemon/orphans.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "daemon/machine.h"

struct orphan {
	struct orphan *next;
	struct orphans *orphans;
	ev_io ends; /* a pidfd is readable when the process has ended */
	int64_t run_id;
	int attempt;
};

static void
orphan_free(struct orphan *orphan)
{
	struct orphan **link = &orphan->orphans->first;
	while (*link != orphan)
		link = &(*link)->next;
	*link = orphan->next;
	ev_io_stop(orphan->orphans->loop, &orphan->ends);
	close(orphan->ends.fd);
	free(orphan);
}

static void
on_end(struct ev_loop *loop, ev_io *io, int revents)
{
	struct orphan *orphan = io->data;
	struct orphans *orphans = orphan->orphans;
	int64_t run_id = orphan->run_id;
	int attempt = orphan->attempt;
	(void)loop;
	(void)revents;
	orphan_free(orphan);
	orphans->ended(orphans->arg, run_id, attempt);
}

bool
orphans_watch(struct orphans *orphans, const struct attempt *attempt)
{
	/* The descriptor first: what is compared afterwards cannot be another process any more. */
	int fd = (int)syscall(SYS_pidfd_open, attempt->pid, 0);
	if (fd < 0)
		return false;
	if (machine_process_start(attempt->pid) != attempt->pid_start) {
		close(fd);
		return false;
	}
	struct orphan *orphan = mem_alloc(sizeof(*orphan));
	orphan->orphans = orphans;
	orphan->run_id = attempt->run_id;
	orphan->attempt = attempt->number;
	orphan->next = orphans->first;
	orphans->first = orphan;
	ev_io_init(&orphan->ends, on_end, fd, EV_READ);
	orphan->ends.data = orphan;
	ev_io_start(orphans->loop, &orphan->ends);
	return true;
}

void
orphans_fini(struct orphans *orphans)
{
	while (orphans->first)
		orphan_free(orphans->first);
}
