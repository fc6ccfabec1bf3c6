/* What must hold for schedules. */
#include "fuzz/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "fake/test_zones.h"
#include "when/lint.h"

#define NTIMES 8
#define NOW    (INT64_C(1795165210) * USEC_PER_SEC) /* 2026-11-20 */

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

static void
check_times(const struct schedule *s)
{
	unsigned marks;
	usec_t at = NOW;
	for (int i = 0; i < NTIMES && at != USEC_NEVER; i++) {
		usec_t next = schedule_next(s, at, &marks);
		demand(next > at);
		demand(next == USEC_NEVER || next < SCHEDULE_END);
		/* What is due then is also the next thing just before. */
		demand(next == USEC_NEVER || schedule_next(s, next - 1, NULL) == next);
		at = next;
	}
}

static void
check_round_trip(const struct schedule *s, const struct schedule_context *context)
{
	struct schedule again;
	struct buf text = BUF_EMPTY, text_again = BUF_EMPTY;
	schedule_print(s, &text);
	demand(schedule_parse(&again, schedule_kind(s), buf_text(&text), context, NULL) == 0);
	schedule_print(&again, &text_again);
	demand(strcmp(buf_text(&text), buf_text(&text_again)) == 0);
	demand(schedule_kind(&again) == schedule_kind(s));
	demand(schedule_next(&again, NOW, NULL) == schedule_next(s, NOW, NULL));
	schedule_fini(&again);
	buf_fini(&text);
	buf_fini(&text_again);
}

void
fuzz_schedule(enum schedule_kind kind, const uint8_t *data, size_t size)
{
	struct schedule_context context = { .zones = test_zones(), .now = NOW, .anchor = NOW };
	struct schedule s;
	struct err err = { 0 };
	if (size == 0)
		return;
	/* The first byte is what surrounds the text. */
	context.dst = (enum dst_rule)(data[0] & 3);
	context.tz = data[0] & 4 ? "Europe/Berlin" : "Australia/Lord_Howe";
	context.seed = data[0] >> 3;
	char *text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (schedule_parse(&s, kind, text, &context, &err) == 0) {
		struct buf words = BUF_EMPTY;
		check_times(&s);
		check_round_trip(&s, &context);
		schedule_explain(&s, &words);
		lint_schedule(&s, text, NOW, &words);
		buf_fini(&words);
		schedule_fini(&s);
	} else {
		demand(err.code == ERR_INVALID && err.text[0] && err.field[0]);
	}
	free(text);
}
