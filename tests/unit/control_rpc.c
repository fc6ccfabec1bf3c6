/* The control protocol: requests, batches, parameters, answers and errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "fake/control_world.h"

struct fixture {
	struct control_world world;
	int fd;
};

static int
set_up(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	world_open(&f->world, 16, 16);
	f->fd = world_connect(&f->world);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	close(f->fd);
	world_close(&f->world);
	free(f);
	return 0;
}

/* The answer's error: its number, name, field and message as one text. */
static char *
error_text(const json_t *answer)
{
	const json_t *error = json_object_get(answer, "error");
	const json_t *data = json_object_get(error, "data");
	const char *field = json_string_value(json_object_get(data, "field"));
	return mem_printf("%d %s %s: %s", (int)json_integer_value(json_object_get(error, "code")),
			  json_string_value(json_object_get(data, "name")), field ? field : "-",
			  json_string_value(json_object_get(error, "message")));
}

static void
assert_error(struct fixture *f, const char *request, const char *text)
{
	json_t *answer = world_ask(&f->world, f->fd, request);
	char *got = error_text(answer);
	assert_string_equal(got, text);
	assert_null(world_intent(&f->world));
	free(got);
	json_decref(answer);
}

#define CALL(method, params) \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":" params "}"

static void
what_is_no_request_is_refused_and_the_connection_stays(void **state)
{
	struct fixture *f = *state;
	assert_error(f, "GET / HTTP/1.1",
		     "-32700 invalid -: not JSON: byte 3: '[' or '{' expected near 'GET'");
	assert_error(f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2}",
		     "-32700 invalid -: not JSON: byte 28: duplicate object key near '\"id\"'");
	assert_error(f, "{}", "-32600 invalid -: \"jsonrpc\" is not \"2.0\"");
	assert_error(f, "{\"jsonrpc\":\"2.0\",\"id\":1}",
		     "-32600 invalid -: \"method\" is not a string");
	assert_error(f, "{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"x\"}",
		     "-32600 invalid -: \"id\" is not a string, a number or null");
	assert_error(f, CALL("daemon.methods", "[1]"),
		     "-32600 invalid -: \"params\" is not an object (parameters have names here)");
	assert_error(f, CALL("no.such", "{}"),
		     "-32601 not-found -: no method no.such; see daemon.methods");
	assert_error(f, "[]", "-32600 invalid -: a batch has 1 to 1000 requests, not 0");
	json_t *answer = world_ask(&f->world, f->fd, CALL("daemon.methods", "{}"));
	assert_true(json_array_size(json_object_get(json_object_get(answer, "result"), "methods")) >
		    20);
	json_decref(answer);
}

