/* The base layer: durations, buffers, log lines, heap and map. */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/map.h"
#include "base/size.h"
#include "base/usec.h"

static void
a_duration_reads_back_as_written(void **state)
{
	static const struct {
		const char *text;
		usec_t length;
		const char *shortest;
	} cases[] = {
		{ "0", 0, "0" },
		{ "90s", 90 * USEC_PER_SEC, "1m30s" },
		{ "1h30m", 90 * USEC_PER_MIN, "1h30m" },
		{ "1.5s", 1500000, "1s500ms" },
		{ "2 days", 2 * USEC_PER_DAY, "2d" },
		{ "1w 1us", 7 * USEC_PER_DAY + 1, "1w1us" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		usec_t got = -1, again = -1;
		char text[USEC_TEXT_MAX];
		assert_int_equal(usec_parse_duration(cases[i].text, &got, NULL), 0);
		assert_int_equal(got, cases[i].length);
		assert_string_equal(usec_print_duration(got, text), cases[i].shortest);
		assert_int_equal(usec_parse_duration(text, &again, NULL), 0);
		assert_int_equal(again, got);
	}
}

static void
a_bad_duration_is_refused_with_its_text(void **state)
{
	static const char *const cases[] = { "",
					     "5",
					     "s",
					     "-1s",
					     "1x",
					     "1.s",
					     "1month",
					     "2 years",
					     "1e3s",
					     "0.1us",
					     "9999999999999s",
					     "101000w",
					     "1s garbage" };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		usec_t got;
		struct err err = { 0 };
		assert_int_equal(usec_parse_duration(cases[i], &got, &err), -1);
		assert_int_equal(err.code, ERR_INVALID);
		assert_true(err.text[0]);
	}
}

