/* A configuration's life: its defaults, and reading a file that can be trusted. */
#include "daemon/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/zonedir.h"
#include "when/zones.h"

#define STOP_TIMEOUT_STANDARD (30 * USEC_PER_SEC)
#define RETAIN_STANDARD       (90 * USEC_PER_DAY)
#define RETAIN_RUNS_STANDARD  5000000
#define RETAIN_BYTES_STANDARD ((int64_t)4 << 30)
#define OUTPUT_STANDARD       ((int64_t)1 << 20)
#define CONNECTIONS_STANDARD  256
#define PER_USER_STANDARD     64
#define REQUESTS_STANDARD     1000
#define JOBS_STANDARD         10000
#define RUNS_STANDARD         20000
#define BYTES_STANDARD        ((int64_t)1 << 30)

void
conf_init(struct conf *conf)
{
	*conf = (struct conf){
		.user = mem_dup("asched"),
		.log_level = LOG_LEVEL_INFO,
		.stop_timeout = STOP_TIMEOUT_STANDARD,
		.retain = RETAIN_STANDARD,
		.retain_runs = RETAIN_RUNS_STANDARD,
		.retain_bytes = RETAIN_BYTES_STANDARD,
		.output_max = OUTPUT_STANDARD,
		.max_connections = CONNECTIONS_STANDARD,
		.max_connections_per_user = PER_USER_STANDARD,
		.max_requests_per_user = REQUESTS_STANDARD,
		.limits = { JOBS_STANDARD, RUNS_STANDARD, BYTES_STANDARD },
	};
	job_init(&conf->defaults);
}

void
conf_fini(struct conf *conf)
{
	free(conf->user);
	free(conf->socket);
	free(conf->database);
	free(conf->output_dir);
	free(conf->policy);
	free(conf->backup_dir);
	free(conf->log_format);
	free(conf->operators.uids);
	free(conf->allow.uids);
	free(conf->deny.uids);
	free(conf->queues);
	job_fini(&conf->defaults);
}

/* May others than root and the running user have changed it? */
static int
check_writers(const char *path, const struct stat *st, struct err *err)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return err_set(err, ERR_DENIED, "%s: belongs to uid %u, not to root", path,
			       (unsigned)st->st_uid);
	/* In a sticky directory (like /tmp) others cannot replace what is ours. */
	bool is_sticky = S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX);
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) && !is_sticky)
		return err_set(err, ERR_DENIED,
			       "%s: others than its owner may write to it (mode %o)", path,
			       (unsigned)st->st_mode & 07777);
	return 0;
}

/* The directories above decide who may replace the file. */
static int
check_parents(const char *path, struct err *err)
{
	char *real = realpath(path, NULL);
	if (!real)
		return err_errno(err, "%s", path);
	int result = 0;
	for (char *slash; result == 0 && (slash = strrchr(real, '/')) && real[1];) {
		struct stat st;
		slash[slash == real ? 1 : 0] = '\0';
		result = stat(real, &st) == 0 ? check_writers(real, &st, err)
					      : err_errno(err, "%s", real);
	}
	free(real);
	return result;
}

static int
read_all(int fd, const char *path, struct buf *text, struct err *err)
{
	ssize_t n;
	do {
		n = read(fd, buf_reserve(text, 65536), 65536);
		if (n > 0)
			text->len += (size_t)n;
		if (text->len > CONF_FILE_MAX)
			return err_invalid(err, "", "%s: over %d bytes", path, CONF_FILE_MAX);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? err_errno(err, "%s", path) : 0;
}

static int
check_file(int fd, const char *path, bool must_be_safe, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return err_errno(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_invalid(err, "", "%s: not a regular file", path);
	if (!must_be_safe)
		return 0;
	if (check_writers(path, &st, err) != 0)
		return -1;
	return check_parents(path, err);
}

int
conf_load(struct conf *conf, const char *path, bool must_be_safe, struct err *err)
{
	/* O_NONBLOCK: a FIFO must not hang the start. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return err_errno(err, "%s", path);
	struct buf text = BUF_EMPTY;
	int result = check_file(fd, path, must_be_safe, err);
	if (result == 0)
		result = read_all(fd, path, &text, err);
	if (result == 0)
		result = conf_parse(conf, path, buf_text(&text), text.len, err);
	buf_fini(&text);
	close(fd);
	return result;
}

int
conf_check_zone(const struct conf *conf, struct err *err)
{
	struct zonedir dir;
	const struct zone_source source = { zonedir_read, zonedir_identity, zonedir_local_name,
					    &dir };
	zonedir_init(&dir, ZONEINFO_DIR);
	struct zones *zones = zones_new(&source);
	struct zone *zone = zones_get(zones, conf->defaults.tz, err);
	zone_unref(zone);
	zones_free(zones);
	zonedir_fini(&dir);
	return zone ? 0 : -1;
}
