/*
 * A ledger over the backend in memory and a clock of its own: what the tests of the ledger share.
 */
#ifndef UNIT_LEDGER_KIT_H
#define UNIT_LEDGER_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/ledger.h"

#define T0  (1795000000 * USEC_PER_SEC)
#define SEC USEC_PER_SEC

struct kit {
	struct ledger ledger;
	usec_t now;
	int ntransactions;
};

extern const char *const kit_every_ten[]; /* pairs for kit_add() */

#define WITH_KIT(test) cmocka_unit_test_setup_teardown(test, kit_set_up, kit_tear_down)

int kit_set_up(void **state);
int kit_tear_down(void **state);
/* Applies the intent in transactions of its own; the caller frees it. */
struct intent *kit_apply(struct kit *kit, struct intent *intent);
/* An intent of a user, now. */
struct intent *kit_ask(struct kit *kit, enum intent_kind kind);
void kit_change(struct intent *intent, const char *name, const char *text);
/* An add of `true` with these changes: "name value" pairs, NULL-terminated. */
struct intent *kit_adding(struct kit *kit, const char *const *pairs);
int64_t kit_add(struct kit *kit, const char *const *pairs);
/* The intent about that job; the error code of its answer. */
enum err_code kit_do_job(struct kit *kit, enum intent_kind kind, int64_t id);
/* Claims at now + seconds; gives how many runs were started. */
size_t kit_claim_at(struct kit *kit, int seconds);
/* The newest row of the job. */
struct run kit_newest(struct kit *kit, int64_t job_id);
struct job kit_job_of(struct kit *kit, int64_t id);
enum job_state kit_state_of(struct kit *kit, int64_t id);
void kit_end_run(struct kit *kit, const struct run *run, int code);
/* Of the queue "one". */
void kit_set_queue(struct kit *kit, int concurrency, bool is_paused);
/* The engine gives it back unstarted. */
void kit_requeue(struct kit *kit, const struct run *run);
/* The clock is set, from and to so many seconds after T0. */
void kit_set_clock(struct kit *kit, int from, int to);

#endif
