/*
 * A schedule on the command line, for the commands that need no daemon: the options it is read
 * with, and the zones of this machine.
 */
#ifndef CLI_WHEN_H
#define CLI_WHEN_H

#include "base/zonedir.h"
#include "cli/args.h"
#include "when/schedule.h"

/* What the options set; zeroed at first. Texts are borrowed from argv. */
struct when_options {
	const char *tz, *from, *dst;
	const char *texts[SCHEDULE_NKINDS]; /* of --cron, --calendar, ... */
};

#define WHEN_NOPTIONS 8

/* Writes the options that fill *when; their table may be part of a longer one. */
void when_options(struct when_options *when, struct option out[WHEN_NOPTIONS]);

struct when {
	struct zonedir dir;
	struct zones *zones;
	struct schedule_context context; /* as the options say; `now` is --from */
};

/* 0, or -1 with *err when --tz, --from or --dst is wrong. when_fini() it in either case. */
int when_init(struct when *when, const struct when_options *options, struct err *err);
void when_fini(struct when *when);

/* Is a schedule among the options? */
bool when_is_given(const struct when_options *options);

/*
 * Finds the one text and its kind among a word (NULL: none) and the options. 0, or -1 with *err.
 */
int when_choose(const struct when_options *options, const char *word, enum schedule_kind *kind,
		const char **text, struct err *err);

#endif