static void
a_size_reads_back_as_written(void **state)
{
	static const struct {
		const char *text;
		int64_t size; /* -1: refused */
		const char *shortest;
	} cases[] = {
		{ "0", 0, "0" },
		{ "1000", 1000, "1000" },
		{ "1024", 1024, "1K" },
		{ "512M", INT64_C(512) << 20, "512M" },
		{ "2048G", INT64_C(2) << 40, "2T" },
		{ "8191P", INT64_C(8191) << 50, "8191P" },
		{ "8192P", -1, NULL },
		{ "", -1, NULL },
		{ "M", -1, NULL },
		{ "-1", -1, NULL },
		{ "1KB", -1, NULL },
		{ "1k", -1, NULL },
		{ "9223372036854775808", -1, NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t size = -1, again = -1;
		char text[SIZE_TEXT_MAX];
		if (cases[i].size < 0) {
			assert_int_equal(size_parse(cases[i].text, &size), -1);
			continue;
		}
		assert_int_equal(size_parse(cases[i].text, &size), 0);
		assert_int_equal(size, cases[i].size);
		assert_string_equal(size_print(size, text), cases[i].shortest);
		assert_int_equal(size_parse(text, &again), 0);
		assert_int_equal(again, size);
	}
}

static void
a_buffer_grows_and_drops_its_front(void **state)
{
	(void)state;
	struct buf buf = BUF_EMPTY;
	assert_string_equal(buf_text(&buf), "");
	for (int i = 0; i < 1000; i++)
		buf_printf(&buf, "%d,", i);
	buf_drop_front(&buf, 4);
	assert_memory_equal(buf.data, "2,3,", 4);
	assert_int_equal(buf.data[buf.len], 0);
	buf_fini(&buf);
}

static void
an_error_is_one_line_of_utf8_whatever_it_quotes(void **state)
{
	static const struct {
		const char *quoted, *text;
	} cases[] = {
		{ "plain", "plain" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "cut \xc3", "cut ?" },
		{ "\xff\x80", "??" },
		{ "a\nb\x1b[0m", "a?b?[0m" },
		{ "\xe2\x82\xac\xf0\x9f\x8e\x84", "\xe2\x82\xac\xf0\x9f\x8e\x84" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err;
		assert_int_equal(err_set(&err, ERR_INVALID, "%s", cases[i].quoted), -1);
		assert_string_equal(err.text, cases[i].text);
	}
}

struct item {
	int key;
	size_t pos;
};

static bool
is_less(const void *a, const void *b)
{
	return ((const struct item *)a)->key < ((const struct item *)b)->key;
}

static void
set_pos(void *item, size_t pos)
{
	((struct item *)item)->pos = pos;
}

static void
a_heap_gives_the_least_after_any_changes(void **state)
{
	struct item items[200];
	struct heap heap;
	(void)state;
	heap_init(&heap, is_less, set_pos);
	srand(1);
	for (size_t i = 0; i < 200; i++) {
		items[i].key = rand() % 1000;
		heap_push(&heap, &items[i]);
	}
	for (size_t i = 0; i < 200; i += 3) {
		items[i].key = rand() % 1000;
		heap_moved(&heap, items[i].pos);
	}
	for (size_t i = 0; i < 200; i += 7)
		heap_remove(&heap, items[i].pos);
	int last = -1;
	for (struct item *least; (least = heap_peek(&heap));) {
		assert_true(least->key >= last);
		last = least->key;
		heap_remove(&heap, 0);
		assert_true(least->pos == HEAP_NOWHERE);
	}
	heap_fini(&heap);
}

static void
a_map_finds_what_was_put_and_not_removed(void **state)
{
	struct map map = { 0 };
	static int values[3000];
	(void)state;
	for (int64_t id = 1; id < 3000; id++)
		map_put(&map, id * 16, &values[id]);
	for (int64_t id = 1; id < 3000; id += 2)
		assert_ptr_equal(map_remove(&map, id * 16), &values[id]);
	for (int64_t id = 1; id < 3000; id++)
		assert_ptr_equal(map_get(&map, id * 16), id % 2 ? NULL : &values[id]);
	size_t at = 0, n = 0;
	while (map_next(&map, &at))
		n++;
	assert_int_equal(n, map.n);
	assert_null(map_remove(&map, 5));
	map_fini(&map);
}

struct log_reader {
	int fd, old_stderr;
};

static usec_t
noon(void)
{
	return 12 * USEC_PER_HOUR + 345 * USEC_PER_MSEC;
}

static int
catch_log(void **state)
{
	static struct log_reader reader;
	int ends[2];
	if (pipe2(ends, O_NONBLOCK) < 0)
		return -1;
	reader = (struct log_reader){ ends[0], dup(STDERR_FILENO) };
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	log_init(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, noon);
	*state = &reader;
	return 0;
}

static int
release_log(void **state)
{
	struct log_reader *reader = *state;
	dup2(reader->old_stderr, STDERR_FILENO);
	close(reader->old_stderr);
	close(reader->fd);
	return 0;
}

/* What was written since the last call. */
static const char *
read_log(const struct log_reader *reader)
{
	static char text[2 * PIPE_BUF];
	ssize_t n = read(reader->fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
a_gathered_line_waits_for_one_of_more_weight_or_a_flush(void **state)
{
	log_info("at once", log_int("run", 1));
	assert_string_equal(read_log(*state), "1970-01-01T12:00:00.345Z info: at once run=1\n");
	log_gather();
	log_info("first");
	log_debug("too little");
	log_info("second");
	assert_string_equal(read_log(*state), "");
	log_warning("third");
	assert_string_equal(read_log(*state), "1970-01-01T12:00:00.345Z info: first\n"
					      "1970-01-01T12:00:00.345Z info: second\n"
					      "1970-01-01T12:00:00.345Z warning: third\n");
	log_info("fourth");
	log_flush();
	assert_string_equal(read_log(*state), "1970-01-01T12:00:00.345Z info: fourth\n");
	log_flush();
	assert_string_equal(read_log(*state), "");
}

static void
trap(void)
{
	__builtin_trap();
}

static void
fault(void)
{
	raise(SIGSEGV);
}

static void
what_was_gathered_is_written_before_a_crash(void **state)
{
	static const struct {
		void (*dies)(void);
		int signal;
	} cases[] = { { abort, SIGABRT }, { trap, SIGILL }, { fault, SIGSEGV } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status;
		pid_t pid = fork();
		if (pid == 0) {
			signal(cases[i].signal, SIG_DFL); /* the tests' own is in place */
			log_gather();
			log_info("the last");
			cases[i].dies();
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), cases[i].signal);
		assert_string_equal(read_log(*state), "1970-01-01T12:00:00.345Z info: the last\n");
	}
}

static void
gathered_lines_are_written_before_a_pipe_would_take_them_in_parts(void **state)
{
	size_t nwritten = 0, nlines = 0;
	log_gather();
	for (int i = 0; i < 1000; i++) {
		log_info("a line", log_int("number", i));
		const char *text = read_log(*state);
		size_t len = strlen(text);
		assert_true(len <= PIPE_BUF && (len == 0 || text[len - 1] == '\n'));
		nwritten += len > 0;
		for (const char *p = text; (p = strchr(p, '\n')); p++)
			nlines++;
	}
	log_flush();
	for (const char *p = read_log(*state); (p = strchr(p, '\n')); p++)
		nlines++;
	assert_int_equal(nlines, 1000);
	assert_in_range(nwritten, 2, 20);
}

static void
a_line_longer_than_a_pipe_takes_at_once_comes_after_those_before_it(void **state)
{
	char longer[PIPE_BUF + 1];
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	log_gather();
	log_info("first");
	log_info(longer);
	const char *text = read_log(*state);
	assert_non_null(strstr(text, "first\n"));
	assert_non_null(strstr(text, longer));
}

static void
a_number_is_written_as_it_is(void **state)
{
	static const int64_t numbers[] = { 0, 7, -1, 1234567890, INT64_MAX, INT64_MIN };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char wanted[64];
		log_info("a number", log_int("n", numbers[i]));
		log_flush();
		snprintf(wanted, sizeof(wanted), " n=%" PRId64 "\n", numbers[i]);
		assert_non_null(strstr(read_log(*state), wanted));
	}
}

static void
a_text_is_written_so_that_nothing_in_it_moves_the_cursor(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{ "Z\xc3\xbcrich", " t=Z\xc3\xbcrich\n" },
		{ "", " t=\"\"\n" },
		{ "a b", " t=\"a b\"\n" },
		{ "a\bb", " t=\"a\\u0008b\"\n" },
		{ "a\x7f" "b", " t=\"a\\u007fb\"\n" },
		{ "a\xc2\x9b" "2J", " t=\"a\\u009b2J\"\n" },
		{ "a\xc2", " t=a\xc2\n" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		log_info("a text", log_str("t", cases[i].text));
		log_flush();
		assert_non_null(strstr(read_log(*state), cases[i].wanted));
	}
}

static void
each_gathered_line_that_finds_no_room_is_counted(void **state)
{
	static const char filler[65536];
	(void)state;
	while (write(STDERR_FILENO, filler, sizeof(filler)) > 0)
		;
	log_gather();
	for (int i = 0; i < 3; i++)
		log_info("lost");
	assert_int_equal(log_ndropped(), 0);
	log_flush();
	assert_int_equal(log_ndropped(), 3);
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, catch_log, release_log)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_duration_reads_back_as_written),
		cmocka_unit_test(a_bad_duration_is_refused_with_its_text),
		cmocka_unit_test(a_size_reads_back_as_written),
		cmocka_unit_test(a_buffer_grows_and_drops_its_front),
		cmocka_unit_test(an_error_is_one_line_of_utf8_whatever_it_quotes),
		LOG_TEST(a_gathered_line_waits_for_one_of_more_weight_or_a_flush),
		LOG_TEST(what_was_gathered_is_written_before_a_crash),
		LOG_TEST(gathered_lines_are_written_before_a_pipe_would_take_them_in_parts),
		LOG_TEST(a_line_longer_than_a_pipe_takes_at_once_comes_after_those_before_it),
		LOG_TEST(a_number_is_written_as_it_is),
		LOG_TEST(a_text_is_written_so_that_nothing_in_it_moves_the_cursor),
		LOG_TEST(each_gathered_line_that_finds_no_room_is_counted),
		cmocka_unit_test(a_heap_gives_the_least_after_any_changes),
		cmocka_unit_test(a_map_finds_what_was_put_and_not_removed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
