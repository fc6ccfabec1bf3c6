/* The usual mistakes in schedules: what is written, what it means, and how to write the other. */
#ifndef WHEN_LINT_H
#define WHEN_LINT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/usec.h"
#include "when/schedule.h"

/*
 * Looks at a parsed schedule, at the TEXT it was read from, and at what DST does to it in the two
 * years after NOW. Adds a line for each remark to *out; returns how many.
 */
size_t lint_schedule(const struct schedule *s, const char *text, usec_t now, struct buf *out);

#endif
