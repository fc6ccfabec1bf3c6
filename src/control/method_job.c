/* job.*: making, changing, looking at jobs. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "control/changes.h"
#include "control/control_state.h"
#include "control/json.h"
#include "control/method.h"
#include "control/params.h"
#include "control/why.h"
#include "model/field.h"
#include "model/plan.h"
#include "when/schedule.h"

/* An intent about the job that the parameter names. */
static struct intent *
ask_about_job(struct call *call, enum intent_kind kind, struct err *err)
{
	struct intent *intent = intent_new(kind, call->now);
	if (params_job(call, intent, err) == 0)
		return intent;
	intent_free(intent);
	return NULL;
}

/* A new job has the configured defaults, as far as they fit its action. */
static struct job *
make_job(const struct call *call, const struct intent *intent)
{
	const struct control_ports *ports = &call->control->ports;
	const struct job *defaults = ports->defaults(ports->arg);
	struct job *job = mem_alloc(sizeof(*job));
	if (defaults)
		job_copy(job, defaults);
	else
		job_init(job);
	job->owner = call->who.uid;
	field_clear_group(job, changes_have(intent, "url") ? GROUP_EXEC : GROUP_HTTP);
	return job;
}

/* Names of users become uids here: a job belongs to one, whatever his name is later. */
static int
find_users(const struct call *call, const struct intent *intent, struct err *err)
{
	const struct control_ports *ports = &call->control->ports;
	for (size_t i = 0; i < intent->nchanges; i++) {
		struct change *change = &intent->changes[i];
		uid_t uid;
		if (change->field->type != FIELD_USER)
			continue;
		if (!ports->may_name_users(ports->arg, call->who.uid)) {
			err_set(err, ERR_DENIED,
				"permission denied: only root may, of a daemon that serves all users");
			err_in_field(err, change->field->name);
			return -1;
		}
		if (!change->text)
			continue;
		if (params_find_user(call, change->field->name, change->text, &uid, err) < 0)
			return -1;
		free(change->text);
		change->text = mem_printf("%u", (unsigned)uid);
		change->len = strlen(change->text);
	}
	return 0;
}

static int
read_changes(const struct call *call, struct intent *intent, struct err *err)
{
	return changes_read(intent, call->params, err) == 0 ? find_users(call, intent, err) : -1;
}

struct intent *
job_add_ask(struct call *call, struct err *err)
{
	struct intent *intent = intent_new(INTENT_JOB_ADD, call->now);
	if (read_changes(call, intent, err) != 0) {
		intent_free(intent);
		return NULL;
	}
	intent->job = make_job(call, intent);
	return intent;
}

struct intent *
job_set_ask(struct call *call, struct err *err)
{
	struct intent *intent = ask_about_job(call, INTENT_JOB_SET, err);
	if (!intent)
		return NULL;
	if (read_changes(call, intent, err) == 0 && intent->nchanges > 0)
		return intent;
	if (err->code == ERR_NONE)
		err_invalid(err, "job", "nothing to change is given");
	intent_free(intent);
	return NULL;
}

struct intent *
job_cancel_ask(struct call *call, struct err *err)
{
	struct intent *intent = ask_about_job(call, INTENT_JOB_CANCEL, err);
	if (intent)
		intent->with_running = params_flag(call, "kill");
	return intent;
}

struct intent *
job_pause_ask(struct call *call, struct err *err)
{
	return ask_about_job(call, INTENT_JOB_PAUSE, err);
}

struct intent *
job_resume_ask(struct call *call, struct err *err)
{
	return ask_about_job(call, INTENT_JOB_RESUME, err);
}

struct intent *
job_get_ask(struct call *call, struct err *err)
{
	return ask_about_job(call, INTENT_JOB_GET, err);
}

struct intent *
job_run_ask(struct call *call, struct err *err)
{
	struct intent *intent = ask_about_job(call, INTENT_JOB_RUN, err);
	if (!intent)
		return NULL;
	intent->is_forced = params_flag(call, "force");
	intent->tty = params_have(call, "tty") ? 1 + (int)params_number(call, "tty", 0) : 0;
	return intent;
}

struct intent *
job_why_ask(struct call *call, struct err *err)
{
	struct intent *intent = ask_about_job(call, INTENT_WHY, err);
	if (!intent)
		return NULL;
	/* People see seconds: an instant without decimals stands for its whole second. */
	intent->at = params_instant(call, "at", call->now);
	intent->until = intent->at + (intent->at % USEC_PER_SEC ? 0 : USEC_PER_SEC - 1);
	return intent;
}

struct intent *
job_list_ask(struct call *call, struct err *err)
{
	struct intent *intent = intent_new(INTENT_JOB_LIST, call->now);
	struct list_filter *filter = &intent->filter;
	intent->limit = params_page(call);
	intent->cursor = mem_dup(params_text(call, "cursor"));
	filter->with_ended = params_flag(call, "all");
	filter->only_failed = params_flag(call, "failed");
	filter->only_running = params_flag(call, "running");
	filter->queue = mem_dup(params_text(call, "queue"));
	filter->name_glob = mem_dup(params_text(call, "name"));
	filter->has_owner = params_have(call, "owner");
	if (!filter->has_owner || params_user(call, "owner", &filter->owner, err) == 0)
		return intent;
	intent_free(intent);
	return NULL;
}

