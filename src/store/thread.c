/* The store's thread, its queues, and the way back to the loop. */
#include "store/thread.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/intents.h"
#include "store/keeper.h"
#include "store/latency.h"
#include "store/sqlite_file.h"

/* A group: so many intents of each of the two queues, and so many bytes of output. */
#define GROUP_INTENTS 512
#define GROUP_BYTES   (4 * 1024 * 1024)
/* Pages until they have so many items: each is memory, and time that others wait. */
#define GROUP_ITEMS 500

/* Rounds of answers at the close: a callback that submits again and again must end. */
#define CLOSE_ROUNDS 16

enum { QUEUE_ENGINE, QUEUE_PEOPLE, QUEUE_PAGES, NQUEUES };

struct store_thread {
	struct store port; /* first */
	struct store_thread_config config;
	struct ledger ledger; /* a template for the keeper */
	char *path;
	struct sqlite_file file;
	pthread_t thread;
	int work_fd;   /* eventfd: there is something for the thread */
	int answer_fd; /* eventfd: there is something for the loop */

	pthread_mutex_t lock; /* of what follows */
	struct intents queues[NQUEUES];
	struct intents answered;
	bool is_closing;
	bool is_open;        /* the database could be opened at the start, or */
	struct err open_err; /* why not */
	size_t napplying;
	bool owes_pages; /* no more of them before the loop has taken these */
	enum store_state state;
	unsigned ntroubles;
	char detail[512], trouble[512];
	struct latency commits;

	/* The loop's own. */
	enum store_state told_state;
	unsigned told_ntroubles;
	char told_detail[512], told_trouble[512];
	bool is_closed; /* there is no thread any more */
};

static void
wake(int fd)
{
	uint64_t one = 1;
	ssize_t n = write(fd, &one, sizeof(one));
	(void)n; /* full: the other side is awake already */
}

static void
clear_wake(int fd)
{
	uint64_t count;
	ssize_t n = read(fd, &count, sizeof(count));
	(void)n; /* empty: nothing to clear */
}

/*
 * Which queue: what the engine asks must not wait behind what people ask, and none of them behind
 * all the pages that somebody wants.
 */
static int
queue_of(const struct intent *intent)
{
	switch (intent->kind) {
	case INTENT_CLAIM:
	case INTENT_STARTED:
	case INTENT_ENDED:
	case INTENT_UNFINISHED:
	case INTENT_REQUEUE:
	case INTENT_STOPPING:
	case INTENT_BOOT:
	case INTENT_CLOCK_STEP:
		return QUEUE_ENGINE;
	case INTENT_JOB_LIST:
	case INTENT_RUN_LIST:
		return QUEUE_PAGES;
	default:
		return QUEUE_PEOPLE;
	}
}

static bool
may_take_pages(const struct store_thread *t)
{
	return t->queues[QUEUE_PAGES].first && (!t->owes_pages || t->is_closing);
}

/* Is there something to take? Under the lock, as the next two. */
static bool
has_work(const struct store_thread *t)
{
	return t->queues[QUEUE_ENGINE].first || t->queues[QUEUE_PEOPLE].first || may_take_pages(t);
}

static void
take_pages(struct store_thread *t, struct intents *group)
{
	struct intents *queue = &t->queues[QUEUE_PAGES];
	if (!may_take_pages(t))
		return;
	t->owes_pages = true;
	for (int64_t nitems = 0; queue->first && nitems < GROUP_ITEMS;) {
		nitems += queue->first->limit;
		intents_push(group, intents_pop(queue));
	}
}

/* Takes the next group. */
static void
take_group(struct store_thread *t, struct intents *group)
{
	int64_t bytes = 0;
	for (int i = 0; i < QUEUE_PAGES; i++) {
		struct intents *queue = &t->queues[i];
		for (int n = 0; n < GROUP_INTENTS && queue->first && bytes < GROUP_BYTES; n++) {
			bytes += queue->first->outcome.output_bytes;
			intents_push(group, intents_pop(queue));
		}
	}
	take_pages(t, group);
	t->napplying = group->n;
}

/* What goes on in the next group, before what came later of its kind. Under the lock. */
static void
put_back(struct store_thread *t, struct intents *rest)
{
	struct intents ordered[NQUEUES] = { 0 };
	struct intent *intent;
	while ((intent = intents_pop(rest)))
		intents_push(&ordered[queue_of(intent)], intent);
	for (int i = 0; i < NQUEUES; i++) {
		intents_move(&ordered[i], &t->queues[i]);
		t->queues[i] = ordered[i];
	}
}

