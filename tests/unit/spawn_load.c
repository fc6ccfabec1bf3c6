/* asched-spawn under load: many runs, much output, daemons that die. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fake/spawner.h"

static int
begin(void **state)
{
	static struct spawner_fixture fixture;
	spawner_begin(&fixture, NULL);
	assert_int_equal(spawner_hello(&fixture), 0);
	*state = &fixture;
	return 0;
}

static int
end(void **state)
{
	(void)spawner_end(*state);
	return 0;
}

static void
a_run_that_writes_without_end_keeps_head_and_tail_in_bounded_space(void **state)
{
	struct spawner_fixture *sp = *state;
	enum { MAX = 1 << 20, TOTAL_MIB = 300 };
	static const char *const args[] = {
		"/bin/sh", "-c",
		"echo HEAD; i=0; while [ $i -lt 30 ]; do head -c 10M /dev/zero; sleep 0.05; "
		"i=$((i+1)); done; echo TAIL",
		NULL
	};
	int fd;
	struct stat file;
	spawner_start(sp, 1, (struct spawner_start){ .args = args, .output_max = MAX });
	struct msg msg = spawner_expect(sp, MSG_EXITED, 1, &fd);
	assert_int_equal(msg.report.output_bytes[MSG_STDOUT], 10 + ((int64_t)TOTAL_MIB << 20));
	assert_int_equal(fstat(fd, &file), 0);
	assert_true(file.st_blocks * 512 <= 2 * MAX);
	char text[8] = "";
	assert_int_equal(pread(fd, text, 5, 0), 5);
	assert_string_equal(text, "HEAD\n");
	assert_int_equal(pread(fd, text, 5, file.st_size - 5), 5);
	assert_string_equal(text, "TAIL\n");
	close(fd);
}

/* How often the spawner has given up the processor by itself. */
static long
count_waits(struct spawner_fixture *sp)
{
	char path[64], line[256];
	long n = -1;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)sp->pid);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "voluntary_ctxt_switches: %ld", &n);
	fclose(file);
	return n;
}

static void
a_silent_run_costs_no_wake_up_and_its_next_words_are_seen(void **state)
{
	struct spawner_fixture *sp = *state;
	static const struct timespec half = { .tv_nsec = 500000000 };
	int fd;
	struct stat file;
	spawner_shell(sp, 1,
		      "sleep 2.5; head -c 30M /dev/zero; sleep 0.4; head -c 30M /dev/zero; "
		      "sleep 0.4; head -c 30M /dev/zero; exec sleep 60");
	spawner_expect(sp, MSG_STARTED, 1, &fd);
	nanosleep(&half, NULL); /* it looks once, finds silence, and waits for the kernel */
	long before = count_waits(sp);
	nanosleep(&half, NULL);
	nanosleep(&half, NULL);
	assert_int_equal(count_waits(sp), before);
	do {
		nanosleep(&half, NULL);
		assert_int_equal(fstat(fd, &file), 0);
	} while (file.st_size < 90 << 20 || file.st_blocks * 512 > 4 << 20);
	close(fd);
}

/* Of what is written so the kernel tells nothing. */
static void
what_is_written_through_a_mapping_costs_bounded_space_too(void **state)
{
	struct spawner_fixture *sp = *state;
	static const struct timespec second = { .tv_sec = 1 };
	enum { SIZE = 64 << 20, MAX = 1 << 20 };
	static const char *const args[] = { "/bin/sleep", "60", NULL };
	int fd;
	struct stat file;
	spawner_start(sp, 1, (struct spawner_start){ .args = args, .output_max = MAX });
	spawner_expect(sp, MSG_STARTED, 1, &fd);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	nanosleep(&second, NULL);
	char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(memory != MAP_FAILED);
	memset(memory, 'x', SIZE);
	munmap(memory, SIZE);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(fstat(fd, &file), 0);
		if (i > 0 && file.st_blocks * 512 <= 4 * MAX)
			break;
		nanosleep(&second, NULL);
	}
	assert_true(file.st_blocks * 512 <= 4 * MAX);
	close(fd);
}

static void
a_run_that_shortens_its_output_is_marked(void **state)
{
	struct spawner_fixture *sp = *state;
	int fd;
	spawner_shell(sp, 1, "echo something; sleep 0.3; : > /dev/stdout; echo x");
	struct msg msg = spawner_expect(sp, MSG_EXITED, 1, &fd);
	assert_int_equal(msg.report.is_truncated, 1);
	assert_int_equal(msg.report.output_bytes[MSG_STDOUT], 2);
	close(fd);
}

static void
nothing_of_ten_thousand_short_runs_is_lost(void **state)
{
	struct spawner_fixture *sp = *state;
	enum { NRUNS = 10000, IN_FLIGHT = 64 };
	static bool has_ended[NRUNS + 1];
	memset(has_ended, 0, sizeof(has_ended));
	for (int nstarted = 0, nended = 0; nended < NRUNS;) {
		while (nstarted < NRUNS && nstarted - nended < IN_FLIGHT)
			spawner_start(sp, ++nstarted, (struct spawner_start){ 0 });
		struct msg msg = spawner_next(sp, NULL);
		if (msg.kind == MSG_STARTED)
			continue;
		assert_int_equal(msg.kind, MSG_EXITED);
		assert_int_equal(msg.report.wait_status, 0);
		assert_false(has_ended[msg.run_id]);
		has_ended[msg.run_id] = true;
		spawner_forget(sp, msg.run_id);
		nended++;
	}
}

static long
read_kib(pid_t pid, const char *name)
{
	char path[64], line[256];
	long kib = -1;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, strlen(name)) == 0)
			kib = strtol(line + strlen(name) + 1, NULL, 10);
	}
	fclose(file);
	return kib;
}

