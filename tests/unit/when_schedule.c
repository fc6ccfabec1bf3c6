/* The forms of schedules: what is understood, what is refused and why, and how it is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fake/cron_oracle.h"
#include "fake/test_zones.h"
#include "when/schedule.h"

#define NROUND_TRIPS 20000

static usec_t
instant(const char *text)
{
	usec_t at;
	struct err err = { 0 };
	if (schedule_parse_rfc3339(text, &at, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return at;
}

/* A Friday, in Berlin. */
static struct schedule_context
friday_noon(void)
{
	struct schedule_context context = { .zones = test_zones(),
					    .tz = "Europe/Berlin",
					    .seed = 7 };
	context.now = context.anchor = instant("2026-11-20T12:00:00+01:00");
	return context;
}

static struct schedule
parsed(enum schedule_kind kind, const char *text)
{
	struct schedule s;
	struct err err = { 0 };
	struct schedule_context context = friday_noon();
	if (schedule_parse(&s, kind, text, &context, &err) < 0)
		fail_msg("%s: %s: %s", text, err.field, err.text);
	return s;
}

static void
expect_next(struct schedule *s, const char *what, const char *expected)
{
	char got[SCHEDULE_TIME_MAX] = "never";
	usec_t at = schedule_next(s, friday_noon().now, NULL);
	if (at != USEC_NEVER)
		schedule_print_time(schedule_zone(s), at, got);
	if (strcmp(got, expected) != 0)
		fail_msg("%s: expected %s, got %s", what, expected, got);
}

