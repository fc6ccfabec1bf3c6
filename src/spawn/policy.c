/* The policy file. */
#include "spawn/policy.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX_BYTES 4096
#define FIRST_USER     1000u  /* uids below are the system's, as Debian assigns them */
#define OVERFLOW_UID   65534u /* what the kernel shows for a uid that is not mapped; nobody */
#define NO_UID         UINT32_MAX

/* "allow 5" or "deny 5-9", and nothing else. */
static bool
parse_rule(const char *text, struct policy_rule *rule)
{
	char word[8], uids[24], more, *end;
	if (sscanf(text, "%7s %23[0-9-] %c", word, uids, &more) != 2 ||
	    !isdigit((unsigned char)uids[0]))
		return false;
	unsigned long first = strtoul(uids, &end, 10), last = first;
	if (end[0] == '-' && isdigit((unsigned char)end[1]))
		last = strtoul(end + 1, &end, 10);
	*rule = (struct policy_rule){ (uid_t)first, (uid_t)last, strcmp(word, "allow") == 0 };
	return *end == '\0' && first <= last && last < NO_UID &&
	       (rule->is_allowed || strcmp(word, "deny") == 0);
}

/* As text; its length, 0 when there is no file. */
static ssize_t
read_file(const char *path, char text[FILE_MAX_BYTES])
{
	struct stat file;
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
	text[0] = '\0';
	if (fd < 0)
		return !path || errno == ENOENT ? 0 : -1;
	int error = fstat(fd, &file) < 0                                                 ? errno
		    : !S_ISREG(file.st_mode) || file.st_uid != 0 || (file.st_mode & 022) ? EPERM
		    : file.st_size >= FILE_MAX_BYTES                                     ? EFBIG
											 : 0;
	ssize_t n = error ? -1 : read(fd, text, FILE_MAX_BYTES - 1);
	text[n > 0 ? n : 0] = '\0';
	close(fd);
	errno = error ? error : errno;
	return n;
}

int
policy_read(struct policy *policy, const char *path, uid_t daemon)
{
	char text[FILE_MAX_BYTES], *rest = text;
	*policy = (struct policy){ .daemon = daemon };
	if (read_file(path, text) < 0)
		return -1;
	for (int line = 1; rest; line++) {
		char *rule = strsep(&rest, "\n");
		rule[strcspn(rule, "#\r")] = '\0';
		if (rule[strspn(rule, " \t")] == '\0')
			continue;
		if (policy->nrules == POLICY_RULES_MAX ||
		    !parse_rule(rule, &policy->rules[policy->nrules++]))
			return line;
	}
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