static void
bad_parameters_are_refused_with_their_name(void **state)
{
	static const struct {
		const char *request, *text;
	} cases[] = {
		{ CALL("job.add", "{\"nmae\":\"x\"}"),
		  "-32003 invalid nmae: no such parameter; is \"name\" meant?" },
		{ CALL("job.get", "{\"job\":1,\"x\":2}"),
		  "-32003 invalid x: job.get has no such parameter" },
		{ CALL("job.get", "{}"), "-32003 invalid job: is missing" },
		{ CALL("job.get", "{\"job\":null}"), "-32003 invalid job: is missing" },
		{ CALL("job.get", "{\"job\":1.5}"),
		  "-32003 invalid job: the value is not an id or a name" },
		{ CALL("job.get", "{\"job\":-1}"),
		  "-32003 invalid job: the value is not an id or a name" },
		{ CALL("run.get", "{\"run\":\"1\"}"),
		  "-32003 invalid run: the value is not an integer" },
		{ CALL("run.get", "{\"run\":0}"),
		  "-32003 invalid run: 0 is not in 1 to 9223372036854775807" },
		{ CALL("job.list", "{\"limit\":501}"),
		  "-32003 invalid limit: 501 is not in 1 to 500" },
		{ CALL("job.list", "{\"all\":1}"),
		  "-32003 invalid all: the value is not true or false" },
		{ CALL("job.why", "{\"job\":1,\"at\":\"noon\"}"), NULL },
		{ CALL("job.add", "{\"every\":\"1s\",\"cron\":\"* * * * *\"}"), NULL },
		{ CALL("job.add", "{\"on_start\":false}"),
		  "-32003 invalid on_start: the value is not true" },
		{ CALL("job.add", "{\"command\":\"ls -l\"}"),
		  "-32003 invalid command: the value is not an array of strings" },
		{ CALL("job.add", "{\"command\":[\"ls\",1]}"),
		  "-32003 invalid command: the value is not an array of strings" },
		{ CALL("job.add", "{\"env\":{\"A=B\":\"c\"}}"),
		  "-32003 invalid env: \"A=B\" is not a name" },
		{ CALL("job.add", "{\"split_output\":\"yes\"}"),
		  "-32003 invalid split_output: the value is not true or false" },
		{ CALL("run.output", "{\"run\":7,\"stream\":\"stdin\"}"),
		  "-32003 invalid stream: \"stdin\" is not stdout or stderr" },
		{ CALL("job.add", "{\"name\":7}"),
		  "-32003 invalid name: the value is not a string" },
		{ CALL("job.set", "{\"job\":7}"),
		  "-32003 invalid job: nothing to change is given" },
		{ CALL("queue.set", "{\"queue\":\"q\"}"),
		  "-32003 invalid queue: nothing to change is given" },
		{ CALL("queue.set", "{\"queue\":\"a b\",\"paused\":true}"),
		  "-32003 invalid queue: \"a b\" has a blank, a control byte or one of / * ? [ ] \" ' \\" },
		{ CALL("job.why", "{\"job\":1,\"at\":-5}"),
		  "-32003 invalid at: the time is not in the years 1970-2199" },
		{ CALL("job.next", "{\"job\":1,\"from\":\"2200-01-01T00:00:00Z\"}"),
		  "-32003 invalid from: the time is not in the years 1970-2199" },
		{ CALL("job.add", "{\"not_before\":9223372036854775807}"),
		  "-32003 invalid not_before: the time is not in the years 1970-2199" },
		{ CALL("job.add", "{\"at\":1.5}"), "-32003 invalid at: the value is not a string" },
		{ CALL("job.pause", "{\"job\":7,\"key\":\"\"}"), "-32003 invalid key: is empty" },
		{ CALL("job.pause", "{\"job\":7,\"key\":5}"),
		  "-32003 invalid key: the value is not a string" },
		{ CALL("job.get", "{\"job\":7,\"key\":\"k\"}"),
		  "-32003 invalid key: job.get has no such parameter" },
		{ CALL("daemon.backup", "{\"path\":\"x\"}"),
		  "-32003 invalid path: \"x\" is not an absolute path" },
		{ CALL("schedule.next", "{}"), "-32003 invalid when: is missing" },
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *answer = world_ask(&f->world, f->fd, cases[i].request);
		char *got = error_text(answer);
		if (cases[i].text)
			assert_string_equal(got, cases[i].text);
		assert_int_equal(strncmp(got, "-32003 invalid ", 15), 0);
		assert_null(world_intent(&f->world));
		free(got);
		json_decref(answer);
	}
}

static const struct change *
find_change(const struct intent *intent, const char *name, size_t skip)
{
	for (size_t i = 0; i < intent->nchanges; i++) {
		if (strcmp(intent->changes[i].field->name, name) == 0 && skip-- == 0)
			return &intent->changes[i];
	}
	return NULL;
}

