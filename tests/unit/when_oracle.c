/*
 * The next due minute of random cron lines in all zones against the brute-force oracle.
 * ASCHED_ORACLE_CASES and ASCHED_ORACLE_SEED in the environment change how many and which.
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
compare(const struct schedule *s, const struct oracle *oracle, int64_t after, const char *what)
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

static void
compare_in_zone(const char *name, uint64_t ncases, uint64_t *seed, uint64_t *nrefused)
{
	struct zone *zone = zones_get(test_zones(), name, NULL);
	assert_non_null(zone);
	assert_int_equal(setenv("TZ", name, 1), 0);
	tzset();
	for (uint64_t i = 0; i < ncases; i++) {
		char text[128], what[256];
		struct schedule s;
		struct oracle oracle;
		struct err err = { 0 };
		enum dst_rule rule =
			oracle_draw(seed, 2) ? DST_CRON : (enum dst_rule)oracle_draw(seed, 4);
		struct schedule_context context = { .zones = test_zones(),
						    .tz = name,
						    .dst = rule };
		oracle_random(seed, text);
		if (schedule_parse(&s, SCHEDULE_CRON, text, &context, &err) < 0) {
			if (!strstr(err.text, "never due"))
				fail_msg("%s: %s", text, err.text);
			(*nrefused)++;
			continue;
		}
		snprintf(what, sizeof(what), "'%s' in %s, dst %s", text, name, dst_rule_name(rule));
		oracle_init(&oracle, text, (enum oracle_rule)rule);
		compare(&s, &oracle, random_start(seed, zone), what);
		schedule_fini(&s);
	}
	zone_unref(zone);
}

static void
the_next_time_is_what_a_minute_by_minute_scan_finds(void **state)
{
	uint64_t ncases = from_environment("ASCHED_ORACLE_CASES", NCASES);
	uint64_t seed = from_environment("ASCHED_ORACLE_SEED", SEED), nrefused = 0;
	(void)state;
	print_message("%" PRIu64 " cases, ASCHED_ORACLE_SEED=%" PRIu64 "\n", ncases, seed);
	for (size_t i = 0; i < NZONES; i++)
		compare_in_zone(zones[i], ncases / NZONES + 1, &seed, &nrefused);
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
