/* What people ask of jobs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/ledger_parts.h"

/* Passes of ledger_cover() over a job's past in one transaction, each PLAN_STEPS_MAX instants. */
#define PAST_PASSES_MAX 2

/* Keeps what the answer to a change of a job says. */
static int
answer_job(struct intent *intent, const struct job *job)
{
	intent->job_id = job->id;
	intent->next_due = job->next_due;
	free(intent->name);
	intent->name = mem_dup(job->name);
	return 0;
}

static bool
is_list_start(const struct intent *intent, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (intent->changes[j].field == intent->changes[i].field)
			return false;
	}
	return true;
}

static bool
has_change(const struct intent *intent, const char *name)
{
	for (size_t i = 0; i < intent->nchanges; i++) {
		if (strcmp(intent->changes[i].field->name, name) == 0)
			return true;
	}
	return false;
}

/* Sets the fields; the schedule last, because zone and dst decide what it means. */
static int
apply_changes(struct ledger *ledger, struct intent *intent, struct job *job)
{
	const struct change *when = NULL;
	for (size_t i = 0; i < intent->nchanges; i++) {
		const struct change *change = &intent->changes[i];
		if (change->field->type == FIELD_SCHEDULE) {
			when = change;
			continue;
		}
		if (is_list_start(intent, i))
			field_clear(job, change->field);
		if (change->text &&
		    field_set(job, change->field, change->text, change->len, &intent->err) < 0)
			return -1;
	}
	bool is_moved = has_change(intent, "tz") || has_change(intent, "dst");
	if (!when && job->schedule && is_moved) {
		char *text = mem_dup(job->schedule);
		int rc = job_set_schedule(job, job->kind, text, ledger->zones, intent->now,
					  &intent->err);
		free(text);
		return rc;
	}
	if (!when && job->schedule)
		return 0;
	return job_set_schedule(job, when ? when->kind : SCHEDULE_AT, when ? when->text : "now",
				ledger->zones, intent->now, &intent->err);
}

/* An action replaces the one there was: `set --url` on a command job makes it an HTTP job. */
static void
drop_replaced_action(const struct intent *intent, struct job *job)
{
	static const char *const actions[] = { "command", "shell", "url" };
	for (size_t i = 0; i < 3; i++) {
		if (!has_change(intent, actions[i]))
			continue;
		for (size_t j = 0; j < 3; j++) {
			if (!has_change(intent, actions[j]))
				field_clear(job, field_find(actions[j], strlen(actions[j])));
		}
	}
}

/* A job that is put on its schedule from now on. 0: refused, with the answer set; 1: anchored. */
static int
anchor(struct ledger *ledger, struct intent *intent, struct job *job)
{
	struct schedule schedule;
	if (job_schedule(job, ledger->zones, &schedule, &intent->err) < 0)
		return 0;
	bool is_once = job->kind == SCHEDULE_AT;
	usec_t due = is_once ? schedule_next(&schedule, INT64_MIN, NULL) : USEC_NEVER;
	bool is_past = is_once && due < intent->now;
	usec_t after = is_once ? INT64_MIN : intent->now;
	job->anchor_at = intent->now;
	job_anchor(job, &schedule, after, ledger->machine);
	schedule_fini(&schedule);
	if (is_past && !has_change(intent, "missed")) {
		err_invalid(&intent->err, "at",
			    "%s is in the past; say missed=once to run it now, or missed=skip",
			    job->schedule);
		return 0;
	}
	if (job->next_due == USEC_NEVER && job->kind != SCHEDULE_ON_START) {
		err_invalid(
			&intent->err, job->until ? "until" : schedule_kind_name(job->kind),
			"\"%s\" has no due time after now within not-before, until and max-runs",
			job->schedule);
		return 0;
	}
	return 1;
}

/* Is the name free among the owner's unfinished jobs? 1, 0 refused, -1. */
static int
check_name_free(struct ledger *ledger, struct intent *intent, const struct job *job)
{
	struct backend *db = ledger->backend;
	int64_t id;
	if (!job->name)
		return 1;
	enum backend_result found = db->ops->job_find(db, job->owner, job->name, &id, &intent->err);
	if (found == BACKEND_ERROR)
		return -1;
	if (found == BACKEND_NONE || id == job->id)
		return 1;
	err_set(&intent->err, ERR_EXISTS, "job %lld has the name \"%s\" already", (long long)id,
		job->name);
	err_in_field(&intent->err, "name");
	return 0;
}