static void
parameters_become_changes_of_fields(void **state)
{
	struct fixture *f = *state;
	world_send(&f->world, f->fd,
		   CALL("job.add",
			"{\"cron\":\"5 * * * *\",\"command\":[\"a\",\"b c\"],\"retries\":3,"
			"\"retry_factor\":1.5,\"env\":{\"A\":\"1\"},\"tz\":null,"
			"\"header\":{},\"retry_delay\":\"5s\",\"split_output\":true,"
			"\"not_before\":1795165210000000,"
			"\"key\":\"k1\"}") "\n");
	const struct intent *intent = world_intent(&f->world);
	assert_non_null(intent);
	assert_int_equal(intent->kind, INTENT_JOB_ADD);
	assert_string_equal(intent->key, "k1");
	assert_int_equal(intent->who.uid, getuid());
	assert_int_equal(intent->job->owner, getuid());
	assert_int_equal(find_change(intent, "schedule", 0)->kind, SCHEDULE_CRON);
	assert_string_equal(find_change(intent, "schedule", 0)->text, "5 * * * *");
	assert_string_equal(find_change(intent, "command", 0)->text, "a");
	assert_string_equal(find_change(intent, "command", 1)->text, "b c");
	assert_string_equal(find_change(intent, "retries", 0)->text, "3");
	assert_string_equal(find_change(intent, "retry-factor", 0)->text, "1.5");
	assert_string_equal(find_change(intent, "env", 0)->text, "A=1");
	assert_string_equal(find_change(intent, "retry-delay", 0)->text, "5s");
	assert_string_equal(find_change(intent, "split-output", 0)->text, "yes");
	assert_string_equal(find_change(intent, "not-before", 0)->text, "2026-11-20T09:00:10+00:00");
	assert_null(find_change(intent, "tz", 0)->text);
	assert_null(find_change(intent, "header", 0)->text);
}

static void
a_user_becomes_a_uid_if_the_caller_may_name_one(void **state)
{
	struct fixture *f = *state;
	world_send(&f->world, f->fd,
		   CALL("job.add", "{\"command\":[\"a\"],\"user\":\"root\"}") "\n");
	assert_string_equal(find_change(world_intent(&f->world), "user", 0)->text, "0");
	err_set(&world_intent(&f->world)->err, ERR_BUSY, "no");
	world_answer(&f->world);
	free(world_line(&f->world, f->fd));
	assert_error(f, CALL("job.add", "{\"command\":[\"a\"],\"user\":\"no-such-user\"}"),
		     "-32003 invalid user: no user \"no-such-user\"");
	assert_error(f, CALL("job.add", "{\"command\":[\"a\"],\"user\":\"4294967296\"}"),
		     "-32003 invalid user: \"4294967296\" is not a uid");
	f->world.is_operator = false;
	static const char *const requests[] = {
		CALL("job.add", "{\"command\":[\"a\"],\"user\":\"0\"}"),
		CALL("job.add", "{\"command\":[\"a\"],\"user\":0}"),
		CALL("job.set", "{\"job\":1,\"user\":null}"),
	};
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		assert_error(f, requests[i],
			     "-32002 denied user: permission denied: only root may, of a daemon "
			     "that serves all users");
}

static void
a_change_is_answered_when_the_store_says_so(void **state)
{
	struct fixture *f = *state;
	world_send(&f->world, f->fd, CALL("job.pause", "{\"job\":\"backup\"}") "\n");
	struct intent *intent = world_intent(&f->world);
	assert_non_null(intent);
	assert_string_equal(intent->ref.name, "backup");
	assert_int_equal(intent->ref.owner, getuid());
	assert_null(world_line(&f->world, f->fd));
	intent->job_id = 12;
	intent->name = mem_dup("backup");
	world_answer(&f->world);
	char *line = world_line(&f->world, f->fd);
	assert_string_equal(line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"id\":12,\"name\":"
				  "\"backup\",\"next_due\":null,\"next_due_us\":null}}");
	free(line);
}

static void
errors_of_the_store_have_their_numbers(void **state)
{
	static const struct {
		enum err_code code;
		const char *text;
	} cases[] = {
		{ ERR_NOT_FOUND, "-32000 not-found name: why" },
		{ ERR_EXISTS, "-32001 exists name: why" },
		{ ERR_DENIED, "-32002 denied name: why" },
		{ ERR_INVALID, "-32003 invalid name: why" },
		{ ERR_BUSY, "-32004 busy name: why" },
		{ ERR_UNKNOWN_OUTCOME, "-32005 unknown-outcome name: why" },
		{ ERR_UNAVAILABLE, "-32006 unavailable name: why" },
		{ ERR_SYSTEM, "-32603 system name: why" },
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_send(&f->world, f->fd, CALL("job.get", "{\"job\":7}") "\n");
		assert_non_null(world_intent(&f->world));
		err_set(&world_intent(&f->world)->err, cases[i].code, "why");
		err_in_field(&world_intent(&f->world)->err, "name");
		world_answer(&f->world);
		char *line = world_line(&f->world, f->fd);
		json_t *answer = json_loads(line, 0, NULL);
		char *got = error_text(answer);
		assert_string_equal(got, cases[i].text);
		free(got);
		json_decref(answer);
		free(line);
	}
}

