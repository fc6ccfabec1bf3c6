/* The disk that loses power. */
#include "fake/crashvfs.h"

#include <assert.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"

#define NFILES 4
#define SECTOR 512

enum fate { FATE_PENDING, FATE_SYNCED, FATE_DOOMED };

/* A write, or with is_cut a truncation to `at`. */
struct change {
	bool is_cut;
	enum fate fate;
	size_t at;
	struct buf data;
};

struct disk_file {
	char *path;      /* NULL: free */
	struct buf now;  /* as programs see it */
	struct buf base; /* what is on the disk for certain, before the changes */
	struct change *changes;
	size_t nchanges, cap;
};

/* What SQLite holds of an open file. */
struct handle {
	sqlite3_file base;
	struct disk_file *file;
};

static struct disk {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	struct disk_file files[NFILES];
	enum crash_fault fault;
	int fail_at;
	int noperations;
	bool is_dead;
} disk;

static void
buf_write(struct buf *buf, size_t at, const void *data, size_t len)
{
	if (at + len > buf->len) {
		size_t more = at + len - buf->len;
		memset(buf_reserve(buf, more), 0, more);
		buf->len += more;
	}
	if (len)
		memcpy(buf->data + at, data, len);
}

static void
apply(struct buf *buf, const struct change *change)
{
	if (!change->is_cut)
		buf_write(buf, change->at, change->data.data, change->data.len);
	else if (change->at < buf->len)
		buf->len = change->at;
}

static void
drop_changes(struct disk_file *file)
{
	for (size_t i = 0; i < file->nchanges; i++)
		buf_fini(&file->changes[i].data);
	file->nchanges = 0;
}

static void
forget(struct disk_file *file)
{
	drop_changes(file);
	free(file->changes);
	buf_fini(&file->now);
	buf_fini(&file->base);
	free(file->path);
	*file = (struct disk_file){ 0 };
}

static void
add_change(struct disk_file *file, bool is_cut, size_t at, const void *data, size_t len)
{
	if (file->nchanges == file->cap) {
		file->cap = file->cap * 2 + 64;
		file->changes = mem_resize(file->changes, file->cap, sizeof(*file->changes));
	}
	struct change *change = &file->changes[file->nchanges++];
	*change = (struct change){ .is_cut = is_cut, .at = at };
	if (len)
		buf_add(&change->data, data, len);
	apply(&file->now, change);
}

/* What the operation has to answer: SQLITE_OK, or the fault whose turn it is. */
static int
operate(bool is_sync)
{
	disk.noperations++;
	bool is_now = disk.fail_at > 0 && disk.noperations >= disk.fail_at;
	bool is_first = is_now && disk.noperations == disk.fail_at;
	if (disk.is_dead)
		return SQLITE_IOERR;
	switch (is_now ? disk.fault : CRASH_NO_FAULT) {
	case CRASH_NO_FAULT:
		return SQLITE_OK;
	case CRASH_POWER_CUT:
		disk.is_dead = true;
		return SQLITE_IOERR;
	case CRASH_FULL_ONCE:
		return is_first && !is_sync ? SQLITE_FULL : SQLITE_OK;
	case CRASH_FULL:
		return is_sync ? SQLITE_OK : SQLITE_FULL;
	case CRASH_WRITE_ERROR:
		return is_first && !is_sync ? SQLITE_IOERR_WRITE : SQLITE_OK;
	case CRASH_SYNC_ERROR_ONCE:
		if (is_sync)
			disk.fault = CRASH_NO_FAULT;
		return is_sync ? SQLITE_IOERR_FSYNC : SQLITE_OK;
	case CRASH_SYNC_ERROR:
		return is_sync ? SQLITE_IOERR_FSYNC : SQLITE_OK;
	}
	return SQLITE_OK;
}

static int
file_read(sqlite3_file *base, void *to, int len, sqlite3_int64 at)
{
	const struct disk_file *file = ((struct handle *)base)->file;
	size_t have = file->now.len > (size_t)at ? file->now.len - (size_t)at : 0;
	if (have > (size_t)len)
		have = (size_t)len;
	memset(to, 0, (size_t)len);
	if (have)
		memcpy(to, file->now.data + at, have);
	return have == (size_t)len ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int
file_write(sqlite3_file *base, const void *data, int len, sqlite3_int64 at)
{
	int rc = operate(false);
	if (rc == SQLITE_OK)
		add_change(((struct handle *)base)->file, false, (size_t)at, data, (size_t)len);
	return rc;
}

static int
file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	int rc = operate(false);
	if (rc == SQLITE_OK)
		add_change(((struct handle *)base)->file, true, (size_t)size, NULL, 0);
	return rc;
}

static int
file_sync(sqlite3_file *base, int flags)
{
	struct disk_file *file = ((struct handle *)base)->file;
	int rc = operate(true);
	bool has_doomed = false;
	(void)flags;
	if (disk.is_dead)
		return rc;
	for (size_t i = 0; i < file->nchanges; i++) {
		struct change *change = &file->changes[i];
		if (change->fate == FATE_PENDING)
			change->fate = rc == SQLITE_OK ? FATE_SYNCED : FATE_DOOMED;
		has_doomed |= change->fate == FATE_DOOMED;
	}
	if (has_doomed)
		return rc;
	buf_clear(&file->base);
	buf_add(&file->base, file->now.data, file->now.len);
	drop_changes(file);
	return rc;
}

static int
file_size(sqlite3_file *base, sqlite3_int64 *size)
{
	*size = (sqlite3_int64)((struct handle *)base)->file->now.len;
	return SQLITE_OK;
}