/* Tells the loop what was done. Takes the lock. */
static void
give_answers(struct store_thread *t, const struct keeper *keeper, struct intents *answered)
{
	pthread_mutex_lock(&t->lock);
	bool is_news = answered->first || t->state != keeper_state(keeper) ||
		       t->ntroubles != keeper_ntroubles(keeper);
	intents_move(&t->answered, answered);
	t->napplying = 0;
	t->state = keeper_state(keeper);
	t->ntroubles = keeper_ntroubles(keeper);
	snprintf(t->detail, sizeof(t->detail), "%s", keeper_detail(keeper));
	snprintf(t->trouble, sizeof(t->trouble), "%s", keeper_trouble(keeper));
	pthread_mutex_unlock(&t->lock);
	if (is_news)
		wake(t->answer_fd);
}

/* Applies one group, if there is one. */
static bool
work_off(struct store_thread *t, struct keeper *keeper)
{
	struct intents group = { 0 }, answered = { 0 };
	pthread_mutex_lock(&t->lock);
	take_group(t, &group);
	pthread_mutex_unlock(&t->lock);
	if (!group.first)
		return false;
	usec_t since = t->config.elapsed();
	keeper_apply(keeper, &group, &answered);
	usec_t took = t->config.elapsed() - since;
	pthread_mutex_lock(&t->lock);
	put_back(t, &group);
	latency_add(&t->commits, took);
	pthread_mutex_unlock(&t->lock);
	give_answers(t, keeper, &answered);
	return true;
}

static usec_t
take_care(struct store_thread *t, struct keeper *keeper)
{
	struct intents answered = { 0 };
	usec_t wait = keeper_care(keeper, t->config.now(), t->config.elapsed(), &answered);
	give_answers(t, keeper, &answered);
	return wait;
}

