/*
 * The HTTP runner.
 *
 * DESIGN. A transfer is WAITING in a queue, ACTIVE in the multi handle, ENDING (its outcome is
 * made but not told) or ENDED (told; kept until forget(), so that no attempt is begun twice).
 * start() and stop() only move transfers and arm a timer; settle(), called at the end of every
 * loop callback, collects what libcurl has finished, tells the ends and begins what waits. So
 * events are never told from inside a call, and libcurl is never entered from its own callbacks.
 *
 * A name look-up is a thread of libcurl that cannot be stopped: a request that ends before it
 * leaves the thread behind, for as long as the resolver tries (30 s with the three servers that
 * resolv.conf(5) may name). So that a dead name server costs a bounded number of threads, a
 * look-up takes one of HTTP_LOOKUPS_MAX slots, and one that was left behind keeps its slot for
 * HTTP_LOOKUP_LINGER. One name has HTTP_LOOKUPS_PER_NAME of them, so that a job whose name hangs
 * does not stop those of others. Requests to addresses and to localhost need no slot.
 */
#include "runner/http.h"

#include <assert.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/failpoint.h"
#include "base/map.h"
#include "runner/curl_loop.h"
#include "runner/curl_memory.h"
#include "runner/http_request.h"

enum transfer_state { TRANSFER_WAITING, TRANSFER_ACTIVE, TRANSFER_ENDING, TRANSFER_ENDED };

struct transfer {
	struct http_runner *runner;
	int64_t run_id;
	int attempt;
	enum transfer_state state;
	struct http_request request; /* WAITING and ACTIVE */
	struct lookup *lookup;       /* ACTIVE, and its name is not known yet; else NULL */
	struct ev_timer deadline;
	struct outcome outcome;     /* ENDING */
	TAILQ_ENTRY(transfer) link; /* WAITING and ENDING */
};

TAILQ_HEAD(transfers, transfer);

/* Free when it has no transfer and does not linger; else the name is set. */
struct lookup {
	struct transfer *transfer;
	char *name;
	struct ev_timer linger;
};

struct http_runner {
	struct runner port; /* first: a struct runner * of ours is one of these */
	struct ev_loop *loop;
	struct http_config config;
	struct runner_events events;
	struct curl_loop curl;
	struct map transfers;           /* by run id: an attempt follows the other */
	struct transfers waiting;       /* for a place among the active */
	struct transfers waiting_names; /* for a look-up too */
	struct transfers ending;
	int nactive;
	struct lookup lookups[HTTP_LOOKUPS_MAX];
	struct ev_timer soon; /* settle in the next turn of the loop */
};

static double
seconds(usec_t duration)
{
	return (double)duration / (double)USEC_PER_SEC;
}

static usec_t
now_of(const struct http_runner *runner)
{
	return (usec_t)(ev_now(runner->loop) * (double)USEC_PER_SEC);
}

static void
arm(struct http_runner *runner, struct ev_timer *timer, double after)
{
	ev_timer_stop(runner->loop, timer);
	ev_timer_set(timer, after, 0);
	ev_timer_start(runner->loop, timer);
}

static void
settle_soon(struct http_runner *runner)
{
	if (!ev_is_active(&runner->soon))
		arm(runner, &runner->soon, 0);
}

static void
set_state(struct transfer *transfer, enum transfer_state to)
{
	static const unsigned may_become[] = {
		[TRANSFER_WAITING] = 1u << TRANSFER_ACTIVE | 1u << TRANSFER_ENDING,
		[TRANSFER_ACTIVE] = 1u << TRANSFER_ENDING,
		[TRANSFER_ENDING] = 1u << TRANSFER_ENDED,
		[TRANSFER_ENDED] = 0,
	};
	assert(may_become[transfer->state] & 1u << to);
	transfer->state = to;
}

static struct transfers *
find_queue(struct transfer *transfer)
{
	struct http_runner *runner = transfer->runner;
	return transfer->request.name ? &runner->waiting_names : &runner->waiting;
}

