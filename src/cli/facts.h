/* Facts about one thing on stdout: a label and a value a line. */
#ifndef CLI_FACTS_H
#define CLI_FACTS_H

#include "cli/screen.h"

/* The value is made safe to show. No line is printed when it is "". */
void fact(const struct screen *screen, const char *label, enum color color, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
