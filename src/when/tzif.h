/*
 * A zone file as bytes: TZif versions 1 to 4 (RFC 9636). A struct tzif is a checked view into
 * bytes that the caller keeps; reading it allocates nothing.
 */
#ifndef WHEN_TZIF_H
#define WHEN_TZIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TZIF_SIZE_MAX         (256 * 1024)
#define TZIF_NTRANSITIONS_MAX 4096
#define TZIF_OFFSET_MAX       (26 * 3600) /* RFC 9636, 3.2: -89999 to 93599 seconds */

struct tzif {
	size_t ntransitions;
	size_t ntypes; /* 1-256 */
	size_t nchars;
	size_t time_size; /* bytes: 4 (version 1) or 8 */
	const unsigned char *times;
	const unsigned char *indices;
	const unsigned char *types;
	const char *chars;  /* ends with a NUL */
	const char *footer; /* POSIX TZ string, not ended; may be empty */
	size_t footer_len;
};

struct tzif_type {
	int32_t offset; /* seconds, local = UT + offset */
	bool is_dst;
	const char *abbreviation;
};

/* 0, or -1 with *err: not a zone file, cut short, out of range, or one that counts leap seconds. */
int tzif_read(struct tzif *tzif, const void *data, size_t len, struct err *err);
int64_t tzif_time(const struct tzif *tzif, size_t transition); /* seconds */
struct tzif_type tzif_type(const struct tzif *tzif, size_t type);

#endif