static const struct {
	const char *text;
	enum schedule_kind kind;
	const char *next;
} forms[] = {
	{ "*/5 * * * *", SCHEDULE_CRON, "2026-11-20T12:05:00+01:00" },
	{ "  30 2 * * mon-fri ", SCHEDULE_CRON, "2026-11-23T02:30:00+01:00" },
	{ "15 30 2 * * *", SCHEDULE_CRON, "2026-11-21T02:30:15+01:00" },
	{ "0 0 0 1 1 ? 2030", SCHEDULE_CRON, "2030-01-01T00:00:00+01:00" },
	{ "@daily", SCHEDULE_CRON, "2026-11-21T00:00:00+01:00" },
	{ "@Hourly", SCHEDULE_CRON, "2026-11-20T13:00:00+01:00" },
	{ "@minutely", SCHEDULE_CRON, "2026-11-20T12:01:00+01:00" },
	{ "@every_minute", SCHEDULE_CRON, "2026-11-20T12:01:00+01:00" },
	{ "@weekly", SCHEDULE_CRON, "2026-11-22T00:00:00+01:00" },
	{ "@yearly", SCHEDULE_CRON, "2027-01-01T00:00:00+01:00" },
	{ "CRON_TZ=Asia/Tokyo 0 9 * * *", SCHEDULE_CRON, "2026-11-21T09:00:00+09:00" },
	{ "TZ=UTC 0 9 * * *", SCHEDULE_CRON, "2026-11-21T09:00:00+00:00" },
	{ "0 0 L * *", SCHEDULE_CRON, "2026-11-30T00:00:00+01:00" },
	{ "0 0 L-3 * *", SCHEDULE_CRON, "2026-11-27T00:00:00+01:00" },
	{ "0 0 LW 1 *", SCHEDULE_CRON, "2027-01-29T00:00:00+01:00" },
	{ "0 0 1W 5 *", SCHEDULE_CRON, "2027-05-03T00:00:00+02:00" },
	{ "0 0 * * 5#5", SCHEDULE_CRON, "2027-01-29T00:00:00+01:00" },
	{ "0 0 * * FRIL", SCHEDULE_CRON, "2026-11-27T00:00:00+01:00" },
	{ "0 0 13 * +5", SCHEDULE_CRON, "2027-08-13T00:00:00+02:00" },
	{ "0 0 13 * 5", SCHEDULE_CRON, "2026-11-27T00:00:00+01:00" },
	{ "0 0 29 2 +1", SCHEDULE_CRON, "2044-02-29T00:00:00+01:00" },
	{ "0 0 29 2 +0#5", SCHEDULE_CRON, "2032-02-29T00:00:00+01:00" },
	{ "0 0 * * fri-mon", SCHEDULE_CRON, "2026-11-21T00:00:00+01:00" },
	{ "0 0 * * 7", SCHEDULE_CRON, "2026-11-22T00:00:00+01:00" },
	{ "5/15 * * * *", SCHEDULE_CRON, "2026-11-20T12:05:00+01:00" },
	{ "@reboot", SCHEDULE_ON_START, "never" },
	{ "on-start", SCHEDULE_ON_START, "never" },
	{ "every 90s", SCHEDULE_EVERY, "2026-11-20T12:01:30+01:00" },
	{ "every hour", SCHEDULE_EVERY, "2026-11-20T13:00:00+01:00" },
	{ "every 250ms", SCHEDULE_EVERY, "2026-11-20T12:00:00.250+01:00" },
	{ "every 7d from 2026-11-20 10:00", SCHEDULE_EVERY, "2026-11-27T10:00:00+01:00" },
	{ "every 1d from 2027-01-01T00:00Z", SCHEDULE_EVERY, "2027-01-01T01:00:00+01:00" },
	{ "@every 1h30m0s", SCHEDULE_EVERY, "2026-11-20T13:30:00+01:00" },
	{ "1630", SCHEDULE_AT, "2026-11-20T16:30:00+01:00" },
	{ "0900 tomorrow", SCHEDULE_AT, "2026-11-21T09:00:00+01:00" },
	{ "in 10m", SCHEDULE_AT, "2026-11-20T12:10:00+01:00" },
	{ "in 1.5s", SCHEDULE_AT, "2026-11-20T12:00:01.500+01:00" },
	{ "2026-12-24T18:00", SCHEDULE_AT, "2026-12-24T18:00:00+01:00" },
	{ "2026-12-24 18:00:30.25", SCHEDULE_AT, "2026-12-24T18:00:30.250+01:00" },
	{ "2026-12-24T18:00:00Z", SCHEDULE_AT, "2026-12-24T19:00:00+01:00" },
	{ "2026-12-24T18:00:00-05:00", SCHEDULE_AT, "2026-12-25T00:00:00+01:00" },
	{ "2026-12-24", SCHEDULE_AT, "2026-12-24T00:00:00+01:00" },
	{ "24.12.26 18:00", SCHEDULE_AT, "2026-12-24T18:00:00+01:00" },
	{ "4.1.2027 18:00", SCHEDULE_AT, "2027-01-04T18:00:00+01:00" },
	{ "18:00 12/24/2026", SCHEDULE_AT, "2026-12-24T18:00:00+01:00" },
	{ "18:00 12/24/26", SCHEDULE_AT, "2026-12-24T18:00:00+01:00" },
	{ "18:00 5/5/27", SCHEDULE_AT, "2027-05-05T18:00:00+02:00" },
	{ "18:00 122426", SCHEDULE_AT, "2026-12-24T18:00:00+01:00" },
	{ "1800 12242026", SCHEDULE_AT, "2026-12-24T18:00:00+01:00" },
	{ "18:00 26-12-24", SCHEDULE_AT, "2026-12-24T18:00:00+01:00" },
	{ "2027-1-5", SCHEDULE_AT, "2027-01-05T00:00:00+01:00" },
	{ "24.12.2026 18:00", SCHEDULE_AT, "2026-12-24T18:00:00+01:00" },
	{ "18:00", SCHEDULE_AT, "2026-11-20T18:00:00+01:00" },
	{ "11:00", SCHEDULE_AT, "2026-11-21T11:00:00+01:00" },
	{ "10am", SCHEDULE_AT, "2026-11-21T10:00:00+01:00" },
	{ "12:30 am", SCHEDULE_AT, "2026-11-21T00:30:00+01:00" },
	{ "12 pm", SCHEDULE_AT, "2026-11-21T12:00:00+01:00" },
	{ "tomorrow 09:00", SCHEDULE_AT, "2026-11-21T09:00:00+01:00" },
	{ "09:00 tomorrow", SCHEDULE_AT, "2026-11-21T09:00:00+01:00" },
	{ "tomorrow", SCHEDULE_AT, "2026-11-21T12:00:00+01:00" },
	{ "today 23:59", SCHEDULE_AT, "2026-11-20T23:59:00+01:00" },
	{ "monday 10:00", SCHEDULE_AT, "2026-11-23T10:00:00+01:00" },
	{ "friday 10:00", SCHEDULE_AT, "2026-11-27T10:00:00+01:00" },
	{ "fri 13:00", SCHEDULE_AT, "2026-11-20T13:00:00+01:00" },
	{ "noon", SCHEDULE_AT, "2026-11-21T12:00:00+01:00" },
	{ "midnight", SCHEDULE_AT, "2026-11-21T00:00:00+01:00" },
	{ "teatime", SCHEDULE_AT, "2026-11-20T16:00:00+01:00" },
	{ "teatime tomorrow", SCHEDULE_AT, "2026-11-21T16:00:00+01:00" },
	{ "now + 3 days", SCHEDULE_AT, "2026-11-23T12:00:00+01:00" },
	{ "now+1hour", SCHEDULE_AT, "2026-11-20T13:00:00+01:00" },
	{ "now+ 1 day", SCHEDULE_AT, "2026-11-21T12:00:00+01:00" },
	{ "now + 1 minute", SCHEDULE_AT, "2026-11-20T12:01:00+01:00" },
	{ "now +2weeks", SCHEDULE_AT, "2026-12-04T12:00:00+01:00" },
	{ "10:00 2027-01-31 + 1 month", SCHEDULE_AT, "2027-02-28T10:00:00+01:00" },
	{ "10:00 + 150 days", SCHEDULE_AT, "2027-04-19T10:00:00+02:00" },
	{ "10:00 + 1 hour", SCHEDULE_AT, "2026-11-21T11:00:00+01:00" },
	{ "10:00 + 3 hours", SCHEDULE_AT, "2026-11-20T13:00:00+01:00" },
	{ "20:00 - 10 hours", SCHEDULE_AT, "2026-11-21T10:00:00+01:00" },
	{ "next friday 13:00", SCHEDULE_AT, "2026-11-27T13:00:00+01:00" },
	{ "2027-03-28 02:30 + 1 hour", SCHEDULE_AT, "2027-03-28T04:00:00+02:00" },
	{ "2027-03-27 02:30 + 1 day", SCHEDULE_AT, "2027-03-28T03:00:00+02:00" },
	{ "2026-12-24T18:00-05:00 + 2 days", SCHEDULE_AT, "2026-12-27T00:00:00+01:00" },
	{ "noon tomorrow - 2 hours", SCHEDULE_AT, "2026-11-21T10:00:00+01:00" },
	{ "1000 2027-03-31 - 1 month", SCHEDULE_AT, "2027-02-28T10:00:00+01:00" },
	{ "next week", SCHEDULE_AT, "2026-11-27T12:00:00+01:00" },
	{ "next hour", SCHEDULE_AT, "2026-11-20T13:00:00+01:00" },
	{ "10:00 next month", SCHEDULE_AT, "2026-12-20T10:00:00+01:00" },
	{ "next friday 10:00", SCHEDULE_AT, "2026-11-27T10:00:00+01:00" },
	{ "2026-12-24T18:00Z Asia/Tokyo", SCHEDULE_AT, "2026-12-25T03:00:00+09:00" },
	{ "18:00 utc", SCHEDULE_AT, "2026-11-20T18:00:00+00:00" },
	{ "18:00 UTC tomorrow", SCHEDULE_AT, "2026-11-21T18:00:00+00:00" },
	{ "tomorrow 09:00 Asia/Tokyo", SCHEDULE_AT, "2026-11-21T09:00:00+09:00" },
	{ "2027-01-01 05:40 UTC", SCHEDULE_AT, "2027-01-01T05:40:00+00:00" },
	{ "every 1d from 2027-01-01 09:00 Asia/Tokyo", SCHEDULE_EVERY,
	  "2027-01-01T09:00:00+09:00" },
	{ "6 pm 24 December 2027", SCHEDULE_AT, "2027-12-24T18:00:00+01:00" },
	{ "0900 on 24 dec 27", SCHEDULE_AT, "2027-12-24T09:00:00+01:00" },
	{ "Dec 24 10 am", SCHEDULE_AT, "2026-12-24T10:00:00+01:00" },
	{ "Dec 24 1800", SCHEDULE_AT, "2026-12-24T18:00:00+01:00" },
	{ "10am Dec 24", SCHEDULE_AT, "2026-12-24T10:00:00+01:00" },
	{ "24 December 2027 10:00", SCHEDULE_AT, "2027-12-24T10:00:00+01:00" },
	{ "10:00 Feb 29", SCHEDULE_AT, "2028-02-29T10:00:00+01:00" },
	{ "@1893456000", SCHEDULE_AT, "2030-01-01T01:00:00+01:00" },
	{ "@1893456000.5", SCHEDULE_AT, "2030-01-01T01:00:00.500+01:00" },
	{ "now", SCHEDULE_AT, "never" },
	{ "Mon..Fri 10:00", SCHEDULE_CALENDAR, "2026-11-23T10:00:00+01:00" },
	{ "Mon", SCHEDULE_CALENDAR, "2026-11-23T00:00:00+01:00" },
	{ "*:0/15", SCHEDULE_CALENDAR, "2026-11-20T12:15:00+01:00" },
	{ "quarterly", SCHEDULE_CALENDAR, "2027-01-01T00:00:00+01:00" },
	{ "weekly Pacific/Auckland", SCHEDULE_CALENDAR, "2026-11-23T00:00:00+13:00" },
	{ "*-02~03", SCHEDULE_CALENDAR, "2027-02-26T00:00:00+01:00" },
	{ "Mon *-05~07/1", SCHEDULE_CALENDAR, "2027-05-31T00:00:00+02:00" },
	{ "*-01-01 05:40 utc", SCHEDULE_CALENDAR, "2027-01-01T05:40:00+00:00" },
	{ "10-15", SCHEDULE_CALENDAR, "2027-10-15T00:00:00+02:00" },
	{ "*:*:0.5/0.25", SCHEDULE_CALENDAR, "2026-11-20T12:00:00.500+01:00" },
};