static void
a_batch_gets_one_line_with_the_answers_of_its_requests(void **state)
{
	struct fixture *f = *state;
	world_send(
		&f->world, f->fd,
		"[" CALL(
			"job.run",
			"{\"job\":7}") ",5,"
				       "{\"jsonrpc\":\"2.0\",\"method\":\"job.run\",\"params\":{\"job\":8}},"
				       "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"job.run\","
				       "\"params\":{\"job\":9}}]\n");
	assert_int_equal(f->world.store.n, 3);
	for (int64_t run = 41; run <= 43; run++) {
		assert_null(world_line(&f->world, f->fd));
		world_intent(&f->world)->new_run_id = run;
		world_answer(&f->world);
	}
	char *line = world_line(&f->world, f->fd);
	assert_string_equal(
		line, "[{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":"
		      "\"a request is an object\",\"data\":{\"name\":\"invalid\"}}},"
		      "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"run\":41}},"
		      "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":{\"run\":43}}]");
	free(line);
}

static void
a_notification_is_done_and_not_answered(void **state)
{
	struct fixture *f = *state;
	world_send(&f->world, f->fd,
		   "{\"jsonrpc\":\"2.0\",\"method\":\"job.run\",\"params\":{\"job\":8}}\n"
		   "{\"jsonrpc\":\"2.0\",\"method\":\"job.nothing\"}\n"
		   "{\"jsonrpc\":\"2.0\",\"method\":\"job.run\",\"params\":{\"job\":1.5}}\n");
	assert_int_equal(f->world.store.n, 1);
	world_answer(&f->world);
	assert_null(world_line(&f->world, f->fd));
}

static void
a_connection_may_go_away_while_its_calls_are_under_way(void **state)
{
	struct fixture *f = *state;
	int fd = world_connect(&f->world);
	world_send(&f->world, fd,
		   CALL("job.get", "{\"job\":7}") "\n[" CALL("job.run", "{\"job\":7}") "," CALL(
			   "daemon.status", "{}") "]\n");
	assert_int_equal(f->world.store.n, 3);
	close(fd);
	world_turn(&f->world);
	err_set(&world_intent(&f->world)->err, ERR_NOT_FOUND, "no");
	world_answer(&f->world);
	world_answer(&f->world);
	world_answer(&f->world);
	json_t *answer = world_ask(&f->world, f->fd, CALL("daemon.methods", "{}"));
	assert_non_null(json_object_get(answer, "result"));
	json_decref(answer);
}

static uint64_t
hash_of(struct fixture *f, const char *request)
{
	world_send(&f->world, f->fd, request);
	world_send(&f->world, f->fd, "\n");
	uint64_t hash = world_intent(&f->world)->key_hash;
	world_answer(&f->world);
	free(world_line(&f->world, f->fd));
	return hash;
}

static void
a_key_stands_for_method_and_parameters_in_any_order(void **state)
{
	struct fixture *f = *state;
	uint64_t hash = hash_of(f, CALL("job.run", "{\"job\":7,\"force\":true,\"key\":\"k\"}"));
	assert_true(hash ==
		    hash_of(f, CALL("job.run", "{\"key\":\"k\",\"force\":true,\"job\":7}")));
	assert_true(hash !=
		    hash_of(f, CALL("job.run", "{\"job\":8,\"force\":true,\"key\":\"k\"}")));
	assert_true(hash != hash_of(f, CALL("job.cancel", "{\"job\":7,\"key\":\"k\"}")));
}

static void
names_of_others_are_for_operators(void **state)
{
	struct fixture *f = *state;
	world_send(&f->world, f->fd, CALL("job.get", "{\"job\":\"12345/backup\"}") "\n");
	assert_int_equal(world_intent(&f->world)->ref.owner, 12345);
	assert_string_equal(world_intent(&f->world)->ref.name, "backup");
	err_set(&world_intent(&f->world)->err, ERR_NOT_FOUND, "no");
	world_answer(&f->world);
	free(world_line(&f->world, f->fd));
	f->world.is_operator = false;
	assert_error(f, CALL("job.get", "{\"job\":\"12345/backup\"}"),
		     "-32003 invalid job: \"12345/backup\": only operators name jobs of others");
}

static void
the_daemon_is_for_operators(void **state)
{
	static const char *const requests[] = { CALL("daemon.reload", "{}"),
						CALL("daemon.restart", "{}"),
						CALL("daemon.backup", "{\"path\":\"/x\"}"),
						CALL("daemon.check", "{}") };
	struct fixture *f = *state;
	f->world.is_operator = false;
	for (size_t i = 0; i < 4; i++) {
		json_t *answer = world_ask(&f->world, f->fd, requests[i]);
		char *text = error_text(answer);
		assert_int_equal(strncmp(text, "-32002 denied -: daemon.", 24), 0);
		free(text);
		json_decref(answer);
	}
	assert_int_equal(f->world.nreloads + f->world.nrestarts, 0);
	f->world.is_operator = true;
	json_decref(world_ask(&f->world, f->fd, requests[0]));
	json_decref(world_ask(&f->world, f->fd, requests[1]));
	assert_int_equal(f->world.nreloads, 1);
	assert_int_equal(f->world.nrestarts, 1);
	assert_error(f, requests[0], "-32003 invalid -: x.conf:1: bad");
}

static void
status_is_told_when_the_store_cannot_say(void **state)
{
	struct fixture *f = *state;
	world_send(&f->world, f->fd, CALL("daemon.status", "{}") "\n");
	err_set(&world_intent(&f->world)->err, ERR_UNAVAILABLE, "disk I/O error");
	world_answer(&f->world);
	char *line = world_line(&f->world, f->fd);
	json_t *answer = json_loads(line, 0, NULL);
	const json_t *result = json_object_get(answer, "result");
	assert_int_equal(json_integer_value(json_object_get(result, "pid")), getpid());
	assert_true(json_is_null(json_object_get(result, "jobs")));
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(result, "store"), "detail")),
		"disk I/O error");
	json_decref(answer);
	free(line);
}

