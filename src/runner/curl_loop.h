/*
 * libcurl's multi handle on libev (CURLMOPT_SOCKETFUNCTION and CURLMOPT_TIMERFUNCTION): sockets
 * become ev_io, libcurl's wish to be called becomes one ev_timer. Everything on the loop's thread.
 */
#ifndef RUNNER_CURL_LOOP_H
#define RUNNER_CURL_LOOP_H

#include <curl/curl.h>
#include <ev.h>

struct curl_loop {
	struct ev_loop *loop;
	CURLM *multi; /* add, remove and read handles with libcurl's own functions */
	struct ev_timer timer;
	void (*worked)(void *arg);
	void *arg;
};

/*
 * worked() is told after every turn of libcurl's work, from outside of it: there it may be asked
 * what has finished, and handles may be added and removed. The struct must not move.
 */
void curl_loop_init(struct curl_loop *curl, struct ev_loop *loop, void (*worked)(void *arg),
		    void *arg);
void curl_loop_fini(struct curl_loop *curl); /* no handle is left in it */

#endif