static void
each_form_is_recognised_and_gives_the_right_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct schedule s = parsed(SCHEDULE_ANY, forms[i].text);
		if (schedule_kind(&s) != forms[i].kind)
			fail_msg("%s: taken for %s", forms[i].text,
				 schedule_kind_name(schedule_kind(&s)));
		expect_next(&s, forms[i].text, forms[i].next);
		schedule_fini(&s);
	}
}

static const struct {
	enum schedule_kind kind;
	const char *text, *field, *says;
} refusals[] = {
	{ SCHEDULE_CRON, "61 * * * *", "cron", "minute: 61 is not in 0-59" },
	{ SCHEDULE_CRON, "* 24 * * *", "cron", "hour: 24 is not in 0-23" },
	{ SCHEDULE_CRON, "* * 0 * *", "cron", "day of month: 0 is not in 1-31" },
	{ SCHEDULE_CRON, "* * * 13 *", "cron", "month: 13 is not in 1-12" },
	{ SCHEDULE_CRON, "* * * * 8", "cron", "weekday: 8 is not in 0-7" },
	{ SCHEDULE_CRON, "60 * * * * *", "cron", "second: 60 is not in 0-59" },
	{ SCHEDULE_CRON, "0 * * * * * 1969", "cron", "year: 1969 is not in 1970-2199" },
	{ SCHEDULE_CRON, "0 * * * * * 2200", "cron", "year: 2200 is not in 1970-2199" },
	{ SCHEDULE_CRON, "99999999999999999999 * * * *", "cron", "is not in 0-59" },
	{ SCHEDULE_CRON, "*/0 * * * *", "cron", "the step 0 is not in 1-60" },
	{ SCHEDULE_CRON, "*/2147483648 * * * *", "cron", "the step 2147483648 is not in" },
	{ SCHEDULE_CRON, "*/-1 * * * *", "cron", "the step -1 is not in 1-60" },
	{ SCHEDULE_CRON, "-1 * * * *", "cron",
	  "minute: \"-1\" is not understood (values are 0-59)" },
	{ SCHEDULE_CRON, "5-3 * * * *", "cron", "minute: the range 5-3 goes backward" },
	{ SCHEDULE_CRON, "1, * * * *", "cron", "minute: a value is missing (values are 0-59)" },
	{ SCHEDULE_CRON, "1,,2 * * * *", "cron", "minute: \",2\" is not understood" },
	{ SCHEDULE_CRON, "1-2-3 * * * *", "cron", "minute: \"-3\" is not understood" },
	{ SCHEDULE_CRON, "* * * janx *", "cron", "month: \"x\" is not understood" },
	{ SCHEDULE_CRON, "* * * * someday", "cron",
	  "weekday: \"someday\" is not understood (values are 0-7 and names like Monday)" },
	{ SCHEDULE_CRON, "? * * * *", "cron", "only for a day" },
	{ SCHEDULE_CRON, "* * * * L", "cron", "5L is the last Friday" },
	{ SCHEDULE_CRON, "* * * * 5#6", "cron", "from 1 to 5" },
	{ SCHEDULE_CRON, "* * L-31 * *", "cron", "from 0 to 30" },
	{ SCHEDULE_CRON, "* * 32W * *", "cron", "day of month: 32 is not in 1-31" },
	{ SCHEDULE_CRON, "H(0-99) * * * *", "cron", "minute: 99 is not in 0-59" },
	{ SCHEDULE_CRON, "H(5 * * * *", "cron", "H needs a range" },
	{ SCHEDULE_CRON, "* H(12-5)/2 * * *", "cron", "hour: the range 12-5 goes backward" },
	{ SCHEDULE_CRON, "* * * * 7~", "cron", "weekday: the range 7~6 goes backward" },
	{ SCHEDULE_CRON, "* 5~3 * * *", "cron", "hour: the range 5~3 goes backward" },
	{ SCHEDULE_CRON, "* * * *", "cron", "4 fields; 5 are needed" },
	{ SCHEDULE_CRON, "* * * * * * * *", "cron", "8 fields; 5 are needed" },
	{ SCHEDULE_CRON, "", "cron", "0 fields; 5 are needed" },
	{ SCHEDULE_CRON, "@fortnightly", "cron", "is not one of @yearly" },
	{ SCHEDULE_CRON, "0 0 31 2 *", "cron", "never due" },
	{ SCHEDULE_CRON, "0 0 31 4,6,9,11 *", "cron", "never due" },
	{ SCHEDULE_CRON, "0 0 30 2 +1", "cron", "never due" },
	{ SCHEDULE_CRON, "0 0 0 29 2 * 2027", "cron", "never due" },
	{ SCHEDULE_CRON, "0 0 0 29 2 * 2100", "cron", "never due" },
	{ SCHEDULE_CRON, "0 0 * 2 +1#5 ", NULL, NULL }, /* the five Mondays of 2044 */
	{ SCHEDULE_CRON, "CRON_TZ=No/Where 0 0 * * *", "tz", "\"No/Where\" is unknown" },
	{ SCHEDULE_CRON, "CRON_TZ=../UTC 0 0 * * *", "tz", "is not a zone name" },
	{ SCHEDULE_CALENDAR, "25:00", "calendar", "hour: 25 is not in 0-23" },
	{ SCHEDULE_CALENDAR, "10:60", "calendar", "minute: 60 is not in 0-59" },
	{ SCHEDULE_CALENDAR, "*-13-*", "calendar", "month: 13 is not in 1-12" },
	{ SCHEDULE_CALENDAR, "*-*-32", "calendar", "day: 32 is not in 1-31" },
	{ SCHEDULE_CALENDAR, "*-a-1", "calendar",
	  "month: \"a\" is not understood (values are 1-12)" },
	{ SCHEDULE_CALENDAR, "2200-1-1", "calendar", "year: 2200 is not in 1970-2199" },
	{ SCHEDULE_CALENDAR, "*-02-30", "calendar", "never due" },
	{ SCHEDULE_CALENDAR, "2027-02-29", "calendar", "never due" },
	{ SCHEDULE_CALENDAR, "Mox 10:00", "calendar", "weekday: \"Mox\" is not a day" },
	{ SCHEDULE_CALENDAR, "5..1:00", "calendar", "hour: the range goes backward" },
	{ SCHEDULE_CALENDAR, "*/2:00", "calendar", "write 0/2" },
	{ SCHEDULE_CALENDAR, "10:00:59.9999999", "calendar", "is not below 60" },
	{ SCHEDULE_CALENDAR, "10:00:0/0", "calendar", "the step 0" },
	{ SCHEDULE_CALENDAR, "10:00 11:00", "calendar", "is too much" },
	{ SCHEDULE_CALENDAR, "10", "calendar", "\"10\" is not a date" },
	{ SCHEDULE_CALENDAR, "", "calendar", "is missing" },
	{ SCHEDULE_EVERY, "", "every", "is not a duration" },
	{ SCHEDULE_EVERY, "every", "every", "is not a duration" },
	{ SCHEDULE_EVERY, "0", "every", "shorter than 1ms" },
	{ SCHEDULE_EVERY, "999us", "every", "shorter than 1ms" },
	{ SCHEDULE_EVERY, "1month", "every", "months and years have no fixed length" },
	{ SCHEDULE_EVERY, "every monday", "every", "\"monday\" is no interval" },
	{ SCHEDULE_EVERY, "-5s", "every", "is not a duration" },
	{ SCHEDULE_EVERY, "200000d", "every", "longer than 100 years" },
	{ SCHEDULE_EVERY, "5m from gestern", "every", "not understood" },
	{ SCHEDULE_EVERY, "5", "every", "\"5\": a unit is missing (units: ms" },
	{ SCHEDULE_EVERY, "5 fortnights", "every", "unknown unit fortnights (units: ms" },
	{ SCHEDULE_IN, "soon", "in", "is not a duration" },
	{ SCHEDULE_ANY, "", "at", "is missing" },
	{ SCHEDULE_AT, " ", "at", "is missing" },
	{ SCHEDULE_AT, "25:00", "at", "hour: 25 is not in 0-23" },
	{ SCHEDULE_AT, "10:60", "at", "minute: 60 is not in 0-59" },
	{ SCHEDULE_AT, "2026-02-29 10:00", "at", "day: 29 is not in 1-28 (February 2026)" },
	{ SCHEDULE_AT, "2026-13-01", "at", "month: 13 is not in 1-12" },
	{ SCHEDULE_AT, "10:00 03/04/2027", "at", "Write 2027-03-04 or 2027-04-03" },
	{ SCHEDULE_ANY, "03/04/27 10:00", "at", "is the month first or the day?" },
	{ SCHEDULE_AT, "10:00 030427", "at", "is the month first or the day?" },
	{ SCHEDULE_AT, "10:00 24/12/2026", "at", "the month stands first" },
	{ SCHEDULE_AT, "10:00 20261224", "at", "the month stands first" },
	{ SCHEDULE_AT, "10:00 02/29/27", "at", "day: 29 is not in 1-28 (February 2027)" },
	{ SCHEDULE_AT, "10:00 1.13.27", "at", "month: 13 is not in 1-12" },
	{ SCHEDULE_AT, "10:00 10-12-2026", "at", "not a date like 2026-12-24" },
	{ SCHEDULE_AT, "10:00 1/2/3", "at", "not a date like 12/24/2026" },
	{ SCHEDULE_AT, "24.12.2026", "at", "a time of day is missing" },
	{ SCHEDULE_AT, "24 December 2027", "at", "a time of day is missing" },
	{ SCHEDULE_AT, "Dec 24 2030", "at", "a time of day is missing" },
	{ SCHEDULE_AT, "10:00 next", "at", "a weekday or a unit" },
	{ SCHEDULE_AT, "now - 100000 years", "at", "is not in the years 1970-2199" },
	{ SCHEDULE_AT, "next hour + 1 day", "at", "a second interval" },
	{ SCHEDULE_AT, "18:00 UTC UTC", "at", "a second zone" },
	{ SCHEDULE_AT, "18:00 Mars/Crater", "tz", "\"Mars/Crater\" is unknown" },
	{ SCHEDULE_ANY, "5 4 * * 1 - 3", "cron", "weekday: \"-\" is not understood" },
	{ SCHEDULE_AT, "13 pm", "at", "the hour is from 1 to 12" },
	{ SCHEDULE_AT, "monday", "at", "a time of day is missing" },
	{ SCHEDULE_AT, "10:00 11:00", "at", "a second time of day" },
	{ SCHEDULE_AT, "today tomorrow", "at", "a second date" },
	{ SCHEDULE_AT, "now 10:00", "at", "takes no date" },
	{ SCHEDULE_AT, "now + many days", "at", "is missing behind the sign" },
	{ SCHEDULE_AT, "now + 3 fortnights", "at", "a unit is missing" },
	{ SCHEDULE_AT, "now + 100000 years", "at", "is not in the years 1970-2199" },
	{ SCHEDULE_AT, "1969-12-31 10:00", "at", "is not in the years 1970-2199" },
	{ SCHEDULE_AT, "@-1", "at", "seconds since 1970" },
	{ SCHEDULE_AT, "@99999999999999999999", "at", "seconds since 1970" },
	{ SCHEDULE_ANY, "whenever", "at", "\"whenever\": not understood" },
	{ SCHEDULE_ANY, "61 * * * *", "cron", "minute: 61 is not in 0-59" },
	{ SCHEDULE_ANY, "* * * *", "cron", "4 fields; 5 are needed" },
	{ SCHEDULE_ANY, "*/5 * * * * * * *", "cron", "8 fields; 5 are needed" },
	{ SCHEDULE_ANY, "0 9 * * 1.5", "cron", "weekday: \".5\" is not understood" },
	{ SCHEDULE_ANY, "Mon..Fro 10:00", "calendar", "weekday:" },
};

