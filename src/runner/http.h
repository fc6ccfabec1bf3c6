/*
 * The runner that sends HTTP requests: libcurl's multi interface on the daemon's loop. Nothing
 * here blocks: names are looked up on libcurl's threads, answers are kept in memory, large ones in
 * memory files.
 *
 * Rules: http and https only, certificates verified, no redirects, proxies, cookies, .netrc or
 * decompression. A request that may not reach the server twice (request_may_repeat()) gets a
 * connection of its own, because libcurl sends again what a kept-alive one swallowed. Each carries
 * Idempotency-Key (the run's id) and Asched-Due unless the job has headers of these names. A body
 * without a Content-Type header of the job is sent without one.
 *
 * Ends: OUTCOME_HTTP with a whole answer; OUTCOME_NETWORK with none, a late (is_timeout), a too
 * large or a stopped one, text "stopped"; OUTCOME_START_FAILED (EINVAL) when the job cannot be
 * sent. A time-out is the job's, else HTTP_TIMEOUT; it counts from start(), the time in the queue
 * for a name look-up included. output() gives -1 until the first byte of the body.
 *
 * The process must ignore SIGPIPE. Environment variables (http_proxy, SSL_CERT_FILE) change
 * nothing.
 */
#ifndef RUNNER_HTTP_H
#define RUNNER_HTTP_H

#include <ev.h>
#include <stddef.h>

#include "base/err.h"
#include "base/usec.h"
#include "engine/runner.h"

#define HTTP_TIMEOUT          (60 * USEC_PER_SEC)
#define HTTP_CONNECT_TIMEOUT  (10 * USEC_PER_SEC) /* look-up, TCP and TLS together */
#define HTTP_HEADERS_MAX      65536               /* bytes of all header lines of an answer */
#define HTTP_LOOKUPS_MAX      16                  /* names being looked up at once, see http.c */
#define HTTP_LOOKUPS_PER_NAME 4                   /* of these, of one name */
#define HTTP_LOOKUP_LINGER    (30 * USEC_PER_SEC)

struct http_config {
	const char *ca_file; /* certificates that are trusted; NULL: libcurl's own file */
	size_t output_max;   /* bytes of a body that are kept; a larger one fails the run */
	int active_max;      /* requests under way; also the connections that are kept */
	unsigned refused;    /* ADDRESS_BIT()s that are not connected to; ADDRESS_NEVER is added */
};

#define HTTP_CONFIG_STANDARD ((struct http_config){ .output_max = 1 << 20, .active_max = 256 })

/* Where libcurl finds the certificates that it trusts: a file, a directory of them; NULL: none. */
const char *http_ca_file(void);
const char *http_ca_dir(void);

/*
 * The events are told on the loop. NULL with *err when this libcurl lacks TLS or its own resolver
 * threads. *config and *events are copied; ca_file is borrowed until http_runner_free().
 */
struct runner *http_runner_new(struct ev_loop *loop, const struct http_config *config,
			       const struct runner_events *events, struct err *err);
void http_runner_free(struct runner *runner); /* drops what is under way without an event */

#endif
