/* The exec runner against the real asched-spawn, as the daemon's loop sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/zonedir.h"
#include "fake/spawner.h"
#include "runner/process.h"

#define WAIT_S 10.
#define NOBODY 65534 /* he and those before him run nothing here */

/* What the runner has told. */
struct world {
	struct spawner_fixture sp;
	struct ev_loop *loop;
	struct zonedir zonedir;
	struct zones *zones;
	struct runner *runner;
	int nreplayed, ngone, nstarted, nended, signo;
	char instance[64], boot[64];
	pid_t pid;
	struct outcome last; /* its descriptor is ours */
	int64_t last_run;
};

static void
replayed(void *arg, const char *instance, const char *boot)
{
	struct world *world = arg;
	world->nreplayed++;
	snprintf(world->instance, sizeof(world->instance), "%s", instance);
	snprintf(world->boot, sizeof(world->boot), "%s", boot);
}

static void
signal_received(void *arg, int signo)
{
	((struct world *)arg)->signo = signo;
}

static void
spawner_gone(void *arg)
{
	((struct world *)arg)->ngone++;
}

static void
started(void *arg, int64_t run_id, int attempt, pid_t pid, int64_t pid_start, usec_t at)
{
	struct world *world = arg;
	(void)run_id;
	(void)attempt;
	assert_true(pid > 0 && pid_start > 0 && at > 0);
	world->nstarted++;
	world->pid = pid;
}

static void
ended(void *arg, int64_t run_id, int attempt, struct outcome *outcome)
{
	struct world *world = arg;
	(void)attempt;
	world->nended++;
	world->last_run = run_id;
	if (world->last.output_fd >= 0)
		close(world->last.output_fd);
	world->last = *outcome;
}

static void
on_limit(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	*(bool *)timer->data = true;
}

/* Runs the loop until *counter has become n. */
static void
wait_for(struct world *world, const int *counter, int n)
{
	bool is_late = false;
	struct ev_timer limit;
	ev_timer_init(&limit, on_limit, WAIT_S, 0.);
	limit.data = &is_late;
	ev_timer_start(world->loop, &limit);
	while (*counter < n && !is_late)
		ev_run(world->loop, EVRUN_ONCE);
	ev_timer_stop(world->loop, &limit);
	assert_int_equal(*counter, n);
}

static void
attach(struct world *world)
{
	const struct runner_events events = { started, ended, world };
	const struct process_events process_events = { replayed, signal_received, spawner_gone,
						       world };
	const struct process_config config = { .zones = world->zones,
					       .output_max = 1 << 20,
					       .is_shared = true };
	world->runner = process_runner_new(world->loop, fcntl(world->sp.link, F_DUPFD_CLOEXEC, 3),
					   &config, &events, &process_events);
}

static int
begin(void **state)
{
	static struct world world;
	const struct zone_source source = { zonedir_read, zonedir_identity, zonedir_local_name,
					    &world.zonedir };
	world = (struct world){ .last.output_fd = -1 };
	zonedir_init(&world.zonedir, ZONEINFO_DIR);
	spawner_begin(&world.sp, NULL);
	world.zones = zones_new(&source);
	world.loop = ev_loop_new(EVFLAG_AUTO);
	attach(&world);
	wait_for(&world, &world.nreplayed, 1);
	*state = &world;
	return 0;
}

static int
end(void **state)
{
	struct world *world = *state;
	process_runner_free(world->runner);
	if (world->last.output_fd >= 0)
		close(world->last.output_fd);
	ev_loop_destroy(world->loop);
	zones_free(world->zones);
	zonedir_fini(&world->zonedir);
	(void)spawner_end(&world->sp);
	return 0;
}

static struct job
new_job(const char *script)
{
	struct job job;
	job_init(&job);
	job.id = 12;
	job.owner = getuid();
	job.shell = strdup(script);
	job.cwd = strdup("/");
	return job;
}

static void
start_script(struct world *world, int64_t run_id, const char *script)
{
	struct job job = new_job(script);
	const struct run run = { .id = run_id, .job_id = 12, .attempt = 1 };
	world->runner->start(world->runner, &job, &run);
	job_fini(&job);
}

static void
a_job_runs_with_its_fields_and_knows_its_run(void **state)
{
	struct world *world = *state;
	struct job job = new_job("cat; echo $ASCHED_JOB $ASCHED_RUN $ASCHED_ATTEMPT $ASCHED_DUE "
				 "$A; umask; pwd; exit 3");
	const struct run run = {
		.id = 4, .job_id = 12, .attempt = 2, .due = INT64_C(1795165210000000)
	};
	job.tz = strdup("Europe/Berlin");
	job.stdin_text = strdup("text\n");
	job.umask = 077;
	strings_add(&job.env, "A=b c", 5);
	world->runner->start(world->runner, &job, &run);
	job_fini(&job);
	wait_for(world, &world->nended, 1);
	assert_int_equal(world->nstarted, 1);
	assert_int_equal(world->last.kind, OUTCOME_EXIT);
	assert_int_equal(world->last.code, 3);
	assert_true(world->last.cpu_us >= 0 && world->last.peak_kib > 0);
	char *text = spawner_read_output(world->last.output_fd);
	world->last.output_fd = -1;
	assert_string_equal(text, "text\n12 4 2 2026-11-20T10:00:10+01:00 b c\n0077\n/\n");
	assert_int_equal(world->last.output_bytes, strlen(text));
	free(text);
	world->runner->forget(world->runner, 4, 2);
	assert_int_equal(strlen(world->instance), 36);
	assert_in_range(strlen(world->boot), 24, MSG_ID_MAX - 1);
}

