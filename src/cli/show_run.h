/* asched show --run: one run and its attempts. */
#ifndef CLI_SHOW_RUN_H
#define CLI_SHOW_RUN_H

#include <jansson.h>

#include "cli/screen.h"

/* Prints the answer of run.get. */
void show_run(const struct screen *screen, const json_t *run);

#endif
