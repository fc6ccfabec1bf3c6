/*
 * One HTTP request. Everything that libcurl can be asked not to do stands in the table of rules;
 * the source of each is the libcurl manual's chapter on security, libcurl-security(3).
 */
#include "runner/http_request.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "model/expect.h"
#include "model/request.h"
#include "runner/address.h"
#include "runner/curl_memory.h"

#define COUNT(array)    (sizeof(array) / sizeof((array)[0]))
#define DUE_TEXT_MAX    48
#define BODY_SMALL      8192                 /* bytes: most answers need no file */
#define RETRY_AFTER_MAX (366 * USEC_PER_DAY) /* of what a server may ask for */

static const struct {
	CURLoption option;
	long value;
} rules[] = {
	{ CURLOPT_QUICK_EXIT, 1 }, /* else the end waits for a hanging look-up: 9.5 s, measured */
	{ CURLOPT_NOSIGNAL, 1 },
	{ CURLOPT_CONNECTTIMEOUT_MS, HTTP_CONNECT_TIMEOUT / USEC_PER_MSEC },
	{ CURLOPT_FOLLOWLOCATION, 0 },
	{ CURLOPT_UNRESTRICTED_AUTH, 0 },
	{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
	{ CURLOPT_HTTPAUTH, CURLAUTH_BASIC }, /* what a URL can carry; never a handshake */
	{ CURLOPT_SSL_VERIFYPEER, 1 },
	{ CURLOPT_SSL_VERIFYHOST, 2 },
	{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
	{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 }, /* one request at a time a connection */
	{ CURLOPT_HTTP09_ALLOWED, 0 },
};

static const char *const timeout_texts[HTTP_NPHASES] = {
	[HTTP_NEW] = "timed out waiting for its turn",
	[HTTP_LOOKING_UP] = "timed out looking up the name",
	[HTTP_CONNECTING] = "timed out connecting",
	[HTTP_SENT] = "timed out waiting for the answer",
	[HTTP_ANSWERED] = "timed out receiving the answer",
};

/* libcurl is about to look up a name; it asks even for those it knows or need not look up. */
static int
on_lookup(void *state, void *reserved, void *arg)
{
	struct http_request *request = arg;
	(void)state;
	(void)reserved;
	request->phase = HTTP_LOOKING_UP;
	return 0;
}

/*
 * Opens the socket towards one of the addresses that the name has. Refusing one makes libcurl
 * try the next, so the reason is kept only until another one is opened.
 */
static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct http_request *request = arg;
	(void)purpose;
	request->phase = HTTP_CONNECTING;
	enum address_kind kind = address_find_kind(&addr->addr, addr->addrlen);
	if (request->refused & ADDRESS_BIT(kind)) {
		snprintf(request->text, sizeof(request->text), "refused: the host has a %s address",
			 address_kind_name(kind));
		return CURL_SOCKET_BAD;
	}
	int fd = socket(addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);
	if (fd < 0) {
		snprintf(request->text, sizeof(request->text), "socket: %s", strerror(errno));
		return CURL_SOCKET_BAD;
	}
	request->text[0] = '\0';
	return fd;
}

/* Connected; the request is sent next. */
static int
on_connected(void *arg, char *peer_ip, char *own_ip, int peer_port, int own_port)
{
	struct http_request *request = arg;
	(void)peer_ip;
	(void)own_ip;
	(void)peer_port;
	(void)own_port;
	request->phase = HTTP_SENT;
	request->text[0] = '\0';
	return CURL_PREREQFUNC_OK;
}

/* Counts the header lines, interim answers and trailers included. */
static size_t
on_header(char *data, size_t size, size_t n, void *arg)
{
	struct http_request *request = arg;
	(void)data;
	request->phase = HTTP_ANSWERED;
	request->header_bytes += size * n;
	if (request->header_bytes > HTTP_HEADERS_MAX) {
		snprintf(request->text, sizeof(request->text),
			 "too large: more than %d bytes of headers", HTTP_HEADERS_MAX);
		return 0;
	}
	return size * n;
}

static int
write_whole(int fd, const char *data, size_t len, int64_t offset)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, data, len, offset);
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
		offset += n;
	}
	return 0;
}

