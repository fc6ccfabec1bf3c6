/*
 * The keeper of the database: applies groups of intents, one commit each, and knows whether the
 * database is well. Used by the store's thread alone; knows no thread and no clock.
 *
 * DESIGN. When a commit fails nobody knows whether it happened (reliability.md D2): the database
 * is closed and opened again, and the number of its commits tells. It is as before: every intent
 * of the group is answered `unavailable`, nothing was changed. It is one more, and could be made
 * durable: the group happened, and its answers stand. It cannot be opened, or has another number
 * (somebody put another file in its place): `unknown-outcome`. Then the keeper is degraded: changes
 * are refused, questions are answered as long as the database can be read, and a small commit is
 * tried again and again until one succeeds. If that takes the reserve, it stays degraded, but
 * records what ends, one end a group and in need without its output, until there is room for a new
 * one.
 *
 * An intent that fails leaves nothing behind and the others of its group alone. To the kinds that
 * come in crowds that is given only once one has failed: the first time it takes its group with
 * it, which is rolled back and answered `unavailable` as a whole.
 */
#ifndef STORE_KEEPER_H
#define STORE_KEEPER_H

#include "store/intents.h"
#include "store/ledger.h"

/* How a database is opened, at first and again. */
struct store_opener {
	struct backend *(*open)(void *arg, struct err *err);
	void *arg;
};

struct keeper;

/* Opens the database. The ledger is copied, its backend is the keeper's. NULL with *err. */
struct keeper *keeper_open(const struct ledger *ledger, const struct store_opener *opener,
			   struct err *err);
/* Closes it; answers a backup that is under way. */
void keeper_close(struct keeper *keeper, struct intents *answered);

/*
 * Applies all of `group` in its order, in one transaction, and moves them to `answered` when it
 * is on the disk or has failed. A backup is answered later, by keeper_care(). What is left in the
 * group belongs to the next transaction.
 */
void keeper_apply(struct keeper *keeper, struct intents *group, struct intents *answered);

/*
 * Between groups: housekeeping, a slice of a backup, an attempt to get well. `now` is the clock's
 * time, `elapsed` one that is never set. Returns how long it can wait to be called again.
 */
usec_t keeper_care(struct keeper *keeper, usec_t now, usec_t elapsed, struct intents *answered);

enum store_state keeper_state(const struct keeper *keeper);
/* Why it is degraded, or what an operator must know; "" when all is well. */
const char *keeper_detail(const struct keeper *keeper);
/* Why it was degraded last, also when it is well again; "": it never was. */
const char *keeper_trouble(const struct keeper *keeper);
/* How often it became degraded: between two looks it may have got well again. */
unsigned keeper_ntroubles(const struct keeper *keeper);

#endif
