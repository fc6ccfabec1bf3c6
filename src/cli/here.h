/* Where a command is given: working directory, umask and environment, as at(1) keeps them. */
#ifndef CLI_HERE_H
#define CLI_HERE_H

#include "cli/params.h"

/*
 * Adds cwd, umask and env to the parameters, as far as they are not given. Variables that no job
 * may have are left out, which is said. EXIT_DONE, or EXIT_USAGE after saying why not.
 */
int here_take(const struct params *params);

#endif
