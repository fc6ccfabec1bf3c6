/*
 * The only reader of clocks. Tells the time, wakes the loop at an instant of CLOCK_REALTIME
 * (one absolute timerfd, cancelled when the clock is set), and notices steps of the clock by
 * comparing it with CLOCK_BOOTTIME, which counts suspend, too, so that sleeping is no step.
 */
#ifndef DAEMON_CLOCK_H
#define DAEMON_CLOCK_H

#include <ev.h>

#include "base/err.h"
#include "base/usec.h"

usec_t clock_now(void);     /* CLOCK_REALTIME */
usec_t clock_elapsed(void); /* CLOCK_MONOTONIC: for durations */

/* What is smaller is slewing or a leap second. */
#define CLOCK_STEP_MIN (2 * USEC_PER_SEC)

/*
 * How long the clock sleeps at most: steps are noticed after this even if nobody tells. A little
 * less than the 59.7 s after which libev looks up by itself, so that one wake-up serves both.
 */
#define CLOCK_SLEEP_MAX (59 * USEC_PER_SEC)

struct clock_events {
	void (*due)(void *arg,
		    usec_t now); /* the armed instant has come, or the time to look again */
	void (*stepped)(void *arg, usec_t from, usec_t now); /* before due() of the same moment */
	void *arg;
};

struct clock;

struct clock *clock_new(struct ev_loop *loop, const struct clock_events *events, struct err *err);
void clock_free(struct clock *clock);

/*
 * Tells the time after a look whether it jumped, and then tells of the step first: who acts by a
 * time must not take a jump for time that has passed.
 */
usec_t clock_look(struct clock *clock);

/* Wakes at `at` (in the past: at once), or after CLOCK_SLEEP_MAX if that is earlier. */
void clock_arm(struct clock *clock, usec_t at);

/*
 * How long the loop was busy between two waits: what an event that came meanwhile had to wait.
 * Of the last iterations; all in microseconds.
 */
struct clock_lag {
	usec_t p50, p99, max; /* max: since clock_forget_lag() */
};
void clock_measure(struct clock *clock, struct clock_lag *lag);
void clock_forget_lag(struct clock *clock); /* what was before the daemon served does not count */

#endif
