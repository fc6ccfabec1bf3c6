/*
 * The way to the daemon: finding its socket, and lines back and forth with limits on length and
 * time. Knows nothing of what the lines mean.
 */
#ifndef CLI_LINK_H
#define CLI_LINK_H

#include "base/buf.h"
#include "base/err.h"
#include "cli/command.h"

#define LINK_LINE_MAX (16u << 20) /* bytes of an answer; a request may have 1 MiB */

struct link {
	int fd;        /* -1: closed */
	struct buf in; /* received and not yet taken */
};

/*
 * Where the daemon is: --socket, ASCHED_SOCKET, the user's own, the system's; the first of these
 * that exists (the first two are never passed over). Gives a text to free().
 */
char *link_find(const struct cli_options *options);

/*
 * Connects. A server that is neither root nor the caller is refused unless is_trusted. Paths of
 * any length work. 0, or -1 with *err (ERR_DENIED or ERR_SYSTEM).
 */
int link_open(struct link *link, const char *path, bool is_trusted, struct err *err);
void link_close(struct link *link);

/* Sends the bytes, all of them. 0, or -1 with *err: the connection is lost. */
int link_send(struct link *link, const char *data, size_t len, struct err *err);

/*
 * Takes one line without its newline into *line (cleared before). 0; or -1 with *err, when the
 * connection is lost, or nothing came for wait_s seconds (0: no limit), or the line is too long.
 */
int link_receive(struct link *link, struct buf *line, int wait_s, struct err *err);

#endif