static struct lookup *
find_free_lookup(struct http_runner *runner)
{
	for (size_t i = 0; i < HTTP_LOOKUPS_MAX; i++) {
		struct lookup *lookup = &runner->lookups[i];
		if (!lookup->transfer && !ev_is_active(&lookup->linger))
			return lookup;
	}
	return NULL;
}

static struct lookup *
take_lookup(struct http_runner *runner, struct transfer *transfer)
{
	struct lookup *lookup = find_free_lookup(runner);
	assert(lookup);
	free(lookup->name);
	lookup->name = mem_dup(transfer->request.name);
	lookup->transfer = transfer;
	return lookup;
}

/* May the name be looked up once more at the same time? */
static bool
may_look_up(const struct http_runner *runner, const char *name)
{
	int n = 0;
	for (size_t i = 0; i < HTTP_LOOKUPS_MAX; i++) {
		const struct lookup *lookup = &runner->lookups[i];
		if (lookup->transfer || ev_is_active(&lookup->linger))
			n += strcasecmp(lookup->name, name) == 0;
	}
	return n < HTTP_LOOKUPS_PER_NAME;
}

/* The first that waits for a look-up and can have one; NULL: none. */
static struct transfer *
find_next_name(struct http_runner *runner)
{
	struct transfer *transfer;
	if (!find_free_lookup(runner))
		return NULL;
	TAILQ_FOREACH(transfer, &runner->waiting_names, link) {
		if (may_look_up(runner, transfer->request.name))
			return transfer;
	}
	return NULL;
}

static void
release_lookup(struct transfer *transfer)
{
	transfer->lookup->transfer = NULL;
	transfer->lookup = NULL;
}

/* Its request ends with `code`: does its look-up still go on without it? */
static void
leave_lookup(struct transfer *transfer, CURLcode code)
{
	struct lookup *lookup = transfer->lookup;
	if (!lookup)
		return;
	release_lookup(transfer);
	if (transfer->request.phase == HTTP_LOOKING_UP && code != CURLE_COULDNT_RESOLVE_HOST)
		arm(transfer->runner, &lookup->linger, seconds(HTTP_LOOKUP_LINGER));
}

/* Takes back the slots of those that have got their address. */
static void
release_lookups(struct http_runner *runner)
{
	for (size_t i = 0; i < HTTP_LOOKUPS_MAX; i++) {
		struct transfer *transfer = runner->lookups[i].transfer;
		if (transfer && transfer->request.phase > HTTP_LOOKING_UP)
			release_lookup(transfer);
	}
}

/* The request is over, by libcurl's code or ours: makes the outcome, which settle() tells. */
static void
finish(struct transfer *transfer, CURLcode code)
{
	struct http_runner *runner = transfer->runner;
	if (transfer->state == TRANSFER_WAITING) {
		TAILQ_REMOVE(find_queue(transfer), transfer, link);
	} else {
		curl_multi_remove_handle(runner->curl.multi, transfer->request.easy);
		runner->nactive--;
	}
	leave_lookup(transfer, code);
	ev_timer_stop(runner->loop, &transfer->deadline);
	http_request_end(&transfer->request, code, now_of(runner), &transfer->outcome);
	http_request_fini(&transfer->request);
	set_state(transfer, TRANSFER_ENDING);
	TAILQ_INSERT_TAIL(&runner->ending, transfer, link);
	settle_soon(runner);
}

static void
collect_finished(struct http_runner *runner)
{
	CURLMsg *message;
	int nleft;
	while ((message = curl_multi_info_read(runner->curl.multi, &nleft))) {
		struct transfer *transfer;
		CURLcode code = message->data.result; /* gone when the handle is removed */
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
		finish(transfer, code);
	}
}

/* The owner may forget the transfer while it is told. */
static void
tell_ended(struct http_runner *runner)
{
	struct transfer *transfer;
	while ((transfer = TAILQ_FIRST(&runner->ending))) {
		struct outcome outcome = transfer->outcome;
		TAILQ_REMOVE(&runner->ending, transfer, link);
		set_state(transfer, TRANSFER_ENDED);
		runner->events.ended(runner->events.arg, transfer->run_id, transfer->attempt,
				     &outcome);
	}
}

