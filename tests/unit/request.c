/* What an HTTP job may send, and which statuses it may expect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "model/expect.h"
#include "model/request.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
an_expected_status_is_in_the_list(void **state)
{
	static const struct {
		const char *list;
		int status;
		bool matches;
	} cases[] = {
		{ NULL, 199, false },         { NULL, 200, true },
		{ NULL, 299, true },          { NULL, 300, false },
		{ "200-299,304", 304, true }, { "200-299,304", 303, false },
		{ " 404 , 410 ", 410, true }, { "404", 200, false },
		{ "100-999", 999, true },     { "nonsense", 200, false },
		{ "", 200, false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(expect_matches(cases[i].list, cases[i].status), cases[i].matches);
}

static void
a_bad_status_list_is_refused_with_its_item(void **state)
{
	static const char *const bad[] = { "",        "20",      "2000",     "099",  "200-",
					   "-200",    "299-200", "200,",     ",200", "200,,201",
					   "200 201", "2xx",     "200-2999", "+20",  "200;201" };
	static const char *const good[] = { "200", "200-200", "200,201" };
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err err = { 0 };
		assert_int_equal(expect_parse(bad[i], &err), -1);
		assert_int_equal(err.code, ERR_INVALID);
		assert_non_null(strstr(err.text, "list of statuses"));
	}
	for (size_t i = 0; i < COUNT(good); i++)
		assert_int_equal(expect_parse(good[i], NULL), 0);
}

static void
a_status_list_has_a_bounded_length(void **state)
{
	char list[EXPECT_ITEMS_MAX * 4 + 8] = "200";
	struct err err = { 0 };
	(void)state;
	for (int i = 1; i < EXPECT_ITEMS_MAX; i++)
		strcat(list, ",200");
	assert_int_equal(expect_parse(list, &err), 0);
	strcat(list, ",200");
	assert_int_equal(expect_parse(list, &err), -1);
	assert_non_null(strstr(err.text, "more than 32"));
}

static void
only_http_urls_with_a_host_are_accepted(void **state)
{
	static const char *const good[] = { "http://a",           "HTTPS://a/b?c#d",
					    "http://[::1]:8080/", "http://user:secret@host/%20",
					    "http://a:65535?q",   "http://u:p@[::1]",
					    "http://a:/" };
	static const char *const bad[] = { "",
					   "a.example",
					   "//a",
					   "file:///etc",
					   "ftp://a",
					   "http:/a",
					   "http://",
					   "http:///path",
					   "https://?q",
					   "http://a b",
					   "http://a\r\nX: y",
					   "http://a/\t",
					   "http://a/\x7f",
					   "http://a:0/",
					   "http://a:65536",
					   "http://a:99999999999999999999",
					   "http://a:8o/",
					   "http://user@a:x#f",
					   "http://[::1/",
					   "javascript:http://a" };
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_int_equal(request_check_url(good[i], NULL), 0);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err err = { 0 };
		assert_int_equal(request_check_url(bad[i], &err), -1);
		assert_string_equal(err.field, "url");
	}
}

static void
a_method_is_a_word_in_capitals(void **state)
{
	static const char *const good[] = { "GET", "HEAD", "M-SEARCH", "PATCH" };
	static const char *const bad[] = {
		"",          "get",     "GET ",
		"G\r\nX: y", "CONNECT", "GET/1.1",
		"G\xc3\xa4", "G:T",     "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG"
	};
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_int_equal(request_check_method(good[i], NULL), 0);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err err = { 0 };
		assert_int_equal(request_check_method(bad[i], &err), -1);
		assert_string_equal(err.field, "method");
	}
}

static void
a_header_can_neither_end_its_line_nor_frame_the_message(void **state)
{
	static const char *const good[] = { "X-A: b",      "X-A:",           "Accept:\tx",
					    "Host: other", "Connections: 1", "X: \xc3\xa4" };
	static const char *const bad[] = { "",
					   ": x",
					   "X",
					   "X;",
					   "X : y",
					   " X: y",
					   "X\r\nY: z",
					   "X: y\r\nY: z",
					   "X: y\n",
					   "X: \x01",
					   "Content-Length: 3",
					   "content-length:3",
					   "TRANSFER-ENCODING: chunked",
					   "Connection: close",
					   "Upgrade: h2c",
					   "Expect: 100-continue",
					   "TE: trailers" };
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_int_equal(request_check_header(good[i], NULL), 0);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err err = { 0 };
		assert_int_equal(request_check_header(bad[i], &err), -1);
		assert_string_equal(err.field, "header");
	}
}

static void
a_request_is_checked_as_a_whole(void **state)
{
	char good[] = "X: y", bad[] = "Z: a\nb", list[] = "2xx";
	char url[] = "http://a/", file[] = "file:///a", method[] = "GET", tunnel[] = "CONNECT",
	     head[] = "HEAD";
	char *headers[] = { good, bad };
	struct job job = { .url = url, .method = method, .headers = { headers, 1 } };
	struct err err = { 0 };
	(void)state;
	assert_int_equal(request_check(&job, &err), 0);
	job.expect_status = list;
	assert_int_equal(request_check(&job, &err), -1);
	assert_string_equal(err.field, "expect-status");
	job.headers.n = 2;
	assert_int_equal(request_check(&job, &err), -1);
	assert_string_equal(err.field, "header");
	job.method = head;
	job.body = list;
	assert_int_equal(request_check(&job, &err), -1);
	assert_string_equal(err.field, "body");
	job.method = tunnel;
	assert_int_equal(request_check(&job, &err), -1);
	assert_string_equal(err.field, "method");
	job.url = file;
	assert_int_equal(request_check(&job, &err), -1);
	assert_string_equal(err.field, "url");
}

static void
only_what_may_run_twice_may_be_sent_twice(void **state)
{
	static const struct {
		const char *method, *body;
		enum on_lost on_lost;
		const char *sent_as;
		bool may_repeat;
	} cases[] = {
		{ NULL, NULL, ON_LOST_DEFAULT, "GET", true },
		{ NULL, NULL, ON_LOST_FAIL, "GET", false },
		{ "HEAD", NULL, ON_LOST_DEFAULT, "HEAD", true },
		{ NULL, "x", ON_LOST_DEFAULT, "POST", false },
		{ NULL, "x", ON_LOST_RETRY, "POST", true },
		{ "PUT", "x", ON_LOST_DEFAULT, "PUT", false },
		{ "DELETE", NULL, ON_LOST_DEFAULT, "DELETE", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct job job = { .method = mem_dup(cases[i].method),
				   .body = mem_dup(cases[i].body),
				   .on_lost = cases[i].on_lost };
		assert_string_equal(request_method(&job), cases[i].sent_as);
		assert_int_equal(request_may_repeat(&job), cases[i].may_repeat);
		free(job.method);
		free(job.body);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_expected_status_is_in_the_list),
		cmocka_unit_test(a_bad_status_list_is_refused_with_its_item),
		cmocka_unit_test(a_status_list_has_a_bounded_length),
		cmocka_unit_test(only_http_urls_with_a_host_are_accepted),
		cmocka_unit_test(a_method_is_a_word_in_capitals),
		cmocka_unit_test(a_header_can_neither_end_its_line_nor_frame_the_message),
		cmocka_unit_test(a_request_is_checked_as_a_whole),
		cmocka_unit_test(only_what_may_run_twice_may_be_sent_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
