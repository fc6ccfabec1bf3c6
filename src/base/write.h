/* Writing all of something. */
#ifndef BASE_WRITE_H
#define BASE_WRITE_H

#include <stddef.h>

/* Goes on after a signal and a write(2) that took a part. 0, or -1 with errno: a part may be out. */
int write_all(int fd, const void *data, size_t len);

#endif
