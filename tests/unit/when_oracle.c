/*
 * The next due minute of random cron lines in all zones against the brute-force oracle.
 * ASCHED_ORACLE_CASES and ASCHED_ORACLE_SEED in the environment change how many and which. Cases
 * have numbers, from ASCHED_ORACLE_FIRST on, so that a long run can be divided and one case tried
 * again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fake/cron_oracle.h"
#include "fake/test_zones.h"
#include "when/schedule.h"

#define NCASES      100000
#define SEED        UINT64_C(0x9e3779b97f4a7c15)
#define DAY_MINUTES 1440
#define LIMIT_DAYS  400 /* how far the oracle looks */
#define NTURNS      3   /* times of one schedule, one from the other */

static const char *const zones[] = {
	"Europe/Berlin",     "Europe/Dublin",     "Europe/London",       "America/New_York",
	"America/Sao_Paulo", "America/St_Johns",  "America/Havana",      "America/Santiago",
	"America/Nuuk",      "America/Anchorage", "Africa/Cairo",        "Africa/Casablanca",
	"Asia/Tehran",       "Asia/Gaza",         "Asia/Beirut",         "Asia/Kolkata",
	"Asia/Amman",        "Australia/Sydney",  "Australia/Lord_Howe", "Antarctica/Troll",
	"Pacific/Apia",      "Pacific/Auckland",  "Pacific/Chatham",     "Pacific/Kiritimati",
	"Asia/Pyongyang",    "Europe/Volgograd",  "America/Caracas",     "UTC",
};
#define NZONES (sizeof(zones) / sizeof(zones[0]))

static uint64_t
from_environment(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);
	return text ? strtoull(text, NULL, 0) : fallback;
}

/* Half of the starts are within days of a change of the clock; there the rules differ. */
static int64_t
random_start(uint64_t *seed, struct zone *zone)
{
	const int64_t first = INT64_C(365) * DAY_MINUTES, range = INT64_C(70) * 365 * DAY_MINUTES;
	int64_t at = first + (int64_t)oracle_draw(seed, (uint64_t)range);
	const struct zone_span *span = zone_span_at(zone, at * USEC_PER_MIN);
	if (span->until == ZONE_UNTIL_NEVER || oracle_draw(seed, 2))
		return at;
	return span->until / USEC_PER_MIN - (int64_t)oracle_draw(seed, 3 * DAY_MINUTES);
}

static void
compare(const struct schedule *s, struct oracle *oracle, int64_t after, const char *what)
{
	int64_t limit = after + LIMIT_DAYS * DAY_MINUTES;
	for (int turn = 0; turn < NTURNS; turn++) {
		int64_t expected = oracle_next(oracle, after, limit);
		usec_t got = schedule_next(s, after * USEC_PER_MIN, NULL);
		char expected_text[SCHEDULE_TIME_MAX], got_text[SCHEDULE_TIME_MAX];
		char after_text[SCHEDULE_TIME_MAX];
		if (expected == limit && got >= limit * USEC_PER_MIN)
			return;
		if (got != expected * USEC_PER_MIN)
			fail_msg("%s after %s: expected %s, got %s", what,
				 schedule_print_time(schedule_zone(s), after * USEC_PER_MIN,
						     after_text),
				 schedule_print_time(schedule_zone(s), expected * USEC_PER_MIN,
						     expected_text),
				 schedule_print_time(schedule_zone(s), got, got_text));
		after = expected;
	}
}

/* The draws of a case depend on its number alone. */
static uint64_t
seed_of(uint64_t seed, uint64_t number)
{
	seed += (number + 1) * SEED;
	for (int i = 0; i < 4; i++)
		oracle_draw(&seed, 2);
	return seed | 1;
}

/* False: the line can never be due. */
static bool
compare_case(struct zone *zone, uint64_t seed, uint64_t number, struct oracle_clock *clock)
{
	char text[128], what[256];
	struct schedule s;
	struct oracle oracle;
	struct err err = { 0 };
	uint64_t draws = seed_of(seed, number);
	enum dst_rule rule =
		oracle_draw(&draws, 2) ? DST_CRON : (enum dst_rule)oracle_draw(&draws, 4);
	struct schedule_context context = { .zones = test_zones(),
					    .tz = zone_name(zone),
					    .dst = rule };
	oracle_random(&draws, text);
	if (schedule_parse(&s, SCHEDULE_CRON, text, &context, &err) < 0) {
		if (!strstr(err.text, "never due"))
			fail_msg("case %" PRIu64 ": %s: %s", number, text, err.text);
		return false;
	}
	snprintf(what, sizeof(what), "case %" PRIu64 ": '%s' in %s, dst %s", number, text,
		 zone_name(zone), dst_rule_name(rule));
	oracle_init(&oracle, text, (enum oracle_rule)rule, clock);
	compare(&s, &oracle, random_start(&draws, zone), what);
	schedule_fini(&s);
	return true;
}

static void
the_next_time_is_what_a_minute_by_minute_scan_finds(void **state)
{
	uint64_t ncases = from_environment("ASCHED_ORACLE_CASES", NCASES);
	uint64_t first = from_environment("ASCHED_ORACLE_FIRST", 0);
	uint64_t seed = from_environment("ASCHED_ORACLE_SEED", SEED), nrefused = 0;
	(void)state;
	print_message("%" PRIu64 " cases, ASCHED_ORACLE_SEED=%" PRIu64 "\n", ncases, seed);
	for (size_t i = 0; i < NZONES; i++) { /* case n is in zone n modulo their number */
		struct oracle_clock *clock = calloc(1, sizeof(*clock));
		struct zone *zone = zones_get(test_zones(), zones[i], NULL);
		assert_non_null(zone);
		assert_non_null(clock);
		assert_int_equal(setenv("TZ", zones[i], 1), 0);
		tzset();
		uint64_t number = first + (i + NZONES - first % NZONES) % NZONES;
		for (; number < first + ncases; number += NZONES)
			nrefused += !compare_case(zone, seed, number, clock);
		zone_unref(zone);
		free(clock);
	}
	assert_true(nrefused < ncases / 100 + 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_time_is_what_a_minute_by_minute_scan_finds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
