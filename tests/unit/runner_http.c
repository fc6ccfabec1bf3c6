/* The HTTP runner: what is sent, and what becomes of the answers of a server that misbehaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "../fake/http_world.h"
#include "runner/address.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int
set_up(void **state)
{
	struct http_config config = HTTP_CONFIG_STANDARD;
	config.output_max = 100000;
	config.active_max = 50;
	*state = world_new(&config);
	return 0;
}

static int
tear_down(void **state)
{
	world_free(*state);
	return 0;
}

static void
add_header(struct job *job, const char *header)
{
	job->headers.items = mem_resize(job->headers.items, job->headers.n + 1, sizeof(char *));
	job->headers.items[job->headers.n++] = mem_dup(header);
}

static void
an_answer_is_a_success_and_its_body_the_output(void **state)
{
	struct world *world = *state;
	struct outcome *outcome = world_get(world, "/ok");
	char *output = world_output(outcome);
	assert_int_equal(outcome->kind, OUTCOME_HTTP);
	assert_int_equal(outcome->code, 200);
	assert_true(outcome->is_expected);
	assert_false(outcome->is_timeout);
	assert_string_equal(output, "ok\n");
	assert_int_equal(outcome->output_bytes, 3);
	assert_int_equal(outcome->output_omitted, 0);
	assert_int_equal(outcome->retry_after, 0);
	assert_int_equal(outcome->cpu_us, -1);
	assert_true(outcome->http_us[1] > 0);
	assert_true(outcome->http_us[2] >= outcome->http_us[1]);
	assert_true(outcome->http_us[3] >= outcome->http_us[2]);
	assert_true(outcome->ended_at > 0);
	assert_int_equal(world->nstarted, 1);
	free(output);
}

static void
the_status_decides_with_the_list_of_the_job(void **state)
{
	static const struct {
		const char *path, *list;
		int status;
		bool is_expected;
	} cases[] = {
		{ "/status/204", NULL, 204, true },
		{ "/status/404", NULL, 404, false },
		{ "/status/304", NULL, 304, false },
		{ "/status/304", "200-299,304", 304, true },
		{ "/status/200", "404", 200, false },
		{ "/status/500", "500", 500, true },
		{ "/status/503", "200-499", 503, false },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct job job = world_job(*state, cases[i].path);
		job.expect_status = mem_dup(cases[i].list);
		struct outcome *outcome = world_run(*state, &job);
		assert_int_equal(outcome->kind, OUTCOME_HTTP);
		assert_int_equal(outcome->code, cases[i].status);
		assert_int_equal(outcome->is_expected, cases[i].is_expected);
		assert_false(world_has_output(outcome));
		world_job_fini(&job);
	}
}

static void
a_request_says_which_run_and_instant_it_is_for(void **state)
{
	struct world *world = *state;
	struct job job = world_job(world, "/echo");
	add_header(&job, "X-Mine: yes");
	add_header(&job, "X-Empty:");
	char *output = world_output(world_run(world, &job));
	assert_non_null(strstr(output, "GET /echo HTTP/1.1\r\n"));
	assert_non_null(strstr(output, "\r\nIdempotency-Key: 1\r\n"));
	assert_non_null(strstr(output, "\r\nAsched-Due: " WORLD_DUE_RFC "\r\n"));
	assert_non_null(strstr(output, "\r\nUser-Agent: asched/" PACKAGE_VERSION "\r\n"));
	assert_non_null(strstr(output, "\r\nX-Mine: yes\r\n"));
	assert_non_null(strstr(output, "\r\nX-Empty:\r\n"));
	assert_null(strstr(output, "Content-Type"));
	assert_null(strstr(output, "Accept-Encoding"));
	free(output);
	world_job_fini(&job);
}

static void
a_header_of_the_job_replaces_the_runners_own(void **state)
{
	struct job job = world_job(*state, "/echo");
	add_header(&job, "idempotency-key: mine");
	add_header(&job, "Asched-Due: never");
	add_header(&job, "User-Agent: me");
	char *output = world_output(world_run(*state, &job));
	assert_non_null(strstr(output, "\r\nidempotency-key: mine\r\n"));
	assert_non_null(strstr(output, "\r\nAsched-Due: never\r\n"));
	assert_non_null(strstr(output, "\r\nUser-Agent: me\r\n"));
	assert_null(strstr(output, "Idempotency-Key"));
	assert_null(strstr(output, "2026"));
	assert_null(strstr(output, "asched/"));
	free(output);
	world_job_fini(&job);
}

static void
method_and_body_are_sent_as_they_are(void **state)
{
	static const struct {
		const char *method, *body, *line, *length;
	} cases[] = {
		{ NULL, NULL, "GET /echo ", NULL },
		{ NULL, "{\"a\":1}", "POST /echo ", "\r\nContent-Length: 7\r\n" },
		{ "PUT", "x", "PUT /echo ", "\r\nContent-Length: 1\r\n" },
		{ "POST", NULL, "POST /echo ", "\r\nContent-Length: 0\r\n" },
		{ "DELETE", NULL, "DELETE /echo ", NULL },
		{ "REPORT", "x", "REPORT /echo ", "\r\nContent-Length: 1\r\n" },
		{ "OPTIONS", NULL, "OPTIONS /echo ", NULL },
		{ "GET", "x", "GET /echo ", "\r\nContent-Length: 1\r\n" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct job job = world_job(*state, "/echo");
		job.method = mem_dup(cases[i].method);
		job.body = mem_dup(cases[i].body);
		char *output = world_output(world_run(*state, &job));
		const char *length = strstr(output, "\r\nContent-Length:");
		const char *body = strstr(output, "\r\n\r\n");
		assert_memory_equal(output, cases[i].line, strlen(cases[i].line));
		assert_int_equal(!length, !cases[i].length);
		if (length)
			assert_memory_equal(length, cases[i].length, strlen(cases[i].length));
		assert_non_null(body);
		assert_string_equal(body + 4, cases[i].body ? cases[i].body : "");
		assert_null(strstr(output, "Content-Type"));
		assert_null(strstr(output, "Expect"));
		free(output);
		world_job_fini(&job);
	}
}

static void
a_head_request_does_not_wait_for_a_body(void **state)
{
	struct job job = world_job(*state, "/status/200");
	job.method = mem_dup("HEAD");
	struct outcome *outcome = world_run(*state, &job);
	assert_int_equal(outcome->kind, OUTCOME_HTTP);
	assert_false(world_has_output(outcome));
	world_job_fini(&job);
}

static void
a_job_that_cannot_be_sent_ends_without_a_start(void **state)
{
	static const struct {
		const char *url, *method, *header, *text;
	} cases[] = {
		{ "file:///etc/passwd", NULL, NULL, "url" },
		{ "gopher://127.0.0.1/", NULL, NULL, "url" },
		{ "127.0.0.1/", NULL, NULL, "url" },
		{ "http://127.0.0.1:99999/", NULL, NULL, "url" },
		{ "http://127.0.0.1/\r\nX: y", NULL, NULL, "url" },
		{ "http://127.0.0.1/", "GET\r\nX: y", NULL, "method" },
		{ "http://127.0.0.1/", NULL, "A: b\r\nX: y", "header" },
		{ "http://127.0.0.1/", NULL, "Transfer-Encoding: chunked", "header" },
	};
	struct world *world = *state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct job job = world_job(world, cases[i].url);
		job.method = mem_dup(cases[i].method);
		if (cases[i].header)
			add_header(&job, cases[i].header);
		struct outcome *outcome = world_run(world, &job);
		assert_int_equal(outcome->kind, OUTCOME_START_FAILED);
		assert_int_equal(outcome->code, EINVAL);
		assert_memory_equal(outcome->text, cases[i].text, strlen(cases[i].text));
		assert_false(world_has_output(outcome));
		world_job_fini(&job);
	}
	assert_int_equal(world->nstarted, 0);
}

static void
an_answer_that_takes_too_long_is_a_timeout(void **state)
{
	static const struct {
		const char *path, *text;
		bool has_output;
	} cases[] = {
		{ "/hang", "timed out waiting for the answer", false },
		{ "/delay/5000", "timed out waiting for the answer", false },
		{ "/drip", "timed out receiving the answer", true },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct job job = world_job(*state, cases[i].path);
		job.timeout = 200 * USEC_PER_MSEC;
		usec_t before = (usec_t)(ev_time() * 1e6);
		struct outcome *outcome = world_run(*state, &job);
		usec_t took = (usec_t)(ev_time() * 1e6) - before;
		assert_int_equal(outcome->kind, OUTCOME_NETWORK);
		assert_true(outcome->is_timeout);
		assert_string_equal(outcome->text, cases[i].text);
		assert_int_equal(world_has_output(outcome), cases[i].has_output);
		assert_true(took >= 190 * USEC_PER_MSEC);
		assert_true(took < 2 * USEC_PER_SEC);
		world_job_fini(&job);
	}
}

static void
an_answer_is_kept_whole_whatever_its_size(void **state)
{
	static const size_t sizes[] = { 1, 8191, 8192, 8193, 70000, 100000 };
	for (size_t i = 0; i < COUNT(sizes); i++) {
		char *path = mem_printf("/big/%zu", sizes[i]);
		struct outcome *outcome = world_get(*state, path);
		char *output = world_output(outcome);
		assert_int_equal(outcome->output_bytes, sizes[i]);
		assert_int_equal(strspn(output, "x"), sizes[i]);
		free(output);
		free(path);
	}
}

static void
an_answer_without_end_is_cut(void **state)
{
	static const struct {
		const char *path, *text;
		off_t kept;
	} cases[] = {
		{ "/endless-body", "too large: more than 100000 bytes of body", 100000 },
		{ "/big/100001", "too large: more than 100000 bytes of body", 100000 },
		{ "/endless-headers", "too large: more than 65536 bytes of headers", -1 },
		{ "/endless-interim", "too large: more than 65536 bytes of headers", -1 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outcome *outcome = world_get(*state, cases[i].path);
		assert_int_equal(outcome->kind, OUTCOME_NETWORK);
		assert_false(outcome->is_timeout);
		assert_string_equal(outcome->text, cases[i].text);
		if (cases[i].kept < 0) {
			assert_false(world_has_output(outcome));
			continue;
		}
		assert_int_equal(lseek(outcome->output_fd, 0, SEEK_END), cases[i].kept);
		assert_int_equal(outcome->output_bytes - outcome->output_omitted, cases[i].kept);
	}
	assert_int_equal(world_get(*state, "/big/100000")->kind, OUTCOME_HTTP);
}

static void
a_connection_that_breaks_is_no_answer(void **state)
{
	static const int cuts[] = { 0, 5, 20, 60, 5000, 99999 };
	for (size_t i = 0; i < COUNT(cuts); i++) {
		char path[32];
		snprintf(path, sizeof(path), "/reset/%d", cuts[i]);
		struct outcome *outcome = world_get(*state, path);
		assert_int_equal(outcome->kind, OUTCOME_NETWORK);
		assert_true(outcome->code > 0);
		assert_true(outcome->text[0]);
	}
}

static void
nobody_listening_is_a_network_error(void **state)
{
	struct outcome *outcome = world_get(*state, "http://127.0.0.1:1/");
	assert_int_equal(outcome->kind, OUTCOME_NETWORK);
	assert_false(outcome->is_timeout);
	assert_true(outcome->text[0]);
}

static void
a_redirect_is_not_followed(void **state)
{
	struct outcome *outcome = world_get(*state, "/redirect");
	assert_int_equal(outcome->kind, OUTCOME_HTTP);
	assert_int_equal(outcome->code, 302);
	assert_false(outcome->is_expected);
	assert_int_equal(world_seen(*state, "/ok"), 0);
}

static void
retry_after_becomes_an_instant(void **state)
{
	static const struct {
		const char *value;
		int64_t least, most; /* seconds from now; 0: none */
	} cases[] = {
		{ "120", 119, 121 },
		{ "0", 0, 0 },
		{ "-5", 0, 0 },
		{ "soon", 0, 0 },
		{ "Fri,+01+Jan+1999+00:00:00+GMT", 0, 0 },
		{ "Fri,+01+Jan+2100+00:00:00+GMT", 366 * 86400 - 1, 366 * 86400 + 1 },
		{ "99999999999999999999", 0, 366 * 86400 + 1 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *path = mem_printf("/retry-after/%s", cases[i].value);
		struct outcome *outcome = world_get(*state, path);
		int64_t wait = outcome->retry_after == 0
				       ? 0
				       : (outcome->retry_after - outcome->ended_at) / USEC_PER_SEC;
		assert_int_equal(outcome->code, 503);
		assert_in_range(wait, cases[i].least, cases[i].most);
		free(path);
	}
}

