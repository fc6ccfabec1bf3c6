/* sd_notify(3) by hand: one datagram to the socket in the environment. */
#include "spawn/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "spawn/ticks.h"

void
notify_send(enum msg_notify what)
{
	static const char *const words[MSG_NOTIFY_NKINDS] = {
		[MSG_NOTIFY_READY] = "READY=1",
		[MSG_NOTIFY_RELOADING] = "RELOADING=1",
		[MSG_NOTIFY_STOPPING] = "STOPPING=1",
		[MSG_NOTIFY_WATCHDOG] = "WATCHDOG=1",
	};
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char text[80];
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	if (len < 2 || len >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	int n = snprintf(text, sizeof(text), "%s\nMONOTONIC_USEC=%lld", words[what],
			 (long long)ticks_monotonic_us());
	(void)sendto(fd, text, (size_t)n, MSG_NOSIGNAL, (const struct sockaddr *)&to,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}
