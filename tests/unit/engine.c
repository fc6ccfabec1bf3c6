/* What the engine makes of the store's answers: with a store that only keeps what it is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "engine/engine.h"

#define NOW (1795000000 * USEC_PER_SEC)

struct asked {
	struct store port; /* first: it is cast back */
	struct intent *last;
};

static void
keep(struct store *store, struct intent *intent)
{
	((struct asked *)store)->last = intent;
}

/* Gives the engine a run that it holds until its instant. */
static void
claim_run(struct engine *engine, int64_t id)
{
	struct intent *intent = intent_new(INTENT_JOB_RUN, NOW);
	engine_submit(engine, intent);
	intent->work.starts = mem_array(1, sizeof(*intent->work.starts));
	intent->work.nstarts = 1;
	struct start *start = &intent->work.starts[0];
	start->run = (struct run){ .id = id, .attempt = 1, .start_at = NOW + USEC_PER_SEC };
	job_init(&start->job);
	intent_answer(intent);
}

static void
what_is_stopped_on_record_is_stopped_though_the_change_is_refused_in_the_end(void **state)
{
	struct asked asked = { .port = { .submit = keep } };
	const struct engine_config config = { .claim_batch = 1 };
	const struct engine_ports ports = { .store = &asked.port };
	struct engine *engine = engine_new(&config, &ports);
	(void)state;
	claim_run(engine, 7);
	struct intent *edit = intent_new(INTENT_JOB_SET, NOW);
	engine_submit(engine, edit);
	edit->work.stops = mem_array(1, sizeof(*edit->work.stops));
	edit->work.nstops = 1;
	edit->work.stops[0] = (struct stop){ .run_id = 7, .attempt = 1 };
	err_set(&edit->err, ERR_EXISTS, "the name was taken meanwhile");
	asked.last = NULL;
	intent_answer(edit);
	assert_non_null(asked.last);
	assert_int_equal(asked.last->kind, INTENT_REQUEUE);
	assert_int_equal(asked.last->run_id, 7);
	intent_answer(asked.last);
	engine_free(engine);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_is_stopped_on_record_is_stopped_though_the_change_is_refused_in_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