/* Moves the body into a file in memory. */
static int
make_file(struct http_request *request)
{
	int fd = memfd_create("asched-output", MFD_CLOEXEC);
	if (fd < 0 || write_whole(fd, request->body.data, request->body.len, 0) < 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	request->output_fd = fd;
	buf_fini(&request->body);
	return 0;
}

static int
keep_output(struct http_request *request, const char *data, size_t len)
{
	if (request->output_fd < 0 && request->body.len + len <= BODY_SMALL) {
		buf_add(&request->body, data, len);
		return 0;
	}
	if (request->output_fd < 0 && make_file(request) < 0)
		return -1;
	return write_whole(request->output_fd, data, len, request->body_bytes);
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct http_request *request = arg;
	size_t len = size * n, room = request->output_max - (size_t)request->body_bytes;
	size_t kept = len < room ? len : room;
	if (kept > 0 && keep_output(request, data, kept) < 0) {
		snprintf(request->text, sizeof(request->text), "output: %s", strerror(errno));
		return 0;
	}
	request->body_bytes += (int64_t)len;
	if (kept < len) {
		snprintf(request->text, sizeof(request->text),
			 "too large: more than %zu bytes of body", request->output_max);
		return 0;
	}
	return len;
}

static void
add_header(struct http_request *request, const char *line)
{
	request->headers = curl_slist_append(request->headers, line);
	assert(request->headers); /* out of memory: the daemon may die of it */
}

/* libcurl takes "Name:" as an order to leave its own out; an empty one is written "Name;". */
static void
add_job_header(struct http_request *request, const char *header)
{
	size_t name = strcspn(header, ":");
	const char *value = header + name + 1;
	if (value[strspn(value, " \t")] != '\0') {
		add_header(request, header);
		return;
	}
	char *empty = mem_printf("%.*s;", (int)name, header);
	add_header(request, empty);
	free(empty);
}

static void
print_due(usec_t due, char text[DUE_TEXT_MAX])
{
	time_t seconds = (time_t)(due / USEC_PER_SEC);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	size_t len = strftime(text, DUE_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	if (due % USEC_PER_SEC != 0)
		len += (size_t)snprintf(text + len, DUE_TEXT_MAX - len, ".%06" PRId64,
					due % USEC_PER_SEC);
	snprintf(text + len, DUE_TEXT_MAX - len, "Z");
}

static void
add_headers(struct http_request *request, const struct job *job, const struct run *run)
{
	char line[2 * DUE_TEXT_MAX], due[DUE_TEXT_MAX];
	for (size_t i = 0; i < job->headers.n; i++)
		add_job_header(request, job->headers.items[i]);
	add_header(request, "Expect:"); /* no waiting for leave to send the body */
	if (!request_has_header(job, "Content-Type"))
		add_header(request, "Content-Type:"); /* libcurl would call it a form */
	if (!request_has_header(job, "Idempotency-Key")) {
		snprintf(line, sizeof(line), "Idempotency-Key: %" PRId64, run->id);
		add_header(request, line);
	}
	if (!request_has_header(job, "Asched-Due")) {
		print_due(run->due, due);
		snprintf(line, sizeof(line), "Asched-Due: %s", due);
		add_header(request, line);
	}
}

/* An address, in brackets or not, or localhost, which libcurl knows by itself. */
static bool
needs_lookup(const char *host)
{
	struct in_addr addr;
	return host[0] != '[' && inet_pton(AF_INET, host, &addr) != 1 &&
	       strcasecmp(host, "localhost") != 0;
}

/* Reads the URL as libcurl will, which makes dotted numbers of all forms of an IPv4 address. */
static int
parse_url(struct http_request *request, const char *url, struct err *err)
{
	char *host = NULL;
	CURLU *parts = curl_url();
	CURLUcode code = parts ? curl_url_set(parts, CURLUPART_URL, url, 0) : CURLUE_OUT_OF_MEMORY;
	if (code == CURLUE_OK)
		code = curl_url_get(parts, CURLUPART_HOST, &host, 0);
	if (code == CURLUE_OK && needs_lookup(host))
		request->name = mem_dup(host);
	curl_free(host);
	curl_url_cleanup(parts);
	return code == CURLUE_OK ? 0 : err_invalid(err, "url", "%s", curl_url_strerror(code));
}

/* The method and the body. A method that usually has a body says so when it is empty. */
static CURLcode
set_method(CURL *easy, const struct job *job)
{
	const char *method = request_method(job), *body = job->body;
	if (!body && (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
		      strcmp(method, "PATCH") == 0))
		body = "";
	CURLcode code = CURLE_OK;
	if (body) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
		code = curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body);
	} else if (strcmp(method, "HEAD") == 0) {
		return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	}
	return code ? code : curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

static CURLcode
set_rules(CURL *easy, const struct http_config *config)
{
	CURLcode code = CURLE_OK;
	for (size_t i = 0; i < COUNT(rules) && !code; i++)
		code = curl_easy_setopt(easy, rules[i].option, rules[i].value);
	if (!code)
		code = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	if (!code)
		code = curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* not http_proxy's either */
	if (!code && config->ca_file) {
		code = curl_easy_setopt(easy, CURLOPT_CAINFO, config->ca_file);
		/*
		 * With a directory too, libcurl reads the file for each connection: 35 ms,
		 * measured.
		 */
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
	return code ? code : curl_easy_setopt(easy, CURLOPT_USERAGENT, "asched/" PACKAGE_VERSION);
}

static CURLcode
set_request(struct http_request *request, const struct job *job)
{
	CURL *easy = request->easy;
	bool is_alone = !request_may_repeat(job) || job->body;
	CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, job->url);
	if (!code)
		code = set_method(easy, job);
	if (!code)
		code = curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
	if (!code)
		code = curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, (long)is_alone);
	return code ? code : curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, (long)is_alone);
}

