/* Runs: the legal steps, and what the end of an attempt means. */
#include "model/run.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "model/request.h"
#include "model/retry.h"

static const char *const state_names[RUN_NSTATES] = {
	[RUN_WAITING] = "waiting", [RUN_RUNNING] = "running",     [RUN_SUCCEEDED] = "succeeded",
	[RUN_FAILED] = "failed",   [RUN_CANCELLED] = "cancelled", [RUN_SKIPPED] = "skipped",
	[RUN_MISSED] = "missed",   [RUN_LOST] = "lost",
};

static const char *const trigger_names[TRIGGER_NKINDS] = {
	[TRIGGER_SCHEDULE] = "schedule",
	[TRIGGER_MANUAL] = "manual",
	[TRIGGER_AFTER] = "after",
	[TRIGGER_CLOCK] = "clock",
};

static const char *const reason_names[REASON_NKINDS] = {
	[REASON_NONE] = "",
	[REASON_EXIT] = "exit",
	[REASON_SIGNAL] = "signal",
	[REASON_TIMEOUT] = "timeout",
	[REASON_START_FAILED] = "start-failed",
	[REASON_HTTP_STATUS] = "http-status",
	[REASON_BODY] = "body",
	[REASON_LATENCY] = "latency",
	[REASON_NETWORK] = "network",
	[REASON_OVERLAP] = "overlap",
	[REASON_PAUSED] = "paused",
	[REASON_DEADLINE] = "deadline",
	[REASON_DOWNTIME] = "downtime",
	[REASON_CLOCK] = "clock",
	[REASON_DEPENDENCY] = "dependency",
	[REASON_BREAKER] = "breaker",
	[REASON_CANCELLED] = "cancelled",
	[REASON_EDITED] = "edited",
	[REASON_REMOVED] = "removed",
	[REASON_EXPIRED] = "expired",
	[REASON_MAX_RUNS] = "max-runs",
	[REASON_REFUSED] = "refused",
	[REASON_SHUTDOWN] = "shutdown",
	[REASON_CRASH] = "crash",
	[REASON_REBOOT] = "reboot",
};

static const char *const outcome_names[OUTCOME_NKINDS] = {
	[OUTCOME_NONE] = "none",     [OUTCOME_EXIT] = "exit",
	[OUTCOME_SIGNAL] = "signal", [OUTCOME_START_FAILED] = "start-failed",
	[OUTCOME_HTTP] = "http",     [OUTCOME_NETWORK] = "network",
	[OUTCOME_LOST] = "lost",
};

#define BIT(state) (1u << (state))
static const unsigned legal_steps[RUN_NSTATES] = {
	[RUN_WAITING] = BIT(RUN_RUNNING) | BIT(RUN_CANCELLED) | BIT(RUN_SKIPPED) | BIT(RUN_MISSED) |
			BIT(RUN_LOST) | BIT(RUN_FAILED),
	[RUN_RUNNING] = BIT(RUN_WAITING) | BIT(RUN_SUCCEEDED) | BIT(RUN_FAILED) |
			BIT(RUN_CANCELLED) | BIT(RUN_LOST) | BIT(RUN_MISSED),
};

bool
run_may_become(enum run_state from, enum run_state to)
{
	return legal_steps[from] & BIT(to);
}

bool
run_is_terminal(enum run_state state)
{
	return legal_steps[state] == 0;
}

bool
run_is_untried_instant(const struct run *run)
{
	return run->trigger == TRIGGER_SCHEDULE && run->attempt == 0;
}

void
run_set_state(struct run *run, enum run_state state, enum run_reason reason)
{
	assert(run_may_become(run->state, state));
	run->state = state;
	run->reason = reason;
}

usec_t
run_deadline(const struct job *job, usec_t start_at)
{
	return job->start_deadline > 0 ? usec_add(start_at, job->start_deadline) : 0;
}

static void
set_detail(struct run *run, const char *text)
{
	snprintf(run->detail, sizeof(run->detail), "%s", text);
}

static void
describe_code(struct run *run, const struct outcome *outcome)
{
	switch (outcome->kind) {
	case OUTCOME_EXIT:
	case OUTCOME_HTTP:
		snprintf(run->detail, sizeof(run->detail), "%d", outcome->code);
		break;
	case OUTCOME_SIGNAL:
		set_detail(run, signal_name(outcome->code));
		break;
	case OUTCOME_START_FAILED:
		snprintf(run->detail, sizeof(run->detail), "%s%s%s", outcome->text,
			 outcome->code ? ": " : "",
			 outcome->code ? strerrorname_np(outcome->code) : "");
		break;
	default:
		set_detail(run, outcome->text);
		break;
	}
}

/* The reason of a failure, leaving aside that somebody may have asked for the end. */
static enum run_reason
failure_reason(const struct outcome *outcome)
{
	if (outcome->is_timeout)
		return REASON_TIMEOUT;
	switch (outcome->kind) {
	case OUTCOME_EXIT:
		return REASON_EXIT;
	case OUTCOME_SIGNAL:
		return REASON_SIGNAL;
	case OUTCOME_START_FAILED:
		return REASON_START_FAILED;
	case OUTCOME_HTTP:
		return REASON_HTTP_STATUS;
	case OUTCOME_NETWORK:
		return REASON_NETWORK;
	default:
		return strcmp(outcome->text, "reboot") == 0 ? REASON_REBOOT : REASON_CRASH;
	}
}

