/*
 * The runner of HTTP jobs whose headers, credentials or body stand in files of their user: has
 * them read anew for every attempt, then leaves the request to the HTTP runner. What was read is
 * in the memory of that one request and nowhere else. A file that cannot be read or used ends the
 * attempt as OUTCOME_START_FAILED. Jobs without files go straight through.
 *
 * The way of a secret. The job, the database, messages and logs have the path of its file only. A
 * child of the spawner that has become the user reads the file (spawn/user_file.c):
 *
 *   env file       into its own environment, on its own stack, and executes the program: neither
 *                  spawner nor daemon ever have it
 *   header, auth,  by sendfile() into a memory file, which no program maps; the spawner keeps its
 *   body file      descriptor until we forget() it. We map it, copy its lines into this attempt's
 *                  job (model/request_file.c), and unmap it; libcurl copies them for the wire
 *
 * Every copy is overwritten before it is freed: ours by request_file_wipe(), libcurl's by
 * runner/curl_memory.h (but over HTTP/2, where nghttp2 may keep a header in a table of its own); what
 * OpenSSL sends it encrypts in place. They are never in a core file: none
 * of our processes is dumpable, and only root may look into them.
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
