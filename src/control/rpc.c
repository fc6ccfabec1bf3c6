/* Requests, batches, answers and errors of JSON-RPC 2.0. */
#include "control/rpc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/failpoint.h"
#include "control/control_state.h"
#include "control/json.h"
#include "control/method.h"
#include "model/field.h"

/* What one line asked for, until its answer is complete. */
struct message {
	struct peer *peer;            /* NULL: gone */
	struct message *next, **link; /* of the connection */
	struct buf out;               /* the answers so far */
	size_t npending;
	bool is_batch;
};

/* The numbers of the specification, and ours: a contract, see asched-protocol(7). */
enum {
	RPC_PARSE_ERROR = -32700,
	RPC_INVALID_REQUEST = -32600,
	RPC_METHOD_NOT_FOUND = -32601,
	RPC_INTERNAL_ERROR = -32603,
};

static const int code_numbers[ERR_NCODES] = {
	[ERR_NOT_FOUND] = -32000,   [ERR_EXISTS] = -32001,
	[ERR_DENIED] = -32002,      [ERR_INVALID] = -32003,
	[ERR_BUSY] = -32004,        [ERR_UNKNOWN_OUTCOME] = -32005,
	[ERR_UNAVAILABLE] = -32006, [ERR_SYSTEM] = RPC_INTERNAL_ERROR,
};

static int
add_bytes(const char *text, size_t len, void *buf)
{
	buf_add(buf, text, len);
	return 0;
}

static void
add_json(struct buf *out, const json_t *value)
{
	json_dump_callback(value, add_bytes, out, JSON_COMPACT | JSON_ENCODE_ANY);
}

static void
begin_answer(struct buf *out, const json_t *id)
{
	buf_add_text(out, "{\"jsonrpc\":\"2.0\",\"id\":");
	if (id)
		add_json(out, id);
	else
		buf_add_text(out, "null");
}

static void
add_error(struct buf *out, const json_t *id, int number, const struct err *err)
{
	json_t *error = json_object(), *data = json_object();
	char key[FIELD_KEY_MAX];
	json_object_set_new(error, "code", json_integer(number));
	json_set_text(error, "message", err->text);
	json_set_text(data, "name", err_code_name(err->code));
	if (err->field[0])
		json_set_text(data, "field", field_key(err->field, key));
	json_object_set_new(error, "data", data);
	begin_answer(out, id);
	buf_add_text(out, ",\"error\":");
	add_json(out, error);
	buf_add_char(out, '}');
	json_decref(error);
}

void
rpc_add_error(struct buf *out, const struct err *err)
{
	bool is_form = err->code == ERR_INVALID;
	add_error(out, NULL, is_form ? RPC_INVALID_REQUEST : code_numbers[err->code], err);
	buf_add_char(out, '\n');
}

static struct message *
message_new(struct peer *peer, bool is_batch)
{
	struct session *session = peer_data(peer);
	struct message *message = mem_alloc(sizeof(*message));
	message->peer = peer;
	message->is_batch = is_batch;
	message->next = session->rpc.messages;
	message->link = &session->rpc.messages;
	if (message->next)
		message->next->link = &message->next;
	session->rpc.messages = message;
	return message;
}

static void
message_unlink(struct message *message)
{
	if (!message->link)
		return;
	*message->link = message->next;
	if (message->next)
		message->next->link = message->link;
	message->link = NULL;
}

void
rpc_abandon(struct rpc *rpc)
{
	while (rpc->messages) {
		struct message *message = rpc->messages;
		message_unlink(message);
		message->peer = NULL;
		buf_fini(&message->out);
	}
}

/* The answer of one request joins its message's. */
static void
message_add(struct message *message, struct buf *answer)
{
	if (message->peer) {
		if (message->is_batch)
			buf_add_char(&message->out, message->out.len ? ',' : '[');
		buf_add(&message->out, answer->data, answer->len);
	}
	buf_fini(answer);
}

