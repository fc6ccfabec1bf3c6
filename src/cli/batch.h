/*
 * asched next --batch: JSON lines {"id":..,"expr":..,"tz":..,"from":..,"n":..} on standard input,
 * one line {"id":..,"times":[..]} or {"id":..,"error":".."} on standard output for each, in order.
 */
#ifndef CLI_BATCH_H
#define CLI_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "when/schedule.h"

#define BATCH_LINE_MAX  (64 * 1024)
#define BATCH_COUNT_MAX 10000 /* times a line may ask for */

/* Answers a line (without its newline) and adds the answer (with one) to *out. */
void batch_answer(const struct schedule_context *context, bool is_utc, const char *line, size_t len,
		  struct buf *out);

/* Answers standard input to its end. The exit code. */
int batch_run(const struct schedule_context *context, bool is_utc);

#endif
