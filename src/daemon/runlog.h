/* The log of runs: one line for a start and one for an end, with ids, result and duration. */
#ifndef DAEMON_RUNLOG_H
#define DAEMON_RUNLOG_H

#include "engine/engine.h"

void runlog_write(const struct run_event *event);

#endif