/* One request less under way; the last one's end sends the answer. */
static void
message_release(struct message *message)
{
	struct peer *peer = message->peer;
	if (peer)
		peer_release(peer);
	if (--message->npending > 0)
		return;
	if (peer && message->out.len > 0) {
		buf_add_text(&message->out, message->is_batch ? "]\n" : "\n");
		peer_send(peer, message->out.data, message->out.len);
	}
	message_unlink(message);
	buf_fini(&message->out);
	free(message);
}

static void
message_hold(struct message *message)
{
	message->npending++;
	peer_hold(message->peer);
}

static void
message_refuse(struct message *message, const json_t *id, int number, const struct err *err)
{
	struct buf answer = BUF_EMPTY;
	add_error(&answer, id, number, err);
	message_add(message, &answer);
}

static void
call_free(struct call *call)
{
	struct message *message = call->message;
	json_decref(call->params);
	json_decref(call->id);
	free(call);
	message_release(message);
}

struct peer *
call_peer(const struct call *call)
{
	return call->message->peer;
}

/* Answers, and frees the call. */
static void
refuse_call(struct call *call, const struct err *err)
{
	assert(err->code != ERR_NONE);
	if (call->id)
		message_refuse(call->message, call->id, code_numbers[err->code], err);
	call_free(call);
}

/* Likewise. Takes the result. */
static void
answer_call(struct call *call, json_t *result)
{
	struct buf answer = BUF_EMPTY;
	struct err err;
	if (call->id && call_peer(call)) {
		begin_answer(&answer, call->id);
		buf_add_text(&answer, ",\"result\":");
		add_json(&answer, result);
		buf_add_char(&answer, '}');
	}
	json_decref(result);
	if (call->message->out.len + answer.len > RPC_REPLY_MAX) {
		err_set(&err, ERR_BUSY, "the answer is over %zu bytes: ask for less at a time",
			RPC_REPLY_MAX);
		buf_fini(&answer);
		refuse_call(call, &err);
		return;
	}
	if (answer.len)
		message_add(call->message, &answer);
	call_free(call);
}

static void
on_answered(struct intent *intent, void *arg)
{
	struct call *call = arg;
	if (intent->err.code != ERR_NONE && !call->method->renders_trouble)
		refuse_call(call, &intent->err);
	else
		answer_call(call, call->method->render(call, intent));
}

/* FNV-1a: which method and parameters a key stood for. Only its user's own keys are compared. */
static int
add_to_hash(const char *text, size_t len, void *hash)
{
	uint64_t h = *(uint64_t *)hash;
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 0x100000001b3;
	*(uint64_t *)hash = h;
	return 0;
}

static void
use_key(const struct call *call, struct intent *intent)
{
	const char *key = json_string_value(json_object_get(call->params, "key"));
	if (!key)
		return;
	memcpy(intent->key, key, strlen(key) + 1); /* method_check() looked at its length */
	intent->key_hash = 0xcbf29ce484222325;
	add_to_hash(call->method->name, strlen(call->method->name), &intent->key_hash);
	json_dump_callback(call->params, add_to_hash, &intent->key_hash,
			   JSON_COMPACT | JSON_SORT_KEYS);
}

/*
 * Sends the intent, with the caller's identity and key; the method's render() makes the answer
 * of what comes back. Takes the intent.
 */
static void
submit_intent(struct call *call, struct intent *intent)
{
	intent->who = call->who;
	use_key(call, intent);
	intent->done = on_answered;
	intent->arg = call;
	engine_submit(call->control->ports.engine, intent);
}

static void
dispatch(struct call *call)
{
	const struct method *method = call->method;
	struct err err = { 0 };
	if (method_check(method, call->params, &err) != 0) {
		refuse_call(call, &err);
	} else if (method->ask) {
		struct intent *intent = method->ask(call, &err);
		if (intent)
			submit_intent(call, intent);
		else
			refuse_call(call, &err);
	} else {
		json_t *result = method->answer(call, &err);
		if (result)
			answer_call(call, result);
		else
			refuse_call(call, &err);
	}
}

