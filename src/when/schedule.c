/* The schedule as one type: a row of the table of forms for each kind. */
#include "when/schedule.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "when/at.h"
#include "when/explain.h"
#include "when/recognize.h"

#define SKIPPED_LEN 19 /* 2027-03-28T02:30:00 */

/* What the readers of the forms need. */
struct reading {
	const struct schedule_context *context;
	struct at_context at;
	struct err *err;
};

static struct at_context
at_context(const struct schedule *s, const struct schedule_context *context)
{
	return (struct at_context){
		.zone = s->zone,
		.gap = s->dst == DST_LITERAL || s->dst == DST_FIRST ? AT_GAP_REFUSED : AT_GAP_MOVES,
		.now = context->now,
	};
}

static int
parse_at(struct schedule *s, struct scan text, const struct reading *r)
{
	/* An empty variable of a script's is no way to say "now". */
	if (scan_at_end(&text))
		return err_set(r->err, ERR_INVALID,
			       "an instant like \"tomorrow 09:00\" is missing");
	return at_parse(text, &r->at, &s->at, r->err);
}

/* "in 10m" is an instant as soon as it is read. */
static int
parse_in(struct schedule *s, struct scan text, const struct reading *r)
{
	usec_t duration;
	if (scan_text(&text, "in"))
		scan_blanks(&text);
	if (usec_parse_duration(text.p, &duration, r->err) < 0)
		return -1;
	s->kind = SCHEDULE_AT;
	s->at.at = usec_add(r->context->now, duration);
	return 0;
}

static int
parse_every(struct schedule *s, struct scan text, const struct reading *r)
{
	s->every.anchor = r->context->anchor;
	return every_parse(&s->every, text, &r->at, r->err);
}

static int
parse_cron(struct schedule *s, struct scan text, const struct reading *r)
{
	if (scan_is(&text, "@reboot")) {
		s->kind = SCHEDULE_ON_START;
		return 0;
	}
	struct scan rest = text, word;
	if (scan_word(&rest, &word) && scan_is(&word, "@every")) { /* as Go's cron has it */
		s->kind = SCHEDULE_EVERY;
		return parse_every(s, rest, r);
	}
	return cron_parse(&s->cron, text, r->context->seed, r->err);
}

static int
parse_calendar(struct schedule *s, struct scan text, const struct reading *r)
{
	return calendar_parse(&s->calendar, text, r->err);
}

static int
parse_nothing(struct schedule *s, struct scan text, const struct reading *r)
{
	(void)s, (void)text, (void)r;
	return 0;
}

static enum walk_rule
walk_rule(const struct schedule *s, bool is_wild)
{
	switch (s->dst) {
	case DST_CRON:
		return is_wild ? WALK_EACH : WALK_FIXED;
	case DST_FIRST:
		return WALK_FIRST;
	default:
		return WALK_EACH;
	}
}

struct schedule_walk
schedule_walk(const struct schedule *s)
{
	bool is_cron = s->kind == SCHEDULE_CRON;
	bool is_wild = is_cron ? cron_is_wild(&s->cron) : calendar_is_wild(&s->calendar);
	return (struct schedule_walk){
		.pattern = is_cron ? &s->cron.pattern : &s->calendar.pattern,
		.zone = s->dst == DST_UTC ? NULL : s->zone,
		.rule = walk_rule(s, is_wild),
	};
}

static struct walk_step
next_of_pattern(const struct schedule *s, usec_t after)
{
	struct schedule_walk walk = schedule_walk(s);
	return walk_next(walk.pattern, walk.zone, walk.rule, after);
}

static struct walk_step
next_at(const struct schedule *s, usec_t after)
{
	struct walk_step step = { .at = USEC_NEVER };
	usec_t first, last;
	if (s->at.at <= after)
		return step;
	const struct zone_span *span = zone_span_at(s->zone, s->at.at);
	step.at = s->at.at;
	step.is_shifted = s->at.is_shifted;
	step.is_repeated =
		zone_resolve(s->zone, step.at + span->offset, &first, &last) == ZONE_FOLD;
	return step;
}

static struct walk_step
next_every(const struct schedule *s, usec_t after)
{
	return (struct walk_step){ .at = every_next(&s->every, after) };
}

static struct walk_step
next_never(const struct schedule *s, usec_t after)
{
	(void)s, (void)after;
	return (struct walk_step){ .at = USEC_NEVER };
}

static void
print_named_zone(const struct schedule *s, struct buf *out)
{
	if (s->has_zone)
		buf_printf(out, " %s", zone_name(s->zone));
}

static void
print_instant(const struct schedule *s, usec_t at, struct buf *out)
{
	char text[SCHEDULE_TIME_MAX];
	buf_add_text(out, schedule_print_time(s->zone, at, text));
	print_named_zone(s, out);
}

