/* Fields, jobs, and what the end of an attempt means. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake/test_zones.h"
#include "model/field.h"
#include "model/job.h"
#include "model/request_file.h"
#include "model/retry.h"
#include "model/run.h"

static int
set(struct job *job, const char *name, const char *text, struct err *err)
{
	const struct field *field = field_find(name, strlen(name));
	assert_non_null(field);
	return field_set(job, field, text, strlen(text), err);
}

static struct job
command_job(void)
{
	struct job job;
	job_init(&job);
	assert_int_equal(set(&job, "command", "/bin/true", NULL), 0);
	return job;
}

static void
every_default_is_a_value_of_its_field(void **state)
{
	struct job job, standard;
	(void)state;
	job_init(&job);
	job_init(&standard);
	for (size_t i = 0; i < nfields; i++) {
		assert_false(field_differs(&job, &standard, &fields[i]));
		field_clear(&job, &fields[i]);
	}
	assert_string_equal(job.queue, "default");
	assert_int_equal(job.kill_after, 10 * USEC_PER_SEC);
	assert_int_equal(job.umask, -1);
	job_fini(&job);
	job_fini(&standard);
}

static void
a_packed_job_unpacks_to_the_same(void **state)
{
	static const char *const texts[][2] = {
		{ "name", "backup" },
		{ "env", "A=1" },
		{ "env", "B=two words" },
		{ "cwd", "/tmp" },
		{ "umask", "027" },
		{ "nice", "7" },
		{ "timeout", "1h30m" },
		{ "retries", "3" },
		{ "retry-factor", "1.5" },
		{ "retry-on", "exit:75,timeout" },
		{ "overlap", "queue" },
		{ "missed", "all" },
		{ "until", "2030-01-01T00:00:00Z" },
		{ "stdin", "line\nline\n" },
		{ "user", "4294967294" },
		{ "split-output", "yes" },
	};
	struct job job = command_job(), copy;
	struct buf packed = BUF_EMPTY, again = BUF_EMPTY;
	struct err err = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(set(&job, texts[i][0], texts[i][1], &err), 0);
	assert_int_equal(job_set_schedule(&job, SCHEDULE_EVERY, "90s", test_zones(), 5, &err), 0);
	job_pack(&job, &packed);
	job_init(&copy);
	assert_int_equal(job_unpack(&copy, packed.data, packed.len, &err), 0);
	assert_int_equal(copy.kind, SCHEDULE_EVERY);
	job_pack(&copy, &again);
	assert_int_equal(packed.len, again.len);
	assert_memory_equal(packed.data, again.data, again.len);
	buf_fini(&packed);
	buf_fini(&again);
	job_fini(&job);
	job_fini(&copy);
}

static void
a_bad_value_names_field_and_value(void **state)
{
	static const char *const cases[][3] = {
		{ "priority", "10", "0-9" },
		{ "priority", "x", "0-9" },
		{ "retries", "-1", "0-1000" },
		{ "timeout", "5", "unit" },
		{ "kill-after", "2h", "longer" },
		{ "umask", "0888", "octal" },
		{ "overlap", "never", "skip, queue, cancel, kill, allow" },
		{ "dst", "maybe", "cron, literal" },
		{ "env", "1A=x", "NAME=VALUE" },
		{ "env", "A", "NAME=VALUE" },
		{ "env", "LD_PRELOAD=x", "reserved" },
		{ "retry-factor", "nan", "1-100" },
		{ "until", "tomorrow", "" },
		{ "user", "ann", "not a uid" },
		{ "user", "4294967295", "not a uid" },
		{ "split-output", "true", "yes or no" },
		{ "user", "-1", "not a uid" },
	};
	struct job job;
	(void)state;
	job_init(&job);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = { 0 };
		assert_int_equal(set(&job, cases[i][0], cases[i][1], &err), -1);
		assert_int_equal(err.code, ERR_INVALID);
		assert_string_equal(err.field, cases[i][0]);
		assert_non_null(strstr(err.text, cases[i][2]));
	}
	job_fini(&job);
}

static void
a_field_with_a_nul_or_too_long_is_refused(void **state)
{
	struct job job;
	struct err err = { 0 };
	char *big = malloc(FIELD_TEXT_MAX + 1);
	const struct field *shell = field_find("shell", 5);
	(void)state;
	job_init(&job);
	memset(big, 'x', FIELD_TEXT_MAX + 1);
	assert_int_equal(field_set(&job, shell, "a\0b", 3, &err), -1);
	assert_non_null(strstr(err.text, "NUL"));
	assert_int_equal(field_set(&job, shell, big, FIELD_TEXT_MAX + 1, &err), -1);
	assert_non_null(strstr(err.text, "65537"));
	assert_null(job.shell);
	free(big);
	job_fini(&job);
}

static void
a_misspelt_field_has_a_suggestion(void **state)
{
	(void)state;
	assert_string_equal(field_suggest("retrys"), "retries");
	assert_string_equal(field_suggest("time-out"), "timeout");
	assert_null(field_suggest("colour"));
	assert_ptr_equal(field_find("retry_delay", 11), field_find("retry-delay", 11));
}

static void
a_job_needs_one_action_and_fields_that_fit_it(void **state)
{
	static const struct {
		const char *field, *text, *other, *other_text, *blamed;
	} cases[] = {
		{ "queue", "default", NULL, NULL, "command" },
		{ "command", "", NULL, NULL, "command" },
		{ "shell", "true", "url", "http://a/", "url" },
		{ "shell", " ", NULL, NULL, "shell" },
		{ "shell", "true", "method", "GET", "method" },
		{ "url", "http://a/", "cwd", "/", "cwd" },
		{ "url", "file:///etc/passwd", NULL, NULL, "url" },
		{ "shell", "true", "cwd", "here", "cwd" },
		{ "shell", "true", "tz", "", "tz" },
		{ "shell", "true", "output", "", "output" },
		{ "shell", "true", "env-file", "here", "env-file" },
		{ "url", "http://a/", "auth-file", "here", "auth-file" },
		{ "shell", "true", "name", "123", "name" },
		{ "shell", "true", "name", "a b", "name" },
		{ "shell", "true", "name", "--kill", "name" },
		{ "shell", "true", "queue", "-q", "queue" },
		{ "shell", "true", "retry-on", "exit:999", "retry-on" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct job job;
		struct err err = { 0 };
		job_init(&job);
		assert_int_equal(set(&job, cases[i].field, cases[i].text, &err), 0);
		if (cases[i].other)
			assert_int_equal(set(&job, cases[i].other, cases[i].other_text, &err), 0);
		assert_int_equal(job_check(&job, &err), -1);
		assert_string_equal(err.field, cases[i].blamed);
		job_fini(&job);
	}
}

static void
a_command_too_long_for_one_message_is_refused(void **state)
{
	struct job job = command_job();
	struct err err = { 0 };
	char *text = malloc(FIELD_TEXT_MAX);
	(void)state;
	memset(text, 'x', FIELD_TEXT_MAX);
	memcpy(text, "A=", 2);
	const struct field *env = field_find("env", 3);
	for (int i = 0; i < 2; i++)
		assert_int_equal(field_set(&job, env, text, FIELD_TEXT_MAX, &err), 0);
	assert_int_equal(job_check(&job, &err), 0);
	assert_int_equal(field_set(&job, env, text, FIELD_TEXT_MAX, &err), 0);
	assert_int_equal(job_check(&job, &err), -1);
	assert_string_equal(err.field, "env");
	assert_non_null(strstr(err.text, "188416 are allowed"));
	free(text);
	job_fini(&job);
}

static void
files_of_a_request_become_its_headers_and_body(void **state)
{
	struct job job;
	struct err err = { 0 };
	const char headers[] = "# mine\n\nX-One: 1\r\nX-Two: two words",
		   auth[] = "\nbasic me:pass word\n";
	(void)state;
	job_init(&job);
	assert_int_equal(request_file_headers(&job, headers, strlen(headers), &err), 0);
	assert_int_equal(request_file_auth(&job, auth, strlen(auth), &err), 0);
	assert_int_equal(request_file_body(&job, "{}\n", 3, &err), 0);
	assert_int_equal(job.headers.n, 3);
	assert_string_equal(job.headers.items[0], "X-One: 1");
	assert_string_equal(job.headers.items[1], "X-Two: two words");
	assert_string_equal(job.headers.items[2], "Authorization: Basic bWU6cGFzcyB3b3Jk");
	assert_string_equal(job.body, "{}\n");
	assert_int_equal(request_file_auth(&job, "Bearer abc", 10, &err), -1);
	assert_string_equal(err.text, "there is a header Authorization already");
	request_file_wipe(&job);
	job_init(&job);
	assert_int_equal(request_file_auth(&job, "Bearer abc", 10, &err), 0);
	assert_string_equal(job.headers.items[0], "Authorization: Bearer abc");
	request_file_wipe(&job);
}

static void
what_is_wrong_with_a_secret_file_is_said_without_quoting_it(void **state)
{
	static const struct {
		int (*take)(struct job *, const char *, size_t, struct err *);
		const char *text;
		size_t len;
		const char *said;
	} cases[] = {
		{ request_file_headers, "X: 1\nmarker\n", 12, "line 2 is no header" },
		{ request_file_headers, "marker: a\x01\n", 11, "line 1 is no header" },
		{ request_file_headers, "Content-Length: marker", 22, "line 1 is no header" },
		{ request_file_headers, "X: mark\0er", 10, "has a NUL byte" },
		{ request_file_auth, "marker", 6, "is not one line" },
		{ request_file_auth, "basic marker", 12, "is not one line" },
		{ request_file_auth, "bearer", 6, "is not one line" },
		{ request_file_auth, "bearer mar ker", 14, "is not one line" },
		{ request_file_auth, "digest a:marker", 15, "is not one line" },
		{ request_file_auth, "bearer marker\nbearer marker", 27, "is not one line" },
		{ request_file_auth, "", 0, "is not one line" },
		{ request_file_body, "marker\0", 7, "has a NUL byte" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct job job;
		struct err err = { 0 };
		job_init(&job);
		assert_int_equal(cases[i].take(&job, cases[i].text, cases[i].len, &err), -1);
		assert_non_null(strstr(err.text, cases[i].said));
		assert_null(strstr(err.text, "marker"));
		request_file_wipe(&job);
	}
}

static void
only_jobs_of_root_run_as_others(void **state)
{
	struct job job = command_job();
	struct err err = { 0 };
	(void)state;
	job.owner = 1000;
	assert_int_equal(job_uid(&job), 1000);
	assert_int_equal(set(&job, "user", "0", &err), 0);
	assert_int_equal(job_check(&job, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	assert_string_equal(err.field, "user");
	job.owner = 0;
	assert_int_equal(set(&job, "user", "1000", &err), 0);
	assert_int_equal(job_check(&job, &err), 0);
	assert_int_equal(job_uid(&job), 1000);
	job_fini(&job);
}

static void
a_retry_waits_longer_each_time_up_to_the_most(void **state)
{
	struct job job;
	(void)state;
	job_init(&job);
	for (int n = 1; n < 30; n++) {
		usec_t least = retry_wait(&job, n, 0), most = retry_wait(&job, n, UINT64_MAX);
		double full = 10e6;
		for (int i = 1; i < n; i++)
			full = full * 2 > 3600e6 ? 3600e6 : full * 2;
		assert_true(least >= (usec_t)(full * 0.79) && least <= (usec_t)(full * 0.81));
		assert_true(most <= job.retry_max_delay && most >= least);
	}
	job_fini(&job);
}

static void
retry_on_names_what_is_tried_again(void **state)
{
	(void)state;
	assert_true(retry_on_matches(NULL, REASON_EXIT, 1));
	assert_true(retry_on_matches("exit:75,timeout", REASON_EXIT, 75));
	assert_false(retry_on_matches("exit:75,timeout", REASON_EXIT, 1));
	assert_true(retry_on_matches("exit:70-79", REASON_EXIT, 78));
	assert_true(retry_on_matches("exit:75,timeout", REASON_TIMEOUT, 0));
	assert_true(retry_on_matches("http:500-599", REASON_HTTP_STATUS, 503));
	static const char *const bad[] = { "", "exit:", "exit:256", "exit:5-3", "exit:x", "signal:9",
		                           "foo", "exit,", "exit:99999999999999999999999999" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(retry_on_check(bad[i], NULL), -1);
	assert_int_equal(retry_on_check("exit,exit:1,exit:2-9,signal,timeout,start,network,http,"
	                                "http:503", NULL), 0);
}

static void
the_end_of_an_attempt_decides_the_run(void **state)
{
	static const struct {
		struct outcome outcome;
		enum run_reason asked;
		int retries;
		enum run_state becomes;
		enum run_reason reason;
		const char *detail;
	} cases[] = {
		{ { .kind = OUTCOME_EXIT }, REASON_NONE, 0, RUN_SUCCEEDED, REASON_NONE, "" },
		{ { .kind = OUTCOME_EXIT, .code = 3 }, REASON_NONE, 0, RUN_FAILED, REASON_EXIT, "3" },
		{ { .kind = OUTCOME_EXIT, .code = 3 }, REASON_NONE, 1, RUN_WAITING, REASON_EXIT, "3" },
		{ { .kind = OUTCOME_SIGNAL, .code = SIGKILL }, REASON_NONE, 0, RUN_FAILED,
		  REASON_SIGNAL, "SIGKILL" },
		{ { .kind = OUTCOME_SIGNAL, .code = SIGTERM }, REASON_TIMEOUT, 0, RUN_FAILED,
		  REASON_TIMEOUT, "SIGTERM" },
		{ { .kind = OUTCOME_EXIT }, REASON_TIMEOUT, 0, RUN_FAILED, REASON_TIMEOUT, "0" },
		{ { .kind = OUTCOME_EXIT }, REASON_SHUTDOWN, 0, RUN_SUCCEEDED, REASON_NONE, "" },
		{ { .kind = OUTCOME_HTTP, .code = 200, .is_expected = true }, REASON_TIMEOUT, 0,
		  RUN_SUCCEEDED, REASON_NONE, "" },
		{ { .kind = OUTCOME_SIGNAL, .code = SIGTERM }, REASON_CANCELLED, 5, RUN_CANCELLED,
		  REASON_CANCELLED, "by uid 0" },
		{ { .kind = OUTCOME_SIGNAL, .code = SIGTERM }, REASON_SHUTDOWN, 5, RUN_FAILED,
		  REASON_SHUTDOWN, "SIGTERM" },
		{ { .kind = OUTCOME_START_FAILED, .code = ENOENT, .text = "exec" }, REASON_NONE, 0,
		  RUN_FAILED, REASON_START_FAILED, "exec: ENOENT" },
		{ { .kind = OUTCOME_LOST, .text = "crash" }, REASON_NONE, 5, RUN_LOST, REASON_CRASH,
		  "crash" },
		{ { .kind = OUTCOME_LOST, .text = "reboot" }, REASON_NONE, 0, RUN_LOST, REASON_REBOOT,
		  "reboot" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct job job = command_job();
		struct run run = { .state = RUN_RUNNING, .attempt = 1,
			           .stop_reason = cases[i].asked };
		job.retries = cases[i].retries;
		run_end_attempt(&run, &job, &cases[i].outcome, 0);
		assert_int_equal(run.state, cases[i].becomes);
		assert_int_equal(run.reason, cases[i].reason);
		assert_string_equal(run.detail, cases[i].detail);
		job_fini(&job);
	}
}

static void
on_lost_retry_runs_again_what_may_have_run(void **state)
{
	struct job job = command_job();
	struct run run = { .state = RUN_RUNNING, .attempt = 1 };
	struct outcome outcome = { .kind = OUTCOME_LOST, .text = "crash", .ended_at = 77 };
	(void)state;
	job.on_lost = ON_LOST_RETRY;
	run_end_attempt(&run, &job, &outcome, 0);
	assert_int_equal(run.state, RUN_WAITING);
	assert_int_equal(run.start_at, 77);
	job_fini(&job);
}

static void
a_run_that_is_lost_again_and_again_is_given_up(void **state)
{
	struct job job = command_job();
	struct run run = { .state = RUN_RUNNING, .attempt = 1 };
	struct outcome outcome = { .kind = OUTCOME_LOST, .text = "reboot", .ended_at = 77 };
	(void)state;
	job.on_lost = ON_LOST_RETRY;
	for (; run.attempt < RUN_LOST_ATTEMPTS_MAX; run.attempt++) {
		run_end_attempt(&run, &job, &outcome, 0);
		assert_int_equal(run.state, RUN_WAITING);
		run.state = RUN_RUNNING;
	}
	run_end_attempt(&run, &job, &outcome, 0);
	assert_int_equal(run.state, RUN_LOST);
	assert_int_equal(run.reason, REASON_REBOOT);
	assert_string_equal(run.detail, "given up after 10 attempts");
	job_fini(&job);
}

static void
retry_after_wins_within_the_cap(void **state)
{
	struct job job;
	struct run run = { .state = RUN_RUNNING, .attempt = 1 };
	struct outcome outcome = { .kind = OUTCOME_HTTP, .code = 503, .ended_at = 1000,
		                   .retry_after = 1000 + 100 * USEC_PER_SEC };
	(void)state;
	job_init(&job);
	set(&job, "url", "http://127.0.0.1/", NULL);
	job.retries = 3;
	run_end_attempt(&run, &job, &outcome, 0);
	assert_int_equal(run.start_at, 1000 + 100 * USEC_PER_SEC);
	run.state = RUN_RUNNING;
	outcome.retry_after = 1000 + USEC_PER_DAY;
	run_end_attempt(&run, &job, &outcome, 0);
	assert_int_equal(run.start_at, 1000 + job.retry_max_delay);
	job_fini(&job);
}

static void
terminal_states_never_change(void **state)
{
	(void)state;
	for (int from = 0; from < RUN_NSTATES; from++) {
		for (int to = 0; to < RUN_NSTATES; to++) {
			if (run_is_terminal((enum run_state)from))
				assert_false(run_may_become((enum run_state)from, (enum run_state)to));
		}
	}
	assert_false(run_is_terminal(RUN_WAITING));
	assert_false(run_is_terminal(RUN_RUNNING));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_default_is_a_value_of_its_field),
		cmocka_unit_test(a_packed_job_unpacks_to_the_same),
		cmocka_unit_test(a_bad_value_names_field_and_value),
		cmocka_unit_test(a_field_with_a_nul_or_too_long_is_refused),
		cmocka_unit_test(a_misspelt_field_has_a_suggestion),
		cmocka_unit_test(a_job_needs_one_action_and_fields_that_fit_it),
		cmocka_unit_test(only_jobs_of_root_run_as_others),
		cmocka_unit_test(files_of_a_request_become_its_headers_and_body),
		cmocka_unit_test(what_is_wrong_with_a_secret_file_is_said_without_quoting_it),
		cmocka_unit_test(a_command_too_long_for_one_message_is_refused),
		cmocka_unit_test(a_retry_waits_longer_each_time_up_to_the_most),
		cmocka_unit_test(retry_on_names_what_is_tried_again),
		cmocka_unit_test(the_end_of_an_attempt_decides_the_run),
		cmocka_unit_test(on_lost_retry_runs_again_what_may_have_run),
		cmocka_unit_test(a_run_that_is_lost_again_and_again_is_given_up),
		cmocka_unit_test(retry_after_wins_within_the_cap),
		cmocka_unit_test(terminal_states_never_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
