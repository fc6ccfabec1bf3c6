/* The output of a run. */
#include "cli/output.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/answer.h"
#include "cli/screen.h"
#include "cli/text.h"
#include "model/run.h"

#define PIECE      (256 * 1024)         /* bytes of output a request asks for */
#define WAIT_MIN   (20 * USEC_PER_MSEC) /* between two looks at a run, growing */
#define SIGNAL_MAX 64
#define WAIT_MAX   (250 * USEC_PER_MSEC)

/* What of a stream of an attempt was shown so far. */
struct progress {
	const char *stream; /* its name in the protocol */
	FILE *to;
	int64_t offset;
	int64_t omitted; /* of what was passed so far */
	bool is_split;   /* stderr is kept apart */
	bool is_begun;   /* a piece was shown, were it empty */
	bool is_at_end;  /* all that there is now is shown */
	bool has_ended;  /* and there will be no more */
	struct buf rest; /* a character that was cut off */
};

bool
base64_add(struct buf *out, const char *text, size_t len)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789+/";
	if (len % 4 != 0)
		return false;
	for (size_t i = 0; i < len; i += 4) {
		size_t npad = text[i + 3] != '=' ? 0 : text[i + 2] != '=' ? 1 : 2;
		uint32_t word = 0;
		for (size_t k = 0; k < 4; k++) {
			const char *p = k < 4 - npad ? strchr(alphabet, text[i + k]) : alphabet;
			if (!p || !*p || (npad && i + 4 != len))
				return false;
			word = word << 6 | (uint32_t)(p - alphabet);
		}
		const char bytes[3] = { (char)(word >> 16), (char)(word >> 8), (char)word };
		buf_add(out, bytes, 3 - npad);
	}
	return true;
}

static void
pause_for(usec_t span)
{
	struct timespec wait = { span / USEC_PER_SEC, (span % USEC_PER_SEC) * 1000 };
	nanosleep(&wait, NULL);
}

/* The next, longer span to wait. */
static usec_t
longer(usec_t span)
{
	span += span / 2;
	return span < WAIT_MAX ? span : WAIT_MAX;
}

bool
run_has_ended(const json_t *run)
{
	const char *state = answer_text(run, "state");
	return *state && strcmp(state, "waiting") != 0 && strcmp(state, "running") != 0;
}

static json_t *
get_run(struct client *client, int64_t run)
{
	return client_call(client, "run.get", json_pack("{s:I}", "run", (json_int_t)run));
}

json_t *
run_wait(struct client *client, int64_t run)
{
	for (usec_t wait = WAIT_MIN;; wait = longer(wait)) {
		json_t *now = get_run(client, run);
		if (!now || run_has_ended(now))
			return now;
		json_decref(now);
		pause_for(wait);
	}
}

int
run_exit_code(const json_t *run)
{
	const char *state = answer_text(run, "state"), *reason = answer_text(run, "reason");
	if (strcmp(state, "succeeded") == 0)
		return EXIT_DONE;
	if (strcmp(reason, "timeout") == 0)
		return 124;
	if (strcmp(reason, "start-failed") == 0)
		return strstr(answer_text(run, "detail"), "ENOENT") ? 127 : 126;
	for (int signal = 1; signal <= SIGNAL_MAX; signal++) {
		if (strcmp(answer_text(run, "signal"), signal_name(signal)) == 0)
			return 128 + signal;
	}
	if (strcmp(reason, "exit") == 0 && answer_int(run, "exit_code") > 0)
		return (int)answer_int(run, "exit_code");
	return EXIT_FAILED;
}

/* Writes what was kept and the new bytes, safe for a terminal unless that is not wanted. */
static void
show_bytes(const struct output_style *style, struct progress *progress, const struct buf *bytes)
{
	struct buf safe = BUF_EMPTY;
	if (style->is_raw || !isatty(fileno(progress->to))) {
		fwrite(buf_text(bytes), 1, bytes->len, progress->to);
	} else {
		buf_add(&progress->rest, buf_text(bytes), bytes->len);
		size_t n = text_add_lines(&safe, progress->rest.data, progress->rest.len);
		buf_drop_front(&progress->rest, n);
		fwrite(buf_text(&safe), 1, safe.len, progress->to);
	}
	buf_fini(&safe);
	fflush(progress->to);
}

static void
show_text(const struct output_style *style, struct progress *progress, const json_t *piece)
{
	struct buf bytes = BUF_EMPTY;
	const char *text = answer_text(piece, "base64");
	if (!base64_add(&bytes, text, strlen(text)))
		say("asched: the daemon sent output that is no base64");
	show_bytes(style, progress, &bytes);
	buf_fini(&bytes);
}

