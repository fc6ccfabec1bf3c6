/*
 * Fuzz targets. Each file tests/fuzz/NAME.c has the entry point of libFuzzer; with --enable-fuzz
 * it becomes a fuzzer, else a program that replays the files of tests/fuzz/corpus/NAME.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