/* What every change of a job answers; a new one's schedule, too, as it was understood. */
json_t *
job_changed_render(struct call *call, const struct intent *intent)
{
	struct zones *zones = call->control->ports.zones;
	const struct job *job = intent->job;
	struct zone *zone = json_zone(zones, job ? job->tz : NULL);
	json_t *answer = json_object();
	json_set_number(answer, "id", intent->job_id);
	json_set_text(answer, "name", intent->name);
	if (job && job->schedule) {
		json_set_text(answer, "schedule", job->schedule);
		json_set_text(answer, "kind", schedule_kind_name(job->kind));
	}
	json_set_instant(answer, "next_due", intent->next_due, zone);
	zone_unref(zone);
	return answer;
}

json_t *
job_run_render(struct call *call, const struct intent *intent)
{
	(void)call;
	json_t *answer = json_object();
	json_set_number(answer, "run", intent->new_run_id);
	return answer;
}

json_t *
job_get_render(struct call *call, const struct intent *intent)
{
	return json_job(&intent->jobs[0], call->control->ports.zones);
}

json_t *
job_list_render(struct call *call, const struct intent *intent)
{
	json_t *items = json_array();
	for (size_t i = 0; i < intent->njobs; i++)
		json_array_append_new(items,
				      json_job(&intent->jobs[i], call->control->ports.zones));
	return json_page(items, intent->cursor);
}

/* The first instants at which the job is due, as many as are asked for and its bounds allow. */
static json_t *
list_next(const struct job *job, const struct schedule *schedule, struct call *call,
	  struct zone *zone)
{
	json_t *times = json_array();
	usec_t at = params_instant(call, "from", call->now);
	int64_t n = params_number(call, "n", 1);
	for (int64_t i = 0; i < n; i++) {
		unsigned marks;
		at = job_next_within(job, schedule, at, job->nruns + i, &marks);
		if (at == USEC_NEVER)
			break;
		json_t *item = json_object();
		json_set_instant(item, "at", at, zone);
		json_set_flag(item, "shifted", marks & SCHEDULE_SHIFTED);
		json_set_flag(item, "repeated", marks & SCHEDULE_REPEATED);
		json_array_append_new(times, item);
	}
	return times;
}

static json_t *
describe(const struct job *job, const struct schedule *schedule, struct call *call)
{
	struct zone *zone = json_zone(call->control->ports.zones, job->tz);
	struct buf text = BUF_EMPTY, words = BUF_EMPTY;
	json_t *answer = json_object();
	schedule_print(schedule, &text);
	schedule_explain(schedule, &words);
	json_set_text(answer, "schedule", buf_text(&text));
	json_set_text(answer, "kind", schedule_kind_name(schedule_kind(schedule)));
	json_set_text(answer, "words", buf_text(&words));
	json_object_set_new(answer, "times", list_next(job, schedule, call, zone));
	buf_fini(&words);
	buf_fini(&text);
	zone_unref(zone);
	return answer;
}

/* The same keys when there is no schedule to ask: why not, in words, and no times. */
static json_t *
describe_unread(const struct job *job, const struct err *why)
{
	json_t *answer = json_object();
	json_set_text(answer, "schedule", job->schedule);
	json_set_text(answer, "kind", job->is_damaged ? NULL : schedule_kind_name(job->kind));
	json_object_set_new(answer, "words", json_sprintf("not understood: %s", why->text));
	json_object_set_new(answer, "times", json_array());
	return answer;
}

json_t *
job_next_render(struct call *call, const struct intent *intent)
{
	const struct job *job = &intent->jobs[0].job;
	struct schedule schedule;
	struct err err = { .text = "the job is damaged" };
	if (job->is_damaged || job_schedule(job, call->control->ports.zones, &schedule, &err) != 0)
		return describe_unread(job, &err);
	json_t *answer = describe(job, &schedule, call);
	schedule_fini(&schedule);
	return answer;
}

json_t *
schedule_next_answer(struct call *call, struct err *err)
{
	struct zones *zones = call->control->ports.zones;
	struct intent *intent = intent_new(INTENT_JOB_ADD, call->now);
	struct job job;
	struct schedule schedule;
	json_t *answer = NULL;
	job_init(&job);
	job.created_at = call->now;
	int result = changes_read(intent, call->params, err);
	const struct change *when = NULL;
	for (size_t i = 0; i < intent->nchanges && result == 0; i++) {
		const struct change *change = &intent->changes[i];
		if (change->field->type == FIELD_SCHEDULE)
			when = change;
		else if (change->text)
			result = field_set(&job, change->field, change->text, change->len, err);
	}
	if (result == 0 && !when)
		err_invalid(err, "when", "is missing");
	else if (result == 0 &&
		 job_set_schedule(&job, when->kind, when->text, zones, call->now, err) == 0 &&
		 job_schedule(&job, zones, &schedule, err) == 0) {
		answer = describe(&job, &schedule, call);
		schedule_fini(&schedule);
	}
	job_fini(&job);
	intent_free(intent);
	return answer;
}

json_t *
job_why_render(struct call *call, const struct intent *intent)
{
	const struct control_ports *ports = &call->control->ports;
	struct control_status status;
	ports->status(ports->arg, &status);
	return why_explain(intent, ports->zones, status.held_up_by);
}
