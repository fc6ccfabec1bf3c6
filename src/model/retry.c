/* Retry: which failures, and how long to wait. */
#include "model/retry.h"

#include <stdlib.h>
#include <string.h>

#define ITEM_MAX 24

static const struct {
	const char *name;
	enum run_reason reason;
	int code_max; /* 0: takes no code */
} words[] = {
	{ "exit", REASON_EXIT, 255 },     { "signal", REASON_SIGNAL, 0 },
	{ "timeout", REASON_TIMEOUT, 0 }, { "start", REASON_START_FAILED, 0 },
	{ "network", REASON_NETWORK, 0 }, { "http", REASON_HTTP_STATUS, 599 },
};

struct item {
	enum run_reason reason;
	int from, to; /* codes */
};

static int
parse_code(const char *text, const char **end, int most)
{
	char *stop;
	long code = strtol(text, &stop, 10);
	*end = stop;
	return stop == text || *text < '0' || *text > '9' || stop - text > 4 || code > most
		       ? -1
		       : (int)code;
}

static int
parse_item(const char *text, struct item *item)
{
	size_t n = strcspn(text, ":");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].name) != n || strncmp(words[i].name, text, n) != 0)
			continue;
		*item = (struct item){ words[i].reason, 0, words[i].code_max };
		if (text[n] == '\0')
			return 0;
		if (words[i].code_max == 0)
			return -1;
		const char *p = text + n + 1;
		item->from = item->to = parse_code(p, &p, words[i].code_max);
		if (item->from >= 0 && *p == '-')
			item->to = parse_code(p + 1, &p, words[i].code_max);
		return *p == '\0' && item->from >= 0 && item->to >= item->from ? 0 : -1;
	}
	return -1;
}

/* Copies the next item of the list; false at its end. A too long one becomes "". */
static bool
next_item(const char **list, char out[ITEM_MAX])
{
	if (!*list)
		return false;
	size_t n = strcspn(*list, ",");
	size_t kept = n < ITEM_MAX ? n : 0;
	memcpy(out, *list, kept);
	out[kept] = '\0';
	*list = (*list)[n] ? *list + n + 1 : NULL;
	return true;
}

int
retry_on_check(const char *list, struct err *err)
{
	char text[ITEM_MAX];
	struct item item;
	for (const char *rest = list; next_item(&rest, text);) {
		if (parse_item(text, &item) < 0)
			return err_invalid(
				err, "retry-on",
				"\"%.40s\" in \"%.80s\" is not exit, exit:N, exit:N-M, signal, "
				"timeout, start, network, http or http:N",
				text, list);
	}
	return 0;
}

bool
retry_on_matches(const char *list, enum run_reason reason, int code)
{
	char text[ITEM_MAX];
	struct item item;
	if (!list)
		return true;
	while (next_item(&list, text)) {
		if (parse_item(text, &item) == 0 && item.reason == reason &&
		    (item.to == 0 || (code >= item.from && code <= item.to)))
			return true;
	}
	return false;
}

usec_t
retry_wait(const struct job *job, int n, uint64_t draw)
{
	double most = (double)job->retry_max_delay;
	double wait = (double)job->retry_delay;
	for (int i = 1; i < n && wait < most; i++)
		wait *= job->retry_factor;
	if (wait > most)
		wait = most;
	wait *= 0.8 + 0.4 * ((double)(draw >> 11) / (double)(UINT64_C(1) << 53));
	return (usec_t)(wait < most ? wait : most);
}
