/*
 * How many instants a schedule has in a time, and which is the Nth of them.
 *
 * DESIGN. A time is made of spans of constant offset, these of days that match or do not, and every
 * day that matches has the same number of instants: so they are counted by the month. The Nth is
 * then found by halving the time, which needs no second rule of what is due when; what is counted
 * is halved with it, so that all of it is counted twice at most.
 */
#include "when/schedule.h"

static int64_t
count_pattern(const struct schedule *s, usec_t after, usec_t until)
{
	struct schedule_walk walk = schedule_walk(s);
	return walk_count(walk.pattern, walk.zone, walk.rule, after, until);
}

static int64_t
count_every(const struct schedule *s, usec_t after, usec_t until)
{
	return every_count(&s->every, after, until);
}

static int64_t
count_at(const struct schedule *s, usec_t after, usec_t until)
{
	return s->at.at > after && s->at.at <= until;
}

static int64_t (*const counters[SCHEDULE_NKINDS])(const struct schedule *, usec_t, usec_t) = {
	[SCHEDULE_AT] = count_at,
	[SCHEDULE_EVERY] = count_every,
	[SCHEDULE_CRON] = count_pattern,
	[SCHEDULE_CALENDAR] = count_pattern,
};

int64_t
schedule_count(const struct schedule *s, usec_t after, usec_t until)
{
	if (until >= SCHEDULE_END)
		until = SCHEDULE_END - 1;
	return counters[s->kind] && after < until ? counters[s->kind](s, after, until) : 0;
}

usec_t
schedule_nth(const struct schedule *s, usec_t after, usec_t until, int64_t n)
{
	usec_t low = after, high = until < SCHEDULE_END ? until : SCHEDULE_END - 1;
	while (high - low > 1) { /* fewer than n up to low, n or more up to high */
		usec_t middle = low + (high - low) / 2;
		int64_t nbefore = schedule_count(s, low, middle);
		if (nbefore < n) {
			n -= nbefore;
			low = middle;
		} else {
			high = middle;
		}
	}
	return high;
}
