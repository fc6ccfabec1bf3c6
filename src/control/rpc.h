/*
 * JSON-RPC 2.0 over lines: a line is a request or a batch of them, and gets one line back (none
 * when all its requests are notifications). The answers of a batch stand in the order in which
 * they were known.
 */
#ifndef CONTROL_RPC_H
#define CONTROL_RPC_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define RPC_BATCH_MAX 1000              /* requests of one batch */
#define RPC_REPLY_MAX ((size_t)4 << 20) /* bytes of one answer line; what is beyond is `busy` */

struct control;
struct message;
struct peer;

/* What a connection has under way. */
struct rpc {
	struct message *messages;
};

/* Serves a line; the answer may come later. */
void rpc_line(struct control *control, struct peer *peer, const char *line, size_t len);

/* The peer is gone: what is under way will be answered to nobody. */
void rpc_abandon(struct rpc *rpc);

/*
 * The line, with its newline, that tells an error without a request; what is invalid is its
 * form.
 */
void rpc_add_error(struct buf *out, const struct err *err);

#endif
