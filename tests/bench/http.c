/*
 * How many HTTP requests a second: a bare loop over libcurl's multi interface, and the runner, each
 * with kept connections (GET) and with one for each request (POST); and the bare loop that keeps a
 * record of each. All with the same number in flight and the same headers on the wire, against one
 * server on loopback. Usage: http [REQUESTS [IN_FLIGHT]]
 * Prints `bare_kept`, `runner_kept` (a second), `failed_kept`, the same with `fresh`, and `recorded`.
 */
#include <curl/curl.h>
#include <ev.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "bench/recorder.h"
#include "fake/badhttp.h"
#include "fake/scratch.h"
#include "runner/http.h"

#define REQUESTS_STANDARD  20000
#define IN_FLIGHT_STANDARD 64
#define POLL_MS            1000

struct load {
	char *url;
	bool is_post;
	struct curl_slist *headers; /* of the bare loop */
	int nrequests, in_flight;
	int nbegun, nended, nfailed;
	struct ev_loop *loop;
	struct runner *runner;
};

static double
now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* What each of the runner's requests carries. */
static struct curl_slist *
make_headers(void)
{
	struct curl_slist *list = curl_slist_append(NULL, "Idempotency-Key: 10000");
	return curl_slist_append(list, "Asched-Due: 2026-01-01T00:00:00Z");
}

static size_t
drop_body(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	(void)arg;
	return size * n;
}

static void
begin_bare(const struct load *load, CURLM *multi, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, load->headers);
	curl_easy_setopt(easy, CURLOPT_URL, load->url);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop_body);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, (long)load->is_post);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, (long)load->is_post);
	if (load->is_post)
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "x");
	curl_multi_add_handle(multi, easy);
}

/* Gives requests a second. A handle is used again as soon as its request has ended. */
static double
measure_bare(struct load *load)
{
	curl_global_init(CURL_GLOBAL_DEFAULT); /* the runner's own way of it is not for us */
	load->headers = make_headers();
	CURLM *multi = curl_multi_init();
	double begun = now();
	for (int i = 0; i < load->in_flight; i++, load->nbegun++)
		begin_bare(load, multi, curl_easy_init());
	while (load->nended < load->nrequests) {
		CURLMsg *message;
		int nrunning, nleft;
		curl_multi_perform(multi, &nrunning);
		while ((message = curl_multi_info_read(multi, &nleft))) {
			CURL *easy = message->easy_handle;
			load->nfailed += message->data.result != CURLE_OK;
			load->nended++;
			curl_multi_remove_handle(multi, easy);
			if (load->nbegun < load->nrequests) {
				load->nbegun++;
				begin_bare(load, multi, easy);
			} else {
				curl_easy_cleanup(easy);
			}
		}
		if (load->nended < load->nrequests)
			curl_multi_poll(multi, NULL, 0, POLL_MS, NULL);
	}
	double took = now() - begun;
	curl_multi_cleanup(multi);
	curl_slist_free_all(load->headers);
	curl_global_cleanup();
	return load->nrequests / took;
}

static void
wake(void *arg)
{
	curl_multi_wakeup(arg);
}

/* Requests whose row is on the disk begin, with handles that are free. */
static void
begin_recorded(struct load *load, struct recorder *recorder, CURLM *multi, CURL **idle, int *nidle)
{
	int ended, begun;
	while (recorder_take(recorder, &ended, &begun)) {
		load->nended += ended != 0;
		if (begun == 0)
			continue;
		CURL *easy = idle[--*nidle];
		curl_easy_setopt(easy, CURLOPT_PRIVATE, (char *)(intptr_t)begun);
		begin_bare(load, multi, easy);
	}
}

