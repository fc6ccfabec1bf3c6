/*
 * What DST does to schedules, on both edges of 16 zones. The table was worked out by hand and with
 * Python's zoneinfo, minute by minute, not with the code under test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "fake/test_zones.h"
#include "when/schedule.h"

#define WINDOW (26 * USEC_PER_HOUR)

/* Due instants in UTC as "DAY HH:MM; ..." within 26 hours of the start. */
static const struct edge {
	const char *zone, *expr, *start;
	const char *cron, *literal; /* by rule */
} edges[] = {
	{ "Europe/Berlin", "30 2 * * *", "2026-03-29T00:00:00Z", "29 01:00; 30 00:30", "30 00:30" },
	{ "Europe/Berlin", "30 2 * * *", "2026-10-24T23:00:00Z", "25 00:30", "25 00:30; 25 01:30" },
	{ "Europe/London", "30 1 * * *", "2026-03-29T00:00:00Z", "29 01:00; 30 00:30", "30 00:30" },
	{ "Europe/London", "30 1 * * *", "2026-10-24T23:30:00Z", "25 00:30; 26 01:30",
	  "25 00:30; 25 01:30; 26 01:30" },
	{ "Europe/Dublin", "30 1 * * *", "2026-03-29T00:00:00Z", "29 01:00; 30 00:30", "30 00:30" },
	{ "Europe/Dublin", "30 1 * * *", "2026-10-24T23:30:00Z", "25 00:30; 26 01:30",
	  "25 00:30; 25 01:30; 26 01:30" },
	{ "America/New_York", "30 2 * * *", "2026-03-08T06:00:00Z", "08 07:00; 09 06:30",
	  "09 06:30" },
	{ "America/New_York", "30 1 * * *", "2026-11-01T04:30:00Z", "01 05:30; 02 06:30",
	  "01 05:30; 01 06:30; 02 06:30" },
	{ "America/St_Johns", "30 2 * * *", "2026-03-08T04:30:00Z", "08 05:30; 09 05:00",
	  "09 05:00" },
	{ "America/St_Johns", "30 1 * * *", "2026-11-01T03:00:00Z", "01 04:00; 02 05:00",
	  "01 04:00; 01 05:00; 02 05:00" },
	{ "America/Sao_Paulo", "30 0 * * *", "2018-11-04T02:00:00Z", "04 03:00; 05 02:30",
	  "05 02:30" },
	{ "America/Sao_Paulo", "30 23 * * *", "2019-02-17T01:00:00Z", "17 01:30; 18 02:30",
	  "17 01:30; 17 02:30; 18 02:30" },
	{ "America/Havana", "30 0 * * *", "2026-03-08T04:00:00Z", "08 05:00; 09 04:30",
	  "09 04:30" },
	{ "America/Havana", "30 0 * * *", "2026-11-01T04:00:00Z", "01 04:30; 02 05:30",
	  "01 04:30; 01 05:30; 02 05:30" },
	{ "America/Santiago", "30 0 * * *", "2026-09-06T03:00:00Z", "06 04:00; 07 03:30",
	  "07 03:30" },
	{ "America/Santiago", "30 23 * * *", "2026-04-05T02:00:00Z", "05 02:30; 06 03:30",
	  "05 02:30; 05 03:30; 06 03:30" },
	{ "Africa/Cairo", "30 0 * * *", "2026-04-23T21:00:00Z", "23 22:00; 24 21:30", "24 21:30" },
	{ "Africa/Cairo", "30 23 * * *", "2026-10-29T20:00:00Z", "29 20:30; 30 21:30",
	  "29 20:30; 29 21:30; 30 21:30" },
	{ "Africa/Casablanca", "30 2 * * *", "2026-03-22T01:00:00Z", "22 02:00; 23 01:30",
	  "23 01:30" },
	{ "Africa/Casablanca", "30 2 * * *", "2026-02-15T01:00:00Z", "15 01:30; 16 02:30",
	  "15 01:30; 15 02:30; 16 02:30" },
	{ "Asia/Beirut", "30 0 * * *", "2026-03-28T21:00:00Z", "28 22:00; 29 21:30", "29 21:30" },
	{ "Asia/Beirut", "30 23 * * *", "2026-10-24T20:00:00Z", "24 20:30; 25 21:30",
	  "24 20:30; 24 21:30; 25 21:30" },
	{ "Australia/Sydney", "30 2 * * *", "2026-10-03T15:00:00Z", "03 16:00; 04 15:30",
	  "04 15:30" },
	{ "Australia/Sydney", "30 2 * * *", "2026-04-04T15:00:00Z", "04 15:30; 05 16:30",
	  "04 15:30; 04 16:30; 05 16:30" },
	{ "Australia/Lord_Howe", "15 2 * * *", "2026-10-03T15:00:00Z", "03 15:30; 04 15:15",
	  "04 15:15" },
	{ "Australia/Lord_Howe", "45 1 * * *", "2026-04-04T14:00:00Z", "04 14:45; 05 15:15",
	  "04 14:45; 04 15:15; 05 15:15" },
	{ "Antarctica/Troll", "30 2 * * *", "2026-03-29T00:00:00Z", "29 01:00; 30 00:30",
	  "30 00:30" },
	{ "Antarctica/Troll", "30 1 * * *", "2026-10-24T22:30:00Z", "24 23:30",
	  "24 23:30; 25 01:30" },
	{ "Pacific/Auckland", "30 2 * * *", "2026-09-26T13:00:00Z", "26 14:00; 27 13:30",
	  "27 13:30" },
	{ "Pacific/Auckland", "30 2 * * *", "2026-04-04T13:00:00Z", "04 13:30; 05 14:30",
	  "04 13:30; 04 14:30; 05 14:30" },
	{ "Pacific/Apia", "0 12 * * *", "2011-12-30T08:00:00Z", "30 10:00; 30 22:00", "30 22:00" },
	{ "Pacific/Apia", "30 3 * * *", "2011-04-02T12:00:00Z", "02 13:30", "02 13:30; 02 14:30" },
};
#define NEDGES (sizeof(edges) / sizeof(edges[0]))