static void
a_running_attempts_output_can_be_read_and_it_can_be_ended(void **state)
{
	struct world *world = *state;
	start_script(world, 1, "echo begun; exec sleep 60");
	wait_for(world, &world->nstarted, 1);
	int fd = world->runner->output(world->runner, 1, 1);
	assert_true(fd >= 0);
	while (lseek(fd, 0, SEEK_END) < 6)
		usleep(1000);
	char *text = spawner_read_output(fd);
	assert_string_equal(text, "begun\n");
	free(text);
	assert_int_equal(world->runner->output(world->runner, 2, 1), -1);
	world->runner->stop(world->runner, 1, 1, STOP_SOFT);
	wait_for(world, &world->nended, 1);
	assert_int_equal(world->last.kind, OUTCOME_SIGNAL);
	assert_int_equal(world->last.code, SIGTERM);
	assert_int_equal(world->runner->output(world->runner, 1, 1), -1);
}

static void
a_failed_start_says_where_and_why(void **state)
{
	struct world *world = *state;
	struct job job = new_job("true");
	const struct run run = { .id = 1, .attempt = 1 };
	free(job.cwd);
	job.cwd = strdup("/no/such");
	world->runner->start(world->runner, &job, &run);
	job_fini(&job);
	wait_for(world, &world->nended, 1);
	assert_int_equal(world->nstarted, 0);
	assert_int_equal(world->last.kind, OUTCOME_START_FAILED);
	assert_int_equal(world->last.code, ENOENT);
	assert_string_equal(world->last.text, "cwd");
}

static void
a_start_too_big_for_a_message_fails_from_the_loop(void **state)
{
	struct world *world = *state;
	struct job job = new_job("true");
	const struct run run = { .id = 1, .attempt = 1 };
	char *value = calloc(1, 60001);
	assert_non_null(value);
	memset(value, 'x', 60000);
	for (int i = 0; i < 4; i++) {
		value[0] = (char)('A' + i);
		value[1] = '=';
		strings_add(&job.env, value, 60000);
	}
	free(value);
	world->runner->start(world->runner, &job, &run);
	job_fini(&job);
	assert_int_equal(world->nended, 0);
	wait_for(world, &world->nended, 1);
	assert_int_equal(world->last.kind, OUTCOME_START_FAILED);
	assert_int_equal(world->last.code, E2BIG);
	assert_string_equal(world->last.text, "request");
}

/* Another's run: it fails, and has its place until it is forgotten. */
static void
start_of(struct world *world, uid_t owner, int64_t run_id)
{
	struct job job = new_job("true");
	const struct run run = { .id = run_id, .attempt = 1 };
	job.owner = owner;
	world->runner->start(world->runner, &job, &run);
	job_fini(&job);
}

static void
one_user_leaves_places_for_the_runs_of_others(void **state)
{
	const uid_t greedy = NOBODY - 1, modest = NOBODY - 2;
	const int share = MSG_RUNS_MAX * 3 / 4;
	struct world *world = *state;
	for (int i = 1; i <= share; i++) {
		start_of(world, greedy, i);
		wait_for(world, &world->nended, i);
		assert_string_not_equal(world->last.text, "slot");
	}
	start_of(world, greedy, share + 1);
	wait_for(world, &world->nended, share + 1);
	assert_int_equal(world->last.kind, OUTCOME_START_FAILED);
	assert_string_equal(world->last.text, "slot");
	start_of(world, modest, share + 2);
	wait_for(world, &world->nended, share + 2);
	assert_string_not_equal(world->last.text, "slot");
	for (int i = 1; i <= 10; i++)
		world->runner->forget(world->runner, i, 1);
	start_of(world, greedy, share + 3);
	wait_for(world, &world->nended, share + 3);
	assert_string_not_equal(world->last.text, "slot");
}

static void
a_flood_of_starts_does_not_block_and_all_of_them_end(void **state)
{
	struct world *world = *state;
	for (int64_t run_id = 1; run_id <= 2000; run_id++)
		start_script(world, run_id, "exit 0");
	wait_for(world, &world->nended, 2000);
	assert_int_equal(world->nstarted, 2000);
	for (int64_t run_id = 1; run_id <= 2000; run_id++)
		world->runner->forget(world->runner, run_id, 1);
	start_script(world, 3000, "exit 0");
	wait_for(world, &world->nended, 2001);
}