static void
sleep_until_work(struct store_thread *t, usec_t wait)
{
	struct pollfd pollfd = { .fd = t->work_fd, .events = POLLIN };
	int ms = wait == USEC_NEVER ? -1 : (int)((wait + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
	if (poll(&pollfd, 1, ms) > 0)
		clear_wake(t->work_fd);
}

static bool
is_closing(struct store_thread *t)
{
	pthread_mutex_lock(&t->lock);
	bool result = t->is_closing && !has_work(t);
	pthread_mutex_unlock(&t->lock);
	return result;
}

/* Says how the opening went; the opener waits for it. */
static struct keeper *
open_keeper(struct store_thread *t)
{
	const struct store_opener opener = { t->config.open, t->config.open_arg };
	struct err err = { 0 };
	struct keeper *keeper = keeper_open(&t->ledger, &opener, &err);
	pthread_mutex_lock(&t->lock);
	t->is_open = keeper != NULL;
	t->open_err = err;
	if (keeper)
		snprintf(t->detail, sizeof(t->detail), "%s", keeper_detail(keeper));
	pthread_mutex_unlock(&t->lock);
	wake(t->answer_fd);
	return keeper;
}

static void *
run(void *arg)
{
	struct store_thread *t = arg;
	struct keeper *keeper = open_keeper(t);
	if (!keeper)
		return NULL;
	while (!is_closing(t)) {
		bool had_work = work_off(t, keeper);
		usec_t wait = take_care(t, keeper);
		if (!had_work)
			sleep_until_work(t, wait);
	}
	struct intents answered = { 0 };
	keeper_close(keeper, &answered);
	pthread_mutex_lock(&t->lock);
	intents_move(&t->answered, &answered);
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static void
submit(struct store *store, struct intent *intent)
{
	struct store_thread *t = (struct store_thread *)store;
	int queue = queue_of(intent);
	pthread_mutex_lock(&t->lock);
	bool is_idle = !has_work(t);
	bool is_full = queue != QUEUE_ENGINE && t->queues[queue].n >= STORE_QUEUE_MAX;
	if (t->is_closed)
		err_set(&intent->err, ERR_UNAVAILABLE, "the daemon stops");
	else if (is_full)
		err_set(&intent->err, ERR_BUSY, "%d requests wait for the store", STORE_QUEUE_MAX);
	bool is_refused = t->is_closed || is_full;
	intents_push(is_refused ? &t->answered : &t->queues[queue], intent);
	pthread_mutex_unlock(&t->lock);
	if (is_refused)
		wake(t->answer_fd);
	else if (is_idle)
		wake(t->work_fd);
}

static void
tell(struct store_thread *t, enum store_state state, const char *detail)
{
	t->told_state = state;
	if (t->config.changed)
		t->config.changed(t->config.arg, state, detail);
}

void
store_thread_process(struct store_thread *t)
{
	struct intents answered = { 0 };
	clear_wake(t->answer_fd);
	pthread_mutex_lock(&t->lock);
	intents_move(&answered, &t->answered);
	t->owes_pages = false;
	bool wants_pages = may_take_pages(t);
	enum store_state state = t->state;
	unsigned ntroubles = t->ntroubles;
	snprintf(t->told_detail, sizeof(t->told_detail), "%s", t->detail);
	snprintf(t->told_trouble, sizeof(t->told_trouble), "%s", t->trouble);
	pthread_mutex_unlock(&t->lock);

	if (wants_pages)
		wake(t->work_fd);
	if (ntroubles != t->told_ntroubles) {
		t->told_ntroubles = ntroubles;
		tell(t, STORE_DEGRADED, t->told_trouble);
	}
	struct intent *intent;
	while ((intent = intents_pop(&answered)))
		intent_answer(intent);
	if (state == STORE_OK && t->told_state != STORE_OK)
		tell(t, STORE_OK, t->told_detail);
}

static struct backend *
open_sqlite(void *arg, struct err *err)
{
	return sqlite_file_open(arg, err);
}

static struct ledger
make_ledger(const struct store_thread_config *config)
{
	struct ledger ledger = {
		.zones = config->zones,
		.machine = config->machine,
		.draws = config->draws,
		.output_max = config->output_max,
		.retain = config->retain,
		.retain_runs = config->retain_runs,
		.retain_bytes = config->retain_bytes,
		.limits = config->limits,
	};
	memcpy(ledger.boot, config->boot, sizeof(ledger.boot));
	memcpy(ledger.spawner, config->spawner, sizeof(ledger.spawner));
	return ledger;
}

/* No signal of the process is handled on the thread. */
static int
start(struct store_thread *t)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int error = pthread_create(&t->thread, NULL, run, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = error;
	return error == 0 ? 0 : -1;
}

static void
free_thread(struct store_thread *t)
{
	if (t->work_fd >= 0)
		close(t->work_fd);
	if (t->answer_fd >= 0)
		close(t->answer_fd);
	pthread_mutex_destroy(&t->lock);
	sqlite_file_fini(&t->file);
	free(t->path);
	free(t);
}

/* Waits until the thread has said how the opening went. */
static int
wait_for_open(struct store_thread *t, struct err *err)
{
	struct pollfd pollfd = { .fd = t->answer_fd, .events = POLLIN };
	while (poll(&pollfd, 1, -1) < 0 && errno == EINTR)
		;
	pthread_mutex_lock(&t->lock);
	bool is_open = t->is_open;
	if (!is_open)
		*err = t->open_err;
	pthread_mutex_unlock(&t->lock);
	if (is_open)
		return 0;
	pthread_join(t->thread, NULL);
	return -1;
}

struct store_thread *
store_thread_open(const struct store_thread_config *config, struct err *err)
{
	struct store_thread *t = mem_alloc(sizeof(*t));
	t->port.submit = submit;
	t->config = *config;
	t->ledger = make_ledger(config);
	t->path = mem_dup(config->path);
	t->config.path = t->path;
	sqlite_file_init(&t->file, t->path);
	if (!config->open) {
		t->config.open = open_sqlite;
		t->config.open_arg = &t->file;
	}
	pthread_mutex_init(&t->lock, NULL);
	t->work_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	t->answer_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->work_fd < 0 || t->answer_fd < 0 || start(t) != 0) {
		err_errno(err, "store thread");
		free_thread(t);
		return NULL;
	}
	if (wait_for_open(t, err) != 0) {
		free_thread(t);
		return NULL;
	}
	return t;
}

void
store_thread_close(struct store_thread *t)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->is_closing = true;
	pthread_mutex_unlock(&t->lock);
	wake(t->work_fd);
	pthread_join(t->thread, NULL);
	t->is_closed = true;
	for (int round = 0; round < CLOSE_ROUNDS && t->answered.first; round++)
		store_thread_process(t);
	struct intent *intent;
	while ((intent = intents_pop(&t->answered)))
		intent_free(intent);
	free_thread(t);
}

struct store *
store_thread_port(struct store_thread *t)
{
	return &t->port;
}

int
store_thread_fd(const struct store_thread *t)
{
	return t->answer_fd;
}

void
store_thread_measure(struct store_thread *t, struct store_thread_metrics *metrics)
{
	pthread_mutex_lock(&t->lock);
	snprintf(t->told_detail, sizeof(t->told_detail), "%s", t->detail);
	*metrics = (struct store_thread_metrics){
		.state = t->state,
		.detail = t->told_detail,
		.nqueued = t->queues[QUEUE_ENGINE].n + t->queues[QUEUE_PEOPLE].n +
			   t->queues[QUEUE_PAGES].n + t->napplying,
		.ngroups = t->commits.n,
		.commit_p50 = latency_percentile(&t->commits, 50),
		.commit_p99 = latency_percentile(&t->commits, 99),
		.commit_max = t->commits.max,
	};
	pthread_mutex_unlock(&t->lock);
}
