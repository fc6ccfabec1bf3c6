/* The pieces that answers are made of: safe texts, instants, and the objects of DESIGN's part 6. */
#ifndef CONTROL_JSON_H
#define CONTROL_JSON_H

#include <jansson.h>

#include "base/usec.h"
#include "engine/store.h"
#include "when/zones.h"

/* The text as UTF-8: U+FFFD stands for each byte that is none, and for NUL. */
json_t *json_text(const char *text, size_t len);

/* How many of the bytes remain when a character that is cut at their end is left away. */
size_t json_whole_text(const char *text, size_t len);

void json_set_text(json_t *object, const char *key, const char *text); /* NULL: null */
void json_set_number(json_t *object, const char *key, int64_t number);
void json_set_flag(json_t *object, const char *key, bool flag);

/* KEY in RFC 3339 and KEY_us; both null when at is 0 or USEC_NEVER. */
void json_set_instant(json_t *object, const char *key, usec_t at, struct zone *zone);

/*
 * The zone to tell times in: of that name, the machine's for NULL; UTC when it cannot be read.
 * To be zone_unref()ed.
 */
struct zone *json_zone(struct zones *zones, const char *name);

/* A job, with its last run, and with every field of the field table by its name. */
json_t *json_job(const struct job_item *item, struct zones *zones);

/* A run; with the outcome of `last` if it has one (number > 0). */
json_t *json_run(const struct run *run, const struct attempt *last, struct zone *zone);
json_t *json_run_item(const struct run_item *item, struct zone *zone);
json_t *json_attempt(const struct attempt *attempt, struct zone *zone);

/* {"items":[...],"cursor":...}: takes the items; no cursor when that was the last page. */
json_t *json_page(json_t *items, const char *cursor);

#endif
