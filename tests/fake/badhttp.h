/*
 * An HTTP server on loopback that behaves as the path of the request asks it to:
 *
 *   /ok                 200 and "ok\n"
 *   /status/N           status N with an empty body
 *   /echo               200 and the request itself, head and body
 *   /big/N              200 and N bytes
 *   /delay/MS           200 after so long
 *   /hang               no answer
 *   /drip               an answer of one byte every 20 ms, for ever
 *   /endless-body       a body without end
 *   /endless-headers    headers without end
 *   /endless-interim    interim answers (103) without end
 *   /reset/N            N bytes of a good answer, then a reset
 *   /redirect           302 to /ok
 *   /retry-after/VALUE  503 with Retry-After: VALUE (+ stands for a blank)
 *   /once               200, but a second request on its connection is closed unanswered
 *   /seen/PATH          200 and how many requests for /PATH have come
 *
 * Connections are kept alive. One thread, poll(2), for tests only.
 */
#ifndef TESTS_FAKE_BADHTTP_H
#define TESTS_FAKE_BADHTTP_H

/* A listening socket on 127.0.0.1, with its port; `port` 0 asks for any. -1 with errno. */
int badhttp_listen(int port, int *got);
/* Serves for ever; ends the process when something is wrong with itself. */
_Noreturn void badhttp_serve(int listener);

#endif