static usec_t
instant(const char *text)
{
	usec_t at;
	struct err err = { 0 };
	char full[40];
	/* "2026-03-29T00:00:00Z" or without the seconds */
	snprintf(full, sizeof(full), "%.16s:00Z", text);
	if (schedule_parse_rfc3339(full, &at, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return at;
}

static struct schedule
parsed(enum schedule_kind kind, const char *text, const char *tz, enum dst_rule dst)
{
	struct schedule s;
	struct err err = { 0 };
	struct schedule_context context = { .zones = test_zones(), .tz = tz, .dst = dst };
	if (schedule_parse(&s, kind, text, &context, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return s;
}

/* The due instants within the window, in the notation of the table. */
static void
list_due(struct schedule *s, usec_t start, usec_t window, char *out, size_t size)
{
	char time[SCHEDULE_TIME_MAX];
	size_t len = 0;
	*out = '\0';
	for (usec_t at = schedule_next(s, start, NULL); at <= start + window;
	     at = schedule_next(s, at, NULL)) {
		schedule_print_time(NULL, at, time);
		len += (size_t)snprintf(out + len, size - len, "%s%.2s %.5s", len ? "; " : "",
					time + 8, time + 11);
	}
	schedule_fini(s);
}

static void
expect_due(const char *expected, struct schedule s, const char *start, usec_t window,
	   const char *what)
{
	char got[512];
	list_due(&s, instant(start), window, got, sizeof(got));
	if (strcmp(expected, got) != 0)
		fail_msg("%s from %s: expected %s, got %s", what, start, expected, got);
}

static void
a_fixed_time_is_due_once_a_day_at_both_edges_of_16_zones(void **state)
{
	(void)state;
	for (size_t i = 0; i < NEDGES; i++) {
		const struct edge *e = &edges[i];
		expect_due(e->cron, parsed(SCHEDULE_CRON, e->expr, e->zone, DST_CRON), e->start,
			   WINDOW, e->zone);
	}
}

static void
a_literal_time_is_due_whenever_the_clock_shows_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < NEDGES; i++) {
		const struct edge *e = &edges[i];
		expect_due(e->literal, parsed(SCHEDULE_CRON, e->expr, e->zone, DST_LITERAL),
			   e->start, WINDOW, e->zone);
	}
}

static void
the_first_rule_skips_what_is_skipped_and_takes_one_of_two(void **state)
{
	(void)state;
	for (size_t i = 0; i < NEDGES; i++) {
		const struct edge *e = &edges[i];
		/* In a gap it is like literal, in a fold like cron. */
		bool is_gap = strlen(e->literal) < strlen(e->cron);
		expect_due(is_gap ? e->literal : e->cron,
			   parsed(SCHEDULE_CRON, e->expr, e->zone, DST_FIRST), e->start, WINDOW,
			   e->zone);
	}
}

static void
a_wild_line_keeps_its_rhythm_through_every_edge(void **state)
{
	(void)state;
	for (size_t i = 0; i < NEDGES; i++) {
		struct schedule s = parsed(SCHEDULE_CRON, "*/30 * * * *", edges[i].zone, DST_CRON);
		usec_t start = instant(edges[i].start), at = start;
		while (at < start + WINDOW) {
			usec_t next = schedule_next(&s, at, NULL);
			assert_int_equal(next - at, 30 * USEC_PER_MIN);
			at = next;
		}
		schedule_fini(&s);
	}
}

static void
cron_lines_in_berlin_are_due_as_vixie_cron_has_them(void **state)
{
	static const struct {
		const char *expr, *spring, *autumn;
	} cases[] = {
		{ "30 2 * * *", "30 01:00", "26 00:30" },
		{ "0 2 * * *", "30 01:00", "26 00:00" },
		{ "30 2,3 * * *", "30 01:00; 30 01:30", "26 00:30; 26 02:30" },
		{ "*/20 2 * * *", "",
		  "26 00:00; 26 00:20; 26 00:40; 26 01:00; 26 01:20; 26 01:40" },
		{ "0 1-4 * * *", "30 00:00; 30 01:00; 30 02:00",
		  "25 23:00; 26 00:00; 26 02:00; 26 03:00" },
		{ "0 */4 * * *", "29 23:00; 30 02:00; 30 06:00", "26 03:00; 26 07:00" },
		{ "0 */2 * * *", "29 23:00; 30 02:00; 30 04:00; 30 06:00",
		  "26 00:00; 26 01:00; 26 03:00; 26 05:00; 26 07:00" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		expect_due(cases[i].spring,
			   parsed(SCHEDULE_CRON, cases[i].expr, "Europe/Berlin", DST_CRON),
			   "2025-03-29T22:50", 9 * USEC_PER_HOUR, cases[i].expr);
		expect_due(cases[i].autumn,
			   parsed(SCHEDULE_CRON, cases[i].expr, "Europe/Berlin", DST_CRON),
			   "2025-10-25T22:50", 9 * USEC_PER_HOUR, cases[i].expr);
	}
}

static void
a_calendar_follows_the_same_rules(void **state)
{
	static const struct {
		const char *expr;
		enum dst_rule dst;
		const char *autumn;
	} cases[] = {
		{ "02:30", DST_CRON, "26 00:30" },
		{ "02:30", DST_LITERAL, "26 00:30; 26 01:30" },
		{ "*:30", DST_CRON, "26 00:30; 26 01:30; 26 02:30" },
		{ "*:30", DST_FIRST, "26 00:30; 26 02:30" },
		{ "02:30", DST_UTC, "26 02:30" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_due(cases[i].autumn,
			   parsed(SCHEDULE_CALENDAR, cases[i].expr, "Europe/Berlin", cases[i].dst),
			   "2025-10-26T00:00", 3 * USEC_PER_HOUR, cases[i].expr);
}

static void
what_dst_did_is_marked(void **state)
{
	static const struct {
		const char *expr, *start;
		enum dst_rule dst;
		unsigned marks;
	} cases[] = {
		{ "30 2 * * *", "2026-03-28T12:00", DST_CRON, SCHEDULE_SHIFTED },
		{ "30 2 * * *", "2026-03-29T12:00", DST_CRON, 0 },
		{ "0 3 * * *", "2026-03-28T12:00", DST_CRON, 0 },
		{ "30 2 * * *", "2026-10-24T12:00", DST_CRON, SCHEDULE_REPEATED },
		{ "30 2 * * *", "2026-10-25T00:30", DST_LITERAL, SCHEDULE_REPEATED },
		{ "0 3 * * *", "2026-10-24T12:00", DST_CRON, 0 },
		{ "30 2 * * *", "2026-10-24T12:00", DST_UTC, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct schedule s =
			parsed(SCHEDULE_CRON, cases[i].expr, "Europe/Berlin", cases[i].dst);
		unsigned marks = 99;
		assert_int_not_equal(schedule_next(&s, instant(cases[i].start), &marks),
				     USEC_NEVER);
		assert_int_equal(marks, cases[i].marks);
		schedule_fini(&s);
	}
}

static void
an_instant_in_a_gap_moves_or_is_refused_by_the_rule(void **state)
{
	struct schedule_context context = { .zones = test_zones(), .tz = "Europe/Berlin" };
	struct schedule s;
	struct err err = { 0 };
	unsigned marks;
	(void)state;
	assert_int_equal(schedule_parse(&s, SCHEDULE_AT, "2026-03-29 02:30", &context, &err), 0);
	assert_int_equal(schedule_next(&s, 0, &marks), instant("2026-03-29T01:00"));
	assert_int_equal(marks, SCHEDULE_SHIFTED);
	schedule_fini(&s);
	assert_int_equal(schedule_parse(&s, SCHEDULE_AT, "2026-10-25 02:30", &context, &err), 0);
	assert_int_equal(schedule_next(&s, 0, &marks), instant("2026-10-25T00:30"));
	assert_int_equal(marks, SCHEDULE_REPEATED);
	schedule_fini(&s);
	/* In its second pass a time of the first has passed. */
	context.now = instant("2026-10-25T01:15");
	assert_int_equal(schedule_parse(&s, SCHEDULE_AT, "02:30", &context, &err), 0);
	assert_int_equal(schedule_next(&s, context.now, NULL), instant("2026-10-26T01:30"));
	schedule_fini(&s);
	assert_int_equal(schedule_parse(&s, SCHEDULE_AT, "sun 02:30", &context, &err), 0);
	assert_int_equal(schedule_next(&s, context.now, NULL), instant("2026-11-01T01:30"));
	schedule_fini(&s);
	context.dst = DST_LITERAL;
	assert_int_equal(schedule_parse(&s, SCHEDULE_AT, "2026-03-29 02:30", &context, &err), -1);
	assert_string_equal(err.text, "02:30 does not exist on 2026-03-29 in Europe/Berlin");
	assert_string_equal(err.field, "at");
	/* Nor is it a calendar expression then, which would never be due. */
	assert_int_equal(schedule_parse(&s, SCHEDULE_ANY, "2026-03-29 02:30", &context, &err), -1);
	assert_string_equal(err.field, "at");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fixed_time_is_due_once_a_day_at_both_edges_of_16_zones),
		cmocka_unit_test(a_literal_time_is_due_whenever_the_clock_shows_it),
		cmocka_unit_test(the_first_rule_skips_what_is_skipped_and_takes_one_of_two),
		cmocka_unit_test(a_wild_line_keeps_its_rhythm_through_every_edge),
		cmocka_unit_test(cron_lines_in_berlin_are_due_as_vixie_cron_has_them),
		cmocka_unit_test(a_calendar_follows_the_same_rules),
		cmocka_unit_test(what_dst_did_is_marked),
		cmocka_unit_test(an_instant_in_a_gap_moves_or_is_refused_by_the_rule),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
