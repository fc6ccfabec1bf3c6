/* What the command line shows: safe text, widths, spans, results, base64, options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <locale.h>

#include "base/buf.h"
#include "cli/answer.h"
#include "cli/args.h"
#include "cli/output.h"
#include "cli/text.h"
#include "cli/words.h"

#define NWORDS 8

static void
nothing_unsafe_reaches_the_terminal(void **state)
{
	static const struct {
		const char *text, *safe;
	} cases[] = {
		{ "plain", "plain" },
		{ "h\xc3\xa9llo \xe2\x82\xac \xf0\x9f\x98\x80",
		  "h\xc3\xa9llo \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "\033[31mred", "^[[31mred" },
		{ "a\nb\tc\x7f", "a^Jb^Ic^?" },
		{ "\xff\xc3", "\\xff\\xc3" },
		{ "\xc0\x80", "\\xc0\\x80" },          /* overlong NUL */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* surrogate */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
		{ "\xc2\x9b"
		  "31m",
		  "\\u{9b}31m" }, /* C1 control sequence introducer */
		{ "a\xe2\x80\xae"
		  "b",
		  "a\\u{202e}b" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_EMPTY;
		text_add_safe(&out, cases[i].text, strlen(cases[i].text));
		assert_string_equal(buf_text(&out), cases[i].safe);
		buf_fini(&out);
	}
}

static void
a_character_cut_by_the_end_waits_for_its_rest(void **state)
{
	static const struct {
		const char *text, *shown;
		size_t taken;
	} cases[] = {
		{ "ab\n\tc", "ab\n\tc", 5 },
		{ "a\xe2\x82", "a", 1 },
		{ "a\xf0\x9f\x98", "a", 1 },
		{ "a\xff", "a\\xff", 2 },
		{ "\xe2"
		  "b",
		  "\\xe2"
		  "b",
		  2 },
		{ "\xe0\xa0", "", 0 },
		{ "\xed\xa0", "\\xed\\xa0", 2 },
		{ "a\r\nb\rc", "a\nb^Mc", 6 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_EMPTY;
		size_t n = text_add_lines(&out, cases[i].text, strlen(cases[i].text));
		assert_string_equal(buf_text(&out), cases[i].shown);
		assert_int_equal(n, cases[i].taken);
		buf_fini(&out);
	}
}

static void
a_text_is_cut_by_columns_and_not_by_bytes(void **state)
{
	(void)state;
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("h\xc3\xa9"), 2);
	assert_int_equal(text_width("\xe6\x97\xa5\xe6\x9c\xac"), 4); /* two wide characters */
	assert_int_equal(text_fit("abc", 2), 2);
	assert_int_equal(text_fit("\xe6\x97\xa5\xe6\x9c\xac", 3), 3);
	assert_int_equal(text_fit("\xc3\xa9\xc3\xa9", 1), 2);
}

static void
a_slip_of_the_finger_is_near(void **state)
{
	(void)state;
	assert_int_equal(text_distance("list", "list"), 0);
	assert_int_equal(text_distance("lsit", "list"), 1);
	assert_int_equal(text_distance("lst", "list"), 1);
	assert_int_equal(text_distance("", "list"), 4);
	assert_true(text_distance("retry", "status") > 3);
}

