/* What asched understood. */
#include "cli/preview.h"

#include "cli/answer.h"
#include "cli/words.h"

void
preview_say(struct client *client, const struct screen *screen, const json_t *job, const char *name,
	    int n)
{
	char text[SCREEN_TIME_MAX], span[WORDS_MAX];
	size_t i;
	struct err err;
	json_t *params = json_pack("{s:I, s:i}", "job", (json_int_t)answer_int(job, "id"), "n", n);
	json_t *item, *next = client_try(client, "job.next", params, &err);
	const json_t *times = json_object_get(next, "times");
	const char *words = answer_text(next, "words");
	say("%s: %s", name, *words ? words : answer_text(job, "schedule"));
	json_array_foreach(times, i, item) {
		usec_t at = answer_int(item, "at_us");
		const char *time = screen_long_time(screen, at, text);
		if (i == 0)
			say("  next %s, %s", time, words_when(at, screen->now, span));
		else
			say("       %s", time);
	}
	json_decref(next);
}
