/* What the kinds of intents are to the keeper. */
#ifndef STORE_KINDS_H
#define STORE_KINDS_H

#include "engine/store.h"

/*
 * What comes in crowds, and fails when the database itself does. Below a savepoint SQLite keeps a
 * copy of every page that an intent changes, an eighth of what an end costs.
 */
bool kind_comes_in_crowds(enum intent_kind kind);
/* Changes that make room, or that must be on record when a run has ended. */
bool kind_is_for_the_reserve(enum intent_kind kind);

#endif
