/* Why a job ran at an instant, or did not, or will: the record and the schedule in words. */
#ifndef CONTROL_WHY_H
#define CONTROL_WHY_H

#include <jansson.h>

#include "engine/store.h"
#include "when/zones.h"

/*
 * The answer of job.why from an INTENT_WHY's: the job, the instant, whether the schedule names
 * it, the run that covers it (null: none), the due instants around it, and the decisions as
 * sentences, in the order in which they were taken. `trouble`: why nothing is started now, or "".
 */
json_t *why_explain(const struct intent *intent, struct zones *zones, const char *trouble);

#endif
