/* A disk whose every sync takes 200 ms: linked into a daemon of `make bench`, before the C library. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DELAY_NS 200000000

static int
sync_slowly(long number, int fd)
{
	const struct timespec delay = { 0, DELAY_NS };
	nanosleep(&delay, NULL);
	return (int)syscall(number, fd);
}

int
fsync(int fd)
{
	return sync_slowly(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return sync_slowly(SYS_fdatasync, fd);
}