/* Who exits with 0 on the TERM of a time-out has not done his work: as timeout(1) has it. */
static bool
is_success(const struct run *run, const struct outcome *outcome)
{
	if (outcome->kind == OUTCOME_EXIT)
		return outcome->code == 0 && run->stop_reason != REASON_TIMEOUT;
	return outcome->kind == OUTCOME_HTTP && outcome->is_expected;
}

static bool
retries_when_lost(const struct job *job)
{
	return job_is_http(job) ? request_may_repeat(job) : job->on_lost == ON_LOST_RETRY;
}

/* Did the attempt come to no end of its own? */
static bool
is_interrupted(const struct run *run, const struct outcome *outcome)
{
	return run->stop_reason == REASON_SHUTDOWN || outcome->kind == OUTCOME_LOST;
}

static bool
wants_retry(const struct run *run, const struct job *job, const struct outcome *outcome)
{
	if (is_interrupted(run, outcome))
		return retries_when_lost(job) && run->attempt < RUN_LOST_ATTEMPTS_MAX;
	if (run->attempt > job->retries)
		return false;
	return retry_on_matches(job->retry_on, run->reason, outcome->code);
}

static void
wait_for_retry(struct run *run, const struct job *job, const struct outcome *outcome, uint64_t draw)
{
	usec_t wait = is_interrupted(run, outcome) ? 0 : retry_wait(job, run->attempt, draw);
	usec_t at = outcome->ended_at + wait;
	if (outcome->retry_after > at) {
		usec_t latest = outcome->ended_at + job->retry_max_delay;
		at = outcome->retry_after < latest ? outcome->retry_after : latest;
	}
	run_set_state(run, RUN_WAITING, run->reason);
	run->gate = GATE_TIME;
	run->start_at = at;
	run->deadline_at = 0;
	run->stop_reason = REASON_NONE;
	run->ended_at = 0;
}

void
run_end_attempt(struct run *run, const struct job *job, const struct outcome *outcome,
		uint64_t draw)
{
	enum run_reason asked = run->stop_reason;
	run->ended_at = outcome->ended_at;
	describe_code(run, outcome);
	if (asked == REASON_CANCELLED || asked == REASON_OVERLAP || asked == REASON_REMOVED) {
		run_set_state(run, RUN_CANCELLED, asked);
		if (asked == REASON_OVERLAP)
			set_detail(run, "made way for the next run");
		else
			snprintf(run->detail, sizeof(run->detail), "by uid %u",
				 (unsigned)run->stop_uid);
		return;
	}
	if (is_success(run, outcome)) {
		run_set_state(run, RUN_SUCCEEDED, REASON_NONE);
		set_detail(run, "");
		return;
	}
	run->reason = asked == REASON_TIMEOUT || asked == REASON_SHUTDOWN ? asked
									  : failure_reason(outcome);
	if (wants_retry(run, job, outcome)) {
		wait_for_retry(run, job, outcome, draw);
		return;
	}
	if (is_interrupted(run, outcome) && retries_when_lost(job))
		snprintf(run->detail, sizeof(run->detail), "given up after %d attempts",
			 run->attempt);
	run_set_state(run, outcome->kind == OUTCOME_LOST ? RUN_LOST : RUN_FAILED, run->reason);
}

const char *
run_state_name(enum run_state state)
{
	return (unsigned)state < RUN_NSTATES ? state_names[state] : "none";
}

const char *
run_trigger_name(enum run_trigger trigger)
{
	return (unsigned)trigger < TRIGGER_NKINDS ? trigger_names[trigger] : "none";
}

const char *
run_reason_name(enum run_reason reason)
{
	return (unsigned)reason < REASON_NKINDS ? reason_names[reason] : "";
}

const char *
outcome_kind_name(enum outcome_kind kind)
{
	return (unsigned)kind < OUTCOME_NKINDS ? outcome_names[kind] : "none";
}

/* From a table of our own: sigabbrev_np() knows no real-time signals and may give NULL. */
const char *
signal_name(int number)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
		{ SIGHUP, "SIGHUP" },   { SIGINT, "SIGINT" },       { SIGQUIT, "SIGQUIT" },
		{ SIGILL, "SIGILL" },   { SIGTRAP, "SIGTRAP" },     { SIGABRT, "SIGABRT" },
		{ SIGBUS, "SIGBUS" },   { SIGFPE, "SIGFPE" },       { SIGKILL, "SIGKILL" },
		{ SIGUSR1, "SIGUSR1" }, { SIGSEGV, "SIGSEGV" },     { SIGUSR2, "SIGUSR2" },
		{ SIGPIPE, "SIGPIPE" }, { SIGALRM, "SIGALRM" },     { SIGTERM, "SIGTERM" },
		{ SIGXCPU, "SIGXCPU" }, { SIGXFSZ, "SIGXFSZ" },     { SIGVTALRM, "SIGVTALRM" },
		{ SIGPROF, "SIGPROF" }, { SIGIO, "SIGIO" },         { SIGPWR, "SIGPWR" },
		{ SIGSYS, "SIGSYS" },   { SIGSTKFLT, "SIGSTKFLT" },
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].number == number)
			return names[i].name;
	}
	return number >= SIGRTMIN && number <= SIGRTMAX ? "SIGRT" : "signal";
}
