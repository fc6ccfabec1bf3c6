/* Spans, results and commands in the words that people read. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include <jansson.h>

#include "base/buf.h"
#include "base/usec.h"
#include "cli/screen.h"

#define WORDS_MAX 256

/* The two greatest units: "3h 12m", "2d 4h", "45s", "now" below a second. Never negative. */
const char *words_span(usec_t span, char out[WORDS_MAX]);
/* How long something took: "350ms", "1.2s", "3m 5s". */
const char *words_took(usec_t took, char out[WORDS_MAX]);
/* How long the run, or its attempt that goes on, took; "-" where none goes on and it has no end. */
const char *words_run_took(const json_t *run, usec_t now, char out[WORDS_MAX]);
/* Before or after `now`: "in 3h 12m", "5s ago". "-" for no instant. */
const char *words_when(usec_t at, usec_t now, char out[WORDS_MAX]);
/* "1.2 MiB" */
const char *words_bytes(int64_t bytes, char out[WORDS_MAX]);

/* What became of a run object: "ok", "exit 3", "SIGKILL", "skipped: overlap", with the detail. */
const char *words_result(const json_t *run, char out[WORDS_MAX]);
enum color color_result(const json_t *run);

/*
 * Adds the name of a job or run object (its member `name_key`) as one would type it: that of
 * somebody else's job as owner/name. Nothing when it has none.
 */
void words_name(const json_t *object, const char *name_key, struct buf *out);

/* Adds the schedule of a job object in short: "30 6 * * *", "every 10s", "once". */
void words_schedule(const json_t *job, struct buf *out);

/* Adds the command of a job object as a shell would read it; or the URL. */
void words_command(const json_t *job, struct buf *out);

/* The user's name; the uid where there is none. */
const char *words_user(int64_t uid, char out[WORDS_MAX]);

#endif