static void
begin(struct transfer *transfer)
{
	struct http_runner *runner = transfer->runner;
	TAILQ_REMOVE(find_queue(transfer), transfer, link);
	set_state(transfer, TRANSFER_ACTIVE);
	runner->nactive++;
	if (transfer->request.name)
		transfer->lookup = take_lookup(runner, transfer);
	CURLMcode code = curl_multi_add_handle(runner->curl.multi, transfer->request.easy);
	assert(code == CURLM_OK || code == CURLM_OUT_OF_MEMORY);
	failpoint("http", "begun");
	if (code != CURLM_OK)
		finish(transfer, CURLE_OUT_OF_MEMORY);
	else
		runner->events.started(runner->events.arg, transfer->run_id, transfer->attempt, 0,
				       0, now_of(runner));
}

static void
begin_waiting(struct http_runner *runner)
{
	struct transfer *transfer;
	while (runner->nactive < runner->config.active_max &&
	       (transfer = TAILQ_FIRST(&runner->waiting)))
		begin(transfer);
	while (runner->nactive < runner->config.active_max && (transfer = find_next_name(runner)))
		begin(transfer);
}

static void
settle(void *arg)
{
	struct http_runner *runner = arg;
	collect_finished(runner);
	release_lookups(runner);
	tell_ended(runner);
	begin_waiting(runner);
}

static void
on_settle(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	settle(timer->data);
}

static void
on_deadline(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct transfer *transfer = timer->data;
	(void)loop;
	(void)revents;
	finish(transfer, CURLE_OPERATION_TIMEDOUT);
	settle(transfer->runner);
}

static struct transfer *
find(struct http_runner *runner, int64_t run_id, int attempt)
{
	struct transfer *transfer = map_get(&runner->transfers, run_id);
	return transfer && transfer->attempt == attempt ? transfer : NULL;
}

static void
transfer_free(struct transfer *transfer)
{
	struct http_runner *runner = transfer->runner;
	if (transfer->state == TRANSFER_ACTIVE)
		curl_multi_remove_handle(runner->curl.multi, transfer->request.easy);
	if (transfer->state == TRANSFER_WAITING || transfer->state == TRANSFER_ACTIVE)
		http_request_fini(&transfer->request);
	if (transfer->state == TRANSFER_ENDING)
		outcome_close(&transfer->outcome);
	ev_timer_stop(runner->loop, &transfer->deadline);
	free(transfer);
}

/* In the place of an earlier attempt of the run, which has ended. */
static struct transfer *
transfer_new(struct http_runner *runner, const struct run *run)
{
	struct transfer *earlier = map_remove(&runner->transfers, run->id);
	if (earlier) {
		assert(earlier->state == TRANSFER_ENDED);
		transfer_free(earlier);
	}
	struct transfer *transfer = mem_alloc(sizeof(*transfer));
	transfer->runner = runner;
	transfer->run_id = run->id;
	transfer->attempt = run->attempt;
	transfer->state = TRANSFER_WAITING;
	ev_init(&transfer->deadline, on_deadline);
	transfer->deadline.data = transfer;
	map_put(&runner->transfers, run->id, transfer);
	return transfer;
}

static void
start(struct runner *port, const struct job *job, const struct run *run)
{
	struct http_runner *runner = (struct http_runner *)port;
	struct err err;
	if (find(runner, run->id, run->attempt))
		return;
	struct transfer *transfer = transfer_new(runner, run);
	settle_soon(runner);
	if (http_request_init(&transfer->request, job, run, &runner->config, &err) < 0) {
		http_request_refuse(&err, now_of(runner), &transfer->outcome);
		set_state(transfer, TRANSFER_ENDING);
		TAILQ_INSERT_TAIL(&runner->ending, transfer, link);
		return;
	}
	curl_easy_setopt(transfer->request.easy, CURLOPT_PRIVATE, transfer);
	arm(runner, &transfer->deadline, seconds(job->timeout ? job->timeout : HTTP_TIMEOUT));
	TAILQ_INSERT_TAIL(find_queue(transfer), transfer, link);
}

