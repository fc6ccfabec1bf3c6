/*
 * The ledger: what each intent does to the rows, in one transaction of a backend. Runs on the
 * store's thread; knows no thread, no database and no clock. The decisions are model/'s.
 */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include "engine/store.h"
#include "store/backend.h"
#include "when/zones.h"

struct ledger {
	struct backend *backend;
	struct zones *zones;
	char boot[40];             /* boot id: stamped on attempts */
	char spawner[40];          /* instance id of the spawner, likewise */
	uint64_t machine;          /* hash of the machine id: splay */
	uint64_t draws;            /* state of the random draws; seeded by the owner */
	usec_t step_from, step_to; /* the last jump of the clock ahead; 0: none */
	size_t output_max;         /* bytes kept of an attempt's output */
	usec_t retain;             /* age after which terminal runs are pruned; 0: never */
	int64_t retain_runs;       /* and how many at most; 0: no limit */
	int64_t retain_bytes;      /* of output in all; 0: no limit */
	struct limits limits;      /* of each user but root */
	size_t batch_max; /* jobs, or rows, that a transaction goes through; 0: some 10 ms of them */

	/* Its own, of the transaction. */
	char freed_queue[JOB_NAME_MAX + 1]; /* ends have freed slots of it that nobody has */
	int64_t nfreed;                     /* taken yet, so many */
	bool has_next_end;                  /* another end follows at once */
	size_t nlooks; /* rows that it may still look at for what a clock gives back */
};

/* A transaction begins: what the one before it left over is forgotten. */
void ledger_begin(struct ledger *ledger);

/*
 * Applies one intent inside an open transaction; `next` is applied after it in the same one (NULL:
 * none). The answer, refusals included, is in the intent (err.code), unless it goes_on: then it is
 * to be applied once more after the commit. False: the backend failed and its changes are
 * to be rolled back (the answer says unavailable).
 */
bool ledger_apply(struct ledger *ledger, struct intent *intent, const struct intent *next);

/* What is really kept of an output when so many bytes are wanted: two halves in whole rows. */
size_t ledger_output_max(size_t wanted);

#endif
