/* The job that a person means. */
#include "cli/find.h"

#include <string.h>

#include "base/buf.h"
#include "cli/answer.h"

#define PAGE 500

/* The glob that matches only the text itself. */
static json_t *
literal_glob(const char *text)
{
	struct buf glob = BUF_EMPTY;
	for (; *text; text++) {
		if (strchr("*?[]\\", *text))
			buf_add_char(&glob, '\\');
		buf_add_char(&glob, *text);
	}
	json_t *value = json_string(buf_text(&glob));
	buf_fini(&glob);
	return value;
}

/* Of the finished jobs of that name, the newest. */
static int64_t
find_finished(struct client *client, const char *name)
{
	struct err err;
	int64_t newest = 0;
	size_t i;
	json_t *job;
	json_t *params =
		json_pack("{s:o, s:b, s:i}", "name", literal_glob(name), "all", 1, "limit", PAGE);
	json_t *page = client_try(client, "job.list", params, &err);
	json_array_foreach(json_object_get(page, "items"), i, job) {
		if (strcmp(answer_text(job, "name"), name) == 0 && answer_int(job, "id") > newest)
			newest = answer_int(job, "id");
	}
	json_decref(page);
	return newest;
}

int64_t
find_job(struct client *client, const char *word, struct err *err)
{
	int64_t id;
	if (is_id(word, &id))
		return id;
	json_t *job = client_try(client, "job.get", json_pack("{s:s}", "job", word), err);
	id = answer_int(job, "id");
	json_decref(job);
	if (id == 0 && err->code == ERR_NOT_FOUND)
		id = find_finished(client, word);
	return id;
}