int
ledger_job_add(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	struct job *job = intent->job;
	job->seed = ledger_draw(ledger);
	job->created_at = intent->now;
	if (apply_changes(ledger, intent, job) < 0 || job_check(job, &intent->err) < 0)
		return 0;
	int ok = anchor(ledger, intent, job);
	if (ok == 1)
		ok = check_name_free(ledger, intent, job);
	if (ok == 1)
		ok = ledger_has_room_for_job(ledger, intent, job);
	if (ok != 1)
		return ok;
	if (db->ops->job_insert(db, job, &intent->err) == BACKEND_ERROR)
		return -1;
	answer_job(intent, job);
	ledger_wake_by(intent, job->next_start_at);
	return 0;
}

static bool
has_past(const struct intent *intent, const struct job *job, usec_t passed_until)
{
	return job->next_due <= passed_until || job->next_start_at <= intent->now;
}

/* The schedule cannot be read any more, nor its instants told: one row stands for all of them. */
static int
cover_unreadable(struct ledger *ledger, struct intent *intent, struct job *job,
		 const struct err *why)
{
	struct backend *db = ledger->backend;
	struct run run;
	if (job->next_due > intent->now)
		return 0;
	if (ledger_refuse(ledger, intent, job, why) < 0 ||
	    db->ops->run_due_by(db, job->id, job->next_due, &run, &intent->err) != BACKEND_OK)
		return -1;
	run.last_due = job->covered_until = intent->now;
	return ledger_checked(db->ops->run_update(db, &run, run.state, run.attempt, &intent->err));
}

/*
 * Gives every due instant up to now its row, before the schedule changes or ends: what a claim or
 * a resumption would have made of it, in bounded steps, and of what is left (a start that splay
 * delays) the reason. With intent->goes_on there is more to do first.
 */
static int
cover_past(struct ledger *ledger, struct intent *intent, struct job *job, enum run_reason reason)
{
	struct schedule schedule;
	struct err why = { 0 };
	usec_t paused_until = job->state == JOB_PAUSED ? intent->now : ledger_paused_until(job);
	if (job_schedule(job, ledger->zones, &schedule, &why) < 0)
		return cover_unreadable(ledger, intent, job, &why);
	schedule_fini(&schedule);
	for (int i = 0; has_past(intent, job, intent->now); i++) {
		bool is_due = has_past(intent, job, paused_until);
		struct cover paused = { paused_until, REASON_PAUSED, 0, 0 };
		struct cover rest = { intent->now, reason, 0, 0 };
		intent->goes_on = i == PAST_PASSES_MAX;
		if (intent->goes_on)
			return 0;
		if (ledger_cover(ledger, intent, job, is_due ? &paused : &rest) < 0)
			return -1;
	}
	return 0;
}

/* What waited behind a run that was ended here may go now. */
static int
save_job(struct ledger *ledger, struct intent *intent, struct job *job)
{
	struct backend *db = ledger->backend;
	if (ledger_go_on(ledger, intent, job) < 0 ||
	    db->ops->job_update(db, job, &intent->err) == BACKEND_ERROR)
		return -1;
	answer_job(intent, job);
	return ledger_plan_wake(ledger, intent);
}

static bool
is_over(const struct job *job)
{
	return job->state == JOB_FINISHED || job->state == JOB_CANCELLED;
}

/* Does the edit change when the job is due? Only then does it count from now. */
static bool
moves_instants(const struct job *job, const struct job *changed)
{
	static const char *const fields_of_time[] = { "schedule",   "tz",    "dst",
						      "not-before", "until", "max-runs" };
	for (size_t i = 0; i < sizeof(fields_of_time) / sizeof(fields_of_time[0]); i++) {
		const char *name = fields_of_time[i];
		if (field_differs(job, changed, field_find(name, strlen(name))))
			return true;
	}
	return job->kind != changed->kind;
}

