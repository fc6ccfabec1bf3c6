/* Patterns in plain English: "at 02:30 on Monday to Friday". */
#ifndef WHEN_EXPLAIN_H
#define WHEN_EXPLAIN_H

#include "base/buf.h"
#include "when/pattern.h"

/* The time of day, then the days, months and years as far as they are restricted. */
void explain_pattern(const struct pattern *pattern, struct buf *out);

#endif