static void
set_callbacks(struct http_request *request)
{
	CURL *easy = request->easy;
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->curl_text);
	curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, on_lookup);
	curl_easy_setopt(easy, CURLOPT_RESOLVER_START_DATA, request);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, request);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, request);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
}

int
http_request_init(struct http_request *request, const struct job *job, const struct run *run,
		  const struct http_config *config, struct err *err)
{
	*request = (struct http_request){ .refused = config->refused | ADDRESS_NEVER,
					  .output_max = config->output_max,
					  .output_fd = -1 };
	if (run->tty) /* its job was a command when somebody gave it one */
		return err_invalid(err, "tty", "an HTTP request has no terminal");
	if (request_check(job, err) < 0 || parse_url(request, job->url, err) < 0)
		return -1;
	request->expect_status = mem_dup(job->expect_status);
	request->is_private = job->headers.n > 0 || job->body;
	if (request->is_private)
		curl_memory_hold();
	add_headers(request, job, run);
	request->easy = curl_easy_init();
	CURLcode code = request->easy ? CURLE_OK : CURLE_OUT_OF_MEMORY;
	if (!code)
		code = set_rules(request->easy, config);
	if (!code)
		code = set_request(request, job);
	if (code) {
		http_request_fini(request);
		return err_set(err, ERR_SYSTEM, "%s", curl_easy_strerror(code));
	}
	set_callbacks(request);
	return 0;
}

int
http_request_output(struct http_request *request)
{
	if (request->body_bytes == 0 || (request->output_fd < 0 && make_file(request) < 0))
		return -1;
	return fcntl(request->output_fd, F_DUPFD_CLOEXEC, 3);
}

