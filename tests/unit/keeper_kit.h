/* A keeper over the in-memory backend, on a disk that can be away. */
#ifndef UNIT_KEEPER_KIT_H
#define UNIT_KEEPER_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake/backend_mem.h"
#include "store/keeper.h"

/* A disk: the database that is opened again and again, and whether that works. */
struct disk {
	struct backend *backend;
	int nfailing_opens;
	int nopens;
	struct keeper *keeper;
	struct intents answered;
};

/* Of a test: *state is a fresh disk with an open keeper. */
int disk_set_up(void **state);
int disk_tear_down(void **state);
/* Opens the database, a disk's, as the keeper does. */
struct backend *disk_open(void *disk, struct err *err);
void disk_drop_answers(struct disk *disk);
/* Lets time pass until the keeper is well; how many times it tried. */
int disk_wait_until_well(struct disk *disk);
/* What is there as that queue's concurrency. */
int disk_concurrency(struct disk *disk, const char *name);

/* A change of a queue, by an operator. */
struct intent *set_queue(const char *name, int concurrency);

#endif
