/* What a user has set of a job as its row keeps it: the packed fields and their checksum. */
#ifndef STORE_SPEC_H
#define STORE_SPEC_H

#include "model/job.h"

/* Into *spec, in place of what it holds. */
void spec_pack(const struct job *job, struct buf *spec);
/* Into a job_init()ed job. 0, or -1 with *err: it is damaged. */
int spec_unpack(struct job *job, const void *spec, size_t len, struct err *err);
/* Appends the checksum of what the buffer holds: format 5 gives it to what is older. */
void spec_seal(struct buf *packed);

#endif
