/*
 * A name service that prints, as some modules of the C library's do when their server is away, and keeps
 * a descriptor, as others do. Linked into asched-spawn, it is what the children of that ask who their
 * user is.
 */
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

struct passwd *
getpwuid(uid_t uid)
{
	static struct passwd entry;
	static char text[4096];
	static const char said[] = "names: the server is away\n";
	struct passwd *found = NULL;
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		(void)!write(fd, said, sizeof(said) - 1);
	(void)!open("/dev/null", O_RDONLY);
	fputs(said, stdout); /* and what the C library keeps back for a while */
	return getpwuid_r(uid, &entry, text, sizeof(text), &found) == 0 ? found : NULL;
}
