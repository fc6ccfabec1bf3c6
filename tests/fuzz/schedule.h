/* What must hold for every text that is taken as a schedule. */
#ifndef FUZZ_SCHEDULE_H
#define FUZZ_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#include "when/schedule.h"

/*
 * Parses the bytes as that kind. What is accepted prints and reads back as the same text, its next
 * times strictly grow, and it can be explained and linted. Aborts when one of these fails.
 */
void fuzz_schedule(enum schedule_kind kind, const uint8_t *data, size_t size);

#endif