static void
addresses_that_lead_to_credentials_are_refused(void **state)
{
	static const char *const urls[] = {
		"http://169.254.169.254/",          "http://2852039166/",
		"http://0xa9.254.43518/",           "http://0251.0376.0251.0376/",
		"http://[::ffff:169.254.169.254]/", "http://[fe80::1]/",
		"http://[fd00:ec2::254]/",          "https://100.100.100.200/",
		"http://255.255.255.255/",
	};
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct outcome *outcome = world_get(*state, urls[i]);
		assert_int_equal(outcome->kind, OUTCOME_NETWORK);
		assert_memory_equal(outcome->text, "refused: the host has a ", 24);
	}
}

static void
addresses_are_refused_as_configured(void **state)
{
	struct http_config config = HTTP_CONFIG_STANDARD;
	config.refused = ADDRESS_BIT(ADDRESS_LOOPBACK);
	struct world *world = world_new(&config);
	(void)state;
	assert_string_equal(world_get(world, "/ok")->text,
			    "refused: the host has a loopback address");
	char *url = mem_printf("http://localhost:%d/ok", world->port);
	assert_string_equal(world_get(world, url)->text,
			    "refused: the host has a loopback address");
	free(url);
	world_free(world);
}

static void
the_environment_changes_nothing(void **state)
{
	static const char *const names[] = { "http_proxy", "https_proxy", "ALL_PROXY",
					     "all_proxy" };
	for (size_t i = 0; i < COUNT(names); i++)
		setenv(names[i], "http://127.0.0.1:1/", 1);
	assert_int_equal(world_get(*state, "/ok")->kind, OUTCOME_HTTP);
	for (size_t i = 0; i < COUNT(names); i++)
		unsetenv(names[i]);
}

#define http_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		http_test(an_answer_is_a_success_and_its_body_the_output),
		http_test(the_status_decides_with_the_list_of_the_job),
		http_test(a_request_says_which_run_and_instant_it_is_for),
		http_test(a_header_of_the_job_replaces_the_runners_own),
		http_test(method_and_body_are_sent_as_they_are),
		http_test(a_head_request_does_not_wait_for_a_body),
		http_test(a_job_that_cannot_be_sent_ends_without_a_start),
		http_test(an_answer_that_takes_too_long_is_a_timeout),
		http_test(an_answer_is_kept_whole_whatever_its_size),
		http_test(an_answer_without_end_is_cut),
		http_test(a_connection_that_breaks_is_no_answer),
		http_test(nobody_listening_is_a_network_error),
		http_test(a_redirect_is_not_followed),
		http_test(retry_after_becomes_an_instant),
		http_test(addresses_that_lead_to_credentials_are_refused),
		cmocka_unit_test(addresses_are_refused_as_configured),
		http_test(the_environment_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
