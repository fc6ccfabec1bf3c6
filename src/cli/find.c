/* The job that a person means. */
#include "cli/find.h"

#include "cli/answer.h"

int64_t
find_job(struct client *client, const char *word, struct err *err)
{
	int64_t id;
	if (is_id(word, &id))
		return id;
	json_t *job = client_try(client, "job.get", json_pack("{s:s}", "job", word), err);
	id = answer_int(job, "id");
	json_decref(job);
	return id;
}
