/*
 * The runner of HTTP jobs whose headers, credentials or body stand in files of their user: has
 * them read anew for every attempt, then leaves the request to the HTTP runner. What was read is
 * in the memory of that one request and nowhere else. A file that cannot be read or used ends the
 * attempt as OUTCOME_START_FAILED. Jobs without files go straight through.
 */
#ifndef RUNNER_HTTP_FILES_H
#define RUNNER_HTTP_FILES_H

#include <ev.h>

#include "engine/runner.h"
#include "runner/files.h"

/* Borrows `http` and the source; copies the events, which are those of `http`, too. */
struct runner *http_files_new(struct ev_loop *loop, struct runner *http, struct file_source *source,
			      const struct runner_events *events);
void http_files_free(struct runner *runner);

#endif
