/* What the daemon reads about the machine and about processes. */
#ifndef DAEMON_MACHINE_H
#define DAEMON_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define MACHINE_NODE_MAX 65

/* A stable number of this machine (from its machine id, else its name): spreads splay. */
uint64_t machine_hash(void);

/* The machine's name. */
void machine_node(char node[MACHINE_NODE_MAX]);

uint64_t machine_random(void);

/* Memory of this process that is resident, in KiB; -1: not known. */
int64_t machine_rss_kib(void);

/* When the process started, in clock ticks after boot (proc(5) stat); -1: there is none. */
int64_t machine_process_start(pid_t pid);

#endif
