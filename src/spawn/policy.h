/*
 * Which users may have runs: what stands between a daemon gone wrong and root. Without a file:
 * everybody but root, system users (below 1000), the daemon itself and the overflow ids.
 * The file has lines "allow UID", "allow FIRST-LAST", "deny ..."; the last that matches decides;
 * '#' begins a comment. It must belong to root and be writable by root alone.
 */
#ifndef SPAWN_POLICY_H
#define SPAWN_POLICY_H

#include <stdbool.h>
#include <sys/types.h>

#define POLICY_RULES_MAX 64

struct policy {
	uid_t daemon;
	int nrules;
	struct policy_rule {
		uid_t first, last;
		bool is_allowed;
	} rules[POLICY_RULES_MAX];
};

/*
 * Reads the file (NULL: there is none); one that does not exist has no rules. 0; the number of
 * the first bad line; or -1 with errno (EPERM: others than root could write it).
 */
int policy_read(struct policy *policy, const char *path, uid_t daemon);

bool policy_allows(const struct policy *policy, uid_t uid);

#endif
