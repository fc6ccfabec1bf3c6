/* Writing all of something. */
#include "base/write.h"

#include <errno.h>
#include <unistd.h>

int
write_all(int fd, const void *data, size_t len)
{
	const char *rest = data;
	while (len > 0) {
		ssize_t n = write(fd, rest, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		rest += n;
		len -= (size_t)n;
	}
	return 0;
}
