/* The base layer: durations, buffers, heap and map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/heap.h"
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_duration_reads_back_as_written),
		cmocka_unit_test(a_bad_duration_is_refused_with_its_text),
		cmocka_unit_test(a_size_reads_back_as_written),
		cmocka_unit_test(a_buffer_grows_and_drops_its_front),
		cmocka_unit_test(an_error_is_one_line_of_utf8_whatever_it_quotes),
		cmocka_unit_test(a_heap_gives_the_least_after_any_changes),
		cmocka_unit_test(a_map_finds_what_was_put_and_not_removed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
