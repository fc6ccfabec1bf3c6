/*
 * The trial daemon's disk: linked in before the C library. The file `disk` in the directory
 * ASCHED_TRIAL says what goes wrong with regular files, counted from when the file appeared:
 *
 *	CALL HOW FIRST COUNT MS		calls number FIRST up to FIRST + COUNT - 1 fail so
 *
 * In a unit test that links it, trial_disk_set() says it instead.
 *
 * CALL is write (pwrite, too), sync (fsync and fdatasync) or any; HOW a number of errno, or 0 (it
 * works), or -1 (half of the bytes are written). Each takes MS milliseconds longer.
 */
#include "fake/trial_disk.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	struct timespec changed;
	char call[16];
	int how, ms;
	long first, count, ncalls;
} rule;

static void
read_rule(const char *path)
{
	char text[128] = "";
	FILE *file = fopen(path, "re");
	if (file && !fgets(text, sizeof(text), file))
		text[0] = '\0';
	if (file)
		fclose(file);
	rule.ncalls = 0;
	if (sscanf(text, "%15s %d %ld %ld %d", rule.call, &rule.how, &rule.first, &rule.count,
		   &rule.ms) != 5)
		rule.call[0] = '\0';
}

static void
look_for_rule(void)
{
	const char *dir = getenv("ASCHED_TRIAL");
	char path[4096];
	struct stat st;
	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/disk", dir);
	if (stat(path, &st) != 0) {
		rule.call[0] = '\0';
		memset(&rule.changed, 0, sizeof(rule.changed));
	} else if (memcmp(&st.st_ctim, &rule.changed, sizeof(rule.changed)) != 0) {
		read_rule(path);
		rule.changed = st.st_ctim;
	}
}

void
trial_disk_set(const char *call, int how, long first, long count)
{
	snprintf(rule.call, sizeof(rule.call), "%s", call);
	rule.how = how;
	rule.first = first;
	rule.count = count;
	rule.ncalls = rule.ms = 0;
}

long
trial_disk_ncalls(void)
{
	return rule.ncalls;
}

/* What becomes of this call: 0, -1 or an errno. */
static int
judge(const char *call, int fd)
{
	struct stat st;
	int how = 0, ms = 0;
	if (fd <= STDERR_FILENO || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return 0;
	pthread_mutex_lock(&lock);
	look_for_rule();
	if (strcmp(rule.call, call) == 0 || strcmp(rule.call, "any") == 0) {
		rule.ncalls++;
		if (rule.ncalls >= rule.first && rule.ncalls - rule.first < rule.count) {
			how = rule.how;
			ms = rule.ms;
		}
	}
	pthread_mutex_unlock(&lock);
	const struct timespec delay = { ms / 1000, ms % 1000 * 1000000L };
	nanosleep(&delay, NULL);
	return how;
}

static int
sync_file(long number, int fd)
{
	int how = judge("sync", fd);
	if (how <= 0)
		return (int)syscall(number, fd);
	errno = how;
	return -1;
}

int
fsync(int fd)
{
	return sync_file(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return sync_file(SYS_fdatasync, fd);
}

ssize_t
write(int fd, const void *data, size_t len)
{
	int how = judge("write", fd);
	if (how <= 0)
		return syscall(SYS_write, fd, data, how < 0 && len > 1 ? len / 2 : len);
	errno = how;
	return -1;
}

ssize_t
pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	int how = judge("write", fd);
	if (how <= 0)
		return syscall(SYS_pwrite64, fd, data, how < 0 && len > 1 ? len / 2 : len, at);
	errno = how;
	return -1;
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	return pwrite64(fd, data, len, at);
}