void
http_request_fini(struct http_request *request)
{
	curl_easy_cleanup(request->easy);
	request->easy = NULL;
	curl_slist_free_all(request->headers);
	request->headers = NULL;
	if (request->is_private)
		curl_memory_release();
	request->is_private = false;
	free(request->expect_status);
	request->expect_status = NULL;
	free(request->name);
	request->name = NULL;
	buf_fini(&request->body);
	if (request->output_fd >= 0)
		close(request->output_fd);
	request->output_fd = -1;
}

/* In printable ASCII, for it may quote the server or the job. */
static void
say(struct outcome *outcome, const char *text)
{
	size_t i;
	for (i = 0; text[i] && i < sizeof(outcome->text) - 1; i++)
		outcome->text[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	outcome->text[i] = '\0';
}

void
http_request_refuse(const struct err *why, usec_t now, struct outcome *outcome)
{
	char text[sizeof(why->field) + sizeof(why->text) + 2];
	*outcome = (struct outcome){ .kind = OUTCOME_START_FAILED,
				     .code = why->code == ERR_INVALID ? EINVAL : ENOMEM,
				     .ended_at = now,
				     .cpu_us = -1,
				     .peak_kib = -1,
				     .output_fd = -1 };
	snprintf(text, sizeof(text), "%s: %s", why->field[0] ? why->field : "request", why->text);
	say(outcome, text);
}

static const char *
explain(const struct http_request *request, CURLcode code)
{
	if (code == CURLE_OPERATION_TIMEDOUT)
		return timeout_texts[request->phase];
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return "stopped";
	if (request->text[0])
		return request->text;
	return request->curl_text[0] ? request->curl_text : curl_easy_strerror(code);
}

static void
measure(CURL *easy, struct outcome *outcome)
{
	static const CURLINFO times[COUNT(outcome->http_us)] = {
		CURLINFO_NAMELOOKUP_TIME_T,
		CURLINFO_CONNECT_TIME_T,
		CURLINFO_STARTTRANSFER_TIME_T,
		CURLINFO_TOTAL_TIME_T,
	};
	for (size_t i = 0; i < COUNT(times); i++) {
		curl_off_t us = 0;
		curl_easy_getinfo(easy, times[i], &us);
		outcome->http_us[i] = us;
	}
}

/* Retry-After in seconds; libcurl has already made seconds of a date. 0: there is none. */
static usec_t
find_retry_at(CURL *easy, usec_t now)
{
	curl_off_t seconds = 0;
	curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds <= 0)
		return 0;
	if (seconds > RETRY_AFTER_MAX / USEC_PER_SEC)
		seconds = RETRY_AFTER_MAX / USEC_PER_SEC;
	return usec_add(now, seconds * USEC_PER_SEC);
}

void
http_request_end(struct http_request *request, CURLcode code, usec_t now, struct outcome *outcome)
{
	int64_t kept = request->body_bytes < (int64_t)request->output_max
			       ? request->body_bytes
			       : (int64_t)request->output_max;
	*outcome = (struct outcome){ .kind = OUTCOME_NETWORK,
				     .code = (int)code,
				     .is_timeout = code == CURLE_OPERATION_TIMEDOUT,
				     .ended_at = now,
				     .cpu_us = -1,
				     .peak_kib = -1,
				     .output_fd = request->output_fd,
				     .output = request->body.len ? buf_take(&request->body) : NULL,
				     .output_bytes = request->body_bytes,
				     .output_omitted = request->body_bytes - kept };
	request->output_fd = -1;
	measure(request->easy, outcome);
	if (code != CURLE_OK) {
		say(outcome, explain(request, code));
		return;
	}
	long status = 0;
	curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
	outcome->kind = OUTCOME_HTTP;
	outcome->code = (int)status;
	outcome->is_expected = expect_matches(request->expect_status, (int)status);
	outcome->retry_after = find_retry_at(request->easy, now);
}
