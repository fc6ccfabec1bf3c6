/* Remarks on schedules. Each check looks for one mistake and is a row of the table at the end. */
#include "when/lint.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "when/bitlist.h"

#define LOOK_AHEAD     (2 * 366 * USEC_PER_DAY)
#define SHORTEST_MONTH 28
#define ORDINARY_YEAR  2001
#define QUARTZ_WEEKDAY 5 /* its place in the line */

/* What is looked at. */
struct subject {
	const struct schedule *schedule;
	const struct pattern *pattern; /* NULL: it is no pattern */
	struct scan text;              /* as it was written */
	bool is_wild;
	usec_t now;
	struct buf *out;
	size_t nremarks;
};

static void remark(struct subject *subject, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void
remark(struct subject *subject, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_printf(subject->out, "%s\n", text);
	subject->nremarks++;
}

static const struct cron *
cron_of(const struct subject *subject)
{
	return schedule_kind(subject->schedule) == SCHEDULE_CRON ? &subject->schedule->cron : NULL;
}

/* "* 3 * * *" */
static void
check_every_minute_of_some_hours(struct subject *subject)
{
	const struct pattern *p = subject->pattern;
	if (p->minutes == PATTERN_ALL_MINUTES && p->hours != PATTERN_ALL_HOURS)
		remark(subject,
		       "minute: due at every minute of the hours given; for once an hour write 0 "
		       "instead of *");
}

/* "* 5 3 * * *": the star of a five-field line, with a sixth field in front. */
static void
check_every_second_of_some_minutes(struct subject *subject)
{
	const struct pattern *p = subject->pattern;
	if (p->seconds == PATTERN_ALL_SECONDS && p->minutes != PATTERN_ALL_MINUTES)
		remark(subject,
		       "second: due at every second of the minutes given; for once a minute "
		       "write 0 instead of *");
}

/* A star with step 35. */
static void
check_uneven_step(struct subject *subject, uint64_t bits, int size, const char *unit)
{
	struct bitlist list = bitlist_of(bits, 0, size - 1);
	int first = bitlist_next(&list, 0), next = bitlist_next(&list, 1), last = first;
	if (first != 0 || next < 0)
		return;
	for (int n = next; n >= 0; n = bitlist_next(&list, n + 1)) {
		if (n - last != next)
			return; /* a list, not a step */
		last = n;
	}
	if (last + next < size || size % next == 0)
		return;
	remark(subject,
	       "%s: a step of %d starts anew at 0: the last interval is %d %ss long; for every "
	       "%d %ss write 'every %d%.1s'",
	       unit, next, size - last, unit, next, unit, next, unit);
}

static void
check_uneven_steps(struct subject *subject)
{
	const struct cron *cron = cron_of(subject);
	if (cron && cron->star_minute)
		check_uneven_step(subject, subject->pattern->minutes, 60, "minute");
	if (cron && cron->star_hour)
		check_uneven_step(subject, subject->pattern->hours, 24, "hour");
}

/* Every second day of the month. */
static void
check_step_over_days(struct subject *subject)
{
	const struct cron *cron = cron_of(subject);
	int first, step;
	struct bitlist days = bitlist_of(subject->pattern->days, 1, 31);
	if (cron && cron->star_day && bitlist_is_open(&days, &first, &step) && step > 1)
		remark(subject,
		       "day of month: the step starts anew on the 1st of each month; for every %d "
		       "days write 'every %dd'",
		       step, step);
}

/* A star with step 60 leads nowhere. */
static void
check_whole_step(struct subject *subject)
{
	const struct cron *cron = cron_of(subject);
	if (cron && cron->star_minute && subject->pattern->minutes == 1)
		remark(subject,
		       "minute: the step is as long as the hour: due at minute 0 only; write 0");
	if (cron && cron->star_hour && subject->pattern->hours == 1)
		remark(subject,
		       "hour: the step is as long as the day: due at hour 0 only; write 0");
}

static void
check_both_day_fields(struct subject *subject)
{
	const struct cron *cron = cron_of(subject);
	const struct pattern *p = subject->pattern;
	if (!cron)
		return;
	if (p->either_day) {
		remark(subject,
		       "weekday: with a day of month as well, either is enough; for both write + "
		       "before the weekday");
		return;
	}
	bool is_star_step =
		(cron->star_day && p->days != PATTERN_ALL_DAYS && !cron->star_weekday) ||
		(cron->star_weekday && p->weekdays != PATTERN_ALL_WEEKDAYS && !cron->star_day);
	if (is_star_step)
		remark(subject,
		       "weekday: a day field that begins with * makes both needed, weekday and "
		       "day of month");
}

/* "0 0 12 ? * 2-6": to Quartz, which has the question mark and six fields, the 2 is Monday. */
static void
check_quartz_weekday(struct subject *subject)
{
	struct scan text = subject->text, word, weekday = { 0 };
	bool has_question_mark = false;
	int n = 0;
	cron_take_zone(&text, &word);
	for (; scan_word(&text, &word); n++) {
		has_question_mark |= scan_is(&word, "?");
		if (n == QUARTZ_WEEKDAY)
			weekday = word;
	}
	if (cron_of(subject) && has_question_mark && n > QUARTZ_WEEKDAY &&
	    isdigit((unsigned char)scan_peek(&weekday)))
		remark(subject,
		       "weekday: counted from 0, Sunday; Quartz counts from 1, Sunday; a name like "
		       "mon means the same to both");
}

/* "0 0 31 * *" */
static void
check_missing_days(struct subject *subject)
{
	const struct pattern *p = subject->pattern;
	bool only_days = !p->days_from_end && !p->near && !p->near_from_end && !p->either_day;
	if (!only_days || !p->days || p->days & ((UINT32_C(2) << SHORTEST_MONTH) - 1))
		return;
	int first = __builtin_ctz(p->days), nshort = 0, nmonths = 0;
	for (int month = 1; month <= 12; month++) {
		if (!(p->months >> month & 1))
			continue;
		nmonths++;
		nshort += civil_month_length(ORDINARY_YEAR, month) < first;
	}
	if (nshort == nmonths)
		remark(subject,
		       "day of month: due in leap years only; L is the last day of February");
	else if (nshort > 0)
		remark(subject,
		       "day of month: months without a day %d are passed over; L is the last day "
		       "of every month",
		       first);
}

static void
check_past(struct subject *subject)
{
	if (schedule_kind(subject->schedule) == SCHEDULE_AT &&
	    schedule_next(subject->schedule, subject->now, NULL) == USEC_NEVER)
		remark(subject, "at: in the past; it runs only if missed times are caught up");
}

static void
check_interval_of_days(struct subject *subject)
{
	const struct schedule *s = subject->schedule;
	if (schedule_kind(s) == SCHEDULE_EVERY && s->every.period % USEC_PER_DAY == 0)
		remark(subject,
		       "every: counts days of 24 hours, so the clock time moves with DST; for a "
		       "clock time write '0 9 * * *'");
}

/* "02:30 is skipped on 2027-03-28" */
static void
remark_gap(struct subject *subject, const struct zone_span *span, usec_t local)
{
	char time[SCHEDULE_TIME_MAX];
	struct civil t = civil_split(local);
	bool is_moved = !subject->is_wild && subject->schedule->dst == DST_CRON;
	remark(subject, "dst: %02d:%02d does not exist on %04d-%02d-%02d in %s: %s%s", t.hour,
	       t.minute, t.year, t.month, t.day, zone_name(schedule_zone(subject->schedule)),
	       is_moved ? "due at " : "not due then",
	       is_moved ? schedule_print_time(schedule_zone(subject->schedule), span->from, time)
			: "");
}

static void
remark_fold(struct subject *subject, usec_t local)
{
	struct civil t = civil_split(local);
	enum dst_rule dst = subject->schedule->dst;
	bool is_twice = dst == DST_LITERAL || (dst == DST_CRON && subject->is_wild);
	remark(subject, "dst: %02d:%02d comes twice on %04d-%02d-%02d in %s: due %s", t.hour,
	       t.minute, t.year, t.month, t.day, zone_name(schedule_zone(subject->schedule)),
	       is_twice ? "both times" : "the first time only");
}

/* Hourly and faster lines run through a change of the clock; the others meet it or do not. */
static void
check_dst(struct subject *subject)
{
	const struct pattern *p = subject->pattern;
	const struct zone *zone = schedule_zone(subject->schedule);
	bool has_gap = false, has_fold = false;
	if (subject->schedule->dst == DST_UTC || p->hours == PATTERN_ALL_HOURS)
		return;
	for (const struct zone_span *span = zone_span_at(zone, subject->now);
	     span->until != ZONE_UNTIL_NEVER && span->until < subject->now + LOOK_AHEAD; span++) {
		usec_t before = span->until + span->offset, after = span->until + span[1].offset;
		usec_t local = pattern_next(p, before < after ? before : after);
		if (before < after && local < after && !has_gap) {
			remark_gap(subject, span + 1, local);
			has_gap = true;
		} else if (after < before && local < before && !has_fold) {
			remark_fold(subject, local);
			has_fold = true;
		}
	}
}

static const struct check {
	bool needs_pattern;
	void (*look)(struct subject *subject);
} checks[] = {
	{ true, check_every_minute_of_some_hours },
	{ true, check_every_second_of_some_minutes },
	{ true, check_uneven_steps },
	{ true, check_whole_step },
	{ true, check_step_over_days },
	{ true, check_both_day_fields },
	{ true, check_quartz_weekday },
	{ true, check_missing_days },
	{ true, check_dst },
	{ false, check_past },
	{ false, check_interval_of_days },
};

size_t
lint_schedule(const struct schedule *s, const char *text, usec_t now, struct buf *out)
{
	struct subject subject = { .schedule = s, .text = scan_of(text), .now = now, .out = out };
	if (schedule_kind(s) == SCHEDULE_CRON) {
		subject.pattern = &s->cron.pattern;
		subject.is_wild = cron_is_wild(&s->cron);
	} else if (schedule_kind(s) == SCHEDULE_CALENDAR) {
		subject.pattern = &s->calendar.pattern;
		subject.is_wild = calendar_is_wild(&s->calendar);
	}
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (subject.pattern || !checks[i].needs_pattern)
			checks[i].look(&subject);
	}
	return subject.nremarks;
}
