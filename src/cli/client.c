/* A client of the control protocol. */
#include "cli/client.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "cli/answer.h"
#include "cli/link.h"
#include "cli/screen.h"

#define REPLY_WAIT_S 30         /* longer than a planned restart of the daemon takes */
#define REQUEST_MAX  (1u << 20) /* bytes of a line: the protocol's limit */
#define KEY_BYTES    12
#define NTRIES       2

struct client {
	const struct cli_options *options;
	struct link link; /* fd -1: not connected */
	char *path;
	json_int_t id;
	int wait_s;
	int failure_code; /* exit code of the last call that failed */
	int exit_code;    /* of the first one that was said */
};

/* What the protocol's error numbers mean here. */
static const struct {
	int number;
	enum err_code code;
} error_codes[] = {
	{ -32000, ERR_NOT_FOUND },   { -32001, ERR_EXISTS },  { -32002, ERR_DENIED },
	{ -32003, ERR_INVALID },     { -32004, ERR_BUSY },    { -32005, ERR_UNKNOWN_OUTCOME },
	{ -32006, ERR_UNAVAILABLE }, { -32602, ERR_INVALID },
};

static int
exit_code_of(enum err_code code)
{
	static const int exit_codes[ERR_NCODES] = {
		[ERR_NONE] = EXIT_DONE,
		[ERR_INVALID] = EXIT_USAGE,
		[ERR_NOT_FOUND] = EXIT_NOT_FOUND,
		[ERR_EXISTS] = EXIT_FAILED,
		[ERR_DENIED] = EXIT_DENIED,
		[ERR_BUSY] = EXIT_BUSY,
		[ERR_UNKNOWN_OUTCOME] = EXIT_BUSY,
		[ERR_UNAVAILABLE] = EXIT_BUSY,
		[ERR_SYSTEM] = EXIT_FAILED,
	};
	return exit_codes[code];
}

struct client *
client_new(const struct cli_options *options)
{
	struct client *client = mem_alloc(sizeof(*client));
	client->options = options;
	client->link.fd = -1;
	client->wait_s = REPLY_WAIT_S;
	return client;
}

int
client_free(struct client *client)
{
	if (!client)
		return EXIT_DONE;
	int exit_code = client->exit_code;
	link_close(&client->link);
	free(client->path);
	free(client);
	return exit_code;
}

bool
client_is_well(const struct client *client)
{
	return client->exit_code == EXIT_DONE;
}

void
client_wait_long(struct client *client)
{
	client->wait_s = 0;
}

static int
reach(struct client *client, struct err *err)
{
	if (client->link.fd >= 0)
		return 0;
	if (!client->path)
		client->path = link_find(client->options);
	return link_open(&client->link, client->path, client->options->socket != NULL, err);
}

/* Sends the request line and receives the answer's. The connection is closed when that fails. */
static int
exchange(struct client *client, const struct buf *request, struct buf *answer, struct err *err)
{
	struct err lost;
	bool is_sent = link_send(&client->link, request->data, request->len, &lost) == 0;
	/* A daemon that refuses us says why and closes, perhaps before it reads anything. */
	if (link_receive(&client->link, answer, client->wait_s, err) == 0)
		return 0;
	if (!is_sent)
		*err = lost;
	link_close(&client->link);
	return -1;
}

static int
read_error(const json_t *error, struct err *err)
{
	int number = (int)json_integer_value(json_object_get(error, "code"));
	const json_t *data = json_object_get(error, "data");
	enum err_code code = ERR_SYSTEM;
	for (size_t i = 0; i < sizeof(error_codes) / sizeof(error_codes[0]); i++) {
		if (error_codes[i].number == number)
			code = error_codes[i].code;
	}
	err_set(err, code, "%s", answer_text(error, "message"));
	snprintf(err->field, sizeof(err->field), "%s", answer_text(data, "field"));
	return -1;
}

/* The result in the answer's line (new reference), or NULL with *err. */
static json_t *
read_answer(const struct client *client, const struct buf *line, struct err *err)
{
	json_error_t where;
	json_t *answer = json_loadb(buf_text(line), line->len, JSON_ALLOW_NUL, &where);
	json_t *result = json_object_get(answer, "result");
	json_t *error = json_object_get(answer, "error");
	if (error)
		read_error(error, err);
	else if (!result || json_integer_value(json_object_get(answer, "id")) != client->id)
		err_set(err, ERR_SYSTEM, "the daemon's answer is not understood: %.100s",
			buf_text(line));
	result = error ? NULL : json_incref(result);
	json_decref(answer);
	return err->code == ERR_NONE ? result : (json_decref(result), NULL);
}

static void
make_request(struct client *client, const char *method, json_t *params, struct buf *request)
{
	json_t *message = json_pack("{s:s, s:I, s:s}", "jsonrpc", "2.0", "id", ++client->id,
				    "method", method);
	if (json_object_size(params) > 0)
		json_object_set(message, "params", params);
	char *text = json_dumps(message, JSON_COMPACT);
	json_decref(message);
	buf_add_text(request, text);
	buf_add_char(request, '\n');
	free(text);
}

