/* Counted instants against instants that are walked one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake/cron_oracle.h"
#include "fake/test_zones.h"
#include "when/schedule.h"

#define NCASES    1500
#define WALK_MAX  400
#define ANCHOR_AT (1795000000 * USEC_PER_SEC)

static const char *const zones[] = {
	"UTC",
	"Europe/Berlin",
	"Europe/Dublin",
	"America/New_York",
	"Africa/Cairo",
	"Africa/Casablanca",
	"Australia/Lord_Howe",
	"Antarctica/Troll",
	"Pacific/Apia",
	"America/Havana",
	"America/Argentina/San_Luis",
};
#define NZONES (sizeof(zones) / sizeof(zones[0]))

static int
parse(struct schedule *s, enum schedule_kind kind, const char *text, const char *tz,
      enum dst_rule dst)
{
	struct schedule_context context = {
		.zones = test_zones(), .tz = tz, .dst = dst, .now = ANCHOR_AT, .anchor = ANCHOR_AT
	};
	return schedule_parse(s, kind, text, &context, NULL);
}

/* From `after` on, the number of every instant is what counting says, and between two as well. */
static void
compare(const struct schedule *s, usec_t after, const char *text, const char *tz)
{
	usec_t at = after, walked[WALK_MAX];
	for (int64_t n = 0; n < WALK_MAX; n++) {
		usec_t next = schedule_next(s, at, NULL);
		if (next == USEC_NEVER) {
			assert_int_equal(schedule_count(s, after, USEC_NEVER), n);
			return;
		}
		if (schedule_count(s, after, next - 1) != n ||
		    schedule_count(s, after, next) != n + 1)
			fail_msg("%s in %s after %lld: instant %lld at %lld is counted %lld", text,
				 tz, (long long)after, (long long)n + 1, (long long)next,
				 (long long)schedule_count(s, after, next));
		at = walked[n] = next;
	}
	for (int64_t n = 1; n < WALK_MAX; n += 1 + n / 2)
		assert_int_equal(schedule_nth(s, after, at + 12345, n), walked[n - 1]);
	assert_int_equal(schedule_nth(s, after, at + 12345, WALK_MAX), at);
	assert_int_equal(schedule_nth(s, after, at, 1), schedule_next(s, after, NULL));
}

/* Near a change of the clock, where the rules differ, or anywhere. */
static usec_t
random_start(uint64_t *seed, const struct schedule *s)
{
	usec_t at = (usec_t)oracle_draw(seed, (uint64_t)(60 * 365 * USEC_PER_DAY));
	const struct zone_span *span = zone_span_at(schedule_zone(s), at);
	if (span->until == ZONE_UNTIL_NEVER || oracle_draw(seed, 3) == 0)
		return at;
	return span->until - (usec_t)oracle_draw(seed, (uint64_t)(2 * USEC_PER_DAY));
}

static void
random_cron_lines_are_counted_as_they_are_walked(void **state)
{
	uint64_t seed = 20261121;
	char text[128];
	(void)state;
	for (int i = 0; i < NCASES;) {
		const char *tz = zones[oracle_draw(&seed, NZONES)];
		enum dst_rule dst = (enum dst_rule)oracle_draw(&seed, DST_NRULES);
		struct schedule s;
		oracle_random(&seed, text);
		if (parse(&s, SCHEDULE_CRON, text, tz, dst) < 0)
			continue; /* it would never be due */
		i++;
		compare(&s, random_start(&seed, &s), text, tz);
		schedule_fini(&s);
	}
}

static void
every_form_is_counted_as_it_is_walked(void **state)
{
	static const struct {
		enum schedule_kind kind;
		const char *text;
	} cases[] = {
		{ SCHEDULE_CRON, "* * * * * *" },
		{ SCHEDULE_CRON, "*/7 30 2 * * *" },
		{ SCHEDULE_CRON, "0 0 0 29 2 1" },
		{ SCHEDULE_CRON, "0 0 0 L * * 2027,2031" },
		{ SCHEDULE_CRON, "30 2 15W * *" },
		{ SCHEDULE_CRON, "30 2 * * 1#3" },
		{ SCHEDULE_CALENDAR, "*-*-* 02:30:00/0.25" },
		{ SCHEDULE_CALENDAR, "*-*-* *:*:00.5,15,30.25/0.5" },
		{ SCHEDULE_CALENDAR, "Mon..Fri *-02~01 10,22:00" },
		{ SCHEDULE_CALENDAR, "2027-03-28 02:30:00" },
		{ SCHEDULE_EVERY, "7s" },
		{ SCHEDULE_EVERY, "1d" },
		{ SCHEDULE_EVERY, "36h from 2027-03-27T02:30" },
		{ SCHEDULE_AT, "2027-03-28T12:00:00Z" },
		{ SCHEDULE_ON_START, "@reboot" },
	};
	static const char *const starts[] = { "1970-01-01T00:00:00Z", "2026-10-24T20:00:00Z",
					      "2027-03-27T20:00:00Z", "2199-12-30T00:00:00Z" };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct schedule s;
		assert_int_equal(parse(&s, cases[i].kind, cases[i].text, "Europe/Berlin", DST_CRON),
				 0);
		for (size_t j = 0; j < sizeof(starts) / sizeof(starts[0]); j++) {
			usec_t after;
			assert_int_equal(schedule_parse_rfc3339(starts[j], &after, NULL), 0);
			compare(&s, after, cases[i].text, starts[j]);
		}
		schedule_fini(&s);
	}
}

static void
a_century_of_seconds_is_counted_at_once(void **state)
{
	struct schedule s;
	usec_t century = 36525 * USEC_PER_DAY;
	(void)state;
	assert_int_equal(parse(&s, SCHEDULE_CRON, "* * * * * *", "UTC", DST_CRON), 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(schedule_count(&s, i, century), century / USEC_PER_SEC);
	assert_int_equal(schedule_nth(&s, 0, century, 1000000000), 1000000000 * USEC_PER_SEC);
	assert_int_equal(schedule_count(&s, century, 0), 0);
	schedule_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_cron_lines_are_counted_as_they_are_walked),
		cmocka_unit_test(every_form_is_counted_as_it_is_walked),
		cmocka_unit_test(a_century_of_seconds_is_counted_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
