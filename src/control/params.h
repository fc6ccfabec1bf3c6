/*
 * Reading parameters that method_check() has looked at: names, types and ranges are right, so
 * these only fail where more than the form counts.
 */
#ifndef CONTROL_PARAMS_H
#define CONTROL_PARAMS_H

#include <stdbool.h>

#include "control/call.h"

#define PAGE_STANDARD 100
#define PAGE_CHARGE   25 /* items that are worth a request */

bool params_have(const struct call *call, const char *name);        /* null counts as not there */
const char *params_text(const struct call *call, const char *name); /* NULL: not there */
int64_t params_number(const struct call *call, const char *name, int64_t otherwise);
bool params_flag(const struct call *call, const char *name); /* false: not there */
/* `limit`: how many items a page shall have. Many count as more requests than one. */
int64_t params_page(const struct call *call);
usec_t params_instant(const struct call *call, const char *name, usec_t otherwise);

/*
 * `job` into intent->ref. A name belongs to the caller unless it is "owner/name", where owner
 * is a uid or a user's name. 0, or -1 with *err.
 */
int params_job(const struct call *call, struct intent *intent, struct err *err);

/*
 * A value as an instant: RFC 3339, or microseconds since 1970; in the years of schedules.
 * The same.
 */
int params_read_instant(const char *name, const json_t *value, usec_t *at, struct err *err);

/* A uid, or the name of a user that an operator gives; `field` is for the error. The same. */
int params_find_user(const struct call *call, const char *field, const char *name, uid_t *uid,
		     struct err *err);
/* The parameter as one of these. 0, or -1 with *err. */
int params_user(const struct call *call, const char *name, uid_t *uid, struct err *err);

#endif
