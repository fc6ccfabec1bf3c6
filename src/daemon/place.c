/* Directories, lock and socket of a daemon that is about to start. */
#include "daemon/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"

#define LISTEN_BACKLOG 512
#define PARENT_MODE    0755
#define LOCK_POLL      (50 * USEC_PER_MSEC)

char *
place_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return mem_dup(".");
	return mem_dup_bytes(path, slash == path ? 1 : (size_t)(slash - path));
}

/*
 * A power cut that takes a new directory takes all that was acknowledged in it. Where directories
 * cannot be read, or synced, there is nothing more to do.
 */
static int
sync_directory(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_hidden = fd < 0 && errno == EACCES;
	bool is_synced = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
	int result = is_hidden || is_synced ? 0 : err_errno(err, "%s: sync", path);
	if (fd >= 0)
		close(fd);
	return result;
}

/* By its descriptor: whoever may write above it could put a link to another in its place. */
static int
give_directory(const char *path, uid_t uid, gid_t gid, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int result = 0;
	if (fd < 0 || fchown(fd, uid, gid) != 0)
		result = err_errno(err, "cannot give %s to uid %u", path, (unsigned)uid);
	if (fd >= 0)
		close(fd);
	return result;
}

static int
make_one(const char *path, mode_t mode, uid_t uid, gid_t gid, struct err *err)
{
	if (mkdir(path, mode) != 0 && errno != EEXIST)
		return err_errno(err, "cannot make %s", path);
	return uid == (uid_t)-1 ? 0 : give_directory(path, uid, gid, err);
}

int
place_make_directory(const char *path, mode_t mode, uid_t uid, gid_t gid, struct err *err)
{
	struct stat st;
	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		return err_invalid(err, "", "%s: not a directory", path);
	}
	if (errno != ENOENT)
		return err_errno(err, "%s", path);
	char *parent = place_parent(path);
	bool is_given = uid != (uid_t)-1;
	int result = place_make_directory(parent, is_given ? PARENT_MODE : mode, (uid_t)-1,
					  (gid_t)-1, err);
	if (result == 0)
		result = make_one(path, mode, uid, gid, err);
	if (result == 0)
		result = sync_directory(parent, err);
	free(parent);
	return result;
}

int
place_check_roots(const char *path, struct err *err)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return err_errno(err, "%s", path);
	bool may_replace = (st.st_mode & 022) && !(st.st_mode & S_ISVTX);
	if (st.st_uid == 0 && !may_replace)
		return 0;
	return err_invalid(err, "socket",
			   "%s: others than root could put a socket of theirs there (uid %u, "
			   "mode %o): chown it to root and chmod go-w, or name another place",
			   path, (unsigned)st.st_uid, (unsigned)st.st_mode & 07777);
}

static int
try_lock(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	return fcntl(fd, F_OFD_SETLK, &lock);
}

static int
wait_for_lock(int fd, usec_t wait)
{
	const struct timespec pause = { .tv_nsec = LOCK_POLL * 1000 };
	for (usec_t waited = 0; try_lock(fd) != 0; waited += LOCK_POLL) {
		if ((errno != EAGAIN && errno != EACCES) || waited >= wait)
			return -1;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int
lock_refused(int fd, const char *database, struct err *err)
{
	char pid[24] = "";
	if (errno != EAGAIN && errno != EACCES)
		return err_errno(err, "%s.lock", database);
	if (pread(fd, pid, sizeof(pid) - 1, 0) < 0)
		pid[0] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
	return err_set(err, ERR_BUSY, "%s: in use by another aschedd, pid %s", database,
		       pid[0] ? pid : "unknown");
}

/*
 * We write into it, perhaps as root, and it stands in the daemon's directory: a file that has
 * another name, too, was put there so that we would write into that.
 */
static int
check_lock(int fd, const char *database, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return err_errno(err, "%s.lock", database);
	if (S_ISREG(st.st_mode) && st.st_nlink == 1)
		return 0;
	return err_set(err, ERR_DENIED,
		       "%s.lock: is not a file with one name; if no aschedd runs, remove it",
		       database);
}

static int
write_pid(int fd)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)len, 0) == len ? 0 : -1;
}

int
place_lock(const char *database, usec_t wait, struct err *err)
{
	char *path = mem_printf("%s.lock", database);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	if (fd < 0)
		err_errno(err, "%s", path);
	free(path);
	if (fd < 0)
		return -1;
	int result = check_lock(fd, database, err);
	if (result == 0 && wait_for_lock(fd, wait) != 0)
		result = lock_refused(fd, database, err);
	if (result == 0 && write_pid(fd) != 0)
		result = err_errno(err, "%s.lock", database);
	if (result == 0)
		return fd;
	close(fd);
	return -1;
}

/* The address of a name in a directory: by path if that fits, else through its descriptor. */
static int
make_address(struct sockaddr_un *address, int dir_fd, const char *dir, const char *name)
{
	size_t size = sizeof(address->sun_path);
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if ((size_t)snprintf(address->sun_path, size, "%s/%s", dir, name) < size)
		return 0;
	int n = snprintf(address->sun_path, size, "/proc/self/fd/%d/%s", dir_fd, name);
	return (size_t)n < size ? 0 : -1;
}

/* Is something there that must stay? A socket without a listener is a leftover. */
static int
check_replaceable(int dir_fd, const char *path, const struct sockaddr_un *address, struct err *err)
{
	struct stat st;
	if (fstatat(dir_fd, strrchr(path, '/') + 1, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : err_errno(err, "%s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, ERR_EXISTS, "%s: exists and is not a socket", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, "socket");
	int result = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	bool is_alive = result == 0 || errno == EAGAIN;
	close(fd);
	return is_alive ? err_set(err, ERR_BUSY, "%s: another daemon listens there", path) : 0;
}

/* Bound by a temporary name and renamed, so that a client sees the old one or this one. */
static int
bind_and_listen(int fd, int dir_fd, const char *dir, const char *name, mode_t mode)
{
	struct sockaddr_un address;
	char temporary[32];
	snprintf(temporary, sizeof(temporary), ".socket.%ld", (long)getpid());
	if (make_address(&address, dir_fd, dir, temporary) != 0)
		return -1;
	unlinkat(dir_fd, temporary, 0);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return -1;
	if (fchmodat(dir_fd, temporary, mode, 0) == 0 && listen(fd, LISTEN_BACKLOG) == 0 &&
	    renameat(dir_fd, temporary, dir_fd, name) == 0)
		return 0;
	int saved = errno;
	unlinkat(dir_fd, temporary, 0);
	errno = saved;
	return -1;
}

static int
listen_in(int dir_fd, const char *dir, const char *path, mode_t mode, struct err *err)
{
	const char *name = strrchr(path, '/') + 1;
	struct sockaddr_un address;
	if (!name[0] || make_address(&address, dir_fd, dir, name) != 0)
		return err_invalid(err, "socket", "%s: not a name for a socket", path);
	if (check_replaceable(dir_fd, path, &address, err) != 0)
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && bind_and_listen(fd, dir_fd, dir, name, mode) == 0)
		return fd;
	err_errno(err, "cannot listen at %s", path);
	if (fd >= 0)
		close(fd);
	return -1;
}

int
place_listen(const char *path, mode_t mode, struct err *err)
{
	char *dir = place_parent(path);
	int fd = -1;
	int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0) {
		err_errno(err, "%s", dir);
	} else {
		fd = listen_in(dir_fd, dir, path, mode, err);
		close(dir_fd);
	}
	free(dir);
	return fd;
}
