/*
 * May the clock be believed when the daemon starts? A machine without a battery begins in 1970 and
 * is put right by the network some seconds later. What is due by a wrong clock would be run at the
 * wrong time, or taken for missed; so claims are held until the clock makes sense, but not for
 * ever: a machine that never gets a better clock is served by the one it has (reliability.md R-48).
 */
#ifndef DAEMON_SETTLE_H
#define DAEMON_SETTLE_H

#include <ev.h>
#include <stdbool.h>

#include "base/usec.h"

/* Nobody ran this program before: 2026-01-01. */
#define SETTLE_SANE_MIN (INT64_C(1767225600) * USEC_PER_SEC)
/* So far from when the database was last used: behind it, ahead of it. */
#define SETTLE_BEHIND (60 * USEC_PER_SEC)
#define SETTLE_AHEAD  (24 * 3600 * USEC_PER_SEC)
/* How long a better clock is waited for. */
#define SETTLE_TIME (60 * USEC_PER_SEC)

/*
 * What is wrong with the clock; NULL: nothing. seen_at: when the database was last used; 0:
 * never.
 */
const char *settle_doubt(usec_t now, usec_t seen_at);

struct settle {
	usec_t seen_at;
	ev_timer timer;
	void (*over)(void *arg, bool is_believed); /* it makes sense now, or the time is over */
	void *arg;
};

/* Begins to wait if the clock is in doubt, and then returns why, else NULL. */
const char *settle_begin(struct settle *settle, struct ev_loop *loop, usec_t now);
/* The clock was set: perhaps it makes sense now. */
void settle_look(struct settle *settle, struct ev_loop *loop, usec_t now);

#endif