/* The old schedule ends and the new one begins: what the rows say goes over to the changed job. */
static int
replace_schedule(struct ledger *ledger, struct intent *intent, struct job *job, struct job *changed)
{
	if (cover_past(ledger, intent, job, REASON_EDITED) < 0)
		return -1;
	if (!intent->goes_on && ledger_give_back(ledger, intent, job) < 0)
		return -1;
	changed->nruns = job->nruns;
	changed->covered_until = job->covered_until;
	return 0;
}

/* Runs of instants that are still to come, and may be given back, leave max-runs alone. */
static int
anchor_changed(struct ledger *ledger, struct intent *intent, struct job *changed)
{
	int64_t nahead;
	if (ledger_count_ahead(ledger, intent, changed, &nahead) < 0)
		return -1;
	changed->nruns -= nahead;
	int ok = anchor(ledger, intent, changed);
	changed->nruns += nahead;
	return ok;
}

/* Sets the fields and looks whether all of it can be. 0: refused, with the answer set; 1; -1. */
static int
change_job(struct ledger *ledger, struct intent *intent, const struct job *job, struct job *changed)
{
	drop_replaced_action(intent, changed);
	if (apply_changes(ledger, intent, changed) < 0 ||
	    job_check_change(changed, job, &intent->err) < 0)
		return 0;
	int ok = moves_instants(job, changed) ? anchor_changed(ledger, intent, changed) : 1;
	if (ok != 1)
		return ok;
	ok = check_name_free(ledger, intent, changed);
	return ok == 1 ? ledger_has_room_for_job(ledger, intent, changed) : ok;
}

/* When its next instant begins, splay and jitter may have changed. */
static int
save_changed(struct ledger *ledger, struct intent *intent, struct job *changed)
{
	changed->next_start_at = job_start_at(changed, changed->next_due, ledger->machine);
	return save_job(ledger, intent, changed);
}

/*
 * What is claimed and not started comes back from the engine in any case, to be started as the job
 * is now; an edit that leaves alone when the job is due ends none of it.
 */
static int
set_job(struct ledger *ledger, struct intent *intent, struct job *job)
{
	struct job changed;
	if (is_over(job))
		return ledger_refuse_over(intent, job);
	job_copy(&changed, job);
	int ok = change_job(ledger, intent, job, &changed);
	bool moves = ok == 1 && moves_instants(job, &changed);
	int rc = ok < 0 ? -1 : 0;
	if (moves)
		rc = replace_schedule(ledger, intent, job, &changed);
	bool is_ready = ok == 1 && rc == 0 && !intent->goes_on;
	if (is_ready)
		rc = ledger_end_claimed(ledger, intent, &changed, REASON_EDITED);
	if (is_ready && rc == 0 && moves)
		rc = ledger_give_back_edited(ledger, intent, &changed);
	if (is_ready && rc == 0)
		rc = save_changed(ledger, intent, &changed);
	job_fini(&changed);
	return rc;
}

int
ledger_job_set(struct ledger *ledger, struct intent *intent)
{
	return ledger_with_job(ledger, intent, set_job);
}

/* Which instants have passed nobody can say; what is left of the definition stays as it is. */
static int
cancel_damaged(struct ledger *ledger, struct intent *intent, struct job *job)
{
	struct backend *db = ledger->backend;
	usec_t seen_due = job->next_due;
	enum job_state seen = job->state;
	if (ledger_end_claimed(ledger, intent, job, REASON_CANCELLED) < 0 ||
	    ledger_go_on(ledger, intent, job) < 0)
		return -1;
	job->state = JOB_CANCELLED;
	job->next_due = job->next_start_at = USEC_NEVER;
	answer_job(intent, job);
	return ledger_checked(db->ops->job_advance(db, job, seen_due, seen, &intent->err));
}

/* It was removed before; what of it goes on can still be stopped. Nothing of it waits. */
static int
stop_rest(struct ledger *ledger, struct intent *intent, struct job *job)
{
	if (intent->with_running && ledger_end_claimed(ledger, intent, job, REASON_CANCELLED) < 0)
		return -1;
	return intent->work.nstops > 0 ? answer_job(intent, job) : ledger_refuse_over(intent, job);
}

