/* What happens around the engine is told to it; what the engine tells goes to log and clients. */
#include <stdio.h>

#include "base/log.h"
#include "daemon/runlog.h"
#include "daemon/state.h"
#include "store/mark.h"

static void
remember_trouble(struct daemon *daemon, const char *where, const char *text)
{
	snprintf(daemon->trouble, sizeof(daemon->trouble), "%s%s", where, text);
	daemon->trouble_at = clock_now();
}

static void
on_trouble(void *arg, const char *text)
{
	log_error(text);
	remember_trouble(arg, "", text);
}

static void
on_notice(void *arg, const char *text, const char *what)
{
	(void)arg;
	log_notice(text, log_str("what", what));
}

static void
on_started(void *arg, int64_t run_id, int attempt, pid_t pid, int64_t pid_start, usec_t at)
{
	struct daemon *daemon = arg;
	if (daemon->engine)
		engine_run_started(daemon->engine, run_id, attempt, pid, pid_start, at);
	else
		replay_started(&daemon->replay, run_id, attempt, pid, pid_start, at);
}

static void
on_ended(void *arg, int64_t run_id, int attempt, struct outcome *outcome)
{
	struct daemon *daemon = arg;
	if (daemon->engine)
		engine_run_ended(daemon->engine, run_id, attempt, outcome, clock_now());
	else
		replay_ended(&daemon->replay, run_id, attempt, outcome);
}

void
daemon_orphan_ended(void *arg, int64_t run_id, int attempt)
{
	struct daemon *daemon = arg;
	engine_orphan_ended(daemon->engine, run_id, attempt, clock_now());
}

static bool
orphan_lives(void *arg, const struct attempt *attempt)
{
	struct daemon *daemon = arg;
	return orphans_watch(&daemon->orphans, attempt);
}

static void
on_event(void *arg, const struct run_event *event)
{
	struct daemon *daemon = arg;
	runlog_write(event);
	if (daemon->control)
		control_publish(daemon->control, event);
}

static void
on_due(void *arg, usec_t now)
{
	/* The prepare watcher does the rest. */
	(void)arg;
	(void)now;
}

static void
on_stepped(void *arg, usec_t from, usec_t now)
{
	struct daemon *daemon = arg;
	log_warning("the clock was set", log_int("step_ms", (now - from) / USEC_PER_MSEC));
	if (daemon->engine)
		engine_clock_stepped(daemon->engine, from, now);
	settle_look(&daemon->settle, daemon->loop, now);
}

/* A clock that stays behind is one that was set back: what recurs goes on by it. */
static void
on_settled(void *arg, bool is_believed)
{
	struct daemon *daemon = arg;
	usec_t now = clock_now();
	log_notice("claims begin",
		   log_str("because", is_believed ? "the clock was set" : "it stays as it is"));
	if (!is_believed && now < daemon->settle.seen_at)
		engine_clock_was_ahead(daemon->engine, daemon->settle.seen_at, now);
	engine_go_on(daemon->engine, now);
}

/* Before the store is opened, which will write the mark anew. */
void
daemon_judge_clock(struct daemon *daemon)
{
	struct mark mark = { 0 };
	struct err err;
	if (mark_read(daemon->conf.database, &mark, &err) != 0)
		mark.seen_at = 0; /* the store tells what is wrong with it */
	daemon->settle =
		(struct settle){ .seen_at = mark.seen_at, .over = on_settled, .arg = daemon };
}

void
daemon_wait_for_clock(struct daemon *daemon)
{
	const char *doubt = settle_begin(&daemon->settle, daemon->loop, clock_now());
	if (!doubt)
		return;
	log_error("nothing is claimed until the clock is set", log_str("cause", doubt),
		  log_int("at_most_s", SETTLE_TIME / USEC_PER_SEC));
	remember_trouble(daemon, "", doubt);
	engine_hold(daemon->engine);
}

void
daemon_store_changed(void *arg, enum store_state state, const char *detail)
{
	struct daemon *daemon = arg;
	if (state == STORE_OK) {
		log_notice("the store is well again");
	} else {
		log_error("the store is in trouble", log_str("cause", detail));
		remember_trouble(daemon, "store: ", detail);
	}
	engine_store_changed(daemon->engine, state, clock_now());
}

void
daemon_fill_engine_ports(struct daemon *daemon, struct engine_ports *ports)
{
	*ports = (struct engine_ports){
		.store = store_thread_port(daemon->store),
		.exec = daemon->exec,
		.http = daemon->http,
		.event = on_event,
		.trouble = on_trouble,
		.notice = on_notice,
		.orphan_lives = orphan_lives,
		.arg = daemon,
	};
}

struct runner_events
daemon_runner_events(struct daemon *daemon)
{
	return (struct runner_events){ on_started, on_ended, daemon };
}

struct clock_events
daemon_clock_events(struct daemon *daemon)
{
	return (struct clock_events){ on_due, on_stepped, daemon };
}
