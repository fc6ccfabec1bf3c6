/* A stable hash: the same bytes and seed give the same number on every machine, for ever. */
#ifndef WHEN_HASH_H
#define WHEN_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Not against adversaries: it spreads jobs over time, it keys no table. */
uint64_t hash_bytes(const void *data, size_t len, uint64_t seed);

#endif
