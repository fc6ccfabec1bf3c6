/* The job that a person means. */
#ifndef CLI_FIND_H
#define CLI_FIND_H

#include <stdint.h>

#include "cli/client.h"

/*
 * For looking at a job, not for changing one: the id in the word, or that of the unfinished job
 * of this name, or else of the newest finished one, so that `asched logs NAME` works when all is
 * over. 0: there is none, or the daemon failed; *err tells, nothing was said.
 */
int64_t find_job(struct client *client, const char *word, struct err *err);

#endif