/* There is no asking nicely over HTTP: soft and hard are the same. */
static void
stop(struct runner *port, int64_t run_id, int attempt, enum stop_how how)
{
	struct transfer *transfer = find((struct http_runner *)port, run_id, attempt);
	(void)how;
	if (transfer && transfer->state < TRANSFER_ENDING)
		finish(transfer, CURLE_ABORTED_BY_CALLBACK);
}

static void
forget(struct runner *port, int64_t run_id, int attempt)
{
	struct http_runner *runner = (struct http_runner *)port;
	struct transfer *transfer = find(runner, run_id, attempt);
	if (!transfer || transfer->state != TRANSFER_ENDED)
		return;
	map_remove(&runner->transfers, run_id);
	transfer_free(transfer);
}

static int
output(struct runner *port, int64_t run_id, int attempt)
{
	struct transfer *transfer = find((struct http_runner *)port, run_id, attempt);
	bool is_active = transfer && transfer->state == TRANSFER_ACTIVE;
	return is_active ? http_request_output(&transfer->request) : -1;
}

static int
init_curl(struct err *err)
{
	if (curl_memory_init() != CURLE_OK)
		return err_set(err, ERR_SYSTEM, "libcurl: cannot be initialised");
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	if ((info->features & CURL_VERSION_ASYNCHDNS) && (info->features & CURL_VERSION_SSL))
		return 0;
	curl_global_cleanup();
	return err_set(err, ERR_SYSTEM, "libcurl %s: %s is missing", info->version,
		       info->features & CURL_VERSION_SSL ? "its own name resolver (AsynchDNS)"
							 : "TLS");
}

const char *
http_ca_file(void)
{
	return curl_version_info(CURLVERSION_NOW)->cainfo;
}

const char *
http_ca_dir(void)
{
	return curl_version_info(CURLVERSION_NOW)->capath;
}

struct runner *
http_runner_new(struct ev_loop *loop, const struct http_config *config,
		const struct runner_events *events, struct err *err)
{
	assert(config->active_max > 0 && config->output_max > 0);
	if (init_curl(err) < 0)
		return NULL;
	struct http_runner *runner = mem_alloc(sizeof(*runner));
	runner->port = (struct runner){ start, stop, forget, output };
	runner->loop = loop;
	runner->config = *config;
	if (!config->ca_file)
		runner->config.ca_file = http_ca_file();
	runner->events = *events;
	TAILQ_INIT(&runner->waiting);
	TAILQ_INIT(&runner->waiting_names);
	TAILQ_INIT(&runner->ending);
	ev_init(&runner->soon, on_settle);
	runner->soon.data = runner;
	for (size_t i = 0; i < HTTP_LOOKUPS_MAX; i++) {
		ev_init(&runner->lookups[i].linger, on_settle);
		runner->lookups[i].linger.data = runner;
	}
	curl_loop_init(&runner->curl, loop, settle, runner);
	curl_multi_setopt(runner->curl.multi, CURLMOPT_MAXCONNECTS, (long)config->active_max);
	return &runner->port;
}

void
http_runner_free(struct runner *port)
{
	struct http_runner *runner = (struct http_runner *)port;
	struct transfer *transfer;
	size_t at = 0;
	if (!runner)
		return;
	while ((transfer = map_next(&runner->transfers, &at)))
		transfer_free(transfer);
	map_fini(&runner->transfers);
	curl_loop_fini(&runner->curl);
	for (size_t i = 0; i < HTTP_LOOKUPS_MAX; i++) {
		ev_timer_stop(runner->loop, &runner->lookups[i].linger);
		free(runner->lookups[i].name);
	}
	ev_timer_stop(runner->loop, &runner->soon);
	free(runner);
	curl_global_cleanup();
}
