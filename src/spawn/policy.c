/* The policy file. */
#include "spawn/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX_BYTES 4096
#define FIRST_USER     1000u  /* uids below are the system's, as Debian assigns them */
#define OVERFLOW_UID   65534u /* what the kernel shows for a uid that is not mapped; nobody */
#define NO_UID         UINT32_MAX
#define BLANKS         " \t"

static int
read_uid(char **at, uid_t *uid)
{
	char *end;
	errno = 0;
	unsigned long number = strtoul(*at, &end, 10);
	if (**at < '0' || **at > '9' || errno || number >= NO_UID)
		return -1;
	*at = end;
	*uid = (uid_t)number;
	return 0;
}

static int
parse_rule(char *text, struct policy_rule *rule)
{
	size_t len = strcspn(text, BLANKS);
	rule->is_allowed = len == 5 && memcmp(text, "allow", 5) == 0;
	if (!rule->is_allowed && !(len == 4 && memcmp(text, "deny", 4) == 0))
		return -1;
	text += len;
	text += strspn(text, BLANKS);
	if (read_uid(&text, &rule->first) < 0)
		return -1;
	rule->last = rule->first;
	if (*text == '-') {
		text++;
		if (read_uid(&text, &rule->last) < 0 || rule->last < rule->first)
			return -1;
	}
	return text[strspn(text, BLANKS)] ? -1 : 0;
}

/* -1 and *line: the first that is no rule, or one too many. */
static int
parse(char *text, struct policy *policy, int *line)
{
	*line = 0;
	for (char *rest = text, *next; (next = strsep(&rest, "\n"));) {
		++*line;
		next[strcspn(next, "#\r")] = '\0';
		next += strspn(next, BLANKS);
		if (!*next)
			continue;
		if (policy->nrules == POLICY_RULES_MAX ||
		    parse_rule(next, &policy->rules[policy->nrules]) < 0)
			return -1;
		policy->nrules++;
	}
	return 0;
}

static ssize_t
read_file(const char *path, char *text, size_t size)
{
	struct stat file;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	ssize_t n = -1;
	if (fstat(fd, &file) < 0) {
	} else if (!S_ISREG(file.st_mode) || file.st_uid != 0 || (file.st_mode & 022)) {
		errno = EPERM;
	} else if (file.st_size >= (off_t)size) {
		errno = EFBIG;
	} else {
		n = read(fd, text, size - 1);
	}
	int error = errno;
	close(fd);
	errno = error;
	return n;
}

int
policy_read(struct policy *policy, const char *path, uid_t daemon, int *line)
{
	char text[FILE_MAX_BYTES];
	struct policy read = { .daemon = daemon };
	*line = 0;
	ssize_t n = path ? read_file(path, text, sizeof(text)) : 0;
	if (n < 0)
		return -1;
	text[n] = '\0';
	if (parse(text, &read, line) < 0)
		return -1;
	*policy = read;
	return 0;
}

bool
policy_allows(const struct policy *policy, uid_t uid)
{
	if (uid == NO_UID)
		return false;
	bool is_allowed = uid >= FIRST_USER && uid != OVERFLOW_UID && uid != policy->daemon;
	for (int i = 0; i < policy->nrules; i++) {
		if (uid >= policy->rules[i].first && uid <= policy->rules[i].last)
			is_allowed = policy->rules[i].is_allowed;
	}
	return is_allowed;
}
