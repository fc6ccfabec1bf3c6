/*
 * The backend suite: the same sentences for every backend. A test gets a kit with a fresh backend
 * and an open transaction.
 */
#ifndef UNIT_STORE_BACKEND_H
#define UNIT_STORE_BACKEND_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "store/backend.h"

struct kit {
	struct backend *backend;
	const struct backend_ops *ops; /* the backend's */
	char *dir;                     /* of the database; NULL: in memory */
	struct err err;
};

/* Ends the open transaction well and opens the next. */
void kit_commit(struct kit *kit);
/* Adds an active job of that name; "every 1h" when next_start_at is not USEC_NEVER. Its id. */
int64_t kit_add_job(struct kit *kit, const char *name, usec_t next_start_at);
/* Adds a run of the job in that state, by the schedule. Its id. */
int64_t kit_add_run(struct kit *kit, int64_t job_id, usec_t due, enum run_state state);
struct run kit_run(struct kit *kit, int64_t id);

/* Each file's tests, with kits. */
extern const struct CMUnitTest store_backend_jobs[];
extern const size_t nstore_backend_jobs;
extern const struct CMUnitTest store_backend_runs[];
extern const size_t nstore_backend_runs;
extern const struct CMUnitTest store_backend_rest[];
extern const size_t nstore_backend_rest;

#endif
