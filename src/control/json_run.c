/* Runs and attempts as objects. */
#include "control/json.h"

/* A number, or null where there is none. */
static void
set_known(json_t *object, const char *key, bool is_known, int64_t number)
{
	json_object_set_new_nocheck(object, key, is_known ? json_integer(number) : json_null());
}

/* What came of it: keys that every run has, so that a table has no holes. */
static void
set_outcome(json_t *object, const struct outcome *outcome)
{
	bool was_signal = outcome->kind == OUTCOME_SIGNAL;
	set_known(object, "exit_code", outcome->kind == OUTCOME_EXIT, outcome->code);
	json_set_text(object, "signal", was_signal ? signal_name(outcome->code) : NULL);
	set_known(object, "http_status", outcome->kind == OUTCOME_HTTP, outcome->code);
}

json_t *
json_run(const struct run *run, const struct attempt *last, struct zone *zone)
{
	static const struct attempt none;
	const struct attempt *attempt = last && last->number > 0 ? last : &none;
	json_t *object = json_object();
	json_set_number(object, "id", run->id);
	json_set_number(object, "job_id", run->job_id);
	json_set_instant(object, "due", run->due, zone);
	json_set_instant(object, "last_due", run->last_due, zone);
	json_set_instant(object, "start_at", run->start_at, zone);
	json_set_text(object, "trigger", run_trigger_name(run->trigger));
	json_set_text(object, "state", run->is_damaged ? "damaged" : run_state_name(run->state));
	json_set_text(object, "reason", run_reason_name(run->reason));
	json_set_text(object, "detail", run->detail);
	json_set_number(object, "attempt", run->attempt);
	json_set_instant(object, "started", attempt->started_at, zone);
	json_set_instant(object, "ended", run->ended_at, zone);
	set_outcome(object, &attempt->outcome);
	json_set_number(object, "count", run->count);
	json_set_number(object, "priority", run->priority);
	json_set_flag(object, "catch_up", run->is_catchup);
	json_set_flag(object, "forced", run->is_forced);
	json_set_flag(object, "tty", run->tty > 0);
	return object;
}

json_t *
json_run_item(const struct run_item *item, struct zone *zone)
{
	json_t *object = json_run(&item->run, &item->last, zone);
	json_set_text(object, "job", item->job_name);
	json_set_number(object, "owner", item->owner);
	return object;
}

static void
set_http_times(json_t *object, const struct outcome *outcome)
{
	static const char *const keys[] = { "name_lookup_us", "connect_us", "first_byte_us",
					    "total_us" };
	json_t *times = json_object();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		set_known(times, keys[i], outcome->http_us[i] > 0, outcome->http_us[i]);
	json_object_set_new(object, "http", times);
}

json_t *
json_attempt(const struct attempt *attempt, struct zone *zone)
{
	const struct outcome *outcome = &attempt->outcome;
	bool is_ended = outcome->kind != OUTCOME_NONE;
	json_t *object = json_object();
	json_set_number(object, "number", attempt->number);
	json_set_instant(object, "claimed", attempt->claimed_at, zone);
	json_set_instant(object, "started", attempt->started_at, zone);
	json_set_instant(object, "ended", attempt->ended_at, zone);
	set_known(object, "pid", attempt->pid > 0, attempt->pid);
	json_set_text(object, "reason", run_reason_name(attempt->reason));
	json_set_text(object, "outcome", is_ended ? outcome_kind_name(outcome->kind) : NULL);
	set_outcome(object, outcome);
	json_set_text(object, "text", outcome->text);
	json_set_flag(object, "timed_out", outcome->is_timeout);
	set_known(object, "cpu_us", is_ended && outcome->cpu_us >= 0, outcome->cpu_us);
	set_known(object, "peak_kib", is_ended && outcome->peak_kib >= 0, outcome->peak_kib);
	set_known(object, "leftovers", is_ended, outcome->nleftovers);
	set_known(object, "output_bytes", is_ended, outcome->output_bytes);
	set_known(object, "output_omitted", is_ended, outcome->output_omitted);
	set_known(object, "stderr_bytes", is_ended && outcome->is_split, outcome->errors_bytes);
	set_known(object, "stderr_omitted", is_ended && outcome->is_split, outcome->errors_omitted);
	if (outcome->kind == OUTCOME_HTTP || outcome->kind == OUTCOME_NETWORK)
		set_http_times(object, outcome);
	return object;
}
