/* Base64 (RFC 4648 part 4), padded. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

void base64_encode(struct buf *out, const void *data, size_t len); /* appends */

#endif
