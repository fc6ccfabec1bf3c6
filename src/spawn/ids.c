/* Ids. */
#include "spawn/ids.h"

#include <errno.h>
#include <unistd.h>

int
ids_set(uid_t uid, gid_t gid)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0 ||
	    getresuid(&r, &e, &s) < 0 || getresgid(&gr, &ge, &gs) < 0)
		return -1;
	if (r == uid && e == uid && s == uid && gr == gid && ge == gid && gs == gid &&
	    (uid == 0 || setuid(0) < 0))
		return 0;
	errno = EPERM;
	return -1;
}
