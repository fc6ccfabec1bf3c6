/* The files of HTTP jobs. */
#include "model/request_file.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/buf.h"
#include "model/field.h"
#include "model/request.h"

#define AUTH_ROOM 32 /* bytes before the credentials, and what base64 fills up */

static void
wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

/*
 * The next line that is something, as a text of its own for wipe(), and its number; NULL: none.
 * *at moves behind it.
 */
static char *
next_line(const char *text, size_t len, size_t *at, int *number)
{
	while (*at < len) {
		const char *line = text + *at;
		const char *end = memchr(line, '\n', len - *at);
		size_t n = end ? (size_t)(end - line) : len - *at;
		*at += n + (end != NULL);
		++*number;
		if (n > 0 && line[n - 1] == '\r')
			n--;
		if (n > 0 && line[0] != '#' && strspn(line, " \t") < n)
			return mem_dup_bytes(line, n);
	}
	return NULL;
}

static int
refuse_nul(const char *field, const char *text, size_t len, struct err *err)
{
	return memchr(text, '\0', len) ? err_invalid(err, field, "has a NUL byte") : 0;
}

int
request_file_headers(struct job *job, const char *text, size_t len, struct err *err)
{
	size_t at = 0;
	int number = 0;
	if (refuse_nul("header-file", text, len, err) < 0)
		return -1;
	for (char *line; (line = next_line(text, len, &at, &number));) {
		bool is_header = request_check_header(line, NULL) == 0;
		bool has_room = job->headers.n < FIELD_LIST_MAX;
		if (is_header && has_room)
			strings_add(&job->headers, line, strlen(line));
		wipe(line);
		if (!is_header)
			return err_invalid(err, "header-file", "line %d is no header", number);
		if (!has_room)
			return err_invalid(err, "header-file", "more than %d headers",
					   FIELD_LIST_MAX);
	}
	return 0;
}

/*
 * The header that the line means; *value has the room at once, for one that grows leaves copies of
 * itself. False: it means none.
 */
static bool
read_auth(const char *line, struct buf *value)
{
	size_t len = strcspn(line, " \t");
	const char *rest = line + len + strspn(line + len, " \t");
	buf_reserve(value, AUTH_ROOM + 2 * strlen(rest));
	if (len == strlen("basic") && strncasecmp(line, "basic", len) == 0) {
		buf_add_text(value, "Authorization: Basic ");
		base64_encode(value, rest, strlen(rest));
		return strchr(rest, ':') != NULL; /* RFC 7617 */
	}
	buf_add_text(value, "Authorization: Bearer ");
	buf_add_text(value, rest);
	return len == strlen("bearer") && strncasecmp(line, "bearer", len) == 0 && rest[0] &&
	       rest[strcspn(rest, " \t")] == '\0';
}

int
request_file_auth(struct job *job, const char *text, size_t len, struct err *err)
{
	struct buf header = BUF_EMPTY;
	size_t at = 0;
	int number = 0;
	if (refuse_nul("auth-file", text, len, err) < 0)
		return -1;
	char *line = next_line(text, len, &at, &number);
	char *more = next_line(text, len, &at, &(int){ 0 });
	bool is_auth = line && !more && read_auth(line, &header) &&
		       request_check_header(header.data, NULL) == 0;
	bool is_second = request_has_header(job, "Authorization");
	if (is_auth && !is_second)
		strings_add(&job->headers, header.data, header.len);
	if (header.data)
		explicit_bzero(header.data, header.len);
	buf_fini(&header);
	wipe(line);
	wipe(more);
	if (!is_auth)
		return err_invalid(err, "auth-file",
				   "is not one line \"basic USER:PASSWORD\" or \"bearer TOKEN\"");
	return is_second ? err_invalid(err, "auth-file", "there is a header Authorization already")
			 : 0;
}

int
request_file_body(struct job *job, const char *text, size_t len, struct err *err)
{
	if (refuse_nul("body-file", text, len, err) < 0)
		return -1;
	job->body = mem_dup_bytes(text, len);
	return 0;
}

void
request_file_wipe(struct job *job)
{
	for (size_t i = 0; i < job->headers.n; i++)
		explicit_bzero(job->headers.items[i], strlen(job->headers.items[i]));
	if (job->body)
		explicit_bzero(job->body, strlen(job->body));
	job_fini(job);
}
