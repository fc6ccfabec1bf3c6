/* run.*: the ledger, outputs, stopping and starting again. */
#include <string.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/buf.h"
#include "control/control_state.h"
#include "control/json.h"
#include "control/method.h"
#include "control/params.h"

#define OUTPUT_STANDARD (64 * 1024)

static struct intent *
ask_about_run(struct call *call, enum intent_kind kind)
{
	struct intent *intent = intent_new(kind, call->now);
	intent->run_id = params_number(call, "run", 0);
	return intent;
}

struct intent *
run_get_ask(struct call *call, struct err *err)
{
	(void)err;
	return ask_about_run(call, INTENT_RUN_GET);
}

struct intent *
run_retry_ask(struct call *call, struct err *err)
{
	(void)err;
	return ask_about_run(call, INTENT_RUN_RETRY);
}

struct intent *
run_cancel_ask(struct call *call, struct err *err)
{
	(void)err;
	struct intent *intent = ask_about_run(call, INTENT_RUN_CANCEL);
	intent->how = params_flag(call, "kill") ? STOP_HARD : STOP_SOFT;
	return intent;
}

static int
find_stream(const struct call *call, bool *is_errors, struct err *err)
{
	const char *stream = params_text(call, "stream");
	*is_errors = stream && strcmp(stream, "stderr") == 0;
	if (!stream || *is_errors || strcmp(stream, "stdout") == 0)
		return 0;
	return err_invalid(err, "stream", "\"%.40s\" is not stdout or stderr", stream);
}

/* The output of the attempt that runs now is read from its file, by the store's thread. */
struct intent *
run_output_ask(struct call *call, struct err *err)
{
	struct intent *intent = ask_about_run(call, INTENT_RUN_OUTPUT);
	intent->attempt = (int)params_number(call, "attempt", 0);
	intent->offset = params_number(call, "offset", 0);
	intent->limit = params_number(call, "limit", OUTPUT_STANDARD);
	if (find_stream(call, &intent->of_errors, err) < 0) {
		intent_free(intent);
		return NULL;
	}
	int running = engine_output(call->control->ports.engine, intent->run_id, &intent->outcome);
	if (running && (intent->attempt == 0 || intent->attempt == running))
		intent->attempt = running;
	else if (running)
		outcome_close(&intent->outcome);
	return intent;
}

struct intent *
run_list_ask(struct call *call, struct err *err)
{
	struct intent *intent = intent_new(INTENT_RUN_LIST, call->now);
	struct list_filter *filter = &intent->filter;
	intent->limit = params_page(call);
	intent->cursor = mem_dup(params_text(call, "cursor"));
	filter->only_failed = params_flag(call, "failed");
	filter->only_running = params_flag(call, "running");
	filter->queue = mem_dup(params_text(call, "queue"));
	filter->has_owner = params_have(call, "owner");
	if ((!filter->has_owner || params_user(call, "owner", &filter->owner, err) == 0) &&
	    (!params_have(call, "job") || params_job(call, intent, err) == 0))
		return intent;
	intent_free(intent);
	return NULL;
}

json_t *
run_list_render(struct call *call, const struct intent *intent)
{
	struct zone *zone = json_zone(call->control->ports.zones, NULL);
	json_t *items = json_array();
	for (size_t i = 0; i < intent->nruns; i++)
		json_array_append_new(items, json_run_item(&intent->runs[i], zone));
	zone_unref(zone);
	return json_page(items, intent->cursor);
}

json_t *
run_get_render(struct call *call, const struct intent *intent)
{
	struct zone *zone = json_zone(call->control->ports.zones, NULL);
	json_t *run = json_run_item(&intent->runs[0], zone);
	json_t *attempts = json_array();
	for (size_t i = 0; i < intent->nattempts; i++)
		json_array_append_new(attempts, json_attempt(&intent->attempts[i], zone));
	json_object_set_new(run, "attempts", attempts);
	zone_unref(zone);
	return run;
}

static void
set_base64(json_t *answer, const struct buf *bytes)
{
	struct buf text = BUF_EMPTY;
	base64_encode(&text, buf_text(bytes), bytes->len);
	json_set_text(answer, "base64", buf_text(&text));
	buf_fini(&text);
}

/*
 * Offsets count the bytes that were written, kept or not. `eof`: no more can be read now; `ended`:
 * the attempt has, so there will be no more, though its run may go on with the next one. A text
 * never ends within a character, unless it is all.
 */
json_t *
run_output_render(struct call *call, const struct intent *intent)
{
	const struct buf *bytes = &intent->output;
	const struct run *run = &intent->runs[0].run;
	bool has_ended = run->state != RUN_RUNNING || intent->attempt != run->attempt;
	bool is_text = !params_flag(call, "base64");
	int64_t end = intent->offset + (int64_t)bytes->len;
	bool is_end = end >= intent->output_total || bytes->len == 0;
	bool is_final = is_end && has_ended;
	size_t len =
		is_text && !is_final ? json_whole_text(buf_text(bytes), bytes->len) : bytes->len;
	json_t *answer = json_object();
	if (is_text)
		json_object_set_new(answer, "text", json_text(buf_text(bytes), len));
	else
		set_base64(answer, bytes);
	json_set_text(answer, "stream", intent->of_errors ? "stderr" : "stdout");
	json_set_flag(answer, "split", intent->output_is_split);
	json_set_number(answer, "attempt", intent->attempt);
	json_set_number(answer, "bytes", intent->output_total);
	json_set_number(answer, "omitted", intent->output_omitted);
	json_set_number(answer, "gap_at", intent->output_gap_at);
	json_set_number(answer, "offset", intent->offset);
	json_set_number(answer, "next_offset", intent->offset + (int64_t)len);
	json_set_flag(answer, "eof", is_end);
	json_set_flag(answer, "ended", has_ended);
	json_set_text(answer, "state", run_state_name(run->state));
	return answer;
}

json_t *
run_cancel_render(struct call *call, const struct intent *intent)
{
	(void)call;
	json_t *answer = json_object();
	json_set_number(answer, "run", intent->run_id);
	if (intent->nruns)
		json_set_text(answer, "state", run_state_name(intent->runs[0].run.state));
	return answer;
}

json_t *
run_retry_render(struct call *call, const struct intent *intent)
{
	(void)call;
	json_t *answer = json_object();
	json_set_number(answer, "run", intent->new_run_id);
	return answer;
}