static void
what_is_wrong_is_refused_with_field_value_and_range(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct schedule s;
		struct err err = { 0 };
		struct schedule_context context = friday_noon();
		int status = schedule_parse(&s, refusals[i].kind, refusals[i].text, &context, &err);
		if (status == 0 && refusals[i].field)
			fail_msg("'%s' was accepted", refusals[i].text);
		if (status == 0) {
			schedule_fini(&s);
			continue;
		}
		if (!refusals[i].field || err.code != ERR_INVALID ||
		    strcmp(err.field, refusals[i].field) != 0 ||
		    !strstr(err.text, refusals[i].says))
			fail_msg("'%s': %s: %s", refusals[i].text, err.field, err.text);
	}
}

/* Parses what was printed; the same bytes must come out of it, and the same times. */
static void
expect_round_trip(enum schedule_kind kind, const char *text)
{
	struct schedule first, second;
	struct schedule_context context = friday_noon();
	struct buf printed = BUF_EMPTY, again = BUF_EMPTY;
	struct err err = { 0 };
	if (schedule_parse(&first, kind, text, &context, &err) < 0) {
		if (!strstr(err.text, "never due"))
			fail_msg("'%s': %s: %s", text, err.field, err.text);
		return;
	}
	schedule_print(&first, &printed);
	context.seed++; /* ~ and H have become numbers */
	if (schedule_parse(&second, schedule_kind(&first), buf_text(&printed), &context, &err) < 0)
		fail_msg("'%s' was printed as '%s': %s", text, buf_text(&printed), err.text);
	schedule_print(&second, &again);
	assert_string_equal(buf_text(&printed), buf_text(&again));
	assert_int_equal(schedule_kind(&first), schedule_kind(&second));
	if (schedule_kind(&first) == SCHEDULE_CRON)
		assert_memory_equal(&first.cron, &second.cron, sizeof(first.cron));
	if (schedule_kind(&first) == SCHEDULE_CALENDAR)
		assert_memory_equal(&first.calendar, &second.calendar, sizeof(first.calendar));
	usec_t at = kind == SCHEDULE_AT ? 0 : context.now;
	unsigned marks, marks_again;
	for (int i = 0; i < 5 && at != USEC_NEVER; i++) {
		usec_t next = schedule_next(&first, at, &marks);
		assert_int_equal(next, schedule_next(&second, at, &marks_again));
		assert_int_equal(marks, marks_again);
		at = next;
	}
	schedule_fini(&first);
	schedule_fini(&second);
	buf_fini(&printed);
	buf_fini(&again);
}

