/* A schedule on the command line. */
#include "cli/when.h"

#include <string.h>

#include "cli/screen.h"

void
when_options(struct when_options *when, struct option out[WHEN_NOPTIONS])
{
	const struct option table[WHEN_NOPTIONS] = {
		{ "tz", 0, OPTION_TEXT, &when->tz, "ZONE",
		  "the zone of local times, as Europe/Berlin", NULL },
		{ "from", 0, OPTION_TEXT, &when->from, "TIME",
		  "instead of now, as 2026-03-28T12:00:00Z", NULL },
		{ "dst", 0, OPTION_TEXT, &when->dst, "RULE", "cron, literal, first or utc", NULL },
		{ "cron", 0, OPTION_TEXT, &when->texts[SCHEDULE_CRON], "TEXT",
		  "a cron line, instead of WHEN", "Instead of WHEN" },
		{ "calendar", 0, OPTION_TEXT, &when->texts[SCHEDULE_CALENDAR], "TEXT",
		  "a calendar expression of systemd", NULL },
		{ "every", 0, OPTION_TEXT, &when->texts[SCHEDULE_EVERY], "DURATION", "an interval",
		  NULL },
		{ "at", 0, OPTION_TEXT, &when->texts[SCHEDULE_AT], "TIME", "an instant", NULL },
		{ "in", 0, OPTION_TEXT, &when->texts[SCHEDULE_IN], "DURATION", "so long from now",
		  NULL },
	};
	memcpy(out, table, sizeof(table));
}

/* --from takes every form of an instant, not only RFC 3339. */
static int
read_from(struct when *when, const char *text, struct err *err)
{
	struct schedule s;
	if (schedule_parse(&s, SCHEDULE_AT, text, &when->context, err) < 0) {
		*err->field = 0;
		err_in_field(err, "from");
		return -1;
	}
	when->context.now = schedule_next(&s, INT64_MIN, NULL);
	schedule_fini(&s);
	return 0;
}

int
when_init(struct when *when, const struct when_options *options, struct err *err)
{
	*when = (struct when){ .context = { .tz = options->tz, .now = screen_clock() } };
	zonedir_init(&when->dir, ZONEINFO_DIR);
	struct zone_source source = { zonedir_read, zonedir_identity, zonedir_local_name,
				      &when->dir };
	when->context.zones = when->zones = zones_new(&source);
	if (options->dst) {
		when->context.dst = dst_rule_find(options->dst);
		if (when->context.dst == DST_NRULES)
			return err_invalid(err, "dst",
					   "\"%.40s\" is not cron, literal, first or utc",
					   options->dst);
	}
	if (options->tz) {
		struct zone *zone = zones_get(when->zones, options->tz, err);
		if (!zone)
			return -1;
		zone_unref(zone);
	}
	if (options->from && read_from(when, options->from, err) < 0)
		return -1;
	when->context.anchor = when->context.now;
	return 0;
}

void
when_fini(struct when *when)
{
	zones_free(when->zones);
	zonedir_fini(&when->dir);
}

bool
when_is_given(const struct when_options *options)
{
	for (int k = SCHEDULE_ANY + 1; k < SCHEDULE_NKINDS; k++) {
		if (options->texts[k])
			return true;
	}
	return false;
}

int
when_choose(const struct when_options *options, const char *word, enum schedule_kind *kind,
	    const char **text, struct err *err)
{
	int n = word != NULL;
	*kind = SCHEDULE_ANY;
	*text = word;
	for (int k = SCHEDULE_ANY + 1; k < SCHEDULE_NKINDS; k++) {
		if (!options->texts[k])
			continue;
		*kind = (enum schedule_kind)k;
		*text = options->texts[k];
		n++;
	}
	if (n == 1)
		return 0;
	return err_set(err, ERR_INVALID,
		       n == 0 ? "WHEN is missing, as in '30 2 * * *'"
			      : "more than one schedule; one at a time");
}