static void
print_at(const struct schedule *s, struct buf *out)
{
	char text[SCHEDULE_TIME_MAX];
	if (!s->at.is_shifted) {
		print_instant(s, s->at.at, out);
		return;
	}
	/* What was skipped stays what was asked for, without an offset. */
	buf_add(out, schedule_print_time(NULL, s->at.skipped, text), SKIPPED_LEN);
	print_named_zone(s, out);
}

static void
print_every(const struct schedule *s, struct buf *out)
{
	every_print(&s->every, out);
	if (s->every.has_anchor) {
		buf_add_text(out, " from ");
		print_instant(s, s->every.anchor, out);
	}
}

static void
print_cron(const struct schedule *s, struct buf *out)
{
	if (s->has_zone)
		buf_printf(out, "CRON_TZ=%s ", zone_name(s->zone));
	cron_print(&s->cron, out);
}

static void
print_calendar(const struct schedule *s, struct buf *out)
{
	calendar_print(&s->calendar, out);
	print_named_zone(s, out);
}

static void
explain_at(const struct schedule *s, struct buf *out)
{
	char text[SCHEDULE_TIME_MAX];
	buf_printf(out, "once, at %s", schedule_print_time_local(s->zone, s->at.at, text));
	struct walk_step step = next_at(s, s->at.at - 1);
	struct civil skipped = civil_split(s->at.skipped);
	if (step.is_shifted)
		buf_printf(out, " (%02d:%02d is skipped that day)", skipped.hour, skipped.minute);
	else if (step.is_repeated)
		buf_add_text(out, " (a local time that comes twice that day)");
}

static void
explain_every(const struct schedule *s, struct buf *out)
{
	char text[SCHEDULE_TIME_MAX];
	buf_add_text(out, "every ");
	every_print(&s->every, out);
	if (s->every.has_anchor)
		buf_printf(out, " from %s",
			   schedule_print_time_local(s->zone, s->every.anchor, text));
}

/* The zone and the rule belong to what a pattern means. */
static void
explain_zone(const struct schedule *s, struct buf *out)
{
	buf_printf(out, ", %s", s->dst == DST_UTC ? "UTC" : zone_name(s->zone));
	if (s->dst == DST_LITERAL || s->dst == DST_FIRST)
		buf_printf(out, " (dst %s)", dst_rule_name(s->dst));
}

static void
explain_cron(const struct schedule *s, struct buf *out)
{
	explain_pattern(&s->cron.pattern, out);
	explain_zone(s, out);
}

static void
explain_calendar(const struct schedule *s, struct buf *out)
{
	explain_pattern(&s->calendar.pattern, out);
	explain_zone(s, out);
}

static void
explain_on_start(const struct schedule *s, struct buf *out)
{
	(void)s;
	buf_add_text(out, "once after each boot");
}

static void
print_on_start(const struct schedule *s, struct buf *out)
{
	(void)s;
	buf_add_text(out, "@reboot");
}

static void
print_nothing(const struct schedule *s, struct buf *out)
{
	(void)s, (void)out;
}

static const struct form {
	const char *name; /* of the kind, and of the field of the job */
	int (*parse)(struct schedule *s, struct scan text, const struct reading *r);
	struct walk_step (*next)(const struct schedule *s, usec_t after);
	void (*print)(const struct schedule *s, struct buf *out);
	void (*explain)(const struct schedule *s, struct buf *out);
} forms[SCHEDULE_NKINDS] = {
	[SCHEDULE_ANY] = { "when", NULL, next_never, print_nothing, print_nothing },
	[SCHEDULE_AT] = { "at", parse_at, next_at, print_at, explain_at },
	[SCHEDULE_EVERY] = { "every", parse_every, next_every, print_every, explain_every },
	[SCHEDULE_CRON] = { "cron", parse_cron, next_of_pattern, print_cron, explain_cron },
	[SCHEDULE_CALENDAR] = { "calendar", parse_calendar, next_of_pattern, print_calendar,
				explain_calendar },
	[SCHEDULE_ON_START] = { "on-start", parse_nothing, next_never, print_on_start,
				explain_on_start },
	[SCHEDULE_IN] = { "in", parse_in, next_never, print_nothing, print_nothing },
};

/* Where the text names its zone: in front in cron, behind in calendar, anywhere in instants. */
static bool
find_zone(enum schedule_kind kind, struct scan *text, struct scan *zone)
{
	switch (kind) {
	case SCHEDULE_CRON:
		return cron_take_zone(text, zone);
	case SCHEDULE_CALENDAR:
		return calendar_take_zone(text, zone);
	case SCHEDULE_AT:
	case SCHEDULE_EVERY:
		return at_find_zone(*text, zone);
	default:
		return false;
	}
}

/* The zone that the text names, else the context's. */
static int
take_zone(struct schedule *s, struct scan *text, const struct schedule_context *context,
	  struct err *err)
{
	char name[ZONE_NAME_MAX + 2] = ""; /* a longer name stays too long */
	struct scan zone;
	s->has_zone = find_zone(s->kind, text, &zone);
	if (s->has_zone)
		snprintf(name, sizeof(name), "%.*s", (int)scan_len(&zone),
			 scan_is(&zone, "UTC") ? "UTC" : zone.p);
	s->zone = zones_get(context->zones, s->has_zone ? name : context->tz, err);
	return s->zone ? 0 : -1;
}

