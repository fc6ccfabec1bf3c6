/*
 * A pseudo-terminal for a run, and the person's own terminal in front of it: what is typed goes
 * in, what the run writes comes out, and the sizes follow. The person's terminal is raw only
 * while the run's has a session, so until it is started, and between two attempts, Ctrl-C is a
 * signal to us.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <sys/types.h>

#include "base/err.h"

struct terminal;

/*
 * Makes one with the size and the settings of standard input, which has to be a terminal, for
 * runs of that user. NULL with *err. INT, TERM and HUP wait for the relay from now on: whoever
 * asks for a run in between is not ended before he can take it back.
 */
struct terminal *terminal_new(uid_t uid, struct err *err);
/* NULL is fine. A run that still has it gets a HUP. */
void terminal_free(struct terminal *terminal);

int terminal_number(const struct terminal *terminal); /* N of /dev/pts/N */

/* Has the run ended? -1: that cannot be told now. */
typedef int terminal_has_ended_fn(void *arg);

/*
 * Relays until the run has ended and everything that it wrote is shown: 0. Or until INT, TERM or
 * HUP comes, or the person's terminal is gone (HUP): the signal's number. The person's terminal
 * is as it was before.
 */
int terminal_relay(struct terminal *terminal, terminal_has_ended_fn *has_ended, void *arg);

#endif
