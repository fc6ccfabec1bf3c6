/* Waiting for a clock that makes sense. */
#include "daemon/settle.h"

#include <stddef.h>

const char *
settle_doubt(usec_t now, usec_t seen_at)
{
	if (now < SETTLE_SANE_MIN)
		return "the clock shows a time before this program was made";
	if (seen_at != 0 && now < seen_at - SETTLE_BEHIND)
		return "the clock shows a time before the database was last used";
	if (seen_at != 0 && now > seen_at + SETTLE_AHEAD)
		return "the clock shows a time more than a day after the database was last used";
	return NULL;
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct settle *settle = timer->data;
	(void)loop;
	(void)revents;
	settle->over(settle->arg, false);
}

const char *
settle_begin(struct settle *settle, struct ev_loop *loop, usec_t now)
{
	const char *doubt = settle_doubt(now, settle->seen_at);
	if (!doubt)
		return NULL;
	ev_timer_init(&settle->timer, on_timer, (double)SETTLE_TIME / USEC_PER_SEC, 0.);
	settle->timer.data = settle;
	ev_timer_start(loop, &settle->timer);
	return doubt;
}

void
settle_look(struct settle *settle, struct ev_loop *loop, usec_t now)
{
	if (!ev_is_active(&settle->timer) || settle_doubt(now, settle->seen_at))
		return;
	ev_timer_stop(loop, &settle->timer);
	settle->over(settle->arg, true);
}
