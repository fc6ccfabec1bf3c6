/*
 * A checksum over the numbers of a row, kept in its column `seal`. SQLite notices a flipped bit in
 * its pages' frames, but one in a row's bytes would just be another owner, or another time.
 */
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include "model/run.h"

/* Never 0, which a row has that was written before there were seals. */
int64_t seal_of(const int64_t *numbers, size_t n);

/*
 * Of what decides as whom and when a job runs; what a user has set has its own (store/spec.h). That
 * of a job of JOB_OWNER_UNKNOWN fits no row: it stays damaged.
 */
int64_t seal_job(const struct job *job);
/*
 * Of all but the gate and the detail of a run. One that is_damaged gets a seal that does
 * not fit.
 */
int64_t seal_run(const struct run *run);

#endif
