/* Time for the daemon. */
#include "daemon/clock.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"

#define LAG_SAMPLES 1024 /* iterations that the percentiles are of */

struct clock {
	struct ev_loop *loop;
	struct clock_events events;
	ev_io timer;
	ev_check woke;    /* the loop has waited: work begins */
	ev_prepare waits; /* the loop is about to wait: work is done */
	usec_t armed_at;
	usec_t offset; /* CLOCK_REALTIME - CLOCK_BOOTTIME when we looked last */
	usec_t woke_at;
	usec_t lag_max;
	uint32_t nsamples; /* ever */
	uint32_t samples[LAG_SAMPLES];
};

static usec_t
read_clock(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (usec_t)ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

usec_t
clock_now(void)
{
	return read_clock(CLOCK_REALTIME);
}

usec_t
clock_elapsed(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static void
set_timer(const struct clock *clock, usec_t at)
{
	struct itimerspec when = {
		.it_value = { .tv_sec = (time_t)(at / USEC_PER_SEC),
			      .tv_nsec = (long)(at % USEC_PER_SEC * 1000) },
	};
	int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
	if (timerfd_settime(clock->timer.fd, flags, &when, NULL) == 0 || errno != ECANCELED)
		return;
	/*
	 * The clock was set since the timer was looked at last, and only this call is told:
	 * wake.
	 */
	when.it_value = (struct timespec){ .tv_nsec = 1 };
	timerfd_settime(clock->timer.fd, flags, &when, NULL);
}

void
clock_arm(struct clock *clock, usec_t at)
{
	usec_t now = clock_now();
	usec_t latest = now + CLOCK_SLEEP_MAX;
	if (at > latest) /* what is armed will do when it is soon enough: saves a call a tick */
		at = clock->armed_at > now && clock->armed_at <= latest ? clock->armed_at : latest;
	if (at < 1)
		at = 1; /* zero would disarm it */
	if (at == clock->armed_at)
		return;
	clock->armed_at = at;
	set_timer(clock, at);
}

usec_t
clock_look(struct clock *clock)
{
	usec_t now = clock_now();
	usec_t offset = now - read_clock(CLOCK_BOOTTIME);
	usec_t step = offset - clock->offset;
	clock->offset = offset;
	if (step >= CLOCK_STEP_MIN || step <= -CLOCK_STEP_MIN)
		clock->events.stepped(clock->events.arg, now - step, now);
	return now;
}

static void
on_timer(struct ev_loop *loop, ev_io *io, int revents)
{
	struct clock *clock = io->data;
	uint64_t nexpired;
	(void)loop;
	(void)revents;
	ssize_t n = read(io->fd, &nexpired, sizeof(nexpired));
	if (n < 0 && errno == EAGAIN)
		return;
	clock->armed_at = 0;
	clock->events.due(clock->events.arg, clock_look(clock));
}

static void
on_woke(struct ev_loop *loop, ev_check *check, int revents)
{
	struct clock *clock = check->data;
	(void)loop;
	(void)revents;
	clock->woke_at = clock_elapsed();
}

static void
on_waits(struct ev_loop *loop, ev_prepare *prepare, int revents)
{
	struct clock *clock = prepare->data;
	(void)loop;
	(void)revents;
	if (clock->woke_at == 0)
		return;
	usec_t lag = clock_elapsed() - clock->woke_at;
	if (lag > clock->lag_max)
		clock->lag_max = lag;
	clock->samples[clock->nsamples++ % LAG_SAMPLES] =
		lag > UINT32_MAX ? UINT32_MAX : (uint32_t)lag;
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

void
clock_measure(struct clock *clock, struct clock_lag *lag)
{
	uint32_t sorted[LAG_SAMPLES];
	size_t n = clock->nsamples < LAG_SAMPLES ? clock->nsamples : LAG_SAMPLES;
	memcpy(sorted, clock->samples, n * sizeof(sorted[0]));
	qsort(sorted, n, sizeof(sorted[0]), compare);
	*lag = (struct clock_lag){
		.p50 = n ? sorted[n / 2] : 0,
		.p99 = n ? sorted[n * 99 / 100] : 0,
		.max = clock->lag_max,
	};
}

void
clock_forget_lag(struct clock *clock)
{
	clock->woke_at = 0; /* nor does this turn */
	clock->nsamples = 0;
	clock->lag_max = 0;
}

struct clock *
clock_new(struct ev_loop *loop, const struct clock_events *events, struct err *err)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (fd < 0) {
		err_errno(err, "timerfd_create");
		return NULL;
	}
	struct clock *clock = mem_alloc(sizeof(*clock));
	clock->loop = loop;
	clock->events = *events;
	clock->offset = clock_now() - read_clock(CLOCK_BOOTTIME);
	ev_io_init(&clock->timer, on_timer, fd, EV_READ);
	ev_check_init(&clock->woke, on_woke);
	ev_prepare_init(&clock->waits, on_waits);
	clock->timer.data = clock->woke.data = clock->waits.data = clock;
	ev_io_start(loop, &clock->timer);
	ev_check_start(loop, &clock->woke);
	ev_prepare_start(loop, &clock->waits);
	/* Neither keeps the loop alive. */
	ev_unref(loop);
	ev_unref(loop);
	clock_arm(clock, USEC_NEVER);
	return clock;
}

void
clock_free(struct clock *clock)
{
	if (!clock)
		return;
	ev_ref(clock->loop);
	ev_ref(clock->loop);
	ev_prepare_stop(clock->loop, &clock->waits);
	ev_check_stop(clock->loop, &clock->woke);
	ev_io_stop(clock->loop, &clock->timer);
	close(clock->timer.fd);
	free(clock);
}
