/*
 * What cron lines mean, said a second time in the simplest way: every minute of a day that matches
 * is looked at, the fields are matched one value at a time, and local time comes from the C
 * library. Shares no code with src/when. Needs TZ to be set to the zone (and tzset() called).
 */
#ifndef FAKE_CRON_ORACLE_H
#define FAKE_CRON_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

enum oracle_rule { ORACLE_CRON, ORACLE_LITERAL, ORACLE_FIRST, ORACLE_UTC };

struct oracle {
	char fields[5][64]; /* minute hour day month weekday */
	bool minutes[60], hours[24], months[13];
	bool is_wild;
	bool is_either; /* one of the two day fields is enough */
	enum oracle_rule rule;
};

void oracle_init(struct oracle *oracle, const char *text, enum oracle_rule rule);

/*
 * The first due minute after `after` (both in minutes since 1970, UTC) and before `limit`; limit
 * when there is none.
 */
int64_t oracle_next(const struct oracle *oracle, int64_t after, int64_t limit);

/* A random cron line that the oracle understands, in the style of what people write. */
void oracle_random(uint64_t *seed, char out[128]);
uint64_t oracle_draw(uint64_t *seed, uint64_t n); /* 0 to n - 1 */

#endif