static void
what_is_printed_reads_back_as_the_same_schedule(void **state)
{
	static const struct {
		enum schedule_kind kind;
		const char *text;
	} cases[] = {
		{ SCHEDULE_CRON, "*/20,5 * * * *" },
		{ SCHEDULE_CRON, "0-59 0-23 1-31 1-12 0-6" },
		{ SCHEDULE_CRON, "*/60 */24 */31 * */7" },
		{ SCHEDULE_CRON, "H H H H H" },
		{ SCHEDULE_CRON, "~ 3~5 ~ * *" },
		{ SCHEDULE_CRON, "H/15 H(1-5)/2 * * *" },
		{ SCHEDULE_CRON, "0~59/10 * * * *" },
		{ SCHEDULE_CRON, "0 0 L,L-3,LW,L-2W,15W,3 * *" },
		{ SCHEDULE_CRON, "0 0 1 * +1#1,2L,3" },
		{ SCHEDULE_CRON, "0 0 *,L * 5" },
		{ SCHEDULE_CRON, "* * * * *,1L" },
		{ SCHEDULE_CRON, "1,2,3,7 0 0 * * * 2030-2040/2" },
		{ SCHEDULE_CRON, "* * * * * * *" },
		{ SCHEDULE_CRON, "0 0 ? * ?" },
		{ SCHEDULE_CRON, "TZ=Asia/Tokyo @daily" },
		{ SCHEDULE_CRON, "0 0 1 */2 *" },
		{ SCHEDULE_CALENDAR, "Mon..Fri,Sun *-*-* 10:00" },
		{ SCHEDULE_CALENDAR, "Sat,Sun 2026..2030/2-1,3-1..7 *:0/7:*" },
		{ SCHEDULE_CALENDAR, "*-*~1..5/2 00..23:00..59" },
		{ SCHEDULE_CALENDAR, "*-*~07/3" },
		{ SCHEDULE_CALENDAR, "*:*:0.5,3,0/1" },
		{ SCHEDULE_CALENDAR, "*:*:0.5,1.25..3.5/0.75,7,30..40/5" },
		{ SCHEDULE_CALENDAR, "*:*:5..5/0.25,7,3" },
		{ SCHEDULE_CALENDAR, "*:*:5..5.2/0.25,0.5..0.7/1,1/58.5,2.5..59.9/10" },
		{ SCHEDULE_CALENDAR, "05:40:23.4200004/3.17 Asia/Tokyo" },
		{ SCHEDULE_CALENDAR, "daily UTC" },
		{ SCHEDULE_EVERY, "1h30m" },
		{ SCHEDULE_EVERY, "every 90s from 2026-01-01 00:00:00.5" },
		{ SCHEDULE_AT, "2026-12-24T18:00:00.123456" },
		{ SCHEDULE_AT, "2026-10-25 02:30" },
		{ SCHEDULE_AT, "2026-03-29 02:30" },
		{ SCHEDULE_AT, "2026-03-29 02:30 + 1 hour" },
		{ SCHEDULE_AT, "2027-03-14 02:30 America/New_York" },
		{ SCHEDULE_AT, "18:00 utc" },
		{ SCHEDULE_EVERY, "1d from 2027-03-14 02:30 America/New_York" },
		{ SCHEDULE_ANY, "in 10m" },
		{ SCHEDULE_ON_START, "" },
	};
	/* The longest there is: lists that no range and no step can shorten. */
	static const char longest[] =
		"0,1,3,4,6,7,9,10,12,13,15,16,18,19,21,22,24,25,27,28,30,31,33,34,36,37,39,40 "
		"*/3,1/3 0/3,1/3 L,L-1,L-3,L-4,L-6W,L-7W,L-9W,L-10W,1W,2W,4W,5W,7W,8W,10W,11W,*/3 "
		"*/3,1/3 1#1,1#2,1#3,1#4,1#5,2#1,2#3,5L,6L,0L 1970/3,1971/3";
	uint64_t seed = 99;
	char text[128];
	(void)state;
	expect_round_trip(SCHEDULE_CRON, longest);
	expect_round_trip(SCHEDULE_CRON, "*/3,1/3 */3,1/3 * * * * 1970/3,1971/3");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_round_trip(cases[i].kind, cases[i].text);
	for (int i = 0; i < NROUND_TRIPS; i++) {
		oracle_random(&seed, text);
		expect_round_trip(SCHEDULE_CRON, text);
	}
}

