/* The output of a run, fetched piece by piece and shown. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>

#include "base/buf.h"
#include "cli/client.h"

/* How to show it. */
struct output_style {
	bool is_raw;  /* the very bytes, also to a terminal */
	bool is_json; /* the pieces as run.output gives them, with the run, an object a line */
	enum { STREAMS_BOTH, STREAMS_STDOUT, STREAMS_STDERR } streams; /* of what is kept apart */
	bool follow; /* stay until the run has ended, retries included */
};

/*
 * Writes the output of the run's attempt (0: the last; following goes through all from it on) to
 * stdout, and a stderr that is kept apart to stderr, or to stdout when it alone is wanted or is
 * JSON. To a terminal, control bytes are made visible. False: a call failed and was said.
 */
bool output_show(struct client *client, int64_t run, int attempt, const struct output_style *style);

/* Waits until the run has ended and gives its object (new reference); NULL: it failed. */
json_t *run_wait(struct client *client, int64_t run);

/* Is this run object's state one that never changes any more? */
bool run_has_ended(const json_t *run);

/* The exit code that stands for how a run ended: its own, 128+n for a signal, 124 for time-out. */
int run_exit_code(const json_t *run);

/* Reads base64 (RFC 4648 4, padding included). False: it is none. */
bool base64_add(struct buf *out, const char *text, size_t len);

#endif