static int
file_lock(sqlite3_file *base, int level)
{
	(void)base;
	(void)level;
	return SQLITE_OK;
}

static int
file_is_reserved(sqlite3_file *base, int *result)
{
	(void)base;
	*result = 0;
	return SQLITE_OK;
}

static int
file_control(sqlite3_file *base, int operation, void *arg)
{
	(void)base;
	(void)operation;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int
file_sector(sqlite3_file *base)
{
	(void)base;
	return SECTOR;
}

static int
file_traits(sqlite3_file *base)
{
	(void)base;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* The file stays in memory, with what is not synced, until the power is cut. */
static int
file_close(sqlite3_file *base)
{
	(void)base;
	return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_lock,
	.xCheckReservedLock = file_is_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_traits,
};

static struct disk_file *
find(const char *path)
{
	for (int i = 0; i < NFILES; i++) {
		if (disk.files[i].path && strcmp(disk.files[i].path, path) == 0)
			return &disk.files[i];
	}
	return NULL;
}

static void
load(const char *path, struct buf *data)
{
	FILE *stream = fopen(path, "r");
	if (!stream)
		return;
	size_t n;
	while ((n = fread(buf_reserve(data, 65536), 1, 65536, stream)) > 0)
		data->len += n;
	fclose(stream);
}

static void
save(const char *path, const struct buf *data)
{
	FILE *stream = fopen(path, "w");
	assert(stream);
	if (data->len)
		fwrite(data->data, 1, data->len, stream);
	fclose(stream);
}

static int
disk_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *given)
{
	struct handle *handle = (struct handle *)base;
	struct disk_file *file = find(path);
	(void)vfs;
	base->pMethods = NULL;
	if (!file && !(flags & SQLITE_OPEN_CREATE) && access(path, F_OK) != 0)
		return SQLITE_CANTOPEN;
	for (int i = 0; i < NFILES && !file; i++) {
		if (disk.files[i].path)
			continue;
		file = &disk.files[i];
		file->path = mem_dup(path);
		close(open(path, O_CREAT | O_CLOEXEC, 0600)); /* the name is looked at */
		load(path, &file->now);
		buf_add(&file->base, file->now.data, file->now.len);
	}
	assert(file);
	handle->file = file;
	base->pMethods = &methods;
	if (given)
		*given = flags;
	return SQLITE_OK;
}

/* A removal is on the disk at once. */
static int
disk_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	struct disk_file *file = find(path);
	(void)vfs;
	(void)sync;
	if (disk.is_dead)
		return SQLITE_IOERR_DELETE;
	if (file)
		forget(file);
	unlink(path);
	return SQLITE_OK;
}

static int
disk_access(sqlite3_vfs *vfs, const char *path, int flags, int *result)
{
	(void)vfs;
	(void)flags;
	const struct disk_file *file = find(path);
	*result = file ? file->now.len > 0 : access(path, F_OK) == 0;
	return SQLITE_OK;
}

static int
disk_full_path(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
	(void)vfs;
	return disk.real->xFullPathname(disk.real, path, size, out);
}

void
crashvfs_begin(void)
{
	disk.real = sqlite3_vfs_find(NULL);
	disk.vfs = *disk.real;
	disk.vfs.iVersion = 1;
	disk.vfs.szOsFile = sizeof(struct handle);
	disk.vfs.zName = "crash";
	disk.vfs.xOpen = disk_open;
	disk.vfs.xDelete = disk_delete;
	disk.vfs.xAccess = disk_access;
	disk.vfs.xFullPathname = disk_full_path;
	sqlite3_vfs_register(&disk.vfs, 1);
}

void
crashvfs_end(void)
{
	sqlite3_vfs_unregister(&disk.vfs);
	sqlite3_vfs_register(disk.real, 1);
	for (int i = 0; i < NFILES; i++)
		forget(&disk.files[i]);
}

void
crashvfs_fail(enum crash_fault fault, int n)
{
	disk.fault = fault;
	disk.fail_at = n;
	disk.noperations = 0;
}

int
crashvfs_noperations(void)
{
	return disk.noperations;
}

void
crashvfs_heal(void)
{
	crashvfs_fail(CRASH_NO_FAULT, 0);
	disk.is_dead = false;
}

void
crashvfs_cut(void)
{
	disk.is_dead = true;
}

/* Keeps some of the sectors of a write. */
static void
apply_torn(struct buf *image, const struct change *change, unsigned *seed)
{
	for (size_t at = 0; at < change->data.len; at += SECTOR) {
		size_t len = change->data.len - at < SECTOR ? change->data.len - at : SECTOR;
		if (rand_r(seed) & 1)
			buf_write(image, change->at + at, change->data.data + at, len);
	}
}

static void
write_image(struct disk_file *file, unsigned *seed)
{
	for (size_t i = 0; i < file->nchanges; i++) {
		const struct change *change = &file->changes[i];
		int draw = rand_r(seed) % 3;
		if (change->fate == FATE_SYNCED || draw == 0)
			apply(&file->base, change);
		else if (draw == 1 && !change->is_cut)
			apply_torn(&file->base, change, seed);
	}
	save(file->path, &file->base);
}

void
crashvfs_restart(unsigned seed)
{
	for (int i = 0; i < NFILES; i++) {
		if (!disk.files[i].path)
			continue;
		write_image(&disk.files[i], &seed);
		forget(&disk.files[i]);
	}
	crashvfs_heal();
}