/* NULL, or what is wrong with the form of a request. */
static const char *
find_fault(const json_t *request)
{
	const json_t *id = json_object_get(request, "id");
	const json_t *params = json_object_get(request, "params");
	const char *version = json_string_value(json_object_get(request, "jsonrpc"));
	if (!json_is_object(request))
		return "a request is an object";
	if (!version || strcmp(version, "2.0") != 0)
		return "\"jsonrpc\" is not \"2.0\"";
	if (id && !json_is_string(id) && !json_is_number(id) && !json_is_null(id))
		return "\"id\" is not a string, a number or null";
	if (!json_is_string(json_object_get(request, "method")))
		return "\"method\" is not a string";
	if (params && !json_is_object(params))
		return "\"params\" is not an object (parameters have names here)";
	return NULL;
}

static void
serve(struct control *control, struct message *message, const json_t *request)
{
	struct err err;
	json_t *id = json_object_get(request, "id");
	const char *fault = find_fault(request);
	if (fault) {
		err_set(&err, ERR_INVALID, "%s", fault);
		bool may_echo = json_is_string(id) || json_is_number(id);
		message_refuse(message, may_echo ? id : NULL, RPC_INVALID_REQUEST, &err);
		return;
	}
	const char *name = json_string_value(json_object_get(request, "method"));
	const struct method *method = method_find(name);
	if (!method) {
		err_set(&err, ERR_NOT_FOUND, "no method %.60s; see daemon.methods", name);
		if (id)
			message_refuse(message, id, RPC_METHOD_NOT_FOUND, &err);
		return;
	}
	struct session *session = peer_data(message->peer);
	struct call *call = mem_alloc(sizeof(*call));
	json_t *params = json_object_get(request, "params");
	*call = (struct call){
		.control = control,
		.method = method,
		.params = params ? json_incref(params) : json_object(),
		.who = session->who,
		.now = control->ports.now(),
		.message = message,
		.id = json_incref(id),
	};
	message_hold(message);
	dispatch(call);
}

/* The message counts as one more under way while its requests are served. */
static void
serve_all(struct control *control, struct message *message, const json_t *root)
{
	struct err err;
	size_t n = json_array_size(root);
	message_hold(message);
	if (!message->is_batch) {
		serve(control, message, root);
	} else if (n == 0 || n > RPC_BATCH_MAX) {
		err_set(&err, ERR_INVALID, "a batch has 1 to %d requests, not %zu", RPC_BATCH_MAX,
			n);
		message->is_batch = false;
		message_refuse(message, NULL, RPC_INVALID_REQUEST, &err);
	} else {
		for (size_t i = 0; i < n; i++)
			serve(control, message, json_array_get(root, i));
	}
	message_release(message);
}

/* For what it makes us do: a batch that is refused for its length is one answer. */
static void
charge(struct peer *peer, const json_t *root)
{
	const struct session *session = peer_data(peer);
	size_t n = json_array_size(root); /* 0: no array */
	if (!session->who.is_operator)    /* operators may hurry */
		peer_charge(peer, n > 0 && n <= RPC_BATCH_MAX ? n : 1);
}

void
rpc_line(struct control *control, struct peer *peer, const char *line, size_t len)
{
	json_error_t where;
	failpoint("request", "heard");
	json_t *root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &where);
	charge(peer, root);
	if (!root) {
		struct err err;
		struct buf answer = BUF_EMPTY;
		err_set(&err, ERR_INVALID, "not JSON: byte %d: %s", where.position, where.text);
		add_error(&answer, NULL, RPC_PARSE_ERROR, &err);
		buf_add_char(&answer, '\n');
		peer_send(peer, answer.data, answer.len);
		buf_fini(&answer);
		return;
	}
	serve_all(control, message_new(peer, json_is_array(root)), root);
	json_decref(root);
}
