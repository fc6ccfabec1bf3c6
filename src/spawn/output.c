/* Output files. */
#include "spawn/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "spawn/ticks.h"

#define RESERVE_BYTES  (INT64_C(16) << 20) /* left free for the ledger, on small disks too */
#define SPACE_ASKED_US TICKS_US_PER_SEC
#define PUNCH_ALIGN    4096 /* a part of a page would become zeros, which no reader can tell */
#define PUNCH_SLACK    (INT64_C(1) << 20) /* grown beyond the cap by so much: worth a punch */

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

/* For file systems without O_TMPFILE. */
static int
open_and_unlink(const struct spawner *sp)
{
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/.output-XXXXXX", sp->options.output_dir);
	if (n >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int fd = mkostemp(path, O_APPEND | O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

int
output_open(struct spawner *sp, uid_t uid)
{
	if (!has_space(sp)) {
		errno = ENOSPC;
		return -1;
	}
	int fd = openat(sp->output_dir_fd, ".", O_TMPFILE | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT))
		fd = open_and_unlink(sp);
	if (fd >= 0 && sp->options.has_ids && fchown(fd, uid, (gid_t)-1) < 0) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

int
output_stdin(const char *text, size_t len)
{
	int fd = memfd_create("stdin", MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(fd, text + done, len - done, (off_t)done);
		if (n <= 0) {
			close(fd);
			return -1;
		}
		done += (size_t)n;
	}
	return fd;
}

/* Looks at one output; returns whether it grew. */
static bool
look(struct slot *slot, int which)
{
	struct slot_output *output = &slot->outputs[which];
	struct msg_report *report = &slot->report;
	struct stat file;
	if (output->fd < 0 || fstat(output->fd, &file) < 0)
		return false;
	bool has_grown = file.st_size > output->seen;
	if (file.st_size < output->seen)
		report->is_truncated = 1;
	output->seen = file.st_size;
	*(which == SLOT_OUTPUT ? &report->output_bytes : &report->errors_bytes) = file.st_size;
	int64_t half = slot->output_max / 2;
	int64_t end = (file.st_size - half) / PUNCH_ALIGN * PUNCH_ALIGN;
	int64_t allocated = (int64_t)file.st_blocks * 512;
	if (slot->output_max > 0 && allocated > slot->output_max + PUNCH_SLACK &&
	    file.st_size > slot->output_max)
		(void)fallocate(output->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, half,
				end - half);
	return has_grown;
}

bool
output_look(struct slot *slot)
{
	bool has_grown = look(slot, SLOT_OUTPUT);
	return look(slot, SLOT_ERRORS) || has_grown;
}

static void
drop_watch(struct spawner *sp, struct slot_output *output)
{
	if (output->watch >= 0)
		(void)inotify_rm_watch(sp->output_watch_fd, output->watch);
	output->watch = -1;
}

static void
rest(struct spawner *sp, struct slot *slot, int which)
{
	char path[64];
	struct slot_output *output = &slot->outputs[which];
	if (output->fd < 0 || output->watch >= 0 || sp->output_watch_fd < 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", output->fd);
	output->watch = inotify_add_watch(sp->output_watch_fd, path, IN_MODIFY | IN_ONESHOT);
	/* What was written since it was looked at would not be told. */
	if (output->watch >= 0 && look(slot, which))
		drop_watch(sp, output);
}

bool
output_rests(const struct slot *slot)
{
	for (int i = 0; i < SLOT_NOUTPUTS; i++) {
		if (slot->outputs[i].fd >= 0 && slot->outputs[i].watch < 0)
			return false;
	}
	return true;
}

bool
output_rest(struct spawner *sp, struct slot *slot)
{
	for (int i = 0; i < SLOT_NOUTPUTS; i++)
		rest(sp, slot, i);
	return output_rests(slot);
}

void
output_end(struct spawner *sp, struct slot *slot)
{
	(void)output_look(slot);
	for (int i = 0; i < SLOT_NOUTPUTS; i++)
		drop_watch(sp, &slot->outputs[i]);
}

static bool
wake(struct spawner *sp, int watch)
{
	uint16_t at = 0;
	for (struct slot *slot; (slot = slots_next(sp->slots, &at));) {
		for (int i = 0; i < SLOT_NOUTPUTS; i++) {
			if (slot->outputs[i].watch != watch)
				continue;
			slot->outputs[i].watch = -1;
			return true;
		}
	}
	return false;
}

bool
output_woken(struct spawner *sp)
{
	char events[4096] __attribute__((aligned(8)));
	bool is_any = false;
	ssize_t n;
	while ((n = read(sp->output_watch_fd, events, sizeof(events))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *event =
				(const struct inotify_event *)(events + at);
			if (event->mask & IN_MODIFY)
				is_any |= wake(sp, event->wd);
			at += (ssize_t)sizeof(*event) + (ssize_t)event->len;
		}
	}
	return is_any;
}
