/* Why: the record first, then the schedule. */
#include "control/why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "control/json.h"
#include "model/plan.h"
#include "when/schedule.h"

/* What the sentences are made from. */
struct chain {
	const struct job *job;
	const struct run *run;     /* NULL: no row covers the instant */
	const struct queue *queue; /* of a run that waits; else NULL */
	const char *trouble;       /* why nothing is started now; "": nothing is in the way */
	usec_t at, now;
	int64_t nruns; /* that count for max-runs before the instant, if none is skipped till then */
	struct zones *zones;
	struct zone *zone;
	json_t *sentences;
};

__attribute__((format(printf, 2, 3))) static void
say(struct chain *chain, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	size_t len = n < 0 ? 0 : (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
	json_array_append_new(chain->sentences, json_text(text, len));
}

static const char *
show(const struct chain *chain, usec_t at, char text[SCHEDULE_TIME_MAX])
{
	return chain->zone ? schedule_print_time_local(chain->zone, at, text) : "";
}

/*
 * From when on the schedule is the job's. A resumption moves the anchor, too, and what was before
 * it stays; an instant to run once may lie before the job.
 */
static usec_t
counts_from(const struct job *job)
{
	if (job->kind == SCHEDULE_AT)
		return INT64_MIN;
	return job->paused_at ? job->created_at : job->anchor_at;
}

/* The runs that count for max-runs up to then, if none is skipped till then. */
static int64_t
runs_until(const struct job *job, const struct schedule *schedule, usec_t until)
{
	if (!job->max_runs || until < job->next_due)
		return job->nruns;
	return job->nruns + schedule_count(schedule, job->next_due - 1, until);
}

/* The first instant after that one which the job had, or is to have. */
static usec_t
next_after(const struct chain *chain, const struct schedule *schedule, usec_t at)
{
	const struct job *job = chain->job;
	usec_t from = counts_from(job);
	usec_t next = job_next_within(job, schedule, at > from ? at : from, 0, NULL);
	bool was_due = next <= job->covered_until;
	bool is_used_up = job->max_runs && runs_until(job, schedule, at) >= job->max_runs;
	bool goes_on = job->state == JOB_ACTIVE || (job->state == JOB_PAUSED && next <= chain->now);
	return was_due || (goes_on && !is_used_up) ? next : USEC_NEVER;
}

/*
 * Does the schedule as it is now name the instant asked about? That is the first one within the
 * time from chain->at, which is moved to it, to `until`. *next: the first due after it.
 */
static bool
find_due(struct chain *chain, const struct schedule *schedule, usec_t until, unsigned *marks,
	 usec_t *next)
{
	usec_t due = schedule_next(schedule, chain->at - 1, marks);
	if (due <= until)
		chain->at = due;
	else
		*marks = 0; /* they are of another instant */
	chain->nruns = runs_until(chain->job, schedule, chain->at - 1);
	*next = next_after(chain, schedule, chain->at);
	return due <= until;
}

static bool
counts_from_later(const struct chain *chain)
{
	return chain->at < chain->job->anchor_at && chain->job->anchor_at > chain->job->created_at;
}

/* What DST did to the instant if the job had that rule; 0 also if it were none of its instants. */
static unsigned
marks_by(const struct chain *chain, enum dst_rule rule)
{
	struct job other = *chain->job; /* borrowed */
	struct schedule schedule;
	struct err err;
	unsigned marks = 0;
	other.dst = rule;
	if (job_schedule(&other, chain->zones, &schedule, &err) < 0)
		return 0;
	bool is_due = schedule_next(&schedule, chain->at - 1, &marks) == chain->at;
	schedule_fini(&schedule);
	return is_due ? marks : 0;
}

/* Of an instant that the clock on the wall shows, and the schedule does not have. */
static void
say_not_due(struct chain *chain)
{
	char text[SCHEDULE_TIME_MAX];
	enum dst_rule rule = chain->job->dst;
	say(chain, "%s is not one of its instants", show(chain, chain->at, text));
	if (rule == DST_UTC)
		return;
	if (marks_by(chain, DST_LITERAL) & SCHEDULE_REPEATED)
		say(chain, "the local time comes the second time: dst %s takes only the first",
		    dst_rule_name(rule));
	else if (marks_by(chain, DST_CRON) & SCHEDULE_SHIFTED)
		say(chain, "the clock has just skipped a local time of it: dst %s leaves that out",
		    dst_rule_name(rule));
}

static void
say_schedule(struct chain *chain, const struct schedule *schedule, bool is_due, unsigned marks)
{
	struct buf words = BUF_EMPTY;
	char text[SCHEDULE_TIME_MAX];
	schedule_explain(schedule, &words);
	say(chain, "the schedule is %s%s", counts_from_later(chain) ? "now " : "",
	    buf_text(&words));
	buf_fini(&words);
	if (!is_due && schedule->kind != SCHEDULE_ON_START)
		say_not_due(chain);
	else if (!is_due && chain->at <= chain->now)
		say(chain, "no boot is on record at %s", show(chain, chain->at, text));
	else if (!is_due)
		say(chain, "when the machine will boot is not known");
	if (marks & SCHEDULE_SHIFTED)
		say(chain, "the local time does not exist that day: moved behind the gap");
	if (marks & SCHEDULE_REPEATED)
		say(chain, "the local time exists twice that day: this is one of the two");
}

static void
say_job(struct chain *chain)
{
	const struct job *job = chain->job;
	char text[SCHEDULE_TIME_MAX];
	if (chain->at < job->created_at)
		say(chain, "the job was made later, at %s", show(chain, job->created_at, text));
	if (counts_from_later(chain))
		say(chain, "the job was edited%s later, at %s: it counts from there",
		    job->paused_at ? " or resumed" : "", show(chain, job->anchor_at, text));
	if (job->state == JOB_PAUSED)
		say(chain, "the job is paused since %s%s", show(chain, job->paused_at, text),
		    job->pause_after && job->nfailed >= job->pause_after
			    ? ": pause-after, for its failed runs"
			    : "");
	else if (job->state != JOB_ACTIVE)
		say(chain, "the job is %s", job_state_name(job->state));
	if (job->max_runs && job->nruns >= job->max_runs)
		say(chain, "its max-runs, %d, are used up", job->max_runs);
	else if (job->max_runs && chain->nruns >= job->max_runs)
		say(chain, "its max-runs, %d, are used up by then", job->max_runs);
	if (job->not_before && chain->at < job->not_before)
		say(chain, "not-before is %s", show(chain, job->not_before, text));
	if (job->until && chain->at > job->until)
		say(chain, "until is %s", show(chain, job->until, text));
}

static void
say_span(struct chain *chain)
{
	const struct run *run = chain->run;
	char first[SCHEDULE_TIME_MAX], last[SCHEDULE_TIME_MAX];
	if (run->count > 1)
		say(chain, "run %lld stands for %lld instants, %s to %s", (long long)run->id,
		    (long long)run->count, show(chain, run->due, first),
		    show(chain, run->last_due, last));
	else
		say(chain, "run %lld was due at %s", (long long)run->id,
		    show(chain, run->due, first));
}

static const char *const state_words[RUN_NSTATES] = {
	[RUN_RUNNING] = "it is running",  [RUN_SUCCEEDED] = "it succeeded",
	[RUN_FAILED] = "it failed",       [RUN_CANCELLED] = "it was cancelled",
	[RUN_SKIPPED] = "it was skipped", [RUN_MISSED] = "it was missed",
	[RUN_LOST] = "it is lost",
};

/* What the words that a row has for it mean; those that are not here speak for themselves. */
static const char *const reason_words[REASON_NKINDS] = {
	[REASON_OVERLAP] = "overlap decides when a run of the job is active already",
	[REASON_PAUSED] = "the job was paused then, or before it could start",
	[REASON_DEADLINE] = "it could not start within start-deadline",
	[REASON_DOWNTIME] = "it was late already when it was found: the daemon did not run, or was "
			    "held up",
	[REASON_CLOCK] = "the clock was set ahead over it",
	[REASON_EDITED] = "the schedule was changed before it started",
	[REASON_REMOVED] = "the job was removed before it started",
	[REASON_MAX_RUNS] = "max-runs were used up",
	[REASON_REFUSED] = "a limit was reached, or its definition could not be used",
	[REASON_SHUTDOWN] = "the daemon was stopped meanwhile",
	[REASON_CRASH] = "what watched it died, and nobody knows how it ended",
	[REASON_REBOOT] = "the machine went down meanwhile",
};

/* What a run that waits waits for. */
static void
say_wait(struct chain *chain)
{
	const struct run *run = chain->run;
	const struct queue *queue = chain->queue;
	char text[SCHEDULE_TIME_MAX];
	if (chain->trouble[0])
		say(chain, "it waits, and nothing is started now: %s", chain->trouble);
	else if (run->gate == GATE_TIME)
		say(chain, "it waits until %s", show(chain, run->start_at, text));
	else if (run->gate == GATE_JOB)
		say(chain, "it waits for the end of another run of the job (overlap, missed)");
	else if (queue && queue->is_paused)
		say(chain, "it waits: the queue %s is paused", queue->name);
	else if (queue && queue->nrunning >= queue->concurrency)
		say(chain, "it waits for one of the %d slots of the queue %s", queue->concurrency,
		    queue->name);
	else
		say(chain, "it waits, and is about to start");
}

/* What the run, or its attempt so far, became. */
static void
say_end(struct chain *chain, const char *what)
{
	const struct run *run = chain->run;
	const char *reason = run_reason_name(run->reason);
	bool has_detail = run->detail[0] && strcmp(run->detail, reason) != 0;
	bool is_told = run->state == RUN_CANCELLED && run->reason == REASON_CANCELLED;
	say(chain, "%s%s%s%s%s%s", what, reason[0] && !is_told ? ": " : "", is_told ? "" : reason,
	    has_detail ? " (" : "", has_detail ? run->detail : "", has_detail ? ")" : "");
	if (reason_words[run->reason])
		say(chain, "%s", reason_words[run->reason]);
}

/* A span in as many digits as a person wants to read. */
static const char *
span(usec_t time, char text[USEC_TEXT_MAX])
{
	usec_t unit = time >= USEC_PER_MIN   ? USEC_PER_SEC
		      : time >= USEC_PER_SEC ? USEC_PER_MSEC
					     : 1;
	return usec_print_duration(time - time % unit, text);
}

/* How late the attempt started, and, where that is a second, for what it had to wait. */
static void
say_late(struct chain *chain, const struct attempt *attempt)
{
	const struct run *run = chain->run;
	char text[USEC_TEXT_MAX];
	usec_t known_at = run->attempt == 1 && run->claimed_at > run->start_at ? run->claimed_at
									       : run->start_at;
	usec_t waited = attempt->claimed_at - known_at;
	say(chain, "attempt %d started %s late", attempt->number,
	    span(attempt->started_at - run->start_at, text));
	if (known_at - run->start_at >= USEC_PER_SEC)
		say(chain, "it was found %s late: the daemon did not run, or was held up",
		    span(known_at - run->start_at, text));
	if (waited >= USEC_PER_SEC)
		say(chain, "it waited %s for a slot of its queue, or for another run of the job",
		    span(waited, text));
}

static void
say_start(struct chain *chain, const struct attempt *attempt)
{
	const struct run *run = chain->run;
	char text[SCHEDULE_TIME_MAX];
	bool has_started = attempt->number > 0 && attempt->started_at > 0;
	if (run->is_catchup)
		say(chain, "it was missed and caught up with");
	if (run->state == RUN_WAITING)
		return;
	if (run->attempt > 1)
		say(chain, "the attempts before failed or were lost; attempt %d was to start at %s",
		    run->attempt, show(chain, run->start_at, text));
	else if (run->start_at > run->due)
		say(chain, "it was to start at %s (splay or jitter)",
		    show(chain, run->start_at, text));
	if (has_started && attempt->started_at >= run->start_at)
		say_late(chain, attempt);
}

static void
say_run(struct chain *chain, const struct attempt *attempt)
{
	const struct run *run = chain->run;
	char ended[40];
	say_span(chain);
	say_start(chain, attempt);
	if (run->state != RUN_WAITING) {
		say_end(chain, state_words[run->state]);
		return;
	}
	snprintf(ended, sizeof(ended), "attempt %d ended", run->attempt);
	if (run->attempt > 0)
		say_end(chain, ended);
	say_wait(chain);
}

static bool
is_within_bounds(const struct chain *chain)
{
	const struct job *job = chain->job;
	return chain->at >= job->not_before && (!job->until || chain->at <= job->until) &&
	       !(job->max_runs && chain->nruns >= job->max_runs);
}

/* Of an instant of an active job that is to be claimed. */
static void
say_to_come(struct chain *chain)
{
	const struct job *job = chain->job;
	char text[SCHEDULE_TIME_MAX];
	bool is_next = chain->at == job->next_due;
	if (chain->at > chain->now)
		say(chain, "it will be due then");
	if (is_next && job->next_start_at > job->next_due && job->next_start_at > chain->now)
		say(chain, "it is to start at %s (splay or jitter)",
		    show(chain, job->next_start_at, text));
	else if (chain->at > chain->now && (job->splay || job->jitter))
		say(chain, "splay or jitter lets it start later");
	else if (chain->at <= chain->now && chain->trouble[0])
		say(chain, "it is due, but nothing is started now: %s", chain->trouble);
	else if (chain->at <= chain->now)
		say(chain, "it is due, and about to be claimed");
}

/* An instant of the schedule that has no row: it is to come, or it came and has none (any more). */
static void
say_unclaimed(struct chain *chain)
{
	const struct job *job = chain->job;
	bool is_to_come = chain->at >= job->next_due && is_within_bounds(chain);
	bool is_past = chain->at <= chain->now;
	bool had_row = chain->at > counts_from(job) && chain->at <= job->covered_until;
	if (is_to_come && job->state == JOB_ACTIVE)
		say_to_come(chain);
	else if (is_to_come && job->state == JOB_PAUSED)
		say(chain, is_past ? "it is skipped; one row will say so when the job goes on"
				   : "it will be skipped unless the job is resumed before");
	else if (is_past && had_row)
		say(chain, "no run of it is on record any more: it was removed for its age "
			   "(retain and its like)");
	else if (is_past)
		say(chain, "no run of it is on record");
	else
		say(chain, "nothing will be due then");
}

json_t *
why_explain(const struct intent *intent, struct zones *zones, const char *trouble)
{
	const struct job *job = &intent->jobs[0].job;
	const struct run_item *item = intent->nruns ? &intent->runs[0] : NULL;
	struct schedule schedule;
	struct err err = { 0 };
	unsigned marks = 0;
	usec_t next = USEC_NEVER;
	bool is_due = false;
	struct chain chain = {
		.job = job,
		.run = item ? &item->run : NULL,
		.queue = intent->nqueues ? &intent->queues[0] : NULL,
		.trouble = trouble,
		.at = intent->at,
		.now = intent->now,
		.nruns = job->nruns,
		.zones = zones,
		.zone = json_zone(zones, job->tz),
		.sentences = json_array(),
	};
	usec_t until = intent->until;
	if (item && item->run.due > intent->at)
		until = chain.at = item->run.due; /* what is on record is meant */
	if (job->is_damaged) {
		say(&chain, "the job is damaged: what it is to do, and when, cannot be read");
	} else if (job_schedule(job, zones, &schedule, &err) == 0) {
		is_due = find_due(&chain, &schedule, until, &marks, &next);
		say_schedule(&chain, &schedule, is_due || item, marks);
		schedule_fini(&schedule);
	} else {
		say(&chain, "the schedule cannot be read: %s", err.text);
	}
	say_job(&chain);
	if (item)
		say_run(&chain, &item->last);
	else if (is_due)
		say_unclaimed(&chain);
	json_t *answer = json_object();
	json_object_set_new(answer, "job", json_job(&intent->jobs[0], zones));
	json_set_instant(answer, "at", chain.at, chain.zone);
	json_set_flag(answer, "is_due", is_due);
	json_set_instant(answer, "following", next, chain.zone);
	json_object_set_new(answer, "run", item ? json_run_item(item, chain.zone) : json_null());
	json_object_set_new(answer, "why", chain.sentences);
	zone_unref(chain.zone);
	return answer;
}
