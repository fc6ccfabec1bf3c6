/*
 * The backend as simply as it can be said: rows in memory, found by looking at them. It is what
 * SQLite is compared with, and what the simulator runs on. A crash of the daemon is a rollback();
 * what was committed stays.
 */
#ifndef FAKE_BACKEND_MEM_H
#define FAKE_BACKEND_MEM_H

#include "store/backend.h"

struct backend *backend_mem_new(void);
/* From now on close() keeps what was committed, as a file does; backend_mem_free() ends it. */
void backend_mem_keep(struct backend *backend);
void backend_mem_free(struct backend *backend);

/* The n-th operation from now fails, once (1: the next one; 0: none will). */
void backend_mem_fail_operation(struct backend *backend, int64_t n);
/* Has the failure that was asked for not come yet? */
bool backend_mem_is_armed(const struct backend *backend);

enum mem_commit {
	MEM_COMMIT_LOST, /* the commit fails and nothing of it is there */
	MEM_COMMIT_KEPT, /* it is told to have failed, but is there */
};
/* The n-th commit from now fails, once. */
void backend_mem_fail_commit(struct backend *backend, int64_t n, enum mem_commit outcome);

int backend_mem_ntended(struct backend *backend); /* how often it was asked to keep house */

/* A full disk: commits fail while the reserve takes the room, and none can be kept anew. */
void backend_mem_fill(struct backend *backend, bool is_full);

#endif
