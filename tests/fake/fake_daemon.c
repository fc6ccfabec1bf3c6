/*
 * Stands for aschedd below asched-spawn: connects to the socket named by its argument and gives
 * the test its end of the link (SCM_RIGHTS), so that the test speaks as the daemon. Then it ends
 * with the exit status that the test sends as one byte, or when it is killed.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int
give(int to, int fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	pid_t pid = getpid();
	struct iovec part = { &pid, sizeof(pid) };
	struct msghdr packet = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_LEN(sizeof(int)),
	};
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(int));
	return sendmsg(to, &packet, 0) < 0 ? -1 : 0;
}

int
main(int argc, char **argv)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	unsigned char status = 0;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	const char *link = getenv("ASCHED_SPAWN_FD");
	if (argc != 2 || !link || strlen(argv[1]) >= sizeof(to.sun_path))
		return 99;
	memcpy(to.sun_path, argv[1], strlen(argv[1]));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 || give(fd, atoi(link)) < 0)
		return 98;
	close(atoi(link));
	return read(fd, &status, 1) == 1 ? status : 97;
}
