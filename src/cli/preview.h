/* What asched understood: a schedule in words and its next times, as the daemon reckons them. */
#ifndef CLI_PREVIEW_H
#define CLI_PREVIEW_H

#include "cli/client.h"
#include "cli/screen.h"

/*
 * Says "NAME: schedule in words" and the next n times of the job object on stderr. Only words: a
 * failure is kept silent.
 */
void preview_say(struct client *client, const struct screen *screen, const json_t *job,
		 const char *name, int n);

#endif
