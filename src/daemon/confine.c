/* The daemon's confinement: privileges, files (landlock(7)), system calls, in this order. */
#include "daemon/confine.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

/* Later than the headers of Debian 12. */
#define ACCESS_TRUNCATE  (UINT64_C(1) << 14)
#define ACCESS_IOCTL_DEV (UINT64_C(1) << 15)

#define ACCESS_READ_FILE  (LANDLOCK_ACCESS_FS_READ_FILE)
#define ACCESS_READ       (ACCESS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_WRITE_FILE (LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE)
#define ACCESS_WRITE                                                                        \
	(ACCESS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_DIR)

/*
 * What each version of the kernel's interface can forbid: everything from the first bit up
 * to this.
 */
static const uint64_t last_access[] = {
	0,
	LANDLOCK_ACCESS_FS_MAKE_SYM,
	LANDLOCK_ACCESS_FS_REFER,
	ACCESS_TRUNCATE,
	ACCESS_TRUNCATE,
	ACCESS_IOCTL_DEV,
};

#define VERSIONS ((int)(sizeof(last_access) / sizeof(last_access[0])))

void
confine_add(struct confine_places *places, const char *path, bool may_write)
{
	if (!path)
		return;
	assert(places->n < CONFINE_PLACES_MAX);
	places->place[places->n++] = (struct confine_place){ path, may_write };
}

/* What does not exist needs no rule; what comes later to an allowed directory is below it. */
static int
allow(int rules, const struct confine_place *place, uint64_t handled)
{
	struct stat file;
	int fd = open(place->path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == EACCES || errno == ENOTDIR ? 0 : -1;
	bool is_dir = fstat(fd, &file) == 0 && S_ISDIR(file.st_mode);
	uint64_t access = is_dir ? ACCESS_READ : ACCESS_READ_FILE;
	if (place->may_write)
		access |= is_dir ? ACCESS_WRITE : ACCESS_WRITE_FILE;
	struct landlock_path_beneath_attr rule = { .allowed_access = access & handled,
						   .parent_fd = fd };
	long result = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	int error = errno;
	close(fd);
	errno = error;
	return (int)result;
}

static int
confine_files(const struct confine_places *places)
{
	int version =
		(int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1)
		return -1;
	uint64_t last = last_access[version < VERSIONS ? version : VERSIONS - 1];
	struct landlock_ruleset_attr all = { .handled_access_fs = last | (last - 1) };
	int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	int result = rules < 0 ? -1 : 0;
	for (size_t i = 0; i < places->n && result == 0; i++)
		result = allow(rules, &places->place[i], all.handled_access_fs);
	if (result == 0)
		result = (int)syscall(SYS_landlock_restrict_self, rules, 0);
	int error = errno;
	if (rules >= 0)
		close(rules);
	errno = error;
	return result;
}

void
confine(const struct confine_places *places)
{
	if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		log_warning("cannot give up privileges", log_str("error", strerror(errno)));
	if (places && confine_files(places) != 0)
		log_warning("files are not confined: this kernel has no Landlock",
			    log_str("error", strerror(errno)));
	if (confine_calls() != 0)
		log_warning("system calls are not confined: this kernel has no seccomp filters",
			    log_str("error", strerror(errno)));
}
