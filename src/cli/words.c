/* Words that people read. */
#include "cli/words.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/answer.h"

const char *
words_span(usec_t span, char out[WORDS_MAX])
{
	static const struct {
		usec_t length;
		const char *name;
	} units[] = { { USEC_PER_DAY, "d" },
		      { USEC_PER_HOUR, "h" },
		      { USEC_PER_MIN, "m" },
		      { USEC_PER_SEC, "s" } };
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		usec_t n = span / units[i].length;
		if (n == 0)
			continue;
		usec_t rest = i < 3 ? span % units[i].length / units[i + 1].length : 0;
		int len = snprintf(out, WORDS_MAX, "%" PRId64 "%s", n, units[i].name);
		if (rest)
			snprintf(out + len, WORDS_MAX - (size_t)len, " %" PRId64 "%s", rest,
				 units[i + 1].name);
		return out;
	}
	return "now";
}

const char *
words_took(usec_t took, char out[WORDS_MAX])
{
	if (took >= USEC_PER_MIN)
		return words_span(took, out);
	if (took >= 10 * USEC_PER_SEC)
		snprintf(out, WORDS_MAX, "%" PRId64 "s", took / USEC_PER_SEC);
	else if (took >= USEC_PER_SEC)
		snprintf(out, WORDS_MAX, "%.1fs", (double)took / USEC_PER_SEC);
	else
		snprintf(out, WORDS_MAX, "%" PRId64 "ms", took / USEC_PER_MSEC);
	return out;
}

const char *
words_run_took(const json_t *run, usec_t now, char out[WORDS_MAX])
{
	usec_t started = answer_int(run, "started_us"), ended = answer_int(run, "ended_us");
	bool waits = strcmp(answer_text(run, "state"), "waiting") == 0;
	return started && !waits ? words_took((ended ? ended : now) - started, out) : "-";
}

const char *
words_when(usec_t at, usec_t now, char out[WORDS_MAX])
{
	char span[WORDS_MAX];
	if (at <= 0 || at == USEC_NEVER)
		return "-";
	usec_t ahead = at - now;
	const char *words = words_span(ahead < 0 ? -ahead : ahead, span);
	if (strcmp(words, "now") == 0)
		return ahead < 0 ? "just now" : "now";
	snprintf(out, WORDS_MAX, ahead < 0 ? "%s ago" : "in %s", words);
	return out;
}

const char *
words_bytes(int64_t bytes, char out[WORDS_MAX])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double n = (double)bytes;
	size_t unit = 0;
	if (bytes < 1024) {
		snprintf(out, WORDS_MAX, "%" PRId64 " B", bytes);
		return out;
	}
	for (n /= 1024; n >= 1024 && unit < 3; unit++)
		n /= 1024;
	snprintf(out, WORDS_MAX, n < 10 ? "%.1f %s" : "%.0f %s", n, units[unit]);
	return out;
}

static bool
is_text(const json_t *object, const char *key, const char *text)
{
	return strcmp(answer_text(object, key), text) == 0;
}

/* Failures that have words of their own: the reason, and what stands before the detail. */
static const struct {
	const char *reason, *words;
} failures[] = {
	{ "exit", "exit " },
	{ "signal", "" },
	{ "http-status", "http " },
	{ "start-failed", "not started: " },
};

static void
name_failure(const char *reason, const char *detail, char out[WORDS_MAX])
{
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		if (strcmp(reason, failures[i].reason) == 0) {
			snprintf(out, WORDS_MAX, "%s%s", failures[i].words, detail);
			return;
		}
	}
	snprintf(out, WORDS_MAX, "%s%s%s", *reason ? reason : "failed", *detail ? ": " : "",
		 detail);
}

const char *
words_result(const json_t *run, char out[WORDS_MAX])
{
	const char *state = answer_text(run, "state"), *reason = answer_text(run, "reason");
	const char *detail = answer_text(run, "detail");
	int64_t count = answer_int(run, "count");
	if (!*state)
		return "-";
	if (is_text(run, "state", "succeeded"))
		return "ok";
	if (is_text(run, "state", "failed"))
		name_failure(reason, detail, out);
	else if (is_text(run, "state", "waiting") && answer_int(run, "attempt") > 0)
		snprintf(out, WORDS_MAX, "will retry");
	else if (!*reason || is_text(run, "reason", state))
		snprintf(out, WORDS_MAX, "%s%s%s", state, *detail ? " " : "", detail);
	else
		snprintf(out, WORDS_MAX, "%s: %s", state, reason);
	size_t len = strlen(out);
	if (count > 1)
		snprintf(out + len, WORDS_MAX - len, " (%" PRId64 " times)", count);
	return out;
}

enum color
color_result(const json_t *run)
{
	static const struct {
		const char *state;
		enum color color;
	} colors[] = { { "succeeded", GREEN }, { "failed", RED },    { "lost", RED },
		       { "skipped", YELLOW },  { "missed", YELLOW }, { "cancelled", YELLOW },
		       { "running", CYAN } };
	for (size_t i = 0; i < sizeof(colors) / sizeof(colors[0]); i++) {
		if (is_text(run, "state", colors[i].state))
			return colors[i].color;
	}
	return PLAIN;
}

const char *
words_user(int64_t uid, char out[WORDS_MAX])
{
	const struct passwd *user = getpwuid((uid_t)uid);
	if (user)
		snprintf(out, WORDS_MAX, "%s", user->pw_name);
	else
		snprintf(out, WORDS_MAX, "%" PRId64, uid);
	return out;
}

void
words_name(const json_t *object, const char *name_key, struct buf *out)
{
	const char *name = answer_text(object, name_key);
	char user[WORDS_MAX];
	uid_t owner = (uid_t)answer_int(object, "owner");
	if (!*name)
		return;
	if (answer_has(object, "owner") && owner != getuid())
		buf_printf(out, "%s/", words_user(owner, user));
	buf_add_text(out, name);
}

void
words_schedule(const json_t *job, struct buf *out)
{
	const char *kind = answer_text(job, "kind"), *text = answer_text(job, "schedule");
	if (strcmp(kind, "at") == 0)
		buf_add_text(out, "once");
	else if (strcmp(kind, "on-start") == 0)
		buf_add_text(out, "on start");
	else if (strcmp(kind, "cron") == 0 || strcmp(kind, "calendar") == 0 ||
		 strncmp(text, kind, strlen(kind)) == 0)
		buf_add_text(out, text);
	else
		buf_printf(out, "%s %s", kind, text);
}

static bool
is_plain_word(const char *word)
{
	return *word && word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789_@%+=:,./-")] == '\0';
}

static void
add_quoted(struct buf *out, const char *word)
{
	if (is_plain_word(word)) {
		buf_add_text(out, word);
		return;
	}
	buf_add_char(out, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			buf_add_text(out, "'\\''");
		else
			buf_add_char(out, *word);
	}
	buf_add_char(out, '\'');
}

void
words_command(const json_t *job, struct buf *out)
{
	const json_t *words = json_object_get(job, "command"), *word;
	size_t i;
	if (answer_has(job, "url")) {
		buf_printf(out, "%s %s",
			   answer_has(job, "method") ? answer_text(job, "method") : "GET",
			   answer_text(job, "url"));
		return;
	}
	if (answer_has(job, "shell"))
		buf_add_text(out, answer_text(job, "shell"));
	json_array_foreach(words, i, word) {
		if (i > 0)
			buf_add_char(out, ' ');
		add_quoted(out, json_string_value(word) ? json_string_value(word) : "");
	}
}
