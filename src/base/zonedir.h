/*
 * The system's directory of time zones. The functions have the shape of struct zone_source in
 * when/zones.h, `self` is the struct zonedir:
 *
 *	struct zone_source source = { zonedir_read, zonedir_identity, zonedir_local_name, &dir };
 *
 * They only read, and hold no lock: safe on any thread.
 */
#ifndef BASE_ZONEDIR_H
#define BASE_ZONEDIR_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct zonedir {
	int fd; /* -1: there is none, so that only UTC is known */
};

/* Opens PATH. A missing directory is no error: minimal systems have none. */
void zonedir_init(struct zonedir *dir, const char *path);
void zonedir_fini(struct zonedir *dir);

/*
 * Reads the zone file NAME, which is relative and without "..", into *data (the caller frees).
 * Only a regular file beneath the directory, at most 256 KiB; FIFOs, devices and directories are
 * refused without being opened. 0, or -1 with *err.
 */
int zonedir_read(void *self, const char *name, char **data, size_t *len, struct err *err);

/* Differs when the file was replaced or written; 0: there is no such file. */
uint64_t zonedir_identity(void *self, const char *name);

/*
 * The machine's zone: TZ if it is the plain name of a file here (a ":" in front is allowed), else
 * where the link /etc/localtime leads, else the line in /etc/timezone, else "UTC".
 */
void zonedir_local_name(void *self, char *name, size_t size);

#endif