/* What a piece of output becomes: "text next_offset eof". */
static char *
output_text(struct fixture *f, const char *bytes, size_t len, int64_t total, bool is_running)
{
	world_send(&f->world, f->fd, CALL("run.output", "{\"run\":5}") "\n");
	struct intent *intent = world_intent(&f->world);
	intent->runs = mem_alloc(sizeof(*intent->runs));
	intent->nruns = 1;
	intent->runs[0].run.state = is_running ? RUN_RUNNING : RUN_SUCCEEDED;
	intent->output_total = total;
	buf_add(&intent->output, bytes, len);
	world_answer(&f->world);
	char *line = world_line(&f->world, f->fd);
	json_t *answer = json_loads(line, 0, NULL);
	const json_t *result = json_object_get(answer, "result");
	char *text = mem_printf("%s %d %s", json_string_value(json_object_get(result, "text")),
				(int)json_integer_value(json_object_get(result, "next_offset")),
				json_is_true(json_object_get(result, "eof")) ? "end" : "more");
	json_decref(answer);
	free(line);
	return text;
}

static void
output_is_text_that_json_can_hold(void **state)
{
	static const struct {
		const char *bytes;
		size_t len, total;
		bool is_running;
		const char *text;
	} cases[] = {
		{ "hello\n", 6, 6, false, "hello\n 6 end" },
		{ "", 0, 0, true, " 0 end" },
		{ "a\xff\x80z", 4, 4, false, "a\xef\xbf\xbd\xef\xbf\xbdz 4 end" },
		{ "a\0b", 3, 3, false,
		  "a\xef\xbf\xbd"
		  "b 3 end" },
		{ "\xed\xa0\x80", 3, 3, false, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd 3 end" },
		{ "\xc0\xaf", 2, 2, false, "\xef\xbf\xbd\xef\xbf\xbd 2 end" },
		/* A character that is cut waits for the next piece, but not for ever. */
		{ "\xe2\x82\xac\xe2\x82", 5, 6, false, "\xe2\x82\xac 3 more" },
		{ "\xe2\x82\xac\xe2\x82", 5, 5, true, "\xe2\x82\xac 3 end" },
		{ "\xe2\x82\xac\xe2\x82", 5, 5, false,
		  "\xe2\x82\xac\xef\xbf\xbd\xef\xbf\xbd 5 end" },
		{ "\xf0\x9f\x98", 3, 9, true, " 0 more" },
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = output_text(f, cases[i].bytes, cases[i].len, (int64_t)cases[i].total,
					 cases[i].is_running);
		assert_string_equal(text, cases[i].text);
		free(text);
	}
}

static void
defaults_fit_the_action(void **state)
{
	struct fixture *f = *state;
	struct err err;
	const struct field *cwd = field_find("cwd", 3), *method = field_find("method", 6);
	const struct field *retries = field_find("retries", 7);
	assert_int_equal(field_set(&f->world.defaults, cwd, "/srv", 4, &err), 0);
	assert_int_equal(field_set(&f->world.defaults, method, "PUT", 3, &err), 0);
	assert_int_equal(field_set(&f->world.defaults, retries, "4", 1, &err), 0);
	f->world.has_defaults = true;
	world_send(&f->world, f->fd, CALL("job.add", "{\"shell\":\"x\"}") "\n");
	assert_string_equal(world_intent(&f->world)->job->cwd, "/srv");
	assert_null(world_intent(&f->world)->job->method);
	assert_int_equal(world_intent(&f->world)->job->retries, 4);
	world_answer(&f->world);
	world_send(&f->world, f->fd, CALL("job.add", "{\"url\":\"http://x/\"}") "\n");
	assert_null(world_intent(&f->world)->job->cwd);
	assert_string_equal(world_intent(&f->world)->job->method, "PUT");
}

static void
subscribers_hear_of_what_they_may_know(void **state)
{
	struct fixture *f = *state;
	struct job own = { .owner = getuid() }, foreign = { .owner = getuid() + 1 };
	struct run run = { .id = 41, .job_id = 7 }, other = { .id = 42, .job_id = 8 };
	f->world.is_operator = false;
	json_decref(world_ask(&f->world, f->fd, CALL("event.subscribe", "{\"job\":7}")));
	const struct run_event hidden[] = {
		{ .kind = RUN_EVENT_ENDED, .run = &run, .job = &foreign },
		{ .kind = RUN_EVENT_ENDED, .run = &run },
		{ .kind = RUN_EVENT_ENDED, .run = &other, .job = &own },
	};
	for (size_t i = 0; i < 3; i++)
		control_publish(f->world.control, &hidden[i]);
	assert_null(world_line(&f->world, f->fd));
	const struct run_event seen = { .kind = RUN_EVENT_STARTED, .run = &run, .job = &own };
	control_publish(f->world.control, &seen);
	char *line = world_line(&f->world, f->fd);
	json_t *event = json_loads(line, 0, NULL);
	const json_t *params = json_object_get(event, "params");
	assert_string_equal(json_string_value(json_object_get(event, "method")), "event");
	assert_string_equal(json_string_value(json_object_get(params, "event")), "started");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(params, "run"), "id")),
			 41);
	json_decref(event);
	free(line);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_is_no_request_is_refused_and_the_connection_stays),
		TEST(bad_parameters_are_refused_with_their_name),
		TEST(parameters_become_changes_of_fields),
		TEST(a_user_becomes_a_uid_if_the_caller_may_name_one),
		TEST(a_change_is_answered_when_the_store_says_so),
		TEST(errors_of_the_store_have_their_numbers),
		TEST(a_batch_gets_one_line_with_the_answers_of_its_requests),
		TEST(a_notification_is_done_and_not_answered),
		TEST(a_connection_may_go_away_while_its_calls_are_under_way),
		TEST(a_key_stands_for_method_and_parameters_in_any_order),
		TEST(names_of_others_are_for_operators),
		TEST(the_daemon_is_for_operators),
		TEST(status_is_told_when_the_store_cannot_say),
		TEST(output_is_text_that_json_can_hold),
		TEST(defaults_fit_the_action),
		TEST(subscribers_hear_of_what_they_may_know),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
