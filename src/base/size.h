/* Sizes in bytes as people write them: "65536", "64K", "512M", "2G", "1T" (powers of 1024). */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include <stdint.h>

#define SIZE_TEXT_MAX 32

int size_parse(const char *text, int64_t *out); /* 0, or -1: not one, or beyond int64_t */

/* The shortest text that size_parse() reads back exactly. */
char *size_print(int64_t size, char out[SIZE_TEXT_MAX]);

#endif
