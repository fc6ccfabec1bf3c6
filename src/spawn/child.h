/*
 * One child from fork to exec, a straight line. Whatever goes wrong is written on its card, in
 * memory shared with the spawner; that the program runs is told by the end of exec_fd, which
 * closes on exec. Unlike the spawner the child may allocate, wait and look things up: it has a
 * time limit.
 */
#ifndef SPAWN_CHILD_H
#define SPAWN_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "spawn/msg.h"

/* What a child tells of itself before it executes its program. */
struct card {
	int32_t stage;   /* enum msg_stage: what it is at */
	int32_t error;   /* errno of that stage, when it failed; 0: it did not */
	int64_t exec_at; /* microseconds since 1970: when it executed its program */
};

/* What the spawner found when it was started and its children must not inherit from it. */
struct normal {
	struct rlimit nofile; /* the limit before the spawner raised its own */
	int nice;
	bool has_oom_adjustment;
};

struct child_plan {
	const struct msg *msg; /* a START, and its payload */
	const char *payload;
	int null_fd, output_fd, errors_fd, exec_fd;
	int cgroup_fd;    /* cgroup.h */
	bool may_set_ids; /* else the run has the spawner's own ids */
	const struct normal *normal;
	struct card *card;
};

_Noreturn void child_run(const struct child_plan *plan);

/*
 * Sets all user and group ids of a process with root's rights, reads them back and proves that
 * there is no way back to root. The groups have been set. 0, or -1 with errno.
 */
int child_set_ids(uid_t uid, gid_t gid);

#endif