static void
a_span_has_its_two_greatest_units(void **state)
{
	static const struct {
		usec_t span;
		const char *words;
	} cases[] = {
		{ 0, "now" },
		{ USEC_PER_SEC - 1, "now" },
		{ 45 * USEC_PER_SEC, "45s" },
		{ 60 * USEC_PER_SEC, "1m" },
		{ 90 * USEC_PER_SEC, "1m 30s" },
		{ 3 * USEC_PER_HOUR + 12 * USEC_PER_MIN + 59 * USEC_PER_SEC, "3h 12m" },
		{ 2 * USEC_PER_DAY + 59 * USEC_PER_MIN, "2d" },
		{ 400 * USEC_PER_DAY + 5 * USEC_PER_HOUR, "400d 5h" },
	};
	char text[WORDS_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(words_span(cases[i].span, text), cases[i].words);
	assert_string_equal(words_when(5 * USEC_PER_SEC, 65 * USEC_PER_SEC, text), "1m ago");
	assert_string_equal(words_when(65 * USEC_PER_SEC, 5 * USEC_PER_SEC, text), "in 1m");
	assert_string_equal(words_when(0, 1, text), "-");
	assert_string_equal(words_took(350 * USEC_PER_MSEC, text), "350ms");
	assert_string_equal(words_took(1250 * USEC_PER_MSEC, text), "1.2s");
	assert_string_equal(words_took(75 * USEC_PER_SEC, text), "1m 15s");
	assert_string_equal(words_bytes(1023, text), "1023 B");
	assert_string_equal(words_bytes(1536, text), "1.5 KiB");
	assert_string_equal(words_bytes((int64_t)300 << 20, text), "300 MiB");
}

static void
a_result_says_what_became_of_the_run(void **state)
{
	static const struct {
		const char *run, *words;
		int exit_code;
	} cases[] = {
		{ "{\"state\":\"succeeded\"}", "ok", 0 },
		{ "{\"state\":\"failed\",\"reason\":\"exit\",\"detail\":\"3\",\"exit_code\":3}",
		  "exit 3", 3 },
		{ "{\"state\":\"failed\",\"reason\":\"signal\",\"detail\":\"SIGKILL\","
		  "\"signal\":\"SIGKILL\"}",
		  "SIGKILL", 137 },
		{ "{\"state\":\"failed\",\"reason\":\"timeout\",\"signal\":\"SIGTERM\"}", "timeout",
		  124 },
		{ "{\"state\":\"failed\",\"reason\":\"start-failed\",\"detail\":\"exec: ENOENT\"}",
		  "not started: exec: ENOENT", 127 },
		{ "{\"state\":\"failed\",\"reason\":\"http-status\",\"detail\":\"503\","
		  "\"http_status\":503}",
		  "http 503", 1 },
		{ "{\"state\":\"skipped\",\"reason\":\"overlap\",\"count\":3}",
		  "skipped: overlap (3 times)", 1 },
		{ "{\"state\":\"cancelled\",\"reason\":\"cancelled\"}", "cancelled", 1 },
		{ "{\"state\":\"waiting\",\"attempt\":1}", "will retry", 1 },
		{ "null", "-", 1 },
	};
	char text[WORDS_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *run = json_loads(cases[i].run, JSON_DECODE_ANY, NULL);
		assert_string_equal(words_result(run, text), cases[i].words);
		assert_int_equal(run_exit_code(run), cases[i].exit_code);
		json_decref(run);
	}
}

static void
a_run_takes_time_while_an_attempt_goes_on(void **state)
{
	static const struct {
		const char *run, *took;
	} cases[] = {
		{ "{\"state\":\"succeeded\",\"started_us\":1000000,\"ended_us\":3500000}", "2.5s" },
		{ "{\"state\":\"running\",\"started_us\":1000000}", "8.0s" },
		{ "{\"state\":\"waiting\",\"started_us\":1000000}", "-" }, /* for its retry */
		{ "{\"state\":\"missed\",\"ended_us\":3500000}", "-" },
	};
	char text[WORDS_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *run = json_loads(cases[i].run, 0, NULL);
		assert_string_equal(words_run_took(run, 9 * USEC_PER_SEC, text), cases[i].took);
		json_decref(run);
	}
}

static void
base64_reads_back_and_refuses_what_it_is_not(void **state)
{
	static const struct {
		const char *text, *bytes;
	} good[] = { { "", "" },
		     { "Zg==", "f" },
		     { "Zm8=", "fo" },
		     { "Zm9v", "foo" },
		     { "Zm9vYmE=", "fooba" } };
	static const char *const bad[] = { "Z", "Zg=", "Zg==Zg==", "Z===", "Zm9*", "====", "Zm 9" };
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct buf out = BUF_EMPTY;
		assert_true(base64_add(&out, good[i].text, strlen(good[i].text)));
		assert_string_equal(buf_text(&out), good[i].bytes);
		buf_fini(&out);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buf out = BUF_EMPTY;
		assert_false(base64_add(&out, bad[i], strlen(bad[i])));
		buf_fini(&out);
	}
}

static void
an_id_is_a_positive_decimal_number(void **state)
{
	static const char *const bad[] = { "", "0", "-1", "1x", "x", " 1", "99999999999999999999" };
	int64_t id = 0;
	(void)state;
	assert_true(is_id("12", &id));
	assert_int_equal(id, 12);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(is_id(bad[i], &id));
}

static void
options_and_words_stand_in_any_order(void **state)
{
	const struct cli_options globals = { 0 };
	bool is_all = false, follows = false;
	const char *name = NULL;
	int64_t n = 0;
	const struct option table[] = {
		{ "all", 'a', OPTION_FLAG, &is_all, NULL, "" },
		{ "follow", 'f', OPTION_FLAG, &follows, NULL, "" },
		{ "name", 0, OPTION_TEXT, &name, "NAME", "" },
		{ "limit", 'n', OPTION_COUNT, &n, "N", "" },
	};
	struct args args = {
		.globals = &globals, .options = table, .noptions = 4, .most = 2, .takes_rest = true
	};
	char words[][16] = { "list", "one", "-afn5", "--name=x y", "two", "--", "-z", "--all" };
	char *argv[NWORDS + 1] = { NULL };
	int exit_code = -1;
	(void)state;
	for (size_t i = 0; i < NWORDS; i++)
		argv[i] = words[i];
	assert_true(args_read(&args, NWORDS, argv, &exit_code));
	assert_int_equal(exit_code, EXIT_DONE);
	assert_true(is_all && follows);
	assert_int_equal(n, 5);
	assert_string_equal(name, "x y");
	assert_int_equal(args.nwords, 2);
	assert_string_equal(args.words[1], "two");
	assert_int_equal(args.nrest, 2);
	assert_string_equal(args.rest[0], "-z");
}

static void
commands_are_quoted_as_a_shell_reads_them(void **state)
{
	json_t *job = json_pack("{s:[s,s,s,s]}", "command", "sh", "-c", "it's", "");
	struct buf out = BUF_EMPTY;
	(void)state;
	words_command(job, &out);
	assert_string_equal(buf_text(&out), "sh -c 'it'\\''s' ''");
	buf_fini(&out);
	json_decref(job);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_unsafe_reaches_the_terminal),
		cmocka_unit_test(a_character_cut_by_the_end_waits_for_its_rest),
		cmocka_unit_test(a_text_is_cut_by_columns_and_not_by_bytes),
		cmocka_unit_test(a_slip_of_the_finger_is_near),
		cmocka_unit_test(a_span_has_its_two_greatest_units),
		cmocka_unit_test(a_result_says_what_became_of_the_run),
		cmocka_unit_test(a_run_takes_time_while_an_attempt_goes_on),
		cmocka_unit_test(base64_reads_back_and_refuses_what_it_is_not),
		cmocka_unit_test(an_id_is_a_positive_decimal_number),
		cmocka_unit_test(options_and_words_stand_in_any_order),
		cmocka_unit_test(commands_are_quoted_as_a_shell_reads_them),
	};
	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
