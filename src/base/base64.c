/* Base64. */
#include "base/base64.h"

void
base64_encode(struct buf *out, const void *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = data;
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		unsigned v = (unsigned)in[i] << 16 | (n > 1 ? in[i + 1] : 0u) << 8 |
			     (n > 2 ? in[i + 2] : 0u);
		const char quad[4] = { digits[v >> 18], digits[v >> 12 & 63],
				       n > 1 ? digits[v >> 6 & 63] : '=',
				       n > 2 ? digits[v & 63] : '=' };
		buf_add(out, quad, sizeof(quad));
	}
}
