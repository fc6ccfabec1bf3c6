/*
 * What cron lines mean, said a second time in the simplest way: every minute of a day that matches
 * is looked at, the fields are matched one value at a time, and local time comes from the C
 * library. Shares no code with src/when. Needs TZ to be set to the zone (and tzset() called).
 * What was worked out once is kept: the C library's answers, and which days of a month match.
 */
#ifndef FAKE_CRON_ORACLE_H
#define FAKE_CRON_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#define ORACLE_NMINUTES (INT64_C(80) * 366 * 1440) /* from 1970 on */

/* The C library's local times of a zone. Zeroed it knows none; large, for calloc(). */
struct oracle_clock {
	struct {
		int16_t is_known, offset; /* in minutes */
	} answers[ORACLE_NMINUTES];
};

enum oracle_rule { ORACLE_CRON, ORACLE_LITERAL, ORACLE_FIRST, ORACLE_UTC };

struct oracle {
	char fields[5][64]; /* minute hour day month weekday */
	bool minutes[60], hours[24], months[13];
	bool is_wild;
	bool is_either; /* one of the two day fields is enough */
	enum oracle_rule rule;
	struct oracle_clock *clock; /* borrowed */
	/* The matching days by the length of the month and the weekday of its first; 0: not yet. */
	uint32_t days[32][7];
};

void oracle_init(struct oracle *oracle, const char *text, enum oracle_rule rule,
		 struct oracle_clock *clock);

/*
 * The first due minute after `after` (both in minutes since 1970, UTC) and before `limit`; limit
 * when there is none.
 */
int64_t oracle_next(struct oracle *oracle, int64_t after, int64_t limit);

/* A random cron line that the oracle understands, in the style of what people write. */
void oracle_random(uint64_t *seed, char out[128]);
uint64_t oracle_draw(uint64_t *seed, uint64_t n); /* 0 to n - 1 */

#endif
