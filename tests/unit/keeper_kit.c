#include "unit/keeper_kit.h"

#include "base/alloc.h"
#include "fake/test_zones.h"

struct backend *
disk_open(void *arg, struct err *err)
{
	struct disk *disk = arg;
	disk->nopens++;
	if (disk->nfailing_opens > 0) {
		disk->nfailing_opens--;
		err_set(err, ERR_UNAVAILABLE, "the disk is away");
		return NULL;
	}
	return disk->backend;
}

int
disk_set_up(void **state)
{
	struct disk *disk = mem_alloc(sizeof(*disk));
	const struct store_opener opener = { disk_open, disk };
	const struct ledger ledger = { .zones = test_zones() };
	struct err err;
	disk->backend = backend_mem_new();
	backend_mem_keep(disk->backend);
	disk->keeper = keeper_open(&ledger, &opener, &err);
	*state = disk;
	return disk->keeper ? 0 : -1;
}

void
disk_drop_answers(struct disk *disk)
{
	struct intent *intent;
	while ((intent = intents_pop(&disk->answered)))
		intent_free(intent);
}

int
disk_tear_down(void **state)
{
	struct disk *disk = *state;
	keeper_close(disk->keeper, &disk->answered);
	disk_drop_answers(disk);
	backend_mem_free(disk->backend);
	free(disk);
	return 0;
}

int
disk_wait_until_well(struct disk *disk)
{
	usec_t elapsed = 0;
	int nopens = disk->nopens;
	for (int i = 0; i < 100 && keeper_state(disk->keeper) != STORE_OK; i++) {
		usec_t wait = keeper_care(disk->keeper, elapsed, elapsed, &disk->answered);
		assert_true(wait >= 0 && wait <= 5 * USEC_PER_SEC);
		elapsed += wait;
	}
	assert_int_equal(keeper_state(disk->keeper), STORE_OK);
	return disk->nopens - nopens;
}

int
disk_concurrency(struct disk *disk, const char *name)
{
	struct queue queue;
	const struct backend_ops *ops = disk->backend->ops;
	backend_mem_fail_operation(disk->backend, 0);
	assert_int_equal(ops->begin(disk->backend, NULL), BACKEND_OK);
	assert_int_equal(ops->queue_load(disk->backend, name, &queue, NULL), BACKEND_OK);
	ops->rollback(disk->backend);
	return queue.concurrency;
}

struct intent *
set_queue(const char *name, int concurrency)
{
	struct intent *intent = intent_new(INTENT_QUEUE_SET, 1);
	intent->who.is_operator = true;
	snprintf(intent->queue.name, sizeof(intent->queue.name), "%s", name);
	intent->queue.concurrency = concurrency;
	return intent;
}
