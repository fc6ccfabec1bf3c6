/*
 * Which HTTP statuses mean success: a list of statuses and ranges, "200-299,304". Pure; a list
 * is text that is read where it is needed. Statuses have three digits (RFC 9110 part 15).
 */
#ifndef MODEL_EXPECT_H
#define MODEL_EXPECT_H

#include <stdbool.h>

#include "base/err.h"

#define EXPECT_STANDARD  "200-299" /* what an unset list means */
#define EXPECT_ITEMS_MAX 32

/* Is the list well formed? 0, or -1 with *err naming the bad item; the caller adds the field. */
int expect_parse(const char *list, struct err *err);

/* Is the status in the list? NULL is the standard one; a bad list matches nothing. */
bool expect_matches(const char *list, int status);

#endif