static void
a_schedule_is_said_in_plain_english(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "30 2 * * 1-5", "at 02:30 on Monday to Friday, Europe/Berlin" },
		{ "* * * * *", "every minute, Europe/Berlin" },
		{ "*/5 9-17 * * *", "every 5 minutes from 09:00 to 17:59, Europe/Berlin" },
		{ "0 */2 * * *", "every 2 hours from 00:00 to 22:00 every day, Europe/Berlin" },
		{ "@hourly", "every hour, Europe/Berlin" },
		{ "*/7 * * * *",
		  "every 7 minutes from minute 0 to 56 of every hour, Europe/Berlin" },
		{ "1-59/2 9 * * *",
		  "every 2 minutes from minute 1 to 59 of hour 9, Europe/Berlin" },
		{ "0,20,40 1,3 * * *",
		  "at 01:00, 01:20, 01:40, 03:00, 03:20 and 03:40, Europe/Berlin" },
		{ "2027/2-*-* 10:00",
		  "at 10:00 every day every 2 years from 2027 to 2199, Europe/Berlin" },
		{ "2027/2-3-* 10:00",
		  "at 10:00 every day in March, every 2 years from 2027 to 2199, Europe/Berlin" },
		{ "0 9,17 1,15 * *",
		  "at 09:00 and 17:00 on the 1st and 15th of the month, Europe/Berlin" },
		{ "0 0 13 * 5", "at 00:00 on the 13th of the month or on Friday, Europe/Berlin" },
		{ "0 0 13 * +5",
		  "at 00:00 on the 13th of the month, if it is Friday, Europe/Berlin" },
		{ "0 0 L 2 *", "at 00:00 on the last day in February, Europe/Berlin" },
		{ "*/10 * * * * *", "every 10 seconds, Europe/Berlin" },
		{ "Mon..Fri 10:00 UTC", "at 10:00 on Monday to Friday, UTC" },
		{ "every 90s", "every 1m30s" },
		{ "2026-12-24 18:00", "once, at 2026-12-24 18:00:00 CET" },
		{ "2027-03-28 02:30",
		  "once, at 2027-03-28 03:00:00 CEST (02:30 is skipped that day)" },
		{ "2027-10-31 02:30",
		  "once, at 2027-10-31 02:30:00 CEST (a local time that comes twice that day)" },
		{ "@reboot", "once after each boot" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct schedule s = parsed(SCHEDULE_ANY, cases[i].text);
		struct buf words = BUF_EMPTY;
		schedule_explain(&s, &words);
		assert_string_equal(buf_text(&words), cases[i].words);
		schedule_fini(&s);
		buf_fini(&words);
	}
}

