/* What lint remarks, and what it lets pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "fake/test_zones.h"
#include "when/lint.h"

/* A schedule and a part of its only remark; NULL: none. */
static const struct {
	const char *text, *remark;
} cases[] = {
	{ "5 4 * * *", NULL },
	{ "*/15 * * * *", NULL },
	{ "0 */6 * * *", NULL },
	{ "0 0 31 1,3 *", NULL },
	{ "0 9 * * 1-5", NULL },
	{ "Mon..Fri 02:30", NULL }, /* the clock changes on Sundays */
	{ "every 90s", NULL },
	{ "* 4 * * *", "minute: due at every minute of the hours given" },
	{ "* 30 * * * *", "second: due at every second of the minutes given" },
	{ "*/35 * * * *", "the last interval is 25 minutes long" },
	{ "0 */5 * * *", "write 'every 5h'" },
	{ "*/60 * * * *", "as long as the hour" },
	{ "0 0 */2 * *", "starts anew on the 1st" },
	{ "0 0 13 * 5", "either is enough" },
	{ "0 0 13 * */2", "makes both needed" },
	{ "0 15 10 ? * 2-6", "weekday: counted from 0" },
	{ "TZ=UTC 0 15 10 ? * 6L 2027", "weekday: counted from 0" },
	{ "0 15 10 ? * MON-FRI", NULL },
	{ "0 15 10 ? * *", NULL },
	{ "0 0 31 * *", "months without a day 31 are passed over" },
	{ "0 0 29 2 *", "leap years only" },
	{ "30 2 28 3 *", "02:30 does not exist on 2027-03-28 in Europe/Berlin: due at" },
	{ "*/20 2 28 3 *", "02:00 does not exist on 2027-03-28 in Europe/Berlin: not due" },
	{ "30 2 31 10 *", "02:30 comes twice on 2027-10-31 in Europe/Berlin: due the first" },
	{ "*/30 2 31 10 *", "02:00 comes twice on 2027-10-31 in Europe/Berlin: due both times" },
	{ "every 1d", "the clock time moves with DST" },
	{ "2020-01-01 10:00", "in the past" },
};

static void
each_usual_mistake_gets_its_remark_and_nothing_else_does(void **state)
{
	struct schedule_context context = { .zones = test_zones(), .tz = "Europe/Berlin" };
	(void)state;
	assert_int_equal(schedule_parse_rfc3339("2026-11-20T12:00:00Z", &context.now, NULL), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct schedule s;
		struct buf remarks = BUF_EMPTY;
		struct err err = { 0 };
		if (schedule_parse(&s, SCHEDULE_ANY, cases[i].text, &context, &err) < 0)
			fail_msg("%s: %s", cases[i].text, err.text);
		size_t n = lint_schedule(&s, cases[i].text, context.now, &remarks);
		if (cases[i].remark && (n != 1 || !strstr(buf_text(&remarks), cases[i].remark)))
			fail_msg("%s: %zu remarks: %s", cases[i].text, n, buf_text(&remarks));
		if (!cases[i].remark && n != 0)
			fail_msg("%s: %s", cases[i].text, buf_text(&remarks));
		schedule_fini(&s);
		buf_fini(&remarks);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_usual_mistake_gets_its_remark_and_nothing_else_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