static void
a_new_runner_is_told_what_the_last_one_left(void **state)
{
	struct world *world = *state;
	start_script(world, 1, "exit 4");
	start_script(world, 2, "sleep 60");
	wait_for(world, &world->nended, 1);
	wait_for(world, &world->nstarted, 2);
	process_runner_free(world->runner);
	spawner_kill_daemon(&world->sp);
	spawner_meet_daemon(&world->sp);
	attach(world);
	wait_for(world, &world->nreplayed, 2);
	assert_int_equal(world->nstarted, 4);
	assert_int_equal(world->nended, 2);
	assert_int_equal(world->last_run, 1);
	assert_int_equal(world->last.code, 4);
	world->runner->stop(world->runner, 2, 1, STOP_HARD);
	wait_for(world, &world->nended, 3);
	assert_int_equal(world->last.code, SIGKILL);
}

/* What came of a wish for files. */
struct granted {
	int n;
	struct files_answer last;
	char bytes[64];
};

static void
on_files(void *arg, const struct files_answer *answer)
{
	struct granted *granted = arg;
	granted->n++;
	granted->last = *answer;
	if (answer->fd < 0)
		return;
	assert_true(pread(answer->fd, granted->bytes, sizeof(granted->bytes), 0) >= 0);
	close(answer->fd);
}

static void
wish(struct world *world, const char *path, struct granted *granted)
{
	struct file_source *files = process_runner_files(world->runner);
	files->read(files, &(struct files_wish){ .run_id = 1,
						 .attempt = 1,
						 .uid = getuid(),
						 .paths = { "", path, "" },
						 .done = on_files,
						 .arg = granted });
	assert_int_equal(granted->n, 0);
}

static void
files_that_are_wished_for_come_or_the_reason(void **state)
{
	struct world *world = *state;
	struct granted granted = { 0 }, none = { 0 };
	const uint64_t lengths[] = { 0, 5, 0 };
	char path[128];
	snprintf(path, sizeof(path), "%s/auth", world->sp.dir);
	FILE *file = fopen(path, "w");
	fputs("hello", file);
	fclose(file);
	wish(world, path, &granted);
	wait_for(world, &granted.n, 1);
	assert_memory_equal(granted.bytes, lengths, 16);
	assert_memory_equal(granted.bytes + 16, "hello", 5);
	assert_memory_equal(granted.bytes + 21, &lengths[2], 8);
	wish(world, "/no/such", &none);
	wait_for(world, &none.n, 1);
	assert_int_equal(none.last.fd, -1);
	assert_string_equal(none.last.failed, "auth-file");
	assert_int_equal(none.last.error, ENOENT);
	assert_int_equal(world->nstarted + world->nended, 0); /* they are no runs */
}

/* The run of the same number starts as soon as the spawner has none of it any more. */
static void
files_that_a_dead_daemon_wished_for_are_forgotten(void **state)
{
	struct world *world = *state;
	struct granted granted = { 0 };
	wish(world, "/no/such", &granted);
	process_runner_free(world->runner);
	spawner_kill_daemon(&world->sp);
	spawner_meet_daemon(&world->sp);
	attach(world);
	wait_for(world, &world->nreplayed, 2);
	assert_int_equal(world->nstarted + world->nended, 0);
	for (int round = 0; round < 200 && world->nended == 0; round++) {
		bool is_over = false;
		struct ev_timer turn;
		ev_timer_init(&turn, on_limit, 0.05, 0.);
		turn.data = &is_over;
		ev_timer_start(world->loop, &turn);
		start_script(world, 1, "exit 6");
		while (!is_over)
			ev_run(world->loop, EVRUN_ONCE);
	}
	assert_int_equal(world->nended, 1);
	assert_int_equal(world->last.code, 6);
	assert_int_equal(granted.n, 0);
}

static void
signals_and_the_end_of_the_spawner_are_told(void **state)
{
	struct world *world = *state;
	kill(world->sp.pid, SIGHUP);
	wait_for(world, &world->signo, SIGHUP);
	close(world->sp.link);
	world->sp.link = -1;
	kill(world->sp.pid, SIGKILL);
	wait_for(world, &world->ngone, 1);
	start_script(world, 1, "exit 0"); /* does nothing, and does not crash */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define RUNNER_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		RUNNER_TEST(a_job_runs_with_its_fields_and_knows_its_run),
		RUNNER_TEST(a_running_attempts_output_can_be_read_and_it_can_be_ended),
		RUNNER_TEST(a_failed_start_says_where_and_why),
		RUNNER_TEST(a_start_too_big_for_a_message_fails_from_the_loop),
		RUNNER_TEST(one_user_leaves_places_for_the_runs_of_others),
		RUNNER_TEST(a_flood_of_starts_does_not_block_and_all_of_them_end),
		RUNNER_TEST(a_new_runner_is_told_what_the_last_one_left),
		RUNNER_TEST(files_that_are_wished_for_come_or_the_reason),
		RUNNER_TEST(files_that_a_dead_daemon_wished_for_are_forgotten),
		RUNNER_TEST(signals_and_the_end_of_the_spawner_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