static void
a_hashed_value_depends_on_the_seed_alone_and_spreads(void **state)
{
	bool is_seen[60] = { false };
	int nseen = 0;
	(void)state;
	for (uint64_t seed = 0; seed < 1000; seed++) {
		struct schedule_context context = friday_noon();
		struct schedule s, again;
		context.seed = seed;
		assert_int_equal(schedule_parse(&s, SCHEDULE_CRON, "H H H * *", &context, NULL), 0);
		assert_int_equal(schedule_parse(&again, SCHEDULE_CRON, "~ ~ ~ * *", &context, NULL),
				 0);
		usec_t at = schedule_next(&s, context.now, NULL);
		assert_int_equal(at, schedule_next(&again, context.now, NULL));
		int minute = (int)(at / USEC_PER_MIN % 60);
		nseen += !is_seen[minute];
		is_seen[minute] = true;
		assert_true(at < context.now + 31 * USEC_PER_DAY); /* due every month */
		schedule_fini(&s);
		schedule_fini(&again);
	}
	assert_int_equal(nseen, 60);
}

static void
an_interval_keeps_to_its_anchor_without_drift(void **state)
{
	struct schedule_context context = friday_noon();
	struct schedule s;
	(void)state;
	context.anchor = 12345;
	assert_int_equal(schedule_parse(&s, SCHEDULE_EVERY, "every 1001ms", &context, NULL), 0);
	assert_int_equal(schedule_next(&s, 0, NULL), 12345);
	assert_int_equal(schedule_next(&s, 12345, NULL), 12345 + 1001000);
	/* After a pause of years: one next time, on the grid. */
	usec_t at = schedule_next(&s, context.now, NULL);
	assert_true(at > context.now && at <= context.now + 1001000);
	assert_int_equal((at - 12345) % 1001000, 0);
	schedule_fini(&s);
}

