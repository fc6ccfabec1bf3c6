/*
 * Points at which a crash must do no harm. In the programs nothing happens there: a test daemon
 * links a failpoint() of its own before this library, tests/fake/trial_failpoint.c.
 */
#ifndef BASE_FAILPOINT_H
#define BASE_FAILPOINT_H

/* "commit", "claim": just before the commit of a group with a claim in it. */
void failpoint(const char *step, const char *what);

#endif