static int
cancel_job(struct ledger *ledger, struct intent *intent, struct job *job)
{
	if (job->state == JOB_CANCELLED)
		return stop_rest(ledger, intent, job);
	if (job->is_damaged)
		return cancel_damaged(ledger, intent, job);
	if (cover_past(ledger, intent, job, REASON_REMOVED) < 0)
		return -1;
	if (intent->goes_on)
		return 0;
	if (ledger_end_claimed(ledger, intent, job, REASON_CANCELLED) < 0)
		return -1;
	job->state = JOB_CANCELLED;
	job->next_due = job->next_start_at = USEC_NEVER;
	return save_job(ledger, intent, job);
}

int
ledger_job_cancel(struct ledger *ledger, struct intent *intent)
{
	return ledger_with_job(ledger, intent, cancel_job);
}

static int
pause_job(struct ledger *ledger, struct intent *intent, struct job *job)
{
	if (is_over(job))
		return ledger_refuse_over(intent, job);
	if (job->state == JOB_PAUSED)
		return answer_job(intent, job); /* it is as asked */
	if (ledger_end_claimed(ledger, intent, job, REASON_PAUSED) < 0)
		return -1;
	job->state = JOB_PAUSED;
	job->paused_at = intent->now;
	return save_job(ledger, intent, job);
}

int
ledger_job_pause(struct ledger *ledger, struct intent *intent)
{
	return ledger_with_job(ledger, intent, pause_job);
}

/*
 * A next_due that the pause left behind stays: the claims cover what is left out, in bounded steps,
 * because everything up to anchor_at of a job with paused_at is skipped(paused). One that lies
 * ahead may be of a clock or a zone that was replaced meanwhile.
 */
static int
resume_job(struct ledger *ledger, struct intent *intent, struct job *job)
{
	struct job ahead;
	struct schedule schedule;
	if (is_over(job))
		return ledger_refuse_over(intent, job);
	if (job->state == JOB_ACTIVE)
		return answer_job(intent, job);
	if (job_schedule(job, ledger->zones, &schedule, &intent->err) < 0)
		return 0;
	if (ledger_end_claimed(ledger, intent, job, REASON_PAUSED) < 0 ||
	    ledger_give_back(ledger, intent, job) < 0)
		return -1;
	if (intent->goes_on)
		return 0;
	job->state = JOB_ACTIVE;
	job->anchor_at = intent->now;
	job->nfailed = 0;
	ahead = *job; /* borrowed, only to look ahead */
	job_anchor(&ahead, &schedule, intent->now, ledger->machine);
	schedule_fini(&schedule);
	if (job->next_due > intent->now) {
		job->next_due = ahead.next_due;
		job->next_start_at = ahead.next_start_at;
	}
	if (save_job(ledger, intent, job) < 0)
		return -1;
	intent->next_due = ahead.next_due;
	return 0;
}

int
ledger_job_resume(struct ledger *ledger, struct intent *intent)
{
	return ledger_with_job(ledger, intent, resume_job);
}

int
ledger_queue_set(struct ledger *ledger, struct intent *intent)
{
	struct backend *db = ledger->backend;
	struct queue now;
	if (!intent->who.is_operator) {
		err_set(&intent->err, ERR_DENIED, "queues are set by root and operators");
		return 0;
	}
	if (db->ops->queue_load(db, intent->queue.name, &now, &intent->err) == BACKEND_ERROR)
		return -1;
	if (intent->queue.concurrency == 0)
		intent->queue.concurrency = now.concurrency;
	if (intent->keeps_paused)
		intent->queue.is_paused = now.is_paused;
	intent->queue.nrunning = now.nrunning;
	intent->queue.nwaiting = now.nwaiting;
	if (db->ops->queue_save(db, &intent->queue, &intent->err) == BACKEND_ERROR)
		return -1;
	return ledger_promote_queue(ledger, intent, intent->queue.name) < 0
		       ? -1
		       : ledger_plan_wake(ledger, intent);
}