/* One question and its answer. *is_lost: the connection broke, or the outcome is unknown. */
static json_t *
call_once(struct client *client, const char *method, json_t *params, bool *is_lost, struct err *err)
{
	struct buf request = BUF_EMPTY, line = BUF_EMPTY;
	json_t *result = NULL;
	*err = (struct err){ 0 };
	*is_lost = false;
	make_request(client, method, params, &request);
	if (request.len > REQUEST_MAX) {
		err_set(err, ERR_INVALID, "the request has %zu bytes; %u are allowed", request.len,
			REQUEST_MAX);
	} else if (exchange(client, &request, &line, err) != 0) {
		*is_lost = true;
	} else {
		result = read_answer(client, &line, err);
		*is_lost = err->code == ERR_UNKNOWN_OUTCOME;
	}
	buf_fini(&request);
	buf_fini(&line);
	return result;
}

/*
 * It was not even looked whether the request had come before: that says nothing of the
 * first try.
 */
static bool
is_turned_away(const struct err *err)
{
	return err->code == ERR_UNAVAILABLE || err->code == ERR_BUSY;
}

/*
 * The error of a call whose connection broke: a change may have happened, a question can just be
 * asked again later.
 */
static void
judge_loss(struct client *client, bool is_change, struct err *err)
{
	client->failure_code = is_change ? EXIT_BUSY : EXIT_UNREACHABLE;
	if (is_change) {
		struct err cause = *err;
		err_set(err, ERR_UNKNOWN_OUTCOME, "%s; the change may or may not have happened",
			cause.text);
	}
}

json_t *
client_try(struct client *client, const char *method, json_t *params, struct err *err)
{
	json_t *result = NULL;
	bool is_change = json_object_get(params, "key"), is_lost = true;
	for (int attempt = 0; attempt < NTRIES && is_lost; attempt++) {
		struct err refusal = { 0 };
		if (reach(client, &refusal) != 0) {
			client->failure_code =
				refusal.code == ERR_DENIED ? EXIT_DENIED : EXIT_UNREACHABLE;
			if (attempt == 0) {
				*err = refusal;
				is_lost = false;
			}
			break;
		}
		result = call_once(client, method, params, &is_lost, err);
		client->failure_code = exit_code_of(err->code);
		is_lost |= is_change && attempt > 0 && is_turned_away(err);
	}
	if (is_lost)
		judge_loss(client, is_change, err);
	json_decref(params);
	return result;
}

void
client_say(struct client *client, const struct err *err)
{
	int exit_code = client->failure_code ? client->failure_code : exit_code_of(err->code);
	if (client->exit_code == EXIT_DONE)
		client->exit_code = exit_code;
	say_error(client->options, err, exit_code);
}

json_t *
client_call(struct client *client, const char *method, json_t *params)
{
	struct err err;
	json_t *result = client_try(client, method, params, &err);
	if (!result)
		client_say(client, &err);
	return result;
}

int
client_ask(struct client *client, const char *method, json_t *params, struct err *err)
{
	struct buf request = BUF_EMPTY;
	int result = reach(client, err);
	make_request(client, method, params, &request);
	if (result == 0 && (result = link_send(&client->link, request.data, request.len, err)) != 0)
		client_drop(client);
	buf_fini(&request);
	json_decref(params);
	return result;
}

json_t *
client_hear(struct client *client, int wait_ms, struct err *err)
{
	struct pollfd ready = { .fd = client->link.fd, .events = POLLIN };
	struct buf line = BUF_EMPTY;
	json_t *result = NULL;
	*err = (struct err){ 0 };
	if (poll(&ready, 1, wait_ms) <= 0)
		return NULL;
	if (link_receive(&client->link, &line, client->wait_s, err) == 0)
		result = read_answer(client, &line, err);
	else
		client_drop(client);
	buf_fini(&line);
	return result;
}

void
client_drop(struct client *client)
{
	link_close(&client->link);
}

static void
add_key(json_t *params)
{
	unsigned char random[KEY_BYTES];
	char key[2 * KEY_BYTES + 1];
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return;
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(key + 2 * i, 3, "%02x", random[i]);
	json_object_set_new(params, "key", json_string(key));
}

json_t *
client_change(struct client *client, const char *method, json_t *params)
{
	if (!params)
		params = json_object();
	if (!json_object_get(params, "key"))
		add_key(params);
	return client_call(client, method, params);
}

json_t *
client_event(struct client *client)
{
	struct buf line = BUF_EMPTY;
	struct err err = { 0 };
	json_t *event = NULL;
	if (link_receive(&client->link, &line, 0, &err) != 0) {
		client->failure_code = EXIT_UNREACHABLE;
		client_say(client, &err);
	} else {
		json_t *message = json_loadb(buf_text(&line), line.len, JSON_ALLOW_NUL, NULL);
		event = json_incref(json_object_get(message, "params"));
		json_decref(message);
	}
	buf_fini(&line);
	return event;
}

void
pages_init(struct pages *pages, struct client *client, const char *method, json_t *params)
{
	*pages = (struct pages){ client, method, params ? params : json_object(), false };
}

json_t *
pages_next(struct pages *pages)
{
	if (pages->at_end)
		return NULL;
	json_t *page = client_call(pages->client, pages->method, json_incref(pages->params));
	json_t *items = json_incref(json_object_get(page, "items"));
	json_t *cursor = json_object_get(page, "cursor");
	pages->at_end = !cursor || json_is_null(cursor);
	if (!pages->at_end)
		json_object_set(pages->params, "cursor", cursor);
	json_decref(page);
	return items;
}

void
pages_fini(struct pages *pages)
{
	json_decref(pages->params);
	pages->params = NULL;
}