/* A line for each piece that holds something; of what is empty one, too. */
static void
show_json(const struct progress *progress, json_t *piece, const json_t *which)
{
	if (progress->is_begun && answer_int(piece, "next_offset") <= progress->offset)
		return;
	json_object_set(piece, "run", json_object_get(which, "run"));
	put_json(piece, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
}

/* Fetches and shows one piece. False: the call failed and was said. */
static bool
show_piece(struct client *client, const struct output_style *style, json_t *which,
	   struct progress *progress)
{
	json_t *params = json_copy(which);
	json_object_set_new(params, "stream", json_string(progress->stream));
	json_object_set_new(params, "offset", json_integer(progress->offset));
	json_t *piece = client_call(client, "run.output", params);
	if (!piece)
		return false;
	if (style->is_json)
		show_json(progress, piece, which);
	else
		show_text(style, progress, piece);
	progress->is_begun = true;
	progress->omitted += answer_int(piece, "offset") - progress->offset;
	progress->offset = answer_int(piece, "next_offset");
	progress->is_split = answer_bool(piece, "split");
	progress->is_at_end = answer_bool(piece, "eof");
	progress->has_ended = progress->is_at_end && answer_bool(piece, "ended");
	json_decref(piece);
	return true;
}

/* A piece of each stream that is wanted and there. False: a call failed and was said. */
static bool
show_pieces(struct client *client, const struct output_style *style, json_t *which,
	    struct progress streams[2])
{
	struct progress *output = &streams[0], *errors = &streams[1];
	if (style->streams == STREAMS_STDERR)
		return show_piece(client, style, which, errors);
	return show_piece(client, style, which, output) &&
	       (style->streams == STREAMS_STDOUT || !output->is_split ||
		show_piece(client, style, which, errors));
}

static void
end_stream(struct progress *progress)
{
	for (size_t i = 0; i < progress->rest.len; i++)
		fprintf(progress->to, "\\x%02x", (unsigned char)progress->rest.data[i]);
	if (progress->omitted)
		say("asched: %lld bytes in the middle of %s were not kept",
		    (long long)progress->omitted,
		    progress->is_split ? progress->stream : "the output");
	buf_fini(&progress->rest);
}

/* One attempt to its end, or to what there is of it now. */
static bool
show_attempt(struct client *client, const struct output_style *style, json_t *which)
{
	bool only_errors = style->streams == STREAMS_STDERR, is_well;
	struct progress streams[2] = {
		{ .stream = "stdout", .to = stdout, .is_at_end = true, .has_ended = true },
		{ .stream = "stderr",
		  .to = only_errors ? stdout : stderr,
		  .is_at_end = true,
		  .has_ended = true },
	};
	usec_t wait = WAIT_MIN;
	while ((is_well = show_pieces(client, style, which, streams))) {
		bool is_at_end = streams[0].is_at_end && streams[1].is_at_end;
		if (is_at_end && (!style->follow || (streams[0].has_ended && streams[1].has_ended)))
			break;
		wait = is_at_end ? longer(wait) : WAIT_MIN;
		if (is_at_end)
			pause_for(wait);
	}
	if (is_well && only_errors && !streams[1].is_split) {
		struct err err = { 0 };
		err_invalid(&err, "stderr", "it is not kept apart; see --split-output");
		client_say(client, &err);
		is_well = false;
	}
	end_stream(&streams[0]);
	end_stream(&streams[1]);
	return is_well;
}

/* Waits for the attempt after this one. False: there is none, or a call failed. */
static bool
wait_for_attempt(struct client *client, int64_t run, int after, int *attempt)
{
	for (usec_t wait = WAIT_MIN;; wait = longer(wait)) {
		json_t *now = get_run(client, run);
		bool has_ended = !now || run_has_ended(now);
		*attempt = (int)answer_int(now, "attempt");
		json_decref(now);
		if (has_ended || *attempt > after)
			return *attempt > after;
		pause_for(wait);
	}
}

bool
output_show(struct client *client, int64_t run, int attempt, const struct output_style *style)
{
	if (style->follow && attempt == 0 && !wait_for_attempt(client, run, 0, &attempt))
		return true;
	for (;;) {
		int next;
		json_t *which = json_pack("{s:I, s:b, s:i}", "run", (json_int_t)run, "base64",
					  !style->is_json || style->is_raw, "limit", PIECE);
		if (attempt)
			json_object_set_new(which, "attempt", json_integer(attempt));
		bool is_well = show_attempt(client, style, which);
		json_decref(which);
		if (!is_well || !style->follow)
			return is_well;
		if (!wait_for_attempt(client, run, attempt, &next))
			return true;
		say("asched: attempt %d:", next);
		attempt = next;
	}
}
