/* Output files. */
#include "spawn/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "spawn/loop.h"
#include "spawn/ticks.h"

#define RESERVE_BYTES  (INT64_C(16) << 20) /* left free for the ledger, on small disks too */
#define SPACE_ASKED_US TICKS_US_PER_SEC
#define SPARE_NAME     ".output"
#define PUNCH_ALIGN    4096 /* a part of a page would become zeros, which no reader can tell */
#define PUNCH_SLACK    (INT64_C(1) << 20) /* grown beyond the cap by so much: worth a punch */
/* What file systems allocate ahead of a writer is less than what he has just written, or this. */
#define AHEAD_FREE    (INT64_C(64) << 20)
#define LOOK_LARGE_US TICKS_US_PER_SEC

/* Is there room? Asked once a second at most: a stampede fills no disk in a second. */
static bool
has_space(struct spawner *sp)
{
	struct statvfs fs;
	if (sp->space_at != 0 && sp->now - sp->space_at < SPACE_ASKED_US)
		return sp->has_space;
	sp->space_at = sp->now;
	sp->has_space = fstatvfs(sp->output_dir_fd, &fs) < 0 ||
			(int64_t)fs.f_bavail * (int64_t)fs.f_frsize >= RESERVE_BYTES;
	return sp->has_space;
}

/* Without O_TMPFILE, as on some file systems: a file that loses its name at once. */
static int
open_without_name(int dir)
{
	const int flags = O_RDWR | O_APPEND | O_CLOEXEC;
	int fd = openat(dir, ".", O_TMPFILE | O_EXCL | flags, 0600); /* and never gets one */
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
		return fd;
	(void)unlinkat(dir, SPARE_NAME, 0); /* of a spawner that died between the next two */
	fd = openat(dir, SPARE_NAME, O_CREAT | O_EXCL | flags, 0600);
	(void)unlinkat(dir, SPARE_NAME, 0);
	return fd;
}

int
output_open(struct spawner *sp, uid_t uid)
{
	if (!has_space(sp)) {
		errno = ENOSPC;
		return -1;
	}
	int fd = open_without_name(sp->output_dir_fd);
	if (fd < 0 || !sp->options.has_ids || fchown(fd, uid, (gid_t)-1) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int64_t
allocated_of(const struct stat *file)
{
	return (int64_t)file->st_blocks * 512;
}

/*
 * Its middle is punched out; what it still has beyond the cap is behind its end, where a run can
 * allocate without growing it (FALLOC_FL_KEEP_SIZE). ext4 punches nothing out there: a cut at the
 * end gives it back. What is written just then is lost, so the output counts as shortened. What was
 * written since the last look, when the size was `seen`, may be there still.
 */
static void
take_back(struct slot *slot, int fd, int64_t seen)
{
	struct stat file;
	if (fstat(fd, &file) < 0)
		return;
	int64_t grown = file.st_size > seen ? file.st_size - seen : 0;
	int64_t most = slot->output_max + PUNCH_SLACK + AHEAD_FREE + grown;
	if (slot->output_max > 0 && allocated_of(&file) > most && ftruncate(fd, file.st_size) == 0)
		slot->report.is_truncated = 1;
}

/* Whether the output grew since it was measured last. */
static bool
measure(struct slot *slot, enum msg_output which)
{
	struct stat file;
	int fd = slot->outputs[which];
	int64_t *seen = &slot->report.output_bytes[which];
	if (fd < 0 || fstat(fd, &file) < 0)
		return false;
	int64_t before = *seen;
	if (file.st_size < before)
		slot->report.is_truncated = 1;
	*seen = file.st_size;
	int64_t half = slot->output_max / 2;
	int64_t end = (file.st_size - half) / PUNCH_ALIGN * PUNCH_ALIGN;
	int how = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	bool is_large = allocated_of(&file) > slot->output_max + PUNCH_SLACK;
	/* Where holes cannot be punched nothing is cut either: it would be what was written. */
	if (is_large && (half <= 0 || end <= half || fallocate(fd, how, half, end - half) == 0))
		take_back(slot, fd, before);
	return file.st_size > before;
}

/* Whether it is watched now. What was written since it was measured would not be told. */
static bool
watch(struct spawner *sp, struct slot *slot, enum msg_output which)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", slot->outputs[which]);
	int id = inotify_add_watch(sp->output_watch_fd, path, IN_MODIFY | IN_ONESHOT);
	slot->watches[which] = measure(slot, which) ? -1 : id;
	return slot->watches[which] >= 0;
}

int64_t
output_look(struct spawner *sp, struct slot *slot)
{
	int64_t wait = INT64_MAX;
	for (enum msg_output i = 0; i < MSG_NOUTPUTS; i++) {
		bool is_large =
			slot->output_max > 0 && slot->report.output_bytes[i] > slot->output_max;
		bool is_watched = slot->watches[i] >= 0;
		if (slot->outputs[i] < 0 || (is_watched && !is_large))
			continue;
		if (measure(slot, i) || (!is_watched && !watch(sp, slot, i)))
			wait = LOOP_LOOK_US;
		else if (is_large && wait > LOOK_LARGE_US)
			wait = LOOK_LARGE_US;
	}
	return wait;
}

static bool
wake(struct spawner *sp, int id)
{
	int at = 0;
	for (struct slot *slot; (slot = slots_next(sp->slots, &at));) {
		for (int i = 0; i < MSG_NOUTPUTS; i++) {
			if (slot->watches[i] != id)
				continue;
			slot->watches[i] = -1;
			return true;
		}
	}
	return false;
}

bool
output_woken(struct spawner *sp)
{
	struct inotify_event events[64]; /* of files, which have no names behind them */
	bool is_any = false;
	ssize_t n;
	while ((n = read(sp->output_watch_fd, events, sizeof(events))) > 0) {
		for (size_t i = 0; i < (size_t)n / sizeof(events[0]); i++)
			is_any |= (events[i].mask & IN_MODIFY) && wake(sp, events[i].wd);
	}
	return is_any;
}

void
output_end(struct slot *slot)
{
	for (enum msg_output i = 0; i < MSG_NOUTPUTS; i++)
		(void)measure(slot, i);
}
