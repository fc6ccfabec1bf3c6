/*
 * What an HTTP job may send. Pure checks of what goes onto the wire, so that nothing in a job can
 * end a line, start a second request or tunnel; made when a job is added and again before use.
 */
#ifndef MODEL_REQUEST_H
#define MODEL_REQUEST_H

#include <stdbool.h>

#include "base/err.h"
#include "model/job.h"

#define REQUEST_URL_MAX    8192
#define REQUEST_HEADER_MAX 8192
#define REQUEST_METHOD_MAX 32

/*
 * The job's url, method, body, headers and expect-status as a whole. 0, or -1 with *err naming the
 * field and the value.
 */
int request_check(const struct job *job, struct err *err);

/* http:// or https:// with a host, without blanks and control bytes (RFC 3986). */
int request_check_url(const char *url, struct err *err);
/*
 * A token (RFC 9110 part 5.6.2) in capitals, for methods are case-sensitive and "get" is a slip;
 * not CONNECT, which would open a tunnel.
 */
int request_check_method(const char *method, struct err *err);
/*
 * "Name: value", no control byte but tab. Names that frame the message or belong to the
 * connection (Content-Length, Transfer-Encoding, Connection ...) are refused: a wrong one would
 * leave the connection out of step.
 */
int request_check_header(const char *header, struct err *err);

/* Has the job such a header? In any case (RFC 9110 part 5.1). */
bool request_has_header(const struct job *job, const char *name);

/* The method it is sent with: the job's, else POST with a body and GET without. */
const char *request_method(const struct job *job);

/*
 * May it reach the server twice? Yes with on-lost=retry; with GET and HEAD unless on-lost=fail.
 * Else it is at most once, and nothing may send it again unasked.
 */
bool request_may_repeat(const struct job *job);

#endif
