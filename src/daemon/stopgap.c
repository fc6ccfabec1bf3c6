/* All intents of a turn are one transaction. */
#include "daemon/stopgap.h"
#include <stdlib.h>
#include <stdio.h>
#include "base/alloc.h"
#include "store/ledger.h"
#include "store/sqlite.h"
struct store_thread {
	struct store port;
	struct ledger ledger;
	struct intent *first, **last;
	ev_idle idle;
	struct ev_loop *loop;
};
static void
submit(struct store *s, struct intent *i)
{
	struct store_thread *t = (void *)s;
	i->next = NULL;
	*t->last = i;
	t->last = &i->next;
	ev_idle_start(t->loop, &t->idle);
}
static void
on_idle(struct ev_loop *l, ev_idle *w, int r)
{
	(void)r;
	struct store_thread *t = w->data;
	struct intent *list = t->first;
	t->first = NULL;
	t->last = &t->first;
	ev_idle_stop(l, w);
	struct backend *b = t->ledger.backend;
	struct err err;
	if (b->ops->begin(b, &err)) {
		fprintf(stderr, "begin: %s\n", err.text);
		abort();
	}
	for (struct intent *i = list; i; i = i->next) {
		b->ops->savepoint(b, &err);
		if (!ledger_apply(&t->ledger, i)) {
			fprintf(stderr, "apply %s: %s\n", intent_name(i->kind), i->err.text);
			b->ops->rollback_to(b);
		}
		b->ops->release(b, &err);
	}
	if (b->ops->commit(b, &err)) {
		fprintf(stderr, "commit: %s\n", err.text);
		abort();
	}
	for (struct intent *i = list, *n; i; i = n) {
		n = i->next;
		intent_answer(i);
	}
}
struct store_thread *
store_thread_open(struct ev_loop *loop, const struct store_thread_config *c, struct err *err)
{
	struct backend *b = sqlite_backend_open(c->path, err);
	if (!b)
		return NULL;
	struct store_thread *t = mem_alloc(sizeof *t);
	t->port.submit = submit;
	t->loop = loop;
	t->last = &t->first;
	ev_idle_init(&t->idle, on_idle);
	ev_set_priority(&t->idle, EV_MAXPRI);
	t->idle.data = t;
	t->ledger = (struct ledger){ .backend = b,
				     .zones = c->zones,
				     .machine = c->machine,
				     .draws = c->draws,
				     .output_max = c->output_max,
				     .retain = c->retain,
				     .retain_runs = c->retain_runs,
				     .retain_bytes = c->retain_bytes };
	snprintf(t->ledger.boot, 40, "%s", c->boot);
	snprintf(t->ledger.spawner, 40, "%s", c->spawner);
	return t;
}
struct store *
store_thread_port(struct store_thread *t)
{
	return &t->port;
}
void
store_thread_measure(struct store_thread *t, struct store_thread_metrics *m)
{
	(void)t;
	*m = (struct store_thread_metrics){ .detail = "" };
}
void
store_thread_close(struct store_thread *t)
{
	if (!t)
		return;
	t->ledger.backend->ops->close(t->ledger.backend);
	free(t);
}
