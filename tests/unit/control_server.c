/* The control socket's limits: what hostile and slow peers can and cannot do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "control/rate.h"
#include "control/rpc.h"
#include "control/server.h"
#include "fake/control_world.h"

#define CALL "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"job.get\",\"params\":{\"job\":1}}\n"

static int
set_up(void **state)
{
	struct control_world *world = mem_alloc(sizeof(*world));
	world_open(world, 6, 4);
	*state = world;
	return 0;
}

static int
tear_down(void **state)
{
	world_close(*state);
	free(*state);
	return 0;
}

static void
assert_line(struct control_world *world, int fd, const char *part)
{
	char *line = world_line(world, fd);
	assert_non_null(line);
	assert_non_null(strstr(line, part));
	free(line);
}

static void
answer_all(struct control_world *world)
{
	while (world_intent(world)) {
		err_set(&world_intent(world)->err, ERR_NOT_FOUND, "no such job");
		world_answer(world);
	}
}

static void
a_line_may_come_in_pieces(void **state)
{
	struct control_world *world = *state;
	int fd = world_connect(world);
	for (const char *p = CALL; *p; p++) {
		const char piece[2] = { *p, '\0' };
		assert_int_equal(world->store.n, 0);
		world_send(world, fd, piece);
	}
	assert_int_equal(world->store.n, 1);
	close(fd);
}

static void
a_line_of_the_longest_length_is_read_and_one_byte_more_is_not(void **state)
{
	struct control_world *world = *state;
	struct buf text = BUF_EMPTY;
	int fd = world_connect(world);
	buf_add_text(&text, CALL);
	text.len--; /* blanks before the newline are fine in JSON */
	while (text.len < SERVER_LINE_MAX)
		buf_add_char(&text, ' ');
	buf_add_char(&text, '\n');
	world_send(world, fd, text.data);
	assert_int_equal(world->store.n, 1);
	answer_all(world);
	assert_line(world, fd, "no such job");
	text.data[text.len - 1] = ' ';
	buf_add_char(&text, '\n');
	world_send(world, fd, text.data);
	assert_line(world, fd, "the line is over 1048576 bytes");
	assert_true(world_is_at_end(world, fd));
	assert_int_equal(world->store.n, 0);
	buf_fini(&text);
	close(fd);
}

static void
a_line_without_an_end_is_refused_when_it_is_too_long(void **state)
{
	struct control_world *world = *state;
	char *text = mem_alloc(SERVER_LINE_MAX + 100000);
	int fd = world_connect(world), other = world_connect(world);
	memset(text, 'x', SERVER_LINE_MAX + 99999);
	world_send(world, fd, text);
	assert_line(world, fd, "the line is over 1048576 bytes");
	assert_true(world_is_at_end(world, fd));
	world_send(world, other, CALL);
	assert_int_equal(world->store.n, 1);
	free(text);
	close(fd);
	close(other);
}

static void
only_so_many_answers_are_under_way_and_the_rest_waits(void **state)
{
	struct control_world *world = *state;
	int fd = world_connect(world), other = world_connect(world);
	for (int i = 0; i < 3 * SERVER_HELD_MAX; i++)
		world_send(world, fd, CALL);
	assert_int_equal(world->store.n, SERVER_HELD_MAX);
	world_send(world, other, CALL);
	assert_int_equal(world->store.n, SERVER_HELD_MAX + 1);
	size_t nanswered = 0;
	for (; world_intent(world); nanswered++) {
		err_set(&world_intent(world)->err, ERR_NOT_FOUND, "no such job");
		world_answer(world);
		world_turn(world);
	}
	assert_int_equal(nanswered, 3 * SERVER_HELD_MAX + 1);
	for (int i = 0; i < 3 * SERVER_HELD_MAX; i++)
		assert_line(world, fd, "no such job");
	assert_line(world, other, "no such job");
	close(fd);
	close(other);
}

