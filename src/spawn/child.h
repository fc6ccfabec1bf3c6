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
	const struct msg_start *start;
	const char *cwd;         /* "": the user's home */
	const char *env_file;    /* of the user's; "": none */
	const char *output_file; /* likewise: instead of output_fd, and of errors_fd unless split */
	const char *const *args; /* NULL-terminated */
	const char *const *env;  /* NULL-terminated; what the daemon adds */
	const char *stdin_text;  /* start->stdin_len bytes, which stdin_fd will give */
	int stdin_fd, output_fd, errors_fd, exec_fd;
	int cgroup_fd;    /* to be written "0" to, to enter it; -1: none */
	bool may_set_ids; /* else the run has the spawner's own ids */
	const struct normal *normal;
	struct card *card;
};

_Noreturn void child_run(const struct child_plan *plan);

#endif
