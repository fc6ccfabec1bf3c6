/* Any bytes as a line of `asched next --batch`: there is one line of JSON in answer. */
#include "fuzz/fuzz.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/batch.h"
#include "fake/test_zones.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct schedule_context context = { .zones = test_zones(), .tz = "Europe/Berlin" };
	struct buf out = BUF_EMPTY;
	batch_answer(&context, size & 1, (const char *)data, size, &out);
	if (!memchr(out.data, '\n', out.len) ||
	    memchr(out.data, '\n', out.len) != out.data + out.len - 1)
		abort();
	json_t *answer = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
	if (!answer || !json_object_get(answer, "id") ||
	    !json_object_get(answer, "times") == !json_object_get(answer, "error"))
		abort();
	json_decref(answer);
	buf_fini(&out);
	return 0;
}
