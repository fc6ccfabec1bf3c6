/* Between the model and the spawner's messages: a job as a START, a report as an outcome. */
#ifndef RUNNER_PROCESS_MSG_H
#define RUNNER_PROCESS_MSG_H

#include "base/buf.h"
#include "model/run.h"
#include "runner/files.h"
#include "spawn/msg.h"
#include "when/zones.h"

#define PROCESS_UMASK 022

/* The body, but for output_max, and the payload of the START of run->attempt. */
void process_msg_start(const struct job *job, const struct run *run, struct zones *zones,
		       struct msg_start *start, struct buf *payload);

/* Of a START that reads files. */
void process_msg_files(const struct files_wish *wish, struct msg_start *start, struct buf *payload);

const char *process_msg_stage(int stage); /* "cwd"; never NULL */

/* What an EXITED or START_FAILED says. The outcome takes the descriptors (-1: none). */
void process_msg_outcome(const struct msg *msg, const int fds[MSG_NOUTPUTS],
			 struct outcome *outcome);

#endif