/* Reads the text as the kind that *s has. */
static int
parse_as_kind(struct schedule *s, struct scan text, const struct schedule_context *context,
	      struct err *err)
{
	const struct form *form = &forms[s->kind];
	if (take_zone(s, &text, context, err) < 0)
		return -1;
	struct reading r = { context, at_context(s, context), err };
	if (form->parse(s, text, &r) < 0) {
		err_in_field(err, form->name);
		schedule_fini(s);
		return -1;
	}
	return 0;
}

/*
 * An instant can look like a calendar expression. The instant is tried first; if neither fits, the
 * error is of the one that the text looks like. As a calendar an instant that was refused because
 * DST skips it would never be due.
 */
static int
parse_at_or_calendar(struct schedule *s, struct scan text, const struct schedule_context *context,
		     struct err *err)
{
	struct err at_err = { 0 }, calendar_err = { 0 };
	struct schedule blank = *s;
	s->kind = SCHEDULE_AT;
	if (parse_as_kind(s, text, context, &at_err) == 0)
		return 0;
	*s = blank;
	s->kind = SCHEDULE_CALENDAR;
	bool is_like_calendar = recognize_calendar(text);
	if (parse_as_kind(s, text, context, &calendar_err) == 0) {
		if (is_like_calendar || schedule_next(s, context->now, NULL) != USEC_NEVER)
			return 0;
		schedule_fini(s);
	}
	if (err)
		*err = is_like_calendar ? calendar_err : at_err;
	return -1;
}

int
schedule_parse(struct schedule *s, enum schedule_kind kind, const char *text,
	       const struct schedule_context *context, struct err *err)
{
	assert((unsigned)kind < SCHEDULE_NKINDS && (unsigned)context->dst < DST_NRULES);
	memset(s, 0, sizeof(*s));
	size_t len = strnlen(text, SCHEDULE_TEXT_MAX + 1);
	if (len > SCHEDULE_TEXT_MAX)
		return err_invalid(err, forms[kind].name, "\"%.20s...\" is longer than %d bytes",
				   text, SCHEDULE_TEXT_MAX);
	struct scan scan = { text, text + len };
	scan_trim(&scan);
	s->dst = context->dst;
	s->kind = kind == SCHEDULE_ANY ? recognize_kind(scan) : kind;
	if (s->kind == SCHEDULE_ANY)
		return parse_at_or_calendar(s, scan, context, err);
	return parse_as_kind(s, scan, context, err);
}

void
schedule_fini(struct schedule *s)
{
	zone_unref(s->zone);
	s->zone = NULL;
}

usec_t
schedule_next(const struct schedule *s, usec_t after, unsigned *marks)
{
	struct walk_step step = { .at = USEC_NEVER };
	if (after < SCHEDULE_END)
		step = forms[s->kind].next(s, after);
	if (step.at >= SCHEDULE_END)
		step = (struct walk_step){ .at = USEC_NEVER };
	if (marks)
		*marks = (step.is_shifted ? SCHEDULE_SHIFTED : 0) |
			 (step.is_repeated ? SCHEDULE_REPEATED : 0);
	return step.at;
}

enum schedule_kind
schedule_kind(const struct schedule *s)
{
	return s->kind;
}

struct zone *
schedule_zone(const struct schedule *s)
{
	return s->zone;
}

void
schedule_print(const struct schedule *s, struct buf *out)
{
	forms[s->kind].print(s, out);
}

void
schedule_explain(const struct schedule *s, struct buf *out)
{
	forms[s->kind].explain(s, out);
}

const char *
schedule_kind_name(enum schedule_kind kind)
{
	return (unsigned)kind < SCHEDULE_NKINDS ? forms[kind].name : NULL;
}

enum schedule_kind
schedule_kind_find(const char *name)
{
	for (int kind = SCHEDULE_ANY + 1; kind < SCHEDULE_NKINDS; kind++) {
		if (strcmp(forms[kind].name, name) == 0)
			return (enum schedule_kind)kind;
	}
	return SCHEDULE_NKINDS;
}

static const char *const rule_names[DST_NRULES] = {
	[DST_CRON] = "cron",
	[DST_LITERAL] = "literal",
	[DST_FIRST] = "first",
	[DST_UTC] = "utc",
};

const char *
dst_rule_name(enum dst_rule rule)
{
	return (unsigned)rule < DST_NRULES ? rule_names[rule] : NULL;
}

enum dst_rule
dst_rule_find(const char *name)
{
	for (int rule = 0; rule < DST_NRULES; rule++) {
		if (strcmp(rule_names[rule], name) == 0)
			return (enum dst_rule)rule;
	}
	return DST_NRULES;
}
