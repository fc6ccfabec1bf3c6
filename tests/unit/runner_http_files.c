/* The runner in front of the HTTP runner, between a made-up one and a made-up source of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "runner/http_files.h"

struct world {
	struct ev_loop *loop;
	struct runner http;
	struct file_source source;
	struct runner *runner;
	struct files_wish wish; /* the last one */
	struct job sent;        /* a copy of what the HTTP runner was to send last */
	struct outcome last;
	int nsent, nwishes, nended, nstops, nwish_stops;
};

static struct world world;

static void
send_start(struct runner *runner, const struct job *job, const struct run *run)
{
	(void)runner;
	assert_int_equal(run->id, 7);
	job_fini(&world.sent);
	job_copy(&world.sent, job);
	world.nsent++;
}

static void
send_stop(struct runner *runner, int64_t run_id, int attempt, enum stop_how how)
{
	(void)runner;
	(void)run_id;
	(void)attempt;
	(void)how;
	world.nstops++;
}

static void
send_forget(struct runner *runner, int64_t run_id, int attempt)
{
	(void)runner;
	(void)run_id;
	(void)attempt;
}

static int
send_output(struct runner *runner, int64_t run_id, int attempt)
{
	(void)runner;
	(void)run_id;
	(void)attempt;
	return -1;
}

static void
source_read(struct file_source *source, const struct files_wish *wish)
{
	(void)source;
	world.wish = *wish;
	world.nwishes++;
}

static void
source_stop(struct file_source *source, int64_t run_id, int attempt)
{
	(void)source;
	assert_int_equal(run_id, 7);
	assert_int_equal(attempt, 2);
	world.nwish_stops++;
}

static void
ended(void *arg, int64_t run_id, int attempt, struct outcome *outcome)
{
	(void)arg;
	assert_int_equal(run_id, 7);
	assert_int_equal(attempt, 2);
	world.last = *outcome;
	world.nended++;
}

static int
begin(void **state)
{
	const struct runner_events events = { .ended = ended };
	(void)state;
	world = (struct world){ .loop = ev_loop_new(EVFLAG_AUTO),
				.http = { send_start, send_stop, send_forget, send_output, NULL },
				.source = { source_read, source_stop } };
	world.runner = http_files_new(world.loop, &world.http, &world.source, &events);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	http_files_free(world.runner);
	job_fini(&world.sent);
	ev_loop_destroy(world.loop);
	return 0;
}

static void
start(bool with_files)
{
	struct job job;
	job_init(&job);
	job.owner = 1234;
	job.url = mem_dup("http://127.0.0.1/");
	strings_add(&job.headers, "X: own", 6);
	if (with_files) {
		job.header_file = mem_dup("/headers");
		job.body_file = mem_dup("/body");
	}
	world.runner->start(world.runner, &job, &(struct run){ .id = 7, .attempt = 2 });
	job_fini(&job);
}

/* Grants the wish with these two texts. */
static void
grant(const char *headers, const char *body)
{
	const char *const texts[FILE_NUSES] = { headers, "", body };
	int fd = memfd_create("files", MFD_CLOEXEC);
	for (int i = 0; i < FILE_NUSES; i++) {
		uint64_t length = strlen(texts[i]);
		assert_int_equal(write(fd, &length, sizeof(length)), sizeof(length));
		assert_int_equal(write(fd, texts[i], length), length);
	}
	world.wish.done(world.wish.arg,
			&(struct files_answer){ .run_id = 7, .attempt = 2, .fd = fd });
	assert_int_equal(close(fd), -1); /* it was taken */
}

static void
deny(void)
{
	world.wish.done(world.wish.arg, &(struct files_answer){ .run_id = 7,
								.attempt = 2,
								.fd = -1,
								.failed = "body-file",
								.error = EACCES });
}

static void
a_job_without_files_goes_straight_through(void **state)
{
	(void)state;
	start(false);
	assert_int_equal(world.nsent, 1);
	assert_int_equal(world.nwishes, 0);
	world.runner->stop(world.runner, 7, 2, STOP_SOFT);
	assert_int_equal(world.nstops, 1);
}

static void
a_job_is_sent_with_what_its_files_hold(void **state)
{
	(void)state;
	start(true);
	start(true); /* it has it already */
	assert_int_equal(world.nwishes, 1);
	assert_int_equal(world.nsent, 0);
	assert_int_equal(world.wish.uid, 1234);
	assert_string_equal(world.wish.paths[FILE_HEADERS], "/headers");
	assert_string_equal(world.wish.paths[FILE_AUTH], "");
	assert_string_equal(world.wish.paths[FILE_BODY], "/body");
	grant("Y: read\n", "a body");
	assert_int_equal(world.nsent, 1);
	assert_int_equal(world.sent.headers.n, 2);
	assert_string_equal(world.sent.headers.items[1], "Y: read");
	assert_string_equal(world.sent.body, "a body");
	assert_null(world.sent.body_file);
	assert_int_equal(world.nended, 0);
}

static void
a_file_that_cannot_be_read_or_used_ends_the_attempt(void **state)
{
	(void)state;
	start(true);
	deny();
	assert_int_equal(world.nended, 1);
	assert_int_equal(world.last.kind, OUTCOME_START_FAILED);
	assert_int_equal(world.last.code, EACCES);
	assert_string_equal(world.last.text, "body-file");
	start(true);
	grant("secret", "");
	assert_int_equal(world.nended, 2);
	assert_int_equal(world.last.kind, OUTCOME_START_FAILED);
	assert_string_equal(world.last.text, "header-file: line 1 is no header");
	assert_int_equal(world.nsent, 0);
}

static void
one_that_is_stopped_meanwhile_is_not_sent(void **state)
{
	(void)state;
	for (int round = 0; round < 2; round++) {
		start(true);
		world.runner->stop(world.runner, 7, 2, STOP_SOFT);
		assert_int_equal(world.nwish_stops, round + 1);
		assert_int_equal(world.nended, round);
		if (round == 0)
			deny();
		else
			grant("Y: read\n", ""); /* it was read just before */
		assert_int_equal(world.nended, round + 1);
		assert_int_equal(world.last.kind, OUTCOME_NETWORK);
		assert_string_equal(world.last.text, "stopped");
	}
	assert_int_equal(world.nsent + world.nstops, 0);
}

int
main(void)
{
#define FILES_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		FILES_TEST(a_job_without_files_goes_straight_through),
		FILES_TEST(a_job_is_sent_with_what_its_files_hold),
		FILES_TEST(a_file_that_cannot_be_read_or_used_ends_the_attempt),
		FILES_TEST(one_that_is_stopped_meanwhile_is_not_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
