/* Reading /proc, the machine id and random numbers. */
#include "daemon/machine.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define STAT_START_FIELD 22 /* of proc(5) stat, from 1 */

/* A small file as text; its length, -1 when it cannot be read. */
static ssize_t
read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n;
}

/* FNV-1a. */
static uint64_t
hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325;
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3;
	return h;
}

void
machine_node(char node[MACHINE_NODE_MAX])
{
	if (gethostname(node, MACHINE_NODE_MAX) != 0)
		snprintf(node, MACHINE_NODE_MAX, "localhost");
	node[MACHINE_NODE_MAX - 1] = '\0';
}

uint64_t
machine_hash(void)
{
	char text[MACHINE_NODE_MAX];
	if (read_text("/etc/machine-id", text, sizeof(text)) <= 1)
		machine_node(text);
	return hash(text);
}

uint64_t
machine_random(void)
{
	uint64_t number = 0;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		number = hash("no random numbers") ^ (uint64_t)getpid();
	return number;
}

int64_t
machine_rss_kib(void)
{
	char text[128];
	long long size, resident;
	if (read_text("/proc/self/statm", text, sizeof(text)) <= 0 ||
	    sscanf(text, "%lld %lld", &size, &resident) != 2)
		return -1;
	return resident * sysconf(_SC_PAGESIZE) / 1024;
}

int64_t
machine_process_start(pid_t pid)
{
	char path[40], text[1024];
	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	if (read_text(path, text, sizeof(text)) <= 0)
		return -1;
	/* The second field is the name in brackets, which may hold anything. */
	const char *p = strrchr(text, ')');
	for (int field = 2; p && field < STAT_START_FIELD; field++)
		p = strchr(p + 1, ' ');
	return p ? strtoll(p, NULL, 10) : -1;
}