static void
nothing_is_due_after_the_year_2199(void **state)
{
	static const char *const texts[] = { "* * * * *", "every 1ms", "*-*-* *:*:*",
					     "0 0 29 2 *" };
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct schedule s = parsed(SCHEDULE_ANY, texts[i]);
		assert_int_equal(schedule_next(&s, SCHEDULE_END - 1, NULL), USEC_NEVER);
		assert_int_equal(schedule_next(&s, USEC_NEVER - 1, NULL), USEC_NEVER);
		assert_int_equal(schedule_next(&s, USEC_NEVER, NULL), USEC_NEVER);
		assert_true(schedule_next(&s, INT64_MIN, NULL) < SCHEDULE_END);
		schedule_fini(&s);
	}
}

static void
garbage_of_64_kib_is_refused_at_once(void **state)
{
	struct schedule_context context = friday_noon();
	char *garbage = malloc(65536);
	struct schedule s;
	struct timespec start, end;
	(void)state;
	memset(garbage, '*', 65535);
	garbage[65535] = '\0';
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int kind = SCHEDULE_ANY; kind < SCHEDULE_NKINDS; kind++) {
		struct err err = { 0 };
		assert_int_equal(
			schedule_parse(&s, (enum schedule_kind)kind, garbage, &context, &err), -1);
		assert_non_null(strstr(err.text, "longer than"));
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	long took_us = (end.tv_sec - start.tv_sec) * 1000000 + (end.tv_nsec - start.tv_nsec) / 1000;
	assert_true(took_us < 10000); /* microseconds are meant; the machine may be busy */
	free(garbage);
}

static void
rfc_3339_is_read_strictly(void **state)
{
	static const char *const bad[] = {
		"",
		"2026-12-24",
		"2026-12-24T18:00:00",
		"2026-12-24T18:00:00+1",
		"2026-12-24T24:00:00Z",
		"2026-02-30T00:00:00Z",
		"2026-12-24T18:60:00Z",
		"2026-12-24T18:00:00Zx",
		"0000-01-01T00:00:00Z",
		"26-12-24T18:00:00Z",
		"2026-12-24T18:00:00+24:00",
		"2026-12-24T18:00:00.Z",
	};
	usec_t at;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = { 0 };
		if (schedule_parse_rfc3339(bad[i], &at, &err) == 0)
			fail_msg("'%s' was accepted", bad[i]);
		assert_int_equal(err.code, ERR_INVALID);
	}
	assert_int_equal(instant("1970-01-01T00:00:00Z"), 0);
	assert_int_equal(instant("1970-01-01t00:00:00.000001z"), 1);
	assert_int_equal(instant("1970-01-01T00:00:00.1234565Z"), 123457);
	assert_int_equal(instant("1969-12-31T23:59:59-00:30"), 1799 * USEC_PER_SEC);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_is_recognised_and_gives_the_right_time),
		cmocka_unit_test(what_is_wrong_is_refused_with_field_value_and_range),
		cmocka_unit_test(what_is_printed_reads_back_as_the_same_schedule),
		cmocka_unit_test(a_schedule_is_said_in_plain_english),
		cmocka_unit_test(a_hashed_value_depends_on_the_seed_alone_and_spreads),
		cmocka_unit_test(an_interval_keeps_to_its_anchor_without_drift),
		cmocka_unit_test(nothing_is_due_after_the_year_2199),
		cmocka_unit_test(garbage_of_64_kib_is_refused_at_once),
		cmocka_unit_test(rfc_3339_is_read_strictly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
