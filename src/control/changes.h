/* Parameters that are fields of a job, as the changes that an intent carries. */
#ifndef CONTROL_CHANGES_H
#define CONTROL_CHANGES_H

#include <jansson.h>
#include <stdbool.h>

#include "engine/store.h"

/* Is it a field of the field table, or one of the ways to say when? */
bool change_is_known(const char *name);

/*
 * Turns the members of params that name fields into intent->changes, in their order. Values:
 * strings, numbers, arrays of strings, objects of strings (environment, headers), null (back to
 * the default). When: at most one of when, schedule, cron, calendar, every, at, in and
 * on_start. 0, or -1 with *err naming the field; the ledger judges the values.
 */
int changes_read(struct intent *intent, const json_t *params, struct err *err);

/* Has one of them this field? */
bool changes_have(const struct intent *intent, const char *name);

#endif