static void
a_thousand_running_children_are_adopted_within_a_second_and_four_mebibytes(void **state)
{
	struct spawner_fixture *sp = *state;
	enum { NRUNS = 1000 };
	static const char *const args[] = { "/bin/sh", "-c", "read line < \"$DOOR\"", NULL };
	char door[128], fifo[96];
	const char *const env[] = { door, NULL };
	struct timespec from, to;
	snprintf(fifo, sizeof(fifo), "%s/fifo", sp->dir);
	snprintf(door, sizeof(door), "DOOR=%s", fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	for (int64_t run_id = 1; run_id <= NRUNS; run_id++) {
		spawner_start(sp, run_id, (struct spawner_start){ .args = args, .env = env });
		if (run_id % 50 == 0) /* and all before it: starts are in order */
			spawner_expect(sp, MSG_STARTED, run_id, NULL);
	}
	long anonymous = read_kib(sp->pid, "RssAnon:") + read_kib(sp->pid, "RssShmem:");
	assert_in_range(anonymous, 1, 4096);
	clock_gettime(CLOCK_MONOTONIC, &from);
	spawner_end_daemon(sp, 75);
	spawner_meet_daemon(sp);
	assert_int_equal(spawner_hello(sp), NRUNS);
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_true(to.tv_sec - from.tv_sec <= 1);
	spawner_signal(sp, 1, MSG_STOP_HARD);
	spawner_expect(sp, MSG_EXITED, 1, NULL);
}

static void
a_daemon_that_dies_and_dies_loses_nothing_that_runs(void **state)
{
	struct spawner_fixture *sp = *state;
	enum { NDEATHS = 40, NRUNS = 50 };
	for (int64_t run_id = 1; run_id <= NRUNS; run_id++)
		spawner_shell(sp, run_id, "echo begin; sleep 1; echo end; exit 7");
	for (int i = 0; i < NDEATHS; i++) {
		spawner_end_daemon(sp, 75);
		spawner_meet_daemon(sp);
		assert_int_equal(spawner_hello(sp), NRUNS);
	}
	spawner_end_daemon(sp, 75);
	spawner_meet_daemon(sp);
	spawner_send(sp, (struct msg){ .kind = MSG_HELLO });
	for (int nended = 0; nended < NRUNS;) {
		static int outputs[NRUNS + 1];
		int fd;
		struct msg msg = spawner_next(sp, &fd);
		if (fd >= 0)
			outputs[msg.run_id] = fd;
		if (msg.kind != MSG_EXITED)
			continue;
		char *text = spawner_read_output(outputs[msg.run_id]);
		assert_string_equal(text, "begin\nend\n");
		assert_int_equal(WEXITSTATUS(msg.report.wait_status), 7);
		free(text);
		nended++;
	}
}

/* The runner never asks for more: one that does is no daemon of ours. */
static void
every_slot_is_used_and_one_more_costs_the_daemon_its_life(void **state)
{
	struct spawner_fixture *sp = *state;
	static const char *const args[] = { "/no/such", NULL };
	spawner_send(sp, (struct msg){ .kind = MSG_NOTIFY, .notify = MSG_NOTIFY_READY });
	for (int64_t run_id = 1; run_id <= MSG_RUNS_MAX; run_id++)
		spawner_start(sp, run_id, (struct spawner_start){ .args = args });
	for (int i = 0; i < MSG_RUNS_MAX; i++)
		assert_int_equal(spawner_next(sp, NULL).kind, MSG_START_FAILED);
	spawner_forget(sp, 1);
	spawner_start(sp, 9999, (struct spawner_start){ 0 });
	spawner_expect(sp, MSG_EXITED, 9999, NULL);
	spawner_start(sp, 10000, (struct spawner_start){ 0 });
	spawner_meet_daemon(sp);
	assert_int_equal(spawner_hello(sp), MSG_RUNS_MAX);
}

static void
what_is_no_request_costs_the_daemon_its_life_and_no_run(void **state)
{
	struct spawner_fixture *sp = *state;
	static const char garbage[200] = "garbage";
	/* One that was ready is started again, however it ends first: killed, or by itself. */
	spawner_send(sp, (struct msg){ .kind = MSG_NOTIFY, .notify = MSG_NOTIFY_READY });
	spawner_shell(sp, 1, "sleep 60");
	spawner_expect(sp, MSG_STARTED, 1, NULL);
	for (size_t len = 1; len <= sizeof(garbage); len += 99) {
		assert_int_equal(send(sp->link, garbage, len, MSG_NOSIGNAL), len);
		spawner_meet_daemon(sp);
		assert_int_equal(spawner_hello(sp), 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define LOAD_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		LOAD_TEST(a_run_that_writes_without_end_keeps_head_and_tail_in_bounded_space),
		LOAD_TEST(a_silent_run_costs_no_wake_up_and_its_next_words_are_seen),
		LOAD_TEST(what_is_written_through_a_mapping_costs_bounded_space_too),
		LOAD_TEST(a_run_that_shortens_its_output_is_marked),
		LOAD_TEST(nothing_of_ten_thousand_short_runs_is_lost),
		LOAD_TEST(
			a_thousand_running_children_are_adopted_within_a_second_and_four_mebibytes),
		LOAD_TEST(a_daemon_that_dies_and_dies_loses_nothing_that_runs),
		LOAD_TEST(every_slot_is_used_and_one_more_costs_the_daemon_its_life),
		LOAD_TEST(what_is_no_request_costs_the_daemon_its_life_and_no_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
