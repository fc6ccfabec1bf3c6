/* What an HTTP job may send. */
#include "model/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model/expect.h"

/* As much of a refused value as a message shows. */
#define SHOWN_MAX 60
#define SHOWN     "%.60s"

#define PORT_MAX    65535
#define PORT_DIGITS 5

/* RFC 9110 part 5.6.2. */
static const char token_bytes[] = "!#$%&'*+-.^_`|~0123456789"
				  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* The message's frame and what concerns one connection only: RFC 9110 part 7.6.1, RFC 9112. */
static const char *const refused_names[] = {
	"Connection",        "Content-Length",   "Expect", "HTTP2-Settings",
	"Keep-Alive",        "Proxy-Connection", "TE",     "Trailer",
	"Transfer-Encoding", "Upgrade",
};

static bool
has_control_bytes(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if ((*p < ' ' && *p != '\t') || *p == 0x7f)
			return true;
	}
	return false;
}

static bool
starts_with(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* [user[:password]@]host[:port], where the host may be an address in brackets. */
static int
check_authority(const char *url, const char *p, struct err *err)
{
	const char *end = p + strcspn(p, "/?#");
	const char *at = memrchr(p, '@', (size_t)(end - p));
	p = at ? at + 1 : p;
	if (*p == '[')
		p = memchr(p, ']', (size_t)(end - p));
	if (!p)
		return err_invalid(err, "url", "\"" SHOWN "\" has a [ without a ]", url);
	const char *colon = memchr(p, ':', (size_t)(end - p));
	if (!colon)
		return 0;
	size_t len = strspn(colon + 1, "0123456789");
	long port = len <= PORT_DIGITS ? strtol(colon + 1, NULL, 10) : 0;
	if (colon + 1 + len != end || (len && (port < 1 || port > PORT_MAX)))
		return err_invalid(err, "url", "\"" SHOWN "\": a port is a number in 1-%d", url,
				   PORT_MAX);
	return 0;
}

int
request_check_url(const char *url, struct err *err)
{
	size_t scheme = starts_with(url, "http://")    ? strlen("http://")
			: starts_with(url, "https://") ? strlen("https://")
						       : 0;
	if (has_control_bytes(url) || strpbrk(url, " \t"))
		return err_invalid(err, "url", "has a blank or a control byte; write it as %%XX");
	if (scheme == 0)
		return err_invalid(err, "url",
				   "\"" SHOWN "\" does not begin with http:// or https://", url);
	if (strlen(url) > REQUEST_URL_MAX)
		return err_invalid(err, "url", "is longer than %d bytes", REQUEST_URL_MAX);
	if (strcspn(url + scheme, "/?#") == 0)
		return err_invalid(err, "url", "\"" SHOWN "\" has no host", url);
	return check_authority(url, url + scheme, err);
}

int
request_check_method(const char *method, struct err *err)
{
	size_t len = strlen(method);
	if (has_control_bytes(method))
		return err_invalid(err, "method", "has a control byte");
	if (len == 0 || len > REQUEST_METHOD_MAX || strspn(method, token_bytes) != len ||
	    strpbrk(method, "abcdefghijklmnopqrstuvwxyz"))
		return err_invalid(err, "method",
				   "\"" SHOWN "\" is not a word in capitals like GET or POST",
				   method);
	if (strcmp(method, "CONNECT") == 0)
		return err_invalid(err, "method", "CONNECT is not possible");
	return 0;
}

int
request_check_header(const char *header, struct err *err)
{
	size_t len = strspn(header, token_bytes);
	if (has_control_bytes(header))
		return err_invalid(err, "header", "\"%.*s\" has a control byte",
				   len < SHOWN_MAX ? (int)len : SHOWN_MAX, header);
	if (len == 0 || header[len] != ':')
		return err_invalid(err, "header", "\"" SHOWN "\" is not like \"Name: value\"",
				   header);
	if (strlen(header) > REQUEST_HEADER_MAX)
		return err_invalid(err, "header", "\"%.*s\" is longer than %d bytes",
				   len < SHOWN_MAX ? (int)len : SHOWN_MAX, header,
				   REQUEST_HEADER_MAX);
	for (size_t i = 0; i < sizeof(refused_names) / sizeof(refused_names[0]); i++) {
		const char *name = refused_names[i];
		if (strlen(name) == len && strncasecmp(name, header, len) == 0)
			return err_invalid(err, "header", "\"%s\" is set by asched alone", name);
	}
	return 0;
}

bool
request_has_header(const struct job *job, const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < job->headers.n; i++) {
		const char *header = job->headers.items[i];
		if (strncasecmp(header, name, len) == 0 && header[len] == ':')
			return true;
	}
	return false;
}

int
request_check(const struct job *job, struct err *err)
{
	if (request_check_url(job->url, err) < 0)
		return -1;
	if (job->method && request_check_method(job->method, err) < 0)
		return -1;
	const char *body = job->body_file ? "body-file" : "body";
	if (job->body && job->body_file)
		return err_invalid(err, body, "there is a body already");
	if ((job->body || job->body_file) && strcmp(request_method(job), "HEAD") == 0)
		return err_invalid(err, body, "a HEAD request has none");
	for (size_t i = 0; i < job->headers.n; i++) {
		if (request_check_header(job->headers.items[i], err) < 0)
			return -1;
	}
	if (job->auth_file && request_has_header(job, "Authorization"))
		return err_invalid(err, "auth-file", "there is a header Authorization already");
	if (job->expect_status && expect_parse(job->expect_status, err) < 0) {
		err_in_field(err, "expect-status");
		return -1;
	}
	return 0;
}

const char *
request_method(const struct job *job)
{
	return job->method ? job->method : job->body || job->body_file ? "POST" : "GET";
}

bool
request_may_repeat(const struct job *job)
{
	const char *method = request_method(job);
	bool is_safe = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	return job->on_lost == ON_LOST_RETRY || (is_safe && job->on_lost != ON_LOST_FAIL);
}
