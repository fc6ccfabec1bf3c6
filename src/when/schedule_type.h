/* What a struct schedule is made of. Only when/ looks inside. */
#ifndef WHEN_SCHEDULE_TYPE_H
#define WHEN_SCHEDULE_TYPE_H

#include <stdbool.h>

#include "when/at.h"
#include "when/calendar.h"
#include "when/cron.h"
#include "when/every.h"
#include "when/walk.h"
#include "when/zone.h"

struct schedule {
	enum schedule_kind kind;
	enum dst_rule dst;
	bool has_zone;     /* the text names the zone */
	struct zone *zone; /* a reference */
	union {
		struct at at;
		struct every every;
		struct cron cron;
		struct calendar calendar;
	};
};

/* Of a cron line or a calendar expression: what walk_next() and walk_count() go by. Borrowed. */
struct schedule_walk {
	const struct pattern *pattern;
	const struct zone *zone; /* NULL: UTC */
	enum walk_rule rule;
};
struct schedule_walk schedule_walk(const struct schedule *s);

#endif