/* Nothing is read from a peer that does not read, so that its answers stay in bounds. */
static void
who_does_not_read_is_not_read_from(void **state)
{
	static const char request[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"daemon.methods\"}\n";
	struct control_world *world = *state;
	int fd = world_connect(world);
	size_t nsent = 0;
	for (int i = 0; i < 100000; i++) {
		ssize_t n = send(fd, request, strlen(request), MSG_NOSIGNAL);
		if (n != (ssize_t)strlen(request)) {
			break; /* the socket is full: nobody reads at its other end */
		}
		nsent += (size_t)n;
		if (i % 16 == 0)
			ev_run(world->loop, EVRUN_NOWAIT);
	}
	assert_true(nsent < 4 << 20);
	close(fd);
}

static void
a_client_that_has_said_all_still_gets_its_answers(void **state)
{
	struct control_world *world = *state;
	int fd = world_connect(world);
	world_send(world, fd, CALL CALL);
	shutdown(fd, SHUT_WR);
	world_turn(world);
	assert_int_equal(world->store.n, 2);
	answer_all(world);
	assert_line(world, fd, "no such job");
	assert_line(world, fd, "no such job");
	assert_true(world_is_at_end(world, fd));
	close(fd);
}

static void
a_user_has_only_so_many_connections(void **state)
{
	struct control_world *world = *state;
	int fds[5];
	for (int i = 0; i < 5; i++)
		fds[i] = world_connect(world);
	assert_line(world, fds[4], "too many connections");
	assert_true(world_is_at_end(world, fds[4]));
	world_send(world, fds[0], CALL);
	assert_int_equal(world->store.n, 1);
	close(fds[1]);
	world_turn(world);
	int again = world_connect(world);
	world_send(world, again, CALL);
	assert_int_equal(world->store.n, 2);
	close(again);
	for (int i = 0; i < 5; i++) {
		if (i != 1)
			close(fds[i]);
	}
}

static void
who_may_not_connect_is_told_so(void **state)
{
	struct control_world *world = *state;
	world->may_connect = false;
	int fd = world_connect(world);
	assert_line(world, fd, "this user may not use asched here");
	assert_true(world_is_at_end(world, fd));
	close(fd);
}

static void
a_connection_without_a_descriptor_left_is_refused_aloud(void **state)
{
	struct control_world *world = *state;
	struct rlimit limit, low;
	int first = world_connect(world);
	/* The client's descriptor is the last one that there is. */
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = (rlim_t)client + 1;
	close(client);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	int fd = world_connect(world);
	assert_line(world, fd, "too many connections");
	assert_true(world_is_at_end(world, fd));
	close(fd);
	world_send(world, first, CALL);
	assert_int_equal(world->store.n, 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	fd = world_connect(world);
	world_send(world, fd, CALL);
	assert_int_equal(world->store.n, 2);
	close(fd);
	close(first);
}

static void
bytes_that_are_no_protocol_do_no_harm(void **state)
{
	struct control_world *world = *state;
	int fd = world_connect(world);
	char noise[4096];
	unsigned seed = 1;
	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof(noise) - 1; i++) {
			seed = seed * 1103515245u + 12345u;
			noise[i] = (char)(seed >> 16);
			if (noise[i] == '\0')
				noise[i] = '\n';
		}
		noise[sizeof(noise) - 1] = '\0';
		world_send(world, fd, noise);
		for (char *line; (line = world_line(world, fd));)
			free(line);
	}
	world_send(world, fd, "\n" CALL);
	assert_int_equal(world->store.n, 1);
	close(fd);
}

static void
a_batch_beyond_its_limit_does_nothing(void **state)
{
	struct control_world *world = *state;
	struct buf text = BUF_EMPTY;
	int fd = world_connect(world);
	buf_add_char(&text, '[');
	for (int i = 0; i <= RPC_BATCH_MAX; i++) {
		buf_add_text(&text, i ? "," : "");
		buf_add(&text, CALL, strlen(CALL) - 1);
	}
	buf_add_text(&text, "]\n");
	world_send(world, fd, text.data);
	assert_int_equal(world->store.n, 0);
	assert_line(world, fd, "a batch has 1 to 1000 requests, not 1001");
	buf_fini(&text);
	close(fd);
}

