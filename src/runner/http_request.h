/*
 * One HTTP request and what came back: a libcurl handle with all rules set, its callbacks, and
 * the outcome made of it. Knows no loop and no other request. Used by http.c only.
 */
#ifndef RUNNER_HTTP_REQUEST_H
#define RUNNER_HTTP_REQUEST_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/run.h"
#include "runner/http.h"

/* How far it got, in this order; a kept connection jumps from NEW to SENT. */
enum http_phase {
	HTTP_NEW,
	HTTP_LOOKING_UP, /* a thread of libcurl asks for the name */
	HTTP_CONNECTING, /* TCP and TLS */
	HTTP_SENT,       /* the server may have it from here on */
	HTTP_ANSWERED,   /* the first header came */
	HTTP_NPHASES,
};

struct http_request {
	CURL *easy; /* its CURLOPT_PRIVATE belongs to the user of this */
	struct curl_slist *headers;
	bool is_private; /* curl_memory_hold() */
	char *expect_status;
	enum http_phase phase;
	unsigned refused; /* kinds of addresses */
	size_t output_max;
	size_t header_bytes;
	int64_t body_bytes; /* received, kept or not */
	struct buf body;    /* what came of it, while it is small; */
	int output_fd;      /* then it is in a file. -1: there is none */
	char *name;         /* that has to be looked up; NULL: the host is an address */
	char curl_text[CURL_ERROR_SIZE];
	char text[OUTCOME_TEXT_MAX]; /* why a callback of ours ended it; "" if none did */
};

/*
 * Makes the handle ready to be added to a multi handle. The request must not move. The job is not
 * needed afterwards. 0, or -1 with *err: it cannot be sent; then nothing is held.
 */
int http_request_init(struct http_request *request, const struct job *job, const struct run *run,
		      const struct http_config *config, struct err *err);
/* The outcome of one that http_request_init() has refused. */
void http_request_refuse(const struct err *why, usec_t now, struct outcome *outcome);
/* A new descriptor on what has come of the body; -1: nothing. */
int http_request_output(struct http_request *request);
/* Frees the handle (taken from its multi handle before) and everything else. */
void http_request_fini(struct http_request *request);

/*
 * What became of it, ended by libcurl with `code`, or by us (CURLE_OPERATION_TIMEDOUT,
 * CURLE_ABORTED_BY_CALLBACK: stopped). Gives the output.
 */
void http_request_end(struct http_request *request, CURLcode code, usec_t now,
		      struct outcome *outcome);

#endif
