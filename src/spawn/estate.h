/*
 * What a spawner leaves to the next program in the same process. At every planned restart of the
 * daemon the spawner executes its own file again, so that an upgrade of the package is an upgrade
 * of the spawner too: the children stay its children, their descriptors stay open, and the estate
 * is a sealed memory file that both map. A new program that knows another form of it says so
 * first (--can-resume) and is not executed while there are runs it could not take over.
 */
#ifndef SPAWN_ESTATE_H
#define SPAWN_ESTATE_H

#include "spawn/child.h"
#include "spawn/slots.h"
#include "spawn/tree.h"

#define ESTATE_FORM     8 /* goes up whenever struct estate changes */
#define ESTATE_PAGE     4096
#define ESTATE_ARGS_MAX 256 /* of the program's, which the next one gets too */

/* Children see the cards, and only these. */
struct estate {
	uint32_t form;
	uint32_t epoch;            /* counts the daemons that were started */
	bool was_ready;            /* one of them has said READY */
	char instance[MSG_ID_MAX]; /* of the spawner */
	struct normal normal;
	struct slots slots;
	int nmembers;
	struct tree_member members[TREE_MAX]; /* of runs that were asked to end */
	_Alignas(ESTATE_PAGE) struct card cards[SLOTS_MAX];
};

struct spawner;

/* Takes over the one in options.resume_fd, or makes a new one (-1). Dies when it cannot. */
void estate_open(struct spawner *sp);

/*
 * Is our file on disk another one than the program that runs? Then the daemon's is too, most
 * likely, and may speak another form of messages.
 */
bool estate_is_outdated(const struct spawner *sp);

/* Executes our file again with all that we have. Returns only if that failed. */
void estate_pass_on(struct spawner *sp);

/* Can this program take over the form that FORM names ("1:720896")? */
bool estate_can_resume(const char *form);

#endif
