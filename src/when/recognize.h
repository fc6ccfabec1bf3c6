/* Which form a schedule's text has, by its looks. */
#ifndef WHEN_RECOGNIZE_H
#define WHEN_RECOGNIZE_H

#include <stdbool.h>

#include "when/schedule.h"
#include "when/scan.h"

/* The kind; SCHEDULE_ANY: an instant or a calendar expression, to be tried. */
enum schedule_kind recognize_kind(struct scan text);

/* Does it look more like a calendar expression than like an instant? */
bool recognize_calendar(struct scan text);

#endif
