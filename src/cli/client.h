/*
 * A client of the control protocol, asched-protocol(7). It connects at its first call, says what
 * goes wrong on stderr, and remembers the exit code, so that a command reads:
 *
 *	json_t *answer = client_call(client, "job.get", params);
 *	if (answer)
 *		...
 *	json_decref(answer);
 *	return client_free(client);
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include <jansson.h>

#include "base/err.h"
#include "cli/command.h"

struct client;

struct client *client_new(const struct cli_options *options);
/* The exit code of the first failure, or EXIT_DONE. NULL is fine: EXIT_DONE. */
int client_free(struct client *client);

/*
 * Asks, and gives the result (a new reference); NULL: it failed and was said. Takes params (NULL:
 * none). client_change() is for methods that change something: it adds a random key, and repeats
 * once when the connection is lost or the outcome is unknown; a question is simply asked again.
 */
json_t *client_call(struct client *client, const char *method, json_t *params);
json_t *client_change(struct client *client, const char *method, json_t *params);

/* As client_call(), but leaves it to the caller to say (client_say()) or forgive the error. */
json_t *client_try(struct client *client, const char *method, json_t *params, struct err *err);
void client_say(struct client *client, const struct err *err);

/*
 * A question whose answer nobody waits for long: a daemon that is being replaced takes a while.
 * Only client_hear() may follow client_ask(), until there is an answer or client_drop(). NULL with
 * ERR_NONE: not yet; with an error: it failed, or the connection is lost.
 */
int client_ask(struct client *client, const char *method, json_t *params, struct err *err);
json_t *client_hear(struct client *client, int wait_ms, struct err *err);
void client_drop(struct client *client);

/* After event.subscribe: waits for the next event (new reference); NULL: it failed and was said. */
json_t *client_event(struct client *client);

bool client_is_well(const struct client *client); /* nothing has failed so far */

/* Makes calls wait for their answer as long as it takes (backup). */
void client_wait_long(struct client *client);

/* A list, page by page: the next array of items (new reference), NULL at its end or on failure. */
struct pages {
	struct client *client;
	const char *method;
	json_t *params; /* owned; pages_fini() */
	bool at_end;
};
void pages_init(struct pages *pages, struct client *client, const char *method, json_t *params);
json_t *pages_next(struct pages *pages);
void pages_fini(struct pages *pages);

#endif