/* As the bare loop, but a place is free only when the end is on record, and who comes next. */
static double
measure_recorded(struct load *load, const char *path)
{
	CURLM *multi = curl_multi_init();
	CURL **idle = mem_array((size_t)load->in_flight, sizeof(CURL *));
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)load->in_flight);
	struct recorder *recorder = recorder_open(path, wake, multi);
	int nidle = load->in_flight;
	if (!recorder) {
		fprintf(stderr, "http: no database in %s\n", path);
		exit(EXIT_FAILURE);
	}
	for (int i = 0; i < nidle; i++)
		idle[i] = curl_easy_init();
	double begun = now();
	for (int i = 0; i < load->in_flight; i++)
		recorder_put(recorder, 0, ++load->nbegun);
	for (;;) {
		CURLMsg *message;
		int nrunning, nleft;
		begin_recorded(load, recorder, multi, idle, &nidle);
		if (load->nended == load->nrequests)
			break;
		curl_multi_perform(multi, &nrunning);
		while ((message = curl_multi_info_read(multi, &nleft))) {
			char *id;
			load->nfailed += message->data.result != CURLE_OK;
			curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &id);
			curl_multi_remove_handle(multi, idle[nidle++] = message->easy_handle);
			recorder_put(recorder, (int)(intptr_t)id,
				     load->nbegun < load->nrequests ? ++load->nbegun : 0);
		}
		curl_multi_poll(multi, NULL, 0, POLL_MS, NULL);
	}
	double took = now() - begun;
	recorder_close(recorder);
	while (nidle > 0)
		curl_easy_cleanup(idle[--nidle]);
	free(idle);
	curl_multi_cleanup(multi);
	return load->nrequests / took;
}

static void
begin_run(struct load *load)
{
	char body[] = "x";
	const struct job job = { .url = load->url, .body = load->is_post ? body : NULL };
	const struct run run = { .id = ++load->nbegun, .attempt = 1, .due = USEC_PER_SEC };
	load->runner->start(load->runner, &job, &run);
}

static void
on_started(void *arg, int64_t run_id, int attempt, pid_t pid, int64_t pid_start, usec_t at)
{
	(void)arg, (void)run_id, (void)attempt, (void)pid, (void)pid_start, (void)at;
}

static void
on_ended(void *arg, int64_t run_id, int attempt, struct outcome *outcome)
{
	struct load *load = arg;
	outcome_close(outcome);
	load->nfailed += outcome->kind != OUTCOME_HTTP;
	load->runner->forget(load->runner, run_id, attempt);
	if (load->nbegun < load->nrequests)
		begin_run(load);
	if (++load->nended == load->nrequests)
		ev_break(load->loop, EVBREAK_ONE);
}

static double
measure_runner(struct load *load)
{
	const struct http_config config = HTTP_CONFIG_STANDARD;
	const struct runner_events events = { on_started, on_ended, load };
	load->loop = ev_loop_new(EVFLAG_AUTO);
	load->runner = http_runner_new(load->loop, &config, &events, NULL);
	double begun = now();
	for (int i = 0; i < load->in_flight; i++)
		begin_run(load);
	ev_run(load->loop, 0);
	double took = now() - begun;
	http_runner_free(load->runner);
	ev_loop_destroy(load->loop);
	return load->nrequests / took;
}

static void
compare(const char *what, const struct load *load)
{
	struct load bare = *load, ours = *load;
	double bare_rate = measure_bare(&bare), our_rate = measure_runner(&ours);
	printf("bare_%s %.0f\nrunner_%s %.0f\nfailed_%s %d\n", what, bare_rate, what, our_rate, what,
	       bare.nfailed + ours.nfailed);
}

static void
compare_recorded(const struct load *load)
{
	struct load recorded = *load;
	char *dir = scratch_new(), *path = scratch_path(dir, "runs.db");
	double rate = measure_recorded(&recorded, path);
	printf("recorded %.0f\nfailed_recorded %d\n", rate, recorded.nfailed);
	free(path);
	scratch_free(dir);
}

int
main(int argc, char **argv)
{
	struct load load = { .nrequests = REQUESTS_STANDARD, .in_flight = IN_FLIGHT_STANDARD };
	int port, listener = badhttp_listen(0, &port);
	if (argc > 1)
		load.nrequests = (int)strtol(argv[1], NULL, 10);
	if (argc > 2)
		load.in_flight = (int)strtol(argv[2], NULL, 10);
	if (listener < 0 || load.in_flight < 1 || load.nrequests < load.in_flight) {
		fprintf(stderr, "usage: http [REQUESTS [IN_FLIGHT]], and a free port\n");
		return EXIT_FAILURE;
	}
	signal(SIGPIPE, SIG_IGN);
	pid_t server = fork();
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		badhttp_serve(listener);
	}
	close(listener);
	load.url = mem_printf("http://127.0.0.1:%d/ok", port);
	compare("kept", &load);
	compare_recorded(&load);
	load.is_post = true;
	compare("fresh", &load);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	free(load.url);
	return EXIT_SUCCESS;
}