/* Charged for its requests, who sends this could be answered once in three minutes. */
static void
a_batch_that_is_refused_costs_one_answer(void **state)
{
	struct control_world *world = *state;
	struct buf text = BUF_EMPTY;
	int fd = world_connect(world);
	world->is_operator = false;
	buf_add_char(&text, '[');
	for (int i = 0; i < 100 * RPC_BATCH_MAX; i++)
		buf_add_text(&text, "1,");
	buf_add_text(&text, "1]\nx\n");
	world_send(world, fd, text.data);
	assert_line(world, fd, "a batch has 1 to 1000 requests, not 100001");
	assert_line(world, fd, "not JSON");
	buf_fini(&text);
	close(fd);
}

static int
count_lines(struct control_world *world, int fd)
{
	int n = 0;
	for (char *line; (line = world_line(world, fd)); n++)
		free(line);
	return n;
}

static void
who_asks_faster_than_he_may_is_answered_that_much_later(void **state)
{
	struct control_world *world = *state;
	const int burst = WORLD_RATE * RATE_BURST, more = WORLD_RATE / 4;
	int fd = world_connect(world), other = world_connect(world);
	ev_tstamp began = ev_time();
	world->is_operator = false;
	for (int i = 0; i < burst + more; i++)
		world_send(world, fd, i % 2 ? "x\n" : "[]\n");
	int n = count_lines(world, fd);
	assert_true(n <= burst + 1 + (int)((ev_time() - began) * WORLD_RATE));
	world_send(world, other, "x\n");
	/* It is the same user; but on a slow machine the time for more has come already. */
	int nother = count_lines(world, other);
	assert_true(nother == 0 || ev_time() - began > SERVER_THAW);
	while (n < burst + more && ev_time() - began < 10) {
		ev_sleep(0.01);
		n += count_lines(world, fd);
	}
	assert_int_equal(n, burst + more);
	assert_true(ev_time() - began > (more - 2.) / WORLD_RATE);
	for (; nother == 0 && ev_time() - began < 10; nother += count_lines(world, other))
		ev_sleep(0.01);
	assert_true(ev_time() - began < 10);
	close(fd);
	close(other);
}

/* As many as the burst lasts for; the rest later. */
static void
a_large_page_counts_as_more_requests_than_one(void **state)
{
	static const char page[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"job.list\","
				   "\"params\":{\"limit\":500}}\n";
	struct control_world *world = *state;
	int fd = world_connect(world);
	world->is_operator = false;
	for (int i = 0; i < 40; i++)
		world_send(world, fd, page);
	size_t n = world->store.n;
	assert_in_range(n, WORLD_RATE * RATE_BURST / 21, WORLD_RATE * RATE_BURST / 21 + 2);
	answer_all(world);
	assert_line(world, fd, "no such job");
	close(fd);
}

static void
an_operator_may_ask_as_fast_as_he_can(void **state)
{
	struct control_world *world = *state;
	int fd = world_connect(world);
	for (int i = 0; i < WORLD_RATE * RATE_BURST * 2; i++)
		world_send(world, fd, "x\n");
	assert_int_equal(count_lines(world, fd), WORLD_RATE * RATE_BURST * 2);
	close(fd);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_line_may_come_in_pieces),
		TEST(a_line_of_the_longest_length_is_read_and_one_byte_more_is_not),
		TEST(a_line_without_an_end_is_refused_when_it_is_too_long),
		TEST(only_so_many_answers_are_under_way_and_the_rest_waits),
		TEST(who_does_not_read_is_not_read_from),
		TEST(a_client_that_has_said_all_still_gets_its_answers),
		TEST(a_user_has_only_so_many_connections),
		TEST(who_may_not_connect_is_told_so),
		TEST(a_connection_without_a_descriptor_left_is_refused_aloud),
		TEST(who_asks_faster_than_he_may_is_answered_that_much_later),
		TEST(a_large_page_counts_as_more_requests_than_one),
		TEST(an_operator_may_ask_as_fast_as_he_can),
		TEST(bytes_that_are_no_protocol_do_no_harm),
		TEST(a_batch_beyond_its_limit_does_nothing),
		TEST(a_batch_that_is_refused_costs_one_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
