/* The daemon's clock, its watch on orphans, and what it keeps of a replay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/clock.h"
#include "daemon/machine.h"
#include "daemon/orphans.h"
#include "daemon/replay.h"
#include "daemon/settle.h"

#define LIMIT 10.0 /* seconds after which a test gives up */

struct seen {
	struct ev_loop *loop;
	int ndue, nsteps;
	usec_t due_at;
	int64_t run_id;
	int attempt;
};

static void
on_due(void *arg, usec_t now)
{
	struct seen *seen = arg;
	seen->ndue++;
	seen->due_at = now;
	ev_break(seen->loop, EVBREAK_ALL);
}

static void
on_stepped(void *arg, usec_t from, usec_t now)
{
	struct seen *seen = arg;
	(void)from;
	(void)now;
	seen->nsteps++;
}

static void
on_orphan_ended(void *arg, int64_t run_id, int attempt)
{
	struct seen *seen = arg;
	seen->run_id = run_id;
	seen->attempt = attempt;
	ev_break(seen->loop, EVBREAK_ALL);
}

static void
on_limit(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)timer;
	(void)revents;
	ev_break(loop, EVBREAK_ALL);
}

/* Runs the loop until something was seen, or the limit. */
static void
run(struct ev_loop *loop)
{
	ev_timer limit;
	ev_timer_init(&limit, on_limit, LIMIT, 0.);
	ev_timer_start(loop, &limit);
	ev_run(loop, 0);
	ev_timer_stop(loop, &limit);
}

static void
the_clock_wakes_at_the_instant_and_not_before(void **state)
{
	struct err err;
	struct seen seen = { .loop = ev_loop_new(EVFLAG_NOENV) };
	const struct clock_events events = { on_due, on_stepped, &seen };
	struct clock *clock = clock_new(seen.loop, &events, &err);
	(void)state;
	assert_non_null(clock);
	usec_t at = clock_now() + 30 * USEC_PER_MSEC;
	clock_arm(clock, at + USEC_PER_SEC);
	clock_arm(clock, at); /* the earlier one counts */
	run(seen.loop);
	assert_int_equal(seen.ndue, 1);
	assert_true(seen.due_at >= at);
	clock_arm(clock, at); /* in the past: at once */
	run(seen.loop);
	assert_int_equal(seen.ndue, 2);
	assert_int_equal(seen.nsteps, 0);
	clock_free(clock);
	ev_loop_destroy(seen.loop);
}

static void
the_lag_is_how_long_a_turn_of_the_loop_took(void **state)
{
	struct err err;
	struct clock_lag lag;
	struct seen seen = { .loop = ev_loop_new(EVFLAG_NOENV) };
	const struct clock_events events = { on_due, on_stepped, &seen };
	struct clock *clock = clock_new(seen.loop, &events, &err);
	(void)state;
	clock_measure(clock, &lag);
	assert_int_equal(lag.max, 0);
	clock_arm(clock, clock_now());
	run(seen.loop);
	usec_t busy_until = clock_elapsed() + 20 * USEC_PER_MSEC;
	while (clock_elapsed() < busy_until)
		;
	ev_run(seen.loop, EVRUN_NOWAIT); /* the turn ends here */
	clock_measure(clock, &lag);
	assert_true(lag.max >= 20 * USEC_PER_MSEC);
	assert_true(lag.p50 <= lag.p99 && lag.p99 <= lag.max);
	clock_forget_lag(clock);
	clock_measure(clock, &lag);
	assert_int_equal(lag.max, 0);
	clock_free(clock);
	ev_loop_destroy(seen.loop);
}

static void
an_orphan_is_watched_until_it_ends(void **state)
{
	struct seen seen = { .loop = ev_loop_new(EVFLAG_NOENV) };
	struct orphans orphans = { .loop = seen.loop, .ended = on_orphan_ended, .arg = &seen };
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	struct attempt attempt = { .run_id = 41, .number = 2, .pid = pid };
	attempt.pid_start = machine_process_start(pid);
	assert_true(attempt.pid_start > 0);
	assert_true(orphans_watch(&orphans, &attempt));
	kill(pid, SIGKILL);
	run(seen.loop);
	assert_int_equal(seen.run_id, 41);
	assert_int_equal(seen.attempt, 2);
	assert_null(orphans.first);
	waitpid(pid, NULL, 0);
	orphans_fini(&orphans);
	ev_loop_destroy(seen.loop);
}

static void
another_process_with_the_same_id_is_not_the_orphan(void **state)
{
	struct orphans orphans = { .loop = ev_loop_new(EVFLAG_NOENV) };
	struct attempt attempt = { .run_id = 41, .number = 1, .pid = getpid() };
	(void)state;
	attempt.pid_start = machine_process_start(getpid()) - 1;
	assert_false(orphans_watch(&orphans, &attempt));
	attempt.pid_start++;
	assert_true(orphans_watch(&orphans, &attempt));
	orphans_fini(&orphans);
	assert_null(orphans.first);
	ev_loop_destroy(orphans.loop);
}

static void
a_clock_is_doubted_that_shows_what_cannot_be(void **state)
{
	const usec_t seen = SETTLE_SANE_MIN + 1000 * USEC_PER_HOUR;
	const struct {
		usec_t now, seen_at;
		const char *words;
	} cases[] = {
		{ seen, seen, NULL },
		{ seen, 0, NULL },
		{ seen + SETTLE_AHEAD, seen, NULL },
		{ seen + SETTLE_AHEAD + 1, seen, "more than a day after" },
		{ seen - SETTLE_BEHIND, seen, NULL },
		{ seen - SETTLE_BEHIND - 1, seen, "before the database was last used" },
		{ SETTLE_SANE_MIN - 1, 0, "before this program was made" },
		{ 0, seen, "before this program was made" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *doubt = settle_doubt(cases[i].now, cases[i].seen_at);
		if (cases[i].words ? !doubt || !strstr(doubt, cases[i].words) : doubt != NULL)
			fail_msg("case %zu: %s", i, doubt ? doubt : "no doubt");
	}
}

static void
what_a_replay_did_not_tell_is_closed(void **state)
{
	struct replay replay;
	struct outcome outcome = { .kind = OUTCOME_EXIT, .output_fd = open("/dev/null", O_RDONLY) };
	int fd = outcome.output_fd;
	(void)state;
	assert_true(fd >= 0);
	replay_init(&replay);
	replay_started(&replay, 41, 1, 7, 8, 9);
	replay_ended(&replay, 41, 1, &outcome);
	replay_fini(&replay);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_null(replay.first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clock_wakes_at_the_instant_and_not_before),
		cmocka_unit_test(the_lag_is_how_long_a_turn_of_the_loop_took),
		cmocka_unit_test(an_orphan_is_watched_until_it_ends),
		cmocka_unit_test(another_process_with_the_same_id_is_not_the_orphan),
		cmocka_unit_test(a_clock_is_doubted_that_shows_what_cannot_be),
		cmocka_unit_test(what_a_replay_did_not_tell_is_closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
